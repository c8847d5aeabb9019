import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { perfJson } from '../../../server/perf/query.ts';

const record = fc.dictionary(fc.string({ unit: 'binary' }), fc.oneof(fc.string({ unit: 'binary' }), fc.integer()), {
  maxKeys: 4,
});

describe('rows as one JSON object', () => {
  it('are those of the lines, whatever their texts hold', () => {
    fc.assert(
      fc.property(fc.array(record), fc.boolean(), (records, ends) => {
        const lines = records.map((each) => JSON.stringify(each)).join('\n');
        const text = Buffer.from(perfJson(Buffer.from(lines === '' || !ends ? lines : `${lines}\n`))).toString();
        // As texts: JSON.parse of a member `__proto__` is not what it was made of.
        expect(text).toBe(`{"masterPerf":[${records.map((each) => JSON.stringify(each)).join(',')}]}`);
        JSON.parse(text);
      }),
      { endOnFailure: true },
    );
  });
});
