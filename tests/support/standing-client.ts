import { StreamClient } from '../../server/client.ts';
import type { SqlOptions } from '../../server/stream/protocol.ts';
import { TwinRows, type Row } from './reference/standing-rows.ts';

/** What one subscriber has been told of one query. */
export interface Told {
  readonly query: SqlOptions;
  readonly rows: readonly Row[];
  readonly snapshots: number;
  readonly deltas: number;
  readonly gaps: number;
  /** A refusal, or a delta that makes no sense on these rows. */
  readonly fault: string | undefined;
}

export interface StandingClient {
  readonly told: readonly Told[];
  close(): void;
}

/** Subscribes to these queries over `/ws`, and keeps the rows of each one row after the other. */
export function standingClient(url: string, token: string, queries: readonly SqlOptions[]): StandingClient {
  const client = new StreamClient({ url: `${url}/ws`, token, scope: 'global' }).connect();
  const told = queries.map((query) => {
    let twin = new TwinRows();
    const state = { query, rows: [] as readonly Row[], snapshots: 0, deltas: 0, gaps: 0, fault: undefined as string | undefined };
    client.subscribe('sql', query, {
      snapshot({ columns = [], rows = [] }) {
        const key = query.key?.map((name) => columns.findIndex((column) => column.name === name));
        twin = new TwinRows(key);
        twin.snapshot(rows);
        state.rows = twin.rows;
        state.snapshots += 1;
      },
      delta(delta) {
        try {
          twin.apply(delta);
        } catch (error) {
          state.fault ??= `${query.sql}: ${String(error)}`;
        }
        state.rows = twin.rows;
        state.deltas += 1;
      },
      gap: ({ dropped }) => (state.gaps += dropped),
      error: ({ message }) => (state.fault ??= message),
    });
    return state;
  });
  return { told, close: () => client.close() };
}
