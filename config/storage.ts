import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import type { ConfigSource } from './sources.ts';

/** The `storage:` section. */
export const storageSchema = z
  .strictObject({
    directory: z.string().min(1).optional().meta({
      description:
        'Where the state of the process lives (audit log, keys, token file, ledger); made when something is first written. Default: `.periscope` beside the configuration.',
    }),
  })
  .prefault({});
export type StorageConfig = z.output<typeof storageSchema>;

/** The absolute folder. Beside the configuration means beside its first file; where nobody wrote one (the shipped
 *  configuration, texts), in the working directory. */
export function storageDirectory({ directory }: StorageConfig, sources: readonly ConfigSource[]): string {
  if (directory !== undefined) return resolve(directory);
  const file = sources.find((source) => source.kind === 'file');
  const beside = file === undefined || file.shipped === true ? '.' : dirname(file.path);
  return resolve(join(beside, '.periscope'));
}
