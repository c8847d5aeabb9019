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
