import { createHash } from 'node:crypto';
import { dirname, parse, resolve, sep } from 'node:path';
import type { Signal } from '../../pipeline/signal.ts';

const NAME_CHARACTERS_MAX = 120;

/**
 * A scope as part of a file name: letters, digits, `_` and `-` stay, every other byte becomes %XX. Two scopes never
 * give one name, also where the file system does not tell `a` from `A` (`foldsCase`), and no name can leave its folder.
 * What stands for more than that begins with `~`, and a rotated file's time with `@`; no name holds either by itself.
 */
export function scopeName(scope: string, foldsCase: boolean): string {
  const bytes = Buffer.from(scope, 'utf8');
  let name = '';
  for (const byte of bytes) {
    const character = String.fromCharCode(byte);
    name += /[A-Za-z0-9_-]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  // Windows keeps some names for devices, with any ending.
  if (name === '' || (foldsCase && /^(con|prn|aux|nul|com\d|lpt\d)$/i.test(name))) name = `~d${name}`;
  if (name.length > NAME_CHARACTERS_MAX)
    return `${name.slice(0, 64)}~h${createHash('sha256').update(bytes).digest('hex').slice(0, 40)}`;
  if (!foldsCase || !/[A-Z]/.test(scope)) return name;
  const mask = Array.from(scope, (character) => (/[A-Z]/.test(character) ? '1' : '0')).join('');
  return `${name}~c${BigInt(`0b1${mask}`).toString(16)}`;
}

export function foldsCase(platform: NodeJS.Platform): boolean {
  return platform === 'darwin' || platform === 'win32';
}

/** The template with `{scope}` in it: given, or put before the ending. */
export function scopedTemplate(path: string): string {
  if (path.includes('{scope}')) return path;
  const { dir, name, ext } = parse(path);
  const file = `${name}.{scope}${ext}`;
  return dir === '' ? file : dir.endsWith(sep) ? `${dir}${file}` : `${dir}${sep}${file}`;
}

export function pathOf(template: string, scope: string, signal: Signal, platform: NodeJS.Platform = process.platform): string {
  const name = scopeName(scope, foldsCase(platform));
  return resolve(template.replaceAll(/\{(scope|signal)\}/g, (_match, which) => (which === 'scope' ? name : signal)));
}

/** The deepest folder that is the same for every scope and signal. */
export function fixedFolder(template: string): string {
  const before = template.slice(0, template.indexOf('{'));
  return resolve(/[/\\]$/.test(before) ? before : dirname(before === '' ? '.' : before));
}
