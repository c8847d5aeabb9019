import { latest, type NamedRecord } from './history.ts';
import { type NeighbourRecord, PHASES, type Phase, type TenantFigures } from './neighbour/record.ts';
import { type Spread, spread } from './statistics.ts';

/** What a scope at fifty times its limit may change of another's p99. */
const NEIGHBOUR_CHANGE_MAX = 0.2;
const TITLES: Readonly<Record<Phase, string>> = {
  alone: 'alone',
  'within its limit': 'beside one at nine tenths of its limit',
  'at 50 times its limit': 'beside one that offers fifty times its limit',
  'generator only': 'that one’s generator, at a listener that does no work',
};

/** The sections of a gateway with several tenants: who hears whom, and whether anything crosses. */
export function gatewaySections(records: readonly NamedRecord[]): readonly string[] {
  return [neighbourSection(records), tenantsSection(records)].filter((section) => section !== '');
}

function neighbourSection(records: readonly NamedRecord[]): string {
  const runs = latest(records, 'neighbour');
  const first = runs[0];
  if (first === undefined) return '';
  const of = (phase: Phase): readonly NeighbourRecord[] => runs.filter((run) => run.phase === phase);
  const verdict = (title: string, against: Phase): string => {
    const { median, min, max } = changeOfRounds(of('at 50 times its limit'), of(against));
    if (Number.isNaN(median)) return `- ${title}: not measured`;
    return (
      `- ${title}: **${percent(median)}** (${percent(min)} to ${percent(max)}; must: below ${percent(NEIGHBOUR_CHANGE_MAX)}):` +
      ` ${max < NEIGHBOUR_CHANGE_MAX ? 'must' : median < NEIGHBOUR_CHANGE_MAX ? '**not in every round**' : '**missed**'}`
    );
  };
  const lost = runs.reduce((sum, { quiet }) => sum + quiet.unanswered + refusals(quiet), 0);
  return [
    '## neighbour',
    '',
    `p99 of a tenant with 20,000 points a second, beside another. \`npm run bench -- neighbour\`, ${first.session.slice(0, 10)}, ${first.version};` +
      ` ${first.machine}${first.pinned ? '' : '; **cores not pinned**'}. Medians of ${of('alone').length} rounds, smallest and largest in brackets.`,
    '',
    '| the quiet tenant | p50 ms | p99 ms | collector’s CPU | the other sent; taken, k/s | refused/s |',
    '|---|---|---|---|---|---|',
    ...PHASES.flatMap((phase) => phaseLine(phase, of(phase))),
    '',
    verdict('Change of its p99 by the noisy one within a round, against alone', 'alone'),
    verdict('The same against that generator at another listener, so without what the machine is to blame for', 'generator only'),
    `- Requests of the quiet tenant refused or lost: ${lost}.`,
  ].join('\n');
}

/** How p99 changes within each round: what else the machine does changes from round to round more than within one. */
function changeOfRounds(runs: readonly NeighbourRecord[], against: readonly NeighbourRecord[]): Spread {
  return spread(
    runs.flatMap(({ round, quiet }) => {
      const other = against.find((run) => run.round === round);
      return other === undefined ? [] : quiet.latencyP99Ms / other.quiet.latencyP99Ms - 1;
    }),
  );
}

function phaseLine(phase: Phase, runs: readonly NeighbourRecord[]): string[] {
  if (runs.length === 0) return [];
  const median = (of: (run: NeighbourRecord) => number): number => spread(runs.map(of)).median;
  const p99 = spread(runs.map(({ quiet }) => quiet.latencyP99Ms));
  const thousands = (of: (other: TenantFigures) => number): string =>
    (median(({ other }) => (other === undefined ? 0 : of(other))) / 1000).toFixed(0);
  const other =
    runs[0]!.other === undefined
      ? ' | '
      : `${thousands((each) => each.sentItemsPerS)}; ${thousands((each) => each.acceptedItemsPerS)} | ${median(refusedPerS).toFixed(0)}`;
  return [
    `| ${TITLES[phase]} | ${median(({ quiet }) => quiet.latencyP50Ms).toFixed(2)} | ${p99.median.toFixed(2)} (${p99.min.toFixed(2)}–${p99.max.toFixed(2)}) |` +
      ` ${(median(({ cpuShare }) => cpuShare) * 100).toFixed(0)} % | ${other} |`,
  ];
}

function refusedPerS({ other, warmUpMs, windowMs }: NeighbourRecord): number {
  return other === undefined ? 0 : (refusals(other) * 1000) / (warmUpMs + windowMs);
}

function refusals({ refused }: TenantFigures): number {
  return Object.values(refused).reduce((sum, count) => sum + count, 0);
}

function tenantsSection(records: readonly NamedRecord[]): string {
  const run = latest(records, 'tenants').at(-1);
  if (run === undefined) return '';
  const count = (items: number): string => items.toLocaleString('en');
  return [
    '## tenants',
    '',
    `Three tenants' lying senders over HTTP and gRPC through one gateway. \`npm run bench -- tenants\`, ${run.session.slice(0, 10)}, ${run.version}: of` +
      ` ${count(run.items)} items ${count(run.violations)} claimed another tenant. **${count(run.crossings)} crossed** at ${run.exits} exits; every violation` +
      ` is in the ledger, in the audit log, which verifies, and in the answer to its sender (${run.seconds.toFixed(0)} s).`,
  ].join('\n');
}

function percent(share: number): string {
  return `${share > 0 && share !== NEIGHBOUR_CHANGE_MAX ? '+' : ''}${(share * 100).toFixed(0)} %`;
}
