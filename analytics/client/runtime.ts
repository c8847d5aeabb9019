import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * The program that runs the analytics process: this one's own, if that is Node. Bun does not give a child the pipe that
 * batches go over, so there it is the `node` of PATH; undefined without one.
 */
export function runtimePath(
  versions: Readonly<Record<string, string | undefined>> = process.versions,
  path: string = process.env['PATH'] ?? '',
): string | undefined {
  if (versions['bun'] === undefined) return process.execPath;
  return path
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, process.platform === 'win32' ? 'node.exe' : 'node'))
    .find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
