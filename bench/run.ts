import { parseArgs } from 'node:util';
import { ingest } from './ingest/ingest.ts';

const USAGE = `npm run bench -- ingest [--rows a,b] [--contenders periscope,otelcol] [--seconds 4] [--rounds 3] [--resume]
npm run bench -- ingest --smoke      every item accounted for, under a minute, no figure kept`;

async function main(): Promise<boolean> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rows: { type: 'string' },
      contenders: { type: 'string' },
      seconds: { type: 'string', default: '4' },
      rounds: { type: 'string', default: '3' },
      resume: { type: 'boolean', default: false },
    },
  });
  if (positionals[0] !== 'ingest') {
    console.error(USAGE);
    return false;
  }
  return ingest({
    ...(values.rows === undefined ? {} : { rows: values.rows.split(',') }),
    ...(values.contenders === undefined ? {} : { contenders: values.contenders.split(',') }),
    seconds: Number(values.seconds),
    rounds: Number(values.rounds),
    resume: values.resume,
  });
}

process.exitCode = (await main()) ? 0 : 1;
