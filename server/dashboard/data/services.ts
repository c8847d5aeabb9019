import { signal } from '@preact/signals';
import { servicePalette } from '../model/palette.ts';
import { query, scope } from './api.ts';

/** Every service that the scope has seen, by name: it has the same colour on every page. */
const names = signal<readonly string[]>([]);
let palette: ReadonlyMap<string, string> = new Map();

export const serviceNames = (): readonly string[] => names.value;
export const serviceColour = (name: string): string => (names.value, palette.get(name) ?? '--ink-3');

const EVERY_MS = 15_000;
async function read(): Promise<void> {
  if (scope.peek() === '' || document.hidden) return;
  const answer = await query('SELECT ServiceName FROM services ORDER BY ServiceName LIMIT 500');
  if (!answer.ok) return;
  const found = answer.value.rows.map(([name]) => String(name));
  if (JSON.stringify(found) === JSON.stringify(names.peek())) return;
  palette = servicePalette(found);
  names.value = found;
}
setInterval(() => void read(), EVERY_MS);
scope.subscribe(() => {
  names.value = [];
  void read();
});
/** A page that shows services it does not know asks at once. */
export const learnServices = read;
