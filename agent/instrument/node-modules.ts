import { nodeFs, nodePath } from './builtins.ts';

/** The folders node_modules that a file in `folder` gets packages from, the nearest first; none need be there. */
export function modulesFor(folder: string): readonly string[] {
  const above = nodePath.dirname(folder);
  return [nodePath.join(folder, 'node_modules'), ...(above === folder ? [] : modulesFor(above))];
}

/** Without symbolic links; undefined where nothing is. */
export function realPath(path: string): string | undefined {
  try {
    return nodeFs.realpathSync(path);
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
    return nodeFs.statSync(path).isDirectory();
  } catch {
    return false;
  }
}
