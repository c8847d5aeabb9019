import { containsText, name, text } from './sql-text.ts';

/** What somebody has typed into a search: words, and conditions on names of attributes. */
export interface Filter {
  /** All of them must be in the text. */
  readonly words: readonly string[];
  readonly conditions: readonly { readonly key: string; readonly not: boolean; readonly value: string }[];
}

const TOKEN = /(?:([\w.\-/]+)(!=|=|:))?(?:"((?:[^"\\]|\\.)*)"?|(\S+))/g;

/** `checkout "card declined" http.route=/pay status!=200 service:cart`; what fits no form is a word. */
export function parseFilter(typed: string): Filter {
  const words: string[] = [];
  const conditions: { key: string; not: boolean; value: string }[] = [];
  for (const [all, key, operator, quoted, plain] of typed.matchAll(TOKEN)) {
    const value = quoted === undefined ? (plain ?? '') : quoted.replace(/\\(.)/g, '$1');
    // An address (https://…) and a time (12:30) are words.
    if (
      key === undefined ||
      operator === undefined ||
      (operator === ':' && plain !== undefined && (plain.startsWith('//') || /^\d+$/.test(key)))
    ) {
      const word = key === undefined ? value : all;
      if (word !== '') words.push(word);
    } else conditions.push({ key, not: operator === '!=', value });
  }
  return { words, conditions };
}

const quoted = (value: string): string => (/^[^\s"\\]+$/.test(value) ? value : `"${value.replace(/["\\]/g, '\\$&')}"`);

/** The text that means the same: what a click on an attribute adds to a search. */
export function filterText({ words, conditions }: Filter): string {
  const parts = conditions.map(({ key, not, value }) => `${key}${not ? '!=' : '='}${quoted(value)}`);
  return [...parts, ...words.map((word) => (/[=:"\s\\]|^$/.test(word) ? quoted(word).replace(/^([^"].*)$/, '"$1"') : word))].join(
    ' ',
  );
}

export const withCondition = (typed: string, key: string, value: string): string => {
  const { words, conditions } = parseFilter(typed);
  if (conditions.some((each) => each.key === key && each.value === value && !each.not)) return typed;
  return filterText({ words, conditions: [...conditions, { key, not: false, value }] });
};

export interface FilterColumns {
  /** Searched for words, without regard to case. */
  readonly text: string;
  /** Words for columns: `service` → ServiceName. */
  readonly names: Readonly<Record<string, string>>;
  /** Maps that are asked for every other name, in this order. */
  readonly maps: readonly string[];
}

/** Conditions of a WHERE. */
export function filterConditions({ words, conditions }: Filter, columns: FilterColumns): string[] {
  return [
    ...words.map((word) => containsText(columns.text, word)),
    ...conditions.map(({ key, not, value }) => {
      const column = columns.names[key];
      const either =
        column === undefined
          ? columns.maps.map((map) => `${map}[${text(key)}] = ${text(value)}`).join(' OR ')
          : `${column.includes('(') ? column : name(column)} = ${text(value)}`;
      // NULL is no match, and no match negated is one.
      return not ? `NOT coalesce(${either}, false)` : either.includes(' OR ') ? `(${either})` : either;
    }),
  ];
}
