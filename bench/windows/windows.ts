import { appendHistory } from '../history.ts';
import { missing, PERISCOPE_WATCH, version } from '../ingest/contenders.ts';
import { machine } from '../ingest/machine.ts';
import { canPin } from '../ingest/pinned.ts';
import { askedWhileSent } from './asked-while-sent.ts';
import { fullWindow } from './full-window.ts';
import { FIGURES, type Figures, type Part, PARTS } from './record.ts';
import { smallWindow } from './small-window.ts';
import { visibility } from './visibility.ts';

export interface WindowsOptions {
  /** All when undefined. */
  readonly parts?: readonly string[];
  readonly rounds: number;
  readonly seconds: number;
}

/** Measures the windows part by part, and records every run. True when no run failed or was voided. */
export async function windows(options: WindowsOptions): Promise<boolean> {
  const unknown = options.parts?.filter((part) => !PARTS.some((one) => one === part)) ?? [];
  if (unknown.length > 0) throw new Error(`cannot measure ${unknown.join(', ')}: the parts are ${PARTS.join(', ')}`);
  const absent = missing(PERISCOPE_WATCH);
  if (absent !== undefined) throw new Error(`cannot measure: ${absent}`);
  const session = new Date().toISOString();
  let clean = true;
  for (const part of PARTS.filter((one) => options.parts?.includes(one) ?? true)) {
    console.log(`\n${part}`);
    for (let round = 0; round < options.rounds; round++) clean = (await runOnce(part, round, session, options.seconds)) && clean;
  }
  return clean;
}

async function runOnce(part: Part, round: number, session: string, seconds: number): Promise<boolean> {
  const at = new Date().toISOString();
  const { figures, voided } = await measurePart(part, seconds);
  const place = { version: version(PERISCOPE_WATCH), machine: machine(), pinned: canPin };
  appendHistory({
    bench: 'windows',
    session,
    at,
    part,
    round,
    ...place,
    figures: rounded(figures),
    ...(voided === undefined ? {} : { voided }),
  });
  console.log(`  ${round + 1} ${describe(figures)}${voided === undefined ? '' : `  VOID: ${voided}`}`);
  return voided === undefined;
}

function measurePart(part: Part, seconds: number): Promise<{ figures: Figures; voided?: string }> {
  switch (part) {
    case 'visibility':
      return visibility(seconds);
    case 'full':
      return fullWindow();
    case 'small':
      return smallWindow();
    case 'users':
      return askedWhileSent(seconds);
    default:
      return part satisfies never;
  }
}

function describe(figures: Figures): string {
  return FIGURES.filter(({ id }) => id in figures)
    .map(({ id, unit }) => `${id} ${figures[id]!.toFixed(unit === 'ms' ? 2 : 1)} ${unit}`)
    .join(', ');
}

function rounded(figures: Figures): Figures {
  return Object.fromEntries(Object.entries(figures).map(([id, value]) => [id, Math.round(value * 1000) / 1000]));
}
