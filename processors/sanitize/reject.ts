import { readAnyValue } from '../../pipeline/otlp/any-value.ts';
import { readKeyValue, utf8 } from '../../pipeline/otlp/key-value.ts';
import {
  CONTENT,
  END,
  FLAG_BAD_TEXT,
  FLAG_SCALAR,
  KIND,
  MARK_COUNT,
  MARK_STRIDE,
  MARK_VALUE,
  DATA,
} from '../../pipeline/otlp/marks.kernel.ts';
import type { Config } from './config.ts';
import type { Treat } from './sanitize.ts';
import { cleanText, fits, KEY, keyMatcher } from '../../pipeline/otlp/attribute-text.ts';

/** Mode reject: changes nothing; names the first rule that a marked thing breaks. */
export function judge(config: Config): Treat {
  const rules = config.reject;
  const pattern = new RegExp(rules.value_pattern, 'u');
  const isExempt = keyMatcher(config.exempt.keys);
  const isText = (text: string, lengthMax: number): boolean =>
    fits(text, lengthMax) && pattern.test(text) && (!rules.nfc || text === text.normalize('NFC'));

  return ({ walk }, mark) => {
    const row = mark * MARK_STRIDE;
    const kind = walk.marks[row + KIND]!;
    const flags = walk.flagsOf(mark);
    if (kind === MARK_COUNT) return walk.marks[row + DATA]! > rules.attributes ? 'sanitize_attribute_count' : undefined;
    if ((flags & FLAG_BAD_TEXT) !== 0) return 'invalid_utf8';
    const { bytes, marks } = walk;
    const content = marks[row + CONTENT]!;
    const end = marks[row + END]!;
    if (kind === MARK_VALUE) {
      const body = readAnyValue(bytes, content, end);
      if (body.kind !== 'string') return undefined;
      const { bodies, body_length: lengthMax } = config.exempt;
      const good = bodies ? cleanText(body.text, lengthMax, true) === body.text : isText(body.text, rules.value_length);
      return good ? undefined : 'sanitize_body';
    }
    const places = readKeyValue(bytes, content, end);
    const key = utf8(bytes, places.keyStart, places.keyEnd);
    if (!KEY.test(key) || !fits(key, rules.key_length)) return 'sanitize_key';
    if ((flags & FLAG_SCALAR) !== 0) return 'sanitize_number';
    const value = readAnyValue(bytes, places.valueStart, places.valueEnd);
    if (value.kind !== 'string') return undefined;
    const good = isExempt(key) ? fits(value.text, config.exempt.value_length) : isText(value.text, rules.value_length);
    return good ? undefined : 'sanitize_value';
  };
}
