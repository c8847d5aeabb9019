import { EnvironmentReader } from '../environment.ts';
import type { Section } from './section.ts';

/** A text of `key=value,key=value`, as the variable has it that it stands for. With one error in it all of it is left out and told. */
export function pairsOf(
  section: Section,
  key: string,
  accepts: (key: string, value: string) => boolean,
): Readonly<Record<string, string>> {
  const name = section.pathOf(key);
  const refused = (): void =>
    section.findings.note(name, 'it is no list of key=value with commas between them and percent-encoded values');
  return new EnvironmentReader({ [name]: section.text(key) }, refused).pairs([name], accepts);
}
