import type { LedgerSnapshot } from '../../../pipeline/ledger.ts';
import type { Signal } from '../../../pipeline/signal.ts';
import type { Activity } from './activity.ts';

/** Counters by what they are about: a JSON text of it. */
type Counters = Map<string, number>;

const ITEMS: Readonly<Record<Signal, string>> = { metrics: 'data points', logs: 'log records', traces: 'spans' };

type Kind = 'received' | 'rejected' | 'dropped' | 'refused';
type About = readonly [kind: Kind, component: string, scope: string, signal: Signal, reason: string];

/** What the ledger counts more than at the last look, as activities of their scopes. */
export class LedgerChanges {
  #before: Counters;

  constructor(snapshot: LedgerSnapshot) {
    this.#before = countersOf(snapshot);
  }

  until(snapshot: LedgerSnapshot): Activity[] {
    const now = countersOf(snapshot);
    const activities: Activity[] = [];
    for (const [key, value] of now) {
      const more = value - (this.#before.get(key) ?? 0);
      if (more > 0) activities.push(activityOf(JSON.parse(key) as About, more));
    }
    this.#before = now;
    return activities;
  }
}

function countersOf({ receivers, exporters }: LedgerSnapshot): Counters {
  const counters: Counters = new Map();
  const set = (value: number, ...about: About): void => void (value > 0 && counters.set(JSON.stringify(about), value));
  for (const { receiver, scope, signal, accepted, rejected } of receivers) {
    set(accepted, 'received', receiver, scope, signal, '');
    for (const [reason, items] of Object.entries(rejected)) set(items, 'rejected', receiver, scope, signal, reason);
  }
  for (const { exporter, scope, signal, refused, dropped } of exporters) {
    set(refused, 'refused', exporter, scope, signal, '');
    for (const [reason, items] of Object.entries(dropped)) set(items, 'dropped', exporter, scope, signal, reason);
  }
  return counters;
}

function activityOf([kind, component, scope, signal, reason]: About, count: number): Activity {
  const because = reason === '' ? '' : `: ${reason.replaceAll('_', ' ')}`;
  const text = `${ITEMS[signal]} ${kind} ${kind === 'received' || kind === 'rejected' ? 'at' : 'by'} ${component}${because}`;
  const success = kind === 'received';
  return {
    category: success ? 'metric' : 'rejection',
    type: kind,
    severity: success ? 'INFO' : 'WARN',
    success,
    text,
    count,
    scope,
  };
}
