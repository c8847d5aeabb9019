import { z } from 'zod';
import { CLEAN, REJECT } from '../../pipeline/otlp/attribute-text.ts';

const length = (value: number, description: string) => z.int().min(1).max(1_000_000).default(value).meta({ description });

const clean = z.strictObject({
  value_length: length(CLEAN.valueLength, 'Longest string value, in characters; the rest is cut off.'),
  nested: z
    .enum(['stringify', 'keep'])
    .default('stringify')
    .meta({ description: 'What becomes of an array or map as an attribute value: its JSON text, or itself.' }),
  nested_length: length(CLEAN.nestedLength, 'Longest JSON text of an array or map, in characters.'),
  nested_depth: z
    .int()
    .min(1)
    .max(64)
    .default(CLEAN.nestedDepth)
    .meta({ description: 'Deepest nesting that is made text; an item with a deeper one is dropped.' }),
});

const reject = z.strictObject({
  attributes: z
    .int()
    .min(1)
    .max(10_000)
    .default(REJECT.attributes)
    .meta({ description: 'Most attributes on one thing (resource, data point, span, event, …).' }),
  key_length: length(REJECT.keyLength, 'Longest key, in characters.'),
  value_length: length(REJECT.valueLength, 'Longest string value, in characters.'),
  value_pattern: z.string().refine(isPattern, { message: 'is not a regular expression' }).default(REJECT.valuePattern).meta({
    description: 'Regular expression (JavaScript, unicode) that a string value must match. The default refuses URLs: see exempt.',
  }),
  nfc: z.boolean().default(true).meta({ description: 'String values must be in Unicode normal form C.' }),
});

const exempt = z.strictObject({
  keys: z.array(z.string().min(1)).default(['exception.*', 'db.query.text', 'url.*', 'code.*']).meta({
    description: 'Attribute keys whose string values keep newlines and any characters; a final * stands for any ending.',
  }),
  value_length: length(65_536, 'Longest value of an exempt key, in characters.'),
  bodies: z.boolean().default(true).meta({ description: 'Log bodies are exempt; false treats a string body like a value.' }),
  body_length: length(65_536, 'Longest string body, in characters, when bodies are exempt.'),
});

function isPattern(text: string): boolean {
  try {
    new RegExp(text, 'u');
    return true;
  } catch {
    return false;
  }
}

export const config = z
  .strictObject({
    mode: z
      .enum(['clean', 'reject'])
      .default('clean')
      .meta({ description: 'clean mends what breaks a rule; reject drops the item and tells the sender.' }),
    clean: clean.prefault({}).meta({ description: 'Limits of mode clean.' }),
    reject: reject.prefault({}).meta({ description: 'Rules of mode reject.' }),
    exempt: exempt.prefault({}).meta({ description: 'What the value rules of both modes leave alone, with limits of its own.' }),
  })
  .prefault({});

export type Config = z.output<typeof config>;
