import { change, duration, valueIn } from './format.ts';

/** Something that is not as it was some minutes ago. */
export interface Change {
  readonly kind: 'latency' | 'errors' | 'traffic' | 'gauge' | 'logs';
  readonly service: string;
  readonly name: string;
  readonly before: string;
  readonly after: string;
  readonly words: string;
  readonly worse: boolean;
  readonly score: number;
}

export interface SpanRow {
  readonly service: string;
  readonly name: string;
  readonly n0: number;
  readonly n1: number;
  readonly p0: number | null;
  readonly p1: number | null;
  readonly e0: number;
  readonly e1: number;
  /** That `n0` is of; null where there is nothing before. */
  readonly minutes: number | null;
}
export interface GaugeRow {
  readonly service: string;
  readonly name: string;
  readonly unit: string;
  readonly m0: number;
  readonly s0: number;
  readonly m1: number;
}
export interface LogRow {
  readonly service: string;
  /** Records of any kind, before: without them nobody knows how it was. */
  readonly before: number;
  readonly n0: number;
  readonly n1: number;
  readonly minutes: number | null;
}

/** Minutes after: of the query's comparison. */
const AFTER_MIN = 2;
/** Of less nobody knows how it usually is. */
const BEFORE_MIN = 1;
/** Fewer tell of chance. */
const SEEN_MIN = 20;
const percent = (share: number): string => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)}%`;
const perMinute = (count: number): string => `${count < 10 ? count.toFixed(1) : Math.round(count)}/min`;
/** How many doublings lie between; with one added, so that nothing is infinitely more than none. */
const doublings = (before: number, after: number): number => Math.abs(Math.log2((after + 1) / (before + 1)));

export function spanChanges(rows: readonly SpanRow[]): Change[] {
  return rows.flatMap(({ service, name, n0, n1, p0, p1, e0, e1, minutes }) => {
    const found: Change[] = [];
    const of = { service, name };
    if (n0 >= SEEN_MIN && n1 >= SEEN_MIN && p0 !== null && p1 !== null && p0 > 0 && p1 > 0) {
      const score = Math.abs(Math.log2(p1 / p0));
      if (score >= 0.5)
        found.push({
          ...of,
          kind: 'latency',
          before: duration(p0),
          after: duration(p1),
          words: change(p0, p1),
          worse: p1 > p0,
          score,
        });
    }
    const [share0, share1] = [n0 === 0 ? 0 : e0 / n0, n1 === 0 ? 0 : e1 / n1];
    // In standard errors of a share: three are no chance.
    const spread = Math.sqrt(Math.max(share0 * (1 - share0), 0.0025) / Math.max(n1, 1));
    const score = (Math.abs(share1 - share0) / spread) * 0.4;
    if (n0 >= SEEN_MIN && n1 >= 10 && score >= 1.2)
      found.push({
        ...of,
        kind: 'errors',
        before: percent(share0),
        after: percent(share1),
        words: change(share0, share1),
        worse: share1 > share0,
        score,
      });
    const known = minutes ?? 0;
    const [rate0, rate1] = [n0 / Math.max(known, BEFORE_MIN), n1 / AFTER_MIN];
    const traffic = doublings(rate0, rate1);
    if (known >= BEFORE_MIN && n0 >= SEEN_MIN && traffic >= 1)
      found.push({
        ...of,
        kind: 'traffic',
        before: perMinute(rate0),
        after: perMinute(rate1),
        words: change(rate0, rate1),
        worse: rate1 < rate0,
        score: traffic,
      });
    return found;
  });
}

export function gaugeChanges(rows: readonly GaugeRow[]): Change[] {
  return rows.flatMap(({ service, name, unit, m0, s0, m1 }) => {
    const deviations = Math.abs(m1 - m0) / Math.max(s0, 0.05 * Math.abs(m0), 1e-9);
    if (!Number.isFinite(deviations) || deviations < 3) return [];
    // Ten deviations are as much news as four doublings.
    const score = Math.min(deviations * 0.4, 6);
    return [
      {
        kind: 'gauge' as const,
        service,
        name,
        before: valueIn(unit, m0),
        after: valueIn(unit, m1),
        words: change(m0, m1),
        worse: m1 > m0,
        score,
      },
    ];
  });
}

export function logChanges(rows: readonly LogRow[]): Change[] {
  return rows.flatMap(({ service, before, n0, n1, minutes }) => {
    const known = minutes ?? 0;
    const [rate0, rate1] = [n0 / Math.max(known, BEFORE_MIN), n1 / AFTER_MIN];
    const score = doublings(rate0, rate1);
    if (known < BEFORE_MIN || before < SEEN_MIN || n0 + n1 < 5 || score < 1) return [];
    return [
      {
        kind: 'logs' as const,
        service,
        name: 'error logs',
        before: perMinute(rate0),
        after: perMinute(rate1),
        words: change(rate0, rate1),
        worse: rate1 > rate0,
        score,
      },
    ];
  });
}

/** The biggest ones; of one thing only the biggest, so that one incident does not fill the list. */
export function topChanges(changes: readonly Change[], most: number): Change[] {
  const seen = new Set<string>();
  return changes
    .toSorted((left, right) => right.score - left.score || (left.name < right.name ? -1 : 1))
    .filter(({ kind, service, name }) => {
      const key = JSON.stringify([kind === 'gauge' ? kind : '', service, name]);
      if (seen.has(key)) return false;
      seen.add(key);
      return true;
    })
    .slice(0, most);
}
