import { describe, expect, it } from 'vitest';
import { KeyTable } from '../../../pipeline/otlp/json-keys.ts';
import { MESSAGES } from '../../../pipeline/otlp/schema.ts';

const bytes = (text: string): Buffer => Buffer.from(text);

describe.each([...MESSAGES.values()])('the keys of $name', (message) => {
  const table = new KeyTable(message);

  it('are found under both names, in the middle of other bytes', () => {
    for (const [name, field] of message.byName) {
      const text = bytes(`xx${name}yy`);
      expect(table.find(text, 2, text.length - 2)).toBe(field);
    }
  });

  it('are not found when they differ in one letter, are cut short or go on', () => {
    for (const name of message.byName.keys()) {
      for (const other of [
        `${name}x`,
        name.slice(1),
        name.slice(0, -1),
        `${name.slice(0, -1)}#`,
        name.toUpperCase(),
        `#${name.slice(1)}`,
      ]) {
        expect(table.find(bytes(other), 0, other.length)).toBe(message.byName.get(other));
      }
    }
    expect(table.find(bytes(''), 0, 0)).toBeUndefined();
  });
});
