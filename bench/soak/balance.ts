import type { LedgerSnapshot } from '../../pipeline/ledger.ts';

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0);

/** What does not add up in a ledger whose collector has nothing more to do, in words; none: it balances. */
export function imbalances({ receivers, pipelines, exporters }: LedgerSnapshot, acceptedItems: number): string[] {
  const faults: string[] = [];
  for (const { receiver, scope, signal, received, accepted, rejected } of receivers) {
    const counted = accepted + sum(rejected);
    if (received !== counted) faults.push(`${receiver} ${scope} ${signal}: received ${received}, accounted for ${counted}`);
  }
  const taken = receivers.reduce((total, { accepted }) => total + accepted, 0);
  if (taken !== acceptedItems)
    faults.push(`senders were told that ${acceptedItems} items were accepted, the ledger has ${taken}`);
  for (const { exporter, scope, signal, routed, exported, refused, dropped, inFlight } of exporters) {
    const name = `${exporter} ${scope} ${signal}`;
    const counted = exported + refused + sum(dropped) + inFlight;
    if (routed !== counted) faults.push(`${name}: routed ${routed}, accounted for ${counted}`);
    if (inFlight > 0) faults.push(`${name}: ${inFlight} items still in flight`);
    const fed = pipelines.filter((row) => row.scope === scope && row.signal === signal);
    const through = fed.reduce((total, row) => total + row.accepted - sum(row.dropped), 0);
    // Every pipeline of the scenario feeds every exporter.
    if (routed !== through) faults.push(`${name}: routed ${routed}, its pipelines passed on ${through}`);
  }
  return faults;
}
