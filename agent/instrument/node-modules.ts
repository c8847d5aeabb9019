import { nodeFs, nodePath } from './builtins.ts';

/**
 * The folders node_modules that a file in `folder` gets packages from, the nearest first; none need be there. They are put
 * together as texts: `join` reads all of a path again, for each folder above, and an application waits for it.
 */
export function modulesFor(folder: string): readonly string[] {
  const { dirname, sep } = nodePath;
  const found: string[] = [];
  for (let at = folder; ;) {
    // Node looks for no packages of packages there.
    if (!at.endsWith(`${sep}node_modules`)) found.push(at.endsWith(sep) ? `${at}node_modules` : `${at}${sep}node_modules`);
    const above = dirname(at);
    if (above === at) return found;
    at = above;
  }
}

/** Without symbolic links; undefined where nothing is. */
export function realPath(path: string): string | undefined {
  try {
    return nodeFs.realpathSync.native(path);
  } catch {
    return undefined;
  }
}

/** The folder of a program as it is written in a command: it may be a folder itself, as in `node .`, or a file without its `.js`.
 *  Undefined is a program without a file, which is where the process was started. */
export function programFolder(main = '.'): string {
  const path = nodePath.resolve(main);
  return isFolder(path) ? path : nodePath.dirname(path);
}

/** Where Node looks for what the program `main` imports: a command of npm is a link to it. */
export function packagesFolder(main: string = process.argv[1] ?? '.'): string {
  return programFolder(realPath(main) ?? main);
}

function isFolder(path: string): boolean {
  try {
    return nodeFs.statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch {
    return false;
  }
}
