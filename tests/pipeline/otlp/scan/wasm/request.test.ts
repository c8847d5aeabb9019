import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../../../../pipeline/limits.ts';
import { SIGNALS, type Signal } from '../../../../../pipeline/signal.ts';
import { attribute, encode, numbered } from '../../../../support/build.ts';
import { decode, wireField } from '../../../../support/reference/otlp.ts';
import { scannedRows } from '../../../../support/reference/scanned.ts';
import { newScan, rowsOf } from '../../../../support/scanned-columns.ts';

const GROUPS = { metrics: 'resourceMetrics', logs: 'resourceLogs', traces: 'resourceSpans' } as const;

/** Fields of a message with the last first. */
const backwards = (...fields: readonly Buffer[]): Buffer => Buffer.concat(fields.toReversed());

/** A request of one item, its headers behind it. */
function headersLast(signal: Signal, item: Buffer): Buffer {
  const keyValue = Buffer.concat([wireField(1, 2, Buffer.from('service.name')), wireField(2, 2, wireField(1, 2, Buffer.from('shop')))]);
  const scopeGroup = backwards(
    wireField(1, 2, wireField(1, 2, Buffer.from('library'))),
    wireField(2, 2, signal === 'metrics' ? wireField(5, 2, item) : item),
    wireField(3, 2, Buffer.from('https://schema/2')),
  );
  const group = backwards(wireField(1, 2, wireField(1, 2, keyValue)), wireField(2, 2, scopeGroup), wireField(3, 2, Buffer.from('u')));
  return wireField(1, 2, group);
}

describe.each(SIGNALS)('a request of %s', (signal) => {
  it('whose headers stand behind what they speak for is read with them', () => {
    const time = Buffer.from('0500000000000000', 'hex');
    const point = wireField(1, 2, wireField(3, 1, time));
    const item = signal === 'metrics' ? point : wireField(signal === 'logs' ? 1 : 7, 1, time);
    const bytes = headersLast(signal, item);
    const scan = newScan(signal);
    expect(scan.scan(bytes)).toEqual({ rows: 1, fault: '' });
    expect(rowsOf(scan)).toEqual(scannedRows(signal, decode(signal, bytes)));
  });

  it('of nothing has no rows', () => {
    const scan = newScan(signal);
    expect(scan.scan(new Uint8Array(0))).toEqual({ rows: 0, fault: '' });
  });

  it('is refused whose values are nested deeper than allowed, and one as deep as allowed is not', () => {
    const nested = (depth: number): object =>
      depth === 0 ? { stringValue: 'x' } : { arrayValue: { values: [nested(depth - 1)] } };
    const request = (depth: number): Uint8Array => {
      const resource = { attributes: [{ key: 'deep', value: nested(depth) }] };
      return encode(signal, { [GROUPS[signal]]: [{ resource }] } as never);
    };
    const scan = newScan(signal);
    expect(scan.scan(request(LIMITS.valueDepth)).fault).toBe('');
    expect(scan.scan(request(LIMITS.valueDepth + 1)).fault).toContain('not valid');
  });

  it('may lie anywhere in a larger buffer, whose other bytes are not looked at', () => {
    const bytes = encode(signal, numbered(signal, 7));
    const scan = newScan(signal);
    for (const around of [0x00, 0x3a, 0xff]) {
      const larger = Buffer.alloc(bytes.length + 77, around);
      larger.set(bytes, 33);
      scan.clear();
      expect(scan.scan(larger.subarray(33, 33 + bytes.length)).fault).toBe('');
      expect(rowsOf(scan)).toEqual(scannedRows(signal, decode(signal, bytes)));
    }
  });
});

it('sets of attributes of the same resource are one resource, whatever order they stand in', () => {
  const scan = newScan('logs');
  const [a, b] = [attribute('service.name', 'shop'), attribute('host.name', 'h')];
  for (const attributes of [[a, b], [b, a]])
    scan.scan(encode('logs', { resourceLogs: [{ resource: { attributes }, scopeLogs: [{ logRecords: [{}] }] }] }));
  const { resourceCount, originCount, attributeSetCount } = scan.dictionaries;
  // Both orders, and the records' empty set.
  expect([resourceCount, originCount, attributeSetCount]).toEqual([1, 1, 3]);
});
