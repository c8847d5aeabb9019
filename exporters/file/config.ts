import { z } from 'zod';
import { COMPRESSIONS, DEFAULT_LEVELS, LEVELS_MAX } from '../../pipeline/compression/levels.ts';
import { duration } from '../../pipeline/config-types.ts';
import { deliveryFieldsWith } from '../../pipeline/delivery.ts';

const rotation = z.strictObject({
  max_megabytes: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(100)
    .meta({ description: 'A file is rotated before it grows past this many MiB.' }),
  max_days: z.int().min(0).default(0).meta({ description: 'Rotated files older than this are deleted; 0 = none is.' }),
  max_backups: z.int().min(0).default(100).meta({ description: 'Rotated files kept per file; 0 = all.' }),
  localtime: z.boolean().default(false).meta({ description: 'Names of rotated files carry local time instead of UTC.' }),
});

const compressionParams = z.strictObject({
  level: z
    .int()
    .min(1)
    .max(22)
    .optional()
    .meta({ description: `gzip 1 to 9 (default ${DEFAULT_LEVELS.gzip}), zstd 1 to 22 (default ${DEFAULT_LEVELS.zstd}).` }),
});

export const config = z
  .strictObject({
    ...deliveryFieldsWith({}),
    path: z.string().min(1).optional().meta({
      description:
        'Where to write; `{scope}` and `{signal}` stand for their names. Without `{scope}` the name of the scope is put before the ending: `out.jsonl` becomes `out.global.jsonl`. Default `./telemetry/{scope}/{signal}.jsonl` (`.bin` with records).',
    }),
    format: z.enum(['json', 'proto']).default('json').meta({
      description: 'json = one OTLP/JSON request per line; proto = records: a length of 4 bytes, big endian, then the request.',
    }),
    compression: z
      .enum(COMPRESSIONS)
      .default('none')
      .meta({ description: 'Compresses each request; it is then a record in either format.' }),
    compression_params: compressionParams.prefault({}).meta({ description: 'Options of the compression.' }),
    rotation: rotation
      .nullable()
      .optional()
      .meta({ description: 'Rotation by size. Absent = the files grow; `rotation: {}` takes the defaults.' }),
    append: z.boolean().default(true).meta({
      description:
        'false = a file that is there is emptied at the first write after a start, as the Go collector does by default.',
    }),
    flush_interval: duration().default(1000).meta({
      description:
        'Every write reaches the operating system at once; this often they are forced to the disk (fsync). 0 = after every write.',
    }),
  })
  .superRefine((value, context) => {
    const level = value.compression_params.level;
    if (level !== undefined && level > LEVELS_MAX[value.compression]) {
      const message = `${value.compression} has levels 1 to ${LEVELS_MAX[value.compression]}`;
      context.addIssue({ code: 'custom', path: ['compression_params', 'level'], message });
    }
    const unknown = /\{(?!scope\}|signal\})[^}]*\}?/.exec(value.path ?? '');
    if (unknown !== null) {
      context.addIssue({
        code: 'custom',
        path: ['path'],
        message: `${unknown[0]} is no placeholder; there are {scope} and {signal}`,
      });
    }
    if (/[/\\]$/.test(value.path ?? ''))
      context.addIssue({ code: 'custom', path: ['path'], message: 'must name a file, not a folder' });
  })
  .prefault({});

export type Config = z.output<typeof config>;
