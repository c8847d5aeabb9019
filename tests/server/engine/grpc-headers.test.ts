import { describe, expect, test } from 'vitest';
import { isGrpc, timeoutMs, trailersOf } from '../../../server/engine/grpc-headers.ts';

describe('the headers of gRPC', () => {
  test.each([
    ['', undefined],
    ['1H', 3_600_000],
    ['2M', 120_000],
    ['3S', 3000],
    ['10000m', 10_000],
    ['5u', 0.005],
    ['1000000n', 1],
    ['0S', 0],
    ['99999999H', 359_999_996_400_000],
  ])('grpc-timeout %j is %s ms', (header, ms) => {
    expect(timeoutMs(header)).toBe(ms);
  });

  test.each(['1', 'S', '1s', '-1S', '1.5S', '123456789S', ' 1S', '1S, 1S'])('%j is no time', (header) => {
    expect(timeoutMs(header)).toBeNaN();
  });

  test.each([
    ['application/grpc', true],
    ['application/grpc+proto', true],
    ['Application/gRPC', true],
    ['application/grpc;charset=utf-8', true],
    ['application/grpc+json', false],
    ['application/grpc-web', false],
    ['application/json', false],
    ['', false],
  ])('%j is gRPC: %s', (type, is) => {
    expect(isGrpc(type)).toBe(is);
  });

  test('the status stands above metadata of the same name', () => {
    const trailers = trailersOf({ status: 8, words: 'é', details: Uint8Array.of(1), metadata: { 'grpc-status': '0', a: 'b' } });
    expect(trailers).toEqual({ 'grpc-status': '8', 'grpc-message': '%C3%A9', 'grpc-status-details-bin': 'AQ', a: 'b' });
  });
});
