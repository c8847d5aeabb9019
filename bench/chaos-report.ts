import type { AppRun, ChaosRecord } from './chaos/record.ts';
import { latest, type NamedRecord } from './history.ts';

/** The section of the agent whose collector is in trouble, for RESULTS.md. */
export function chaosSections(named: readonly NamedRecord[]): readonly string[] {
  const run = latest(named, 'agent-chaos').at(-1);
  return run === undefined ? [] : [chaosSection(run)];
}

function chaosSection(run: ChaosRecord): string {
  const { ours, bare } = run;
  const met = Object.entries(run.met).map(([trouble, count]) => `${trouble} ${count}`);
  return [
    '## agent-chaos',
    '',
    `An app with the agent and the same without, asked in turn, ${perSecond(run)} requests a second each, while the agent's collector` +
      ` is absent, hangs, resets, drips a byte a second, answers 503, 413 and 401, each once with calm after it.` +
      ` \`npm run bench -- agent-chaos --minutes ${run.minutes}\`, ${run.session.slice(0, 10)}, ${run.version}; ${run.machine}.`,
    '',
    '| | with the agent | without |',
    '|---|---|---|',
    row('latency in calm, p50; p99, ms', ours, bare, ({ calm }) => `${ms(calm.p50Ms)}; ${ms(calm.p99Ms)}`),
    row('latency in trouble, p50; p99, ms', ours, bare, ({ troubled }) => `${ms(troubled.p50Ms)}; ${ms(troubled.p99Ms)}`),
    row('RSS, median; highest, MB', ours, bare, ({ rssMedianBytes, rssMaxBytes }) => `${mb(rssMedianBytes)}; ${mb(rssMaxBytes)}`),
    row('its lowest in the second half above that of the first, MB', ours, bare, ({ rssFloorRiseBytes }) =>
      mb(rssFloorRiseBytes),
    ),
    '',
    `- Of ${run.requests.toLocaleString('en')} requests that the app served the collector had ${run.counted.toLocaleString('en')} in the end.`,
    `- ${run.exports} requests of the agent arrived, ${run.taken} were taken; in trouble: ${met.join(', ')}. After the last trouble` +
      ` the first was taken after ${(run.recoveredAfterMs / 1000).toFixed(0)} s. It printed ${run.lines} lines.`,
    run.faults.length === 0
      ? '- No unhandled rejection, no warning, no request of the app that failed, no restart of the exporting thread.'
      : `- **Failed**: ${run.faults.join('; ')}.`,
  ].join('\n');
}

function row(title: string, ours: AppRun, bare: AppRun, cell: (app: AppRun) => string): string {
  return `| ${title} | ${cell(ours)} | ${cell(bare)} |`;
}

const perSecond = ({ requests, minutes }: ChaosRecord): string => (requests / (minutes * 60)).toFixed(0);
const ms = (value: number): string => value.toFixed(2);
const mb = (bytes: number): string => (bytes / 1e6).toFixed(1);
