/**
 * Rows for programs: tab-separated values, a line each. Tab, line feed, carriage return and backslash in a value are written
 * `\t`, `\n`, `\r`, `\\` (IANA text/tab-separated-values cannot hold them), other controls as spaces.
 */
export function tsv(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return [header, ...rows].map((row) => row.map(field).join('\t')).join('\n');
}

const ESCAPES: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r', '\\': '\\\\' };

function field(text: string): string {
  return text.replace(/[\t\n\r\\]/g, (character) => ESCAPES[character] ?? '').replace(/\p{Cc}/gu, ' ');
}
