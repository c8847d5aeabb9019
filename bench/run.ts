import { parseArgs } from 'node:util';
import { agent, agentSmoke } from './agent/agent.ts';
import { writeBudget } from './agent-report.ts';
import { audit } from './audit/audit.ts';
import { chaos } from './chaos/chaos.ts';
import { readHistory, readNamed } from './history.ts';
import { seam } from './embed/seam.ts';
import { ingest } from './ingest/ingest.ts';
import { smoke } from './ingest/smoke.ts';
import { kernels } from './kernels/kernels.ts';
import { neighbour } from './neighbour/neighbour.ts';
import { page } from './page/page.ts';
import { writeResults } from './report.ts';
import { soak } from './soak/soak.ts';
import { stream } from './stream/stream.ts';
import { tenants } from './tenants/tenants.ts';
import { violations } from './violations/violations.ts';
import { load } from './windows/load.ts';
import { windows } from './windows/windows.ts';

const USAGE = `npm run bench -- ingest [--rows a,b] [--contenders periscope,otelcol] [--seconds 4] [--rounds 3] [--resume] [--cpu-prof]
    Side by side with the peers that bench/peers.sh has built; adds to history.jsonl and writes RESULTS.md.
    --resume goes on with the latest session instead of a new one; --cpu-prof profiles Periscope and records nothing.
npm run bench -- ingest --smoke
    Under a minute: every item accounted for and compared, no figure kept.
npm run bench -- kernels [--only walk] [--cpu-prof]
    Each kernel by itself.
npm run bench -- audit [--records 10000000]
    Writes an audit log of so many records (3 GB in the temporary folder), searches and verifies it; records nothing.
npm run bench -- tenants [--items 1000000]
    Three tenants' lying senders over HTTP and gRPC: no item may cross, every violation must be counted and audited.
npm run bench -- violations [--items 1000000]
    So many items that claim another scope: exact counts in the ledger and the audit log, a million within a minute;
    records nothing.
npm run bench -- neighbour [--rounds 3] [--seconds 4]
    p99 of one tenant, alone and beside one at fifty times its limit.
npm run bench -- windows [--only visibility,full,small,users] [--rounds 3] [--seconds 4]
    How soon SQL sees a point, what five million of them take, what questions take, and what ten users cost the senders.
npm run bench -- load
    What a window takes of the CPU to scan and load a point, by itself; records nothing.
npm run bench -- stream [--rounds 3] [--seconds 4]
    1,000 clients of the live stream over 100 scopes: how soon they have what was sent, and while 50 of them do not read.
npm run bench -- page [--rounds 3]
    The dashboard in Chromium: how soon it can be used, and how a chart of 100,000 points follows the mouse.
npm run bench -- agent [--only counter,http] [--runtimes node20,node22,node24,bun] [--rounds 5] [--smoke]
    The budget of the in-process agent beside its peers, on each runtime that is here; writes its README's table, too.
    --smoke: under 40 s, on this Node and Bun, no figure kept; the cap on series must hold.
npm run bench -- agent-chaos [--minutes 10] [--smoke]
    An app with the agent, and one without, while the agent's collector is absent, hangs, refuses, resets, drips: does the
    app notice, and does the collector have everything in the end? --smoke: 15 seconds of it, no figure kept.
npm run bench -- seam [--rounds 3] [--seconds 4]
    What a request to an embedded collector costs across the seam, beside HTTP on localhost; records nothing.
npm run bench -- soak [--minutes 30] [--smoke]
    50,000 points a second with ten dashboards: is memory flat, is every item accounted for, did anything go wrong?
    --smoke: 15 seconds of it, no figure kept.
npm run bench -- results
    RESULTS.md again from history.jsonl.`;

const SMOKE_MINUTES = 0.25;

const OPTIONS = {
  rows: { type: 'string' },
  contenders: { type: 'string' },
  seconds: { type: 'string', default: '4' },
  rounds: { type: 'string', default: '3' },
  resume: { type: 'boolean', default: false },
  smoke: { type: 'boolean', default: false },
  only: { type: 'string' },
  runtimes: { type: 'string' },
  minutes: { type: 'string' },
  items: { type: 'string', default: '1000000' },
  records: { type: 'string', default: '10000000' },
  'cpu-prof': { type: 'boolean', default: false },
} as const;

async function main(): Promise<boolean> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: OPTIONS });
  const [command] = positionals;
  if (command === 'kernels') {
    return kernels({ ...(values.only === undefined ? {} : { only: values.only }), cpuProfile: values['cpu-prof'] });
  }
  if (command === 'audit') return audit(positive('records', values.records));
  if (command === 'load') return load();
  if (command === 'seam') return seam(positive('rounds', values.rounds), positive('seconds', values.seconds));
  if (command === 'violations') return violations(positive('items', values.items));
  if (command === 'tenants' || command === 'neighbour') {
    const clean =
      command === 'tenants'
        ? tenants(positive('items', values.items))
        : await neighbour(positive('rounds', values.rounds), positive('seconds', values.seconds));
    writeResults(readHistory(), readNamed());
    return clean;
  }
  if (command === 'windows') {
    const parts = values.only === undefined ? {} : { parts: values.only.split(',') };
    const [rounds, seconds] = [positive('rounds', values.rounds), positive('seconds', values.seconds)];
    const clean = await windows({ ...parts, rounds, seconds });
    writeResults(readHistory(), readNamed());
    return clean;
  }
  if (command === 'agent') {
    if (values.smoke) return agentSmoke();
    const clean = await agent({
      ...(values.only === undefined ? {} : { rows: values.only.split(',') }),
      ...(values.runtimes === undefined ? {} : { runtimes: values.runtimes.split(',') }),
      rounds: positive('rounds', values.rounds),
    });
    writeResults(readHistory(), readNamed());
    writeBudget(readNamed());
    return clean;
  }
  if (command === 'stream') {
    const clean = await stream(positive('rounds', values.rounds), positive('seconds', values.seconds));
    writeResults(readHistory(), readNamed());
    return clean;
  }
  if (command === 'page') {
    const clean = await page(positive('rounds', values.rounds));
    writeResults(readHistory(), readNamed());
    return clean;
  }
  if (command === 'soak' || command === 'agent-chaos') return longRun(command, values.minutes, values.smoke);
  if (command === 'results') {
    writeResults(readHistory(), readNamed());
    writeBudget(readNamed());
    return true;
  }
  if (command !== 'ingest') {
    console.error(USAGE);
    return false;
  }
  if (values.smoke) return smoke();
  const clean = await ingest({
    ...(values.rows === undefined ? {} : { rows: values.rows.split(',') }),
    ...(values.contenders === undefined ? {} : { contenders: values.contenders.split(',') }),
    seconds: positive('seconds', values.seconds),
    rounds: positive('rounds', values.rounds),
    resume: values.resume,
    cpuProfile: values['cpu-prof'],
  });
  writeResults(readHistory(), readNamed());
  return clean;
}

/** What is judged by how it goes over minutes. */
async function longRun(command: 'soak' | 'agent-chaos', minutes: string | undefined, isSmoke: boolean): Promise<boolean> {
  const [run, usual] = command === 'soak' ? ([soak, '30'] as const) : ([chaos, '10'] as const);
  if (isSmoke) return run(SMOKE_MINUTES, true);
  const clean = await run(positive('minutes', minutes ?? usual));
  writeResults(readHistory(), readNamed());
  return clean;
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`cannot read --${name}: ${text} is not a number above 0`);
  return value;
}

process.exitCode = (await main()) ? 0 : 1;
