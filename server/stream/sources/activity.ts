import { z } from 'zod';
import type { AuditEvent, AuditTrail, AuditType } from '../../../pipeline/audit.ts';
import { LIMITS } from '../../../pipeline/limits.ts';
import type { LedgerSnapshot } from '../../../pipeline/ledger.ts';
import type { StreamData, StreamFeed, StreamSource, StreamViewer } from '../../../pipeline/live.ts';
import { readOptions } from '../messages.ts';
import type { ActivityData, ActivityEvent } from '../protocol.ts';
import { LedgerChanges } from './ledger-changes.ts';
import { Recent } from './recent.ts';
import { cutText } from './text.ts';

const schema = z.strictObject({});

const CATEGORIES: Readonly<Record<AuditType, ActivityEvent['category']>> = {
  AUTH: 'auth',
  SCOPE_VIOLATION: 'rejection',
  METRIC_MUTATION: 'metric',
  CONFIG_CHANGE: 'config',
  ERROR: 'error',
};

/** Something that happened, and to whom it may be told: to its scope, or where it has none to admins. */
export interface Activity extends Omit<ActivityEvent, 'time'> {
  readonly scope: string | undefined;
}

/** Topic `activity`: the audit trail, and what the ledger counts, told together per second. */
export class ActivitySource implements StreamSource<Record<never, never>> {
  readonly topic = 'activity';
  readonly conflates = false;
  readonly #audit: AuditTrail;
  readonly #ledger: () => LedgerSnapshot;
  readonly #now: () => number;
  readonly #feeds = new Set<ActivityFeed>();
  #changes: LedgerChanges | undefined;
  #unwatch: (() => void) | undefined;

  constructor(audit: AuditTrail, ledger: () => LedgerSnapshot, now: () => number) {
    this.#audit = audit;
    this.#ledger = ledger;
    this.#now = now;
  }

  options(given: Readonly<Record<string, unknown>>): ReturnType<typeof readOptions<Record<never, never>>> {
    return readOptions(schema, given);
  }

  open(viewer: StreamViewer): StreamFeed {
    const feed = new ActivityFeed(viewer, this.#now, () => this.#leave(feed));
    this.#feeds.add(feed);
    // Nobody gathers what an event says as long as nobody hears it.
    this.#unwatch ??= this.#audit.watch((event) => this.#tell(activityOf(event)));
    this.#changes ??= new LedgerChanges(this.#ledger());
    return feed;
  }

  tick(): void {
    for (const activity of this.#changes?.until(this.#ledger()) ?? []) this.#tell(activity);
  }

  #tell(activity: Activity): void {
    for (const feed of this.#feeds) feed.tell(activity);
  }

  #leave(feed: ActivityFeed): void {
    this.#feeds.delete(feed);
    if (this.#feeds.size > 0) return;
    this.#unwatch?.();
    this.#unwatch = undefined;
    this.#changes = undefined;
  }
}

class ActivityFeed implements StreamFeed {
  readonly close: () => void;
  readonly #viewer: StreamViewer;
  readonly #now: () => number;
  readonly #recent = new Recent<ActivityEvent>(LIMITS.streamRecentActivities);
  /** Of the second that runs, alike ones together. */
  readonly #events = new Map<string, { readonly event: Omit<ActivityEvent, 'count'>; count: number }>();
  #skipped = 0;

  constructor(viewer: StreamViewer, now: () => number, close: () => void) {
    this.#viewer = viewer;
    this.#now = now;
    this.close = close;
  }

  tell({ scope, count, ...what }: Activity): void {
    if (scope === undefined ? !this.#viewer.admin : scope !== this.#viewer.scope) return;
    const key = JSON.stringify(what);
    const known = this.#events.get(key);
    if (known !== undefined) known.count += count;
    else if (this.#events.size >= LIMITS.streamActivities) this.#skipped += 1;
    else this.#events.set(key, { event: { ...what, time: new Date(this.#now()).toISOString() }, count });
  }

  snapshot(): StreamData {
    return { events: this.#recent.shown } satisfies ActivityData as unknown as StreamData;
  }

  delta(): StreamData | undefined {
    if (this.#events.size === 0) return undefined;
    this.#recent.add([...this.#events.values()].map(({ event, count }) => ({ ...event, count })));
    this.#events.clear();
    const data: ActivityData = { events: this.#recent.take(), ...(this.#skipped > 0 && { skipped: this.#skipped }) };
    this.#skipped = 0;
    return data as unknown as StreamData;
  }
}

function activityOf({ type, severity, action, result, scope, user, client, component, items }: AuditEvent): Activity {
  const who = [
    user,
    client === undefined ? undefined : `from ${client}`,
    component === undefined ? undefined : `at ${component}`,
  ];
  const text = [action.replaceAll('_', ' '), ...who].filter((part) => part !== undefined).join(' ');
  return {
    category: CATEGORIES[type],
    type: action,
    severity,
    success: result === 'SUCCESS',
    text: cutText(text),
    count: items ?? 1,
    scope,
  };
}
