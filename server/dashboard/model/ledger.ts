/** The ledger of `GET /api/v1/ledger`, as far as the page reads it. */
export interface Ledger {
  readonly receivers: readonly {
    readonly receiver: string;
    readonly signal: string;
    readonly received: number;
    readonly accepted: number;
    readonly rejected: Readonly<Record<string, number>>;
  }[];
  readonly exporters: readonly {
    readonly exporter: string;
    readonly routed: number;
    readonly exported: number;
    readonly refused: number;
    readonly dropped: Readonly<Record<string, number>>;
    readonly inFlight: number;
  }[];
}

export interface Balance {
  readonly name: string;
  /** What came to this place. */
  readonly whole: number;
  readonly parts: readonly { readonly name: string; readonly count: number; readonly tone: 'good' | 'warn' | 'bad' | 'quiet' }[];
  /** The parts make the whole, to the item. */
  readonly balanced: boolean;
  /** What was lost or sent back, by reason, the most first. */
  readonly reasons: readonly (readonly [reason: string, count: number])[];
}

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0);

function addUp(all: readonly Readonly<Record<string, number>>[]): [string, number][] {
  const total = new Map<string, number>();
  for (const counts of all)
    for (const [reason, count] of Object.entries(counts)) if (count > 0) total.set(reason, (total.get(reason) ?? 0) + count);
  return [...total].toSorted(([, left], [, right]) => right - left);
}

const balance = (name: string, whole: number, parts: Balance['parts'], reasons: Balance['reasons']): Balance => ({
  name,
  whole,
  parts,
  reasons,
  balanced: parts.reduce((total, { count }) => total + count, 0) === whole,
});

/** received = accepted + rejected, over all receivers and signals. */
export function intakeBalance({ receivers }: Ledger): Balance {
  const total = (of: (row: Ledger['receivers'][number]) => number): number =>
    receivers.reduce((count, row) => count + of(row), 0);
  const parts = [
    { name: 'accepted', count: total((row) => row.accepted), tone: 'good' },
    { name: 'rejected', count: total((row) => sum(row.rejected)), tone: 'bad' },
  ] as const;
  return balance(
    'received',
    total((row) => row.received),
    parts,
    addUp(receivers.map(({ rejected }) => rejected)),
  );
}

/** routed = exported + in flight + refused + dropped, by exporter. */
export function exporterBalances({ exporters }: Ledger): Balance[] {
  return [...new Set(exporters.map(({ exporter }) => exporter))].toSorted().map((name) => {
    const rows = exporters.filter(({ exporter }) => exporter === name);
    const total = (of: (row: Ledger['exporters'][number]) => number): number => rows.reduce((count, row) => count + of(row), 0);
    const parts = [
      { name: 'exported', count: total((row) => row.exported), tone: 'good' },
      { name: 'in flight', count: total((row) => row.inFlight), tone: 'quiet' },
      { name: 'refused', count: total((row) => row.refused), tone: 'bad' },
      { name: 'dropped', count: total((row) => sum(row.dropped)), tone: 'warn' },
    ] as const;
    return balance(
      name,
      total((row) => row.routed),
      parts,
      addUp(rows.map(({ dropped }) => dropped)),
    );
  });
}

/** Items accepted so far, by signal. */
export function acceptedBySignal({ receivers }: Ledger): Readonly<Record<string, number>> {
  const total: Record<string, number> = {};
  for (const { signal, accepted } of receivers) total[signal] = (total[signal] ?? 0) + accepted;
  return total;
}

export interface Reading {
  readonly atMs: number;
  readonly accepted: Readonly<Record<string, number>>;
}
/** Items per second between two readings, by signal; a count that went back (another collector) is none. */
export function ratesBetween(before: Reading, after: Reading): Readonly<Record<string, number>> {
  const seconds = (after.atMs - before.atMs) / 1000;
  if (seconds <= 0) return {};
  return Object.fromEntries(
    Object.entries(after.accepted).map(([signal, count]) => [
      signal,
      Math.max(0, count - (before.accepted[signal] ?? 0)) / seconds,
    ]),
  );
}
