import { expect } from 'vitest';
import type { LedgerSnapshot } from '../../pipeline/ledger.ts';
import type { Plan } from '../../pipeline/plan.ts';

export const sumOf = (reasons: Readonly<Record<string, number>>): number =>
  Object.values(reasons).reduce((sum, items) => sum + items, 0);

/** Every equation of the design's section 4, row by row. `plan` says which pipelines feed which exporters. */
export function expectBalance({ receivers, pipelines, exporters }: LedgerSnapshot, plan: Plan): void {
  for (const row of receivers) {
    expect(row.accepted + sumOf(row.rejected), `received = accepted + rejected: ${JSON.stringify(row)}`).toBe(row.received);
  }
  for (const row of pipelines) {
    const { receivers: fedBy } = plan.pipelines.find((each) => each.id === row.pipeline)!;
    const came = receivers.filter(
      (each) => fedBy.includes(each.receiver) && each.signal === row.signal && each.scope === row.scope,
    );
    expect(row.accepted, `a pipeline takes what its receivers accept: ${JSON.stringify({ row, came })}`).toBe(
      came.reduce((sum, each) => sum + each.accepted, 0),
    );
  }
  for (const row of exporters) {
    const { routed, exported, refused, dropped, inFlight } = row;
    expect(
      exported + refused + sumOf(dropped) + inFlight,
      `routed = exported + refused + dropped + in flight: ${JSON.stringify(row)}`,
    ).toBe(routed);
    expect(inFlight, JSON.stringify(row)).toBeGreaterThanOrEqual(0);
    const feeding = plan.pipelines.filter((each) => each.exporters.includes(row.exporter)).map((each) => each.id);
    const fed = pipelines.filter(
      (each) => feeding.includes(each.pipeline) && each.signal === row.signal && each.scope === row.scope,
    );
    expect(routed, `routed = accepted - dropped on the way: ${JSON.stringify({ row, fed })}`).toBe(
      fed.reduce((sum, each) => sum + each.accepted - sumOf(each.dropped), 0),
    );
  }
}
