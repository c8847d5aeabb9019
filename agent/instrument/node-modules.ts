import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folders node_modules that a file in `folder` gets packages from, the nearest first; none need be there. */
export function modulesFor(folder: string): readonly string[] {
  const above = dirname(folder);
  return [join(folder, 'node_modules'), ...(above === folder ? [] : modulesFor(above))];
}

/** Without symbolic links; undefined where nothing is. */
export function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
