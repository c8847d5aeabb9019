import type { ProcessorInspection } from '../component.ts';
import type { AttributeInspection, Inspection } from './inspection.ts';

/**
 * What the walk looks for in one signal of one receiver: `pipelines` has, for each pipeline that takes it, what the
 * pipeline's processors ask for. The strictest wins; whoever asked for less ignores the marks it does not need.
 */
export function mergeInspections(
  claimKeys: readonly string[],
  pipelines: readonly (readonly ProcessorInspection[])[],
  keepsMatches = false,
): Inspection {
  const encoder = new TextEncoder();
  let attributes: AttributeInspection | undefined;
  for (const inspection of pipelines.flat())
    attributes = attributes === undefined ? inspection.attributes : strictest(attributes, inspection.attributes);
  return {
    claimKeys: claimKeys.map((key) => encoder.encode(key)),
    attributes,
    mendsText: pipelines.length > 0 && pipelines.every((asked) => asked.some((inspection) => inspection.mendsText)),
    keepsMatches,
  };
}

function strictest(a: AttributeInspection, b: AttributeInspection): AttributeInspection {
  return {
    keyBytes: inBoth(a.keyBytes, b.keyBytes),
    valueBytes: inBoth(a.valueBytes, b.valueBytes),
    keyBytesMax: Math.min(a.keyBytesMax, b.keyBytesMax),
    valueBytesMax: Math.min(a.valueBytesMax, b.valueBytesMax),
    bodyBytes: inBoth(a.bodyBytes, b.bodyBytes),
    bodyBytesMax:
      a.bodyBytesMax === 0 || b.bodyBytesMax === 0
        ? Math.max(a.bodyBytesMax, b.bodyBytesMax)
        : Math.min(a.bodyBytesMax, b.bodyBytesMax),
    nested: a.nested || b.nested,
    countMax: Math.min(a.countMax, b.countMax),
    scalars: a.scalars || b.scalars,
  };
}

function inBoth(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((allowed, byte) => allowed & b[byte]!);
}
