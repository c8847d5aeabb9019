import { describe, expect, it } from 'vitest';
import { OwnTraffic } from '../../../../agent/instrument/instrumentations/own-traffic.ts';
import { Routes } from '../../../../agent/instrument/instrumentations/routes.ts';

describe('OwnTraffic', () => {
  it('knows the addresses it was given, with the port that their scheme implies, whatever the query', () => {
    const own = new OwnTraffic(['https://otlp.example/v1/metrics', 'http://[::1]:4318/v1/metrics', 'no url']);
    expect(own.has('otlp.example', 443, '/v1/metrics')).toBe(true);
    expect(own.has('::1', 4318, '/v1/metrics?a=b')).toBe(true);
    expect(own.has('otlp.example', 80, '/v1/metrics')).toBe(false);
    expect(own.has('otlp.example', 443, '/v1/metrics/more')).toBe(false);
    expect(new OwnTraffic().has('otlp.example', 443, '/v1/metrics')).toBe(false);
  });
});

describe('Routes', () => {
  it('are none where who looks for them fails, and never longer than a name should be', () => {
    const routes = new Routes();
    routes.add(() => {
      throw new Error('a framework of another kind');
    });
    expect(routes.of({})).toBe('');
    routes.add(() => `/${'a'.repeat(1000)}`);
    expect(routes.of({}).length).toBe(256);
  });
});
