import { expect, test } from 'vitest';
import { mergeInspections } from '../../../pipeline/otlp/merge-inspections.ts';
import { config } from '../../../processors/sanitize/config.ts';
import { inspectionOf } from '../../../processors/sanitize/inspection.ts';

const clean = { attributes: inspectionOf(config.parse({})), mendsText: true };
const reject = { attributes: inspectionOf(config.parse({ mode: 'reject' })), mendsText: false };

test('a pipeline that asks for nothing does not weaken what another asks for, but text is then not mended for all', () => {
  expect(mergeInspections(['k'], [[clean]])).toMatchObject({ attributes: clean.attributes, mendsText: true });
  expect(mergeInspections(['k'], [[clean], []])).toMatchObject({ attributes: clean.attributes, mendsText: false });
  expect(mergeInspections(['k'], [[], []])).toMatchObject({ attributes: undefined, mendsText: false });
});

test('the strictest of two wins in every respect', () => {
  const { attributes } = mergeInspections(['k'], [[clean], [reject]]);
  expect(attributes).toMatchObject({ nested: true, scalars: true, countMax: 100, keyBytesMax: 256, valueBytesMax: 1024 });
  for (let byte = 0; byte < 256; byte++) {
    expect(attributes!.valueBytes[byte]).toBe(clean.attributes.valueBytes[byte]! & reject.attributes.valueBytes[byte]!);
  }
});

test('no limit for bodies is the weaker of two', () => {
  const unlimited = { ...clean, attributes: { ...clean.attributes, bodyBytesMax: 0 } };
  expect(mergeInspections([], [[clean], [unlimited]]).attributes?.bodyBytesMax).toBe(clean.attributes.bodyBytesMax);
});
