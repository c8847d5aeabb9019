/**
 * The live stream on the wire (`GET /ws`, WebSocket subprotocol `periscope.v1`): JSON texts both ways. Types and tables
 * only, for the server, the browser and Node alike.
 */
export const STREAM_PROTOCOL = 'periscope.v1';
/** A second subprotocol that is offered and never chosen carries the token: `bearer.<base64url of it>`. */
export const BEARER_PROTOCOL_PREFIX = 'bearer.';
export const STREAM_PATH = '/ws';

export const STREAM_TOPICS = ['metrics', 'logs', 'traces', 'master_perf', 'activity', 'anomalies', 'sql'] as const;
export type StreamTopic = (typeof STREAM_TOPICS)[number];

/** How a snapshot above `STREAM_COMPRESSED_BYTES` may come: as a binary frame with the compressed JSON text. `deflate` is
 *  the zlib format, as in HTTP. */
export const STREAM_COMPRESSIONS = ['zstd', 'deflate'] as const;
export type StreamCompression = (typeof STREAM_COMPRESSIONS)[number];
export const STREAM_COMPRESSED_BYTES = 16 * 1024;

export interface MetricsOptions {
  readonly service?: string;
  /** Names of metrics; absent = all. */
  readonly names?: readonly string[];
  /** Series; default 50, at most 1,000. Points of further ones are counted in `skipped`. */
  readonly limit?: number;
}
export interface LogsOptions {
  readonly service?: string;
  /** Severity number (1 to 24) or name (`WARN`). */
  readonly min_severity?: number | string;
  /** In the body, whatever its case. */
  readonly text?: string;
  /** Records per second, the newest; default 200, at most 1,000. */
  readonly limit?: number;
}
export interface TracesOptions {
  readonly service?: string;
  readonly min_duration_ms?: number;
  readonly errors_only?: boolean;
  /** Spans per second, the newest; default 100, at most 1,000. */
  readonly limit?: number;
}
export interface SqlOptions {
  readonly sql: string;
  readonly params?: readonly unknown[] | Readonly<Record<string, unknown>>;
  /** Columns that tell rows apart. */
  readonly key?: readonly string[];
}
export interface OptionsOf {
  readonly metrics: MetricsOptions;
  readonly logs: LogsOptions;
  readonly traces: TracesOptions;
  readonly master_perf: Readonly<Record<string, unknown>>;
  readonly activity: Readonly<Record<never, never>>;
  readonly anomalies: Readonly<Record<string, unknown>>;
  readonly sql: SqlOptions;
}

export interface StreamSeries {
  /** Number of the series in this subscription; points refer to it. */
  readonly series: number;
  readonly name: string;
  readonly unit: string;
  readonly metric_type: 'gauge' | 'sum' | 'histogram' | 'exponential_histogram' | 'summary';
  readonly service: string;
  readonly attributes: Readonly<Record<string, string>>;
}
/** Of a gauge or sum a number; "NaN", "Infinity" or "-Infinity" where JSON has no word for it. */
export type StreamNumber = number | 'NaN' | 'Infinity' | '-Infinity';
export type StreamValue = StreamNumber | { readonly count: number; readonly sum: StreamNumber | null };
export type StreamPoint = readonly [series: number, timeMs: number, value: StreamValue];

export interface MetricsData {
  /** Those that were not told of before. */
  readonly series: readonly StreamSeries[];
  /** Of each series the newest of its second. */
  readonly points: readonly StreamPoint[];
  /** Points over `limit` series, or over what is looked at in a second; absent = 0. */
  readonly skipped?: number;
}
export interface StreamLog {
  /** ISO 8601 with nanoseconds. */
  readonly time: string;
  readonly severity: string;
  readonly severity_number: number;
  readonly service: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Hex; '' = none. */
  readonly trace_id: string;
  readonly span_id: string;
}
export interface LogsData {
  readonly records: readonly StreamLog[];
  /** Records that matched in this second, of those that were looked at. */
  readonly rate: number;
  readonly skipped?: number;
}
export interface StreamSpan {
  /** Of its start, ISO 8601 with nanoseconds. */
  readonly time: string;
  readonly trace_id: string;
  readonly span_id: string;
  readonly parent_span_id: string;
  readonly name: string;
  readonly kind: string;
  readonly service: string;
  readonly duration_ns: number;
  readonly status: 'Unset' | 'Ok' | 'Error';
  readonly attributes: Readonly<Record<string, string>>;
}
export interface TracesData {
  readonly spans: readonly StreamSpan[];
  readonly skipped?: number;
}
export interface ActivityEvent {
  /** ISO 8601. */
  readonly time: string;
  readonly category: 'metric' | 'rejection' | 'auth' | 'config' | 'error';
  readonly type: string;
  readonly severity: 'INFO' | 'WARN' | 'ERROR' | 'CRITICAL';
  readonly success: boolean;
  readonly text: string;
  /** How often in this second, or how many items. */
  readonly count: number;
}
export interface ActivityData {
  readonly events: readonly ActivityEvent[];
  readonly skipped?: number;
}
export interface MasterPerfData {
  readonly masterPerf: readonly Readonly<Record<string, unknown>>[];
}
/** A snapshot has `columns` and `rows`, a delta `added`, `changed` and `removed`. */
export interface SqlData {
  readonly columns?: readonly { readonly name: string; readonly type: string }[];
  readonly rows?: readonly (readonly unknown[])[];
  readonly added?: readonly (readonly unknown[])[];
  readonly changed?: readonly (readonly unknown[])[];
  readonly removed?: readonly (readonly unknown[])[];
}
export interface DataOf {
  readonly metrics: MetricsData;
  readonly logs: LogsData;
  readonly traces: TracesData;
  readonly master_perf: MasterPerfData;
  readonly activity: ActivityData;
  readonly anomalies: Readonly<Record<string, unknown>>;
  readonly sql: SqlData;
}

/** `id` is the client's word for the subscription: 1 to 64 characters. A second one of the same id takes its place. */
export type ClientMessage =
  | ({ readonly subscribe: StreamTopic; readonly id: string; readonly compress?: StreamCompression } & Readonly<
      Record<string, unknown>
    >)
  | { readonly unsubscribe: string }
  | { readonly refresh: string }
  | { readonly ping: number };

export interface Welcome {
  readonly type: 'welcome';
  readonly protocol: typeof STREAM_PROTOCOL;
  /** As which this connection sees everything. */
  readonly scope: string;
  /** Those of the token. */
  readonly scopes: readonly string[];
  /** ISO 8601; null = as long as the connection. */
  readonly expires: string | null;
  readonly limits: { readonly messages_per_minute: number; readonly subscriptions: number };
}
/** `seq` counts the deltas of what is subscribed to, not of the connection: a snapshot says at which it stands, and each
 *  delta has one more than what came before it. */
export interface Sequenced {
  readonly id: string;
  readonly seq: number;
}
export type Snapshot<Data = Readonly<Record<string, unknown>>> = { readonly type: 'snapshot' } & Sequenced & Data;
export type Delta<Data = Readonly<Record<string, unknown>>> = { readonly type: 'delta' } & Sequenced & Data;
/** The reader was too slow: `dropped` deltas, those from `from_seq` to `to_seq`, are not coming. Where only the state
 *  counts (metrics, sql) a new snapshot follows. */
export interface Gap {
  readonly type: 'gap';
  readonly id: string;
  readonly dropped: number;
  readonly from_seq: number;
  readonly to_seq: number;
}
export interface TokenExpiring {
  readonly type: 'token_expiring';
  readonly in_ms: number;
}
export interface Refreshed {
  readonly type: 'refreshed';
  readonly expires: string | null;
}
/** `code` is one of docs/reference/errors.md. With an `id` it is about that subscription, which then is not there. */
export interface StreamError {
  readonly type: 'error';
  readonly id?: string;
  readonly code: string;
  readonly message: string;
  readonly retry_after_ms?: number;
}
export interface Unsubscribed {
  readonly type: 'unsubscribed';
  readonly id: string;
}
export interface Pong {
  readonly type: 'pong';
}
export type ServerMessage = Welcome | Snapshot | Delta | Gap | TokenExpiring | Refreshed | StreamError | Unsubscribed | Pong;

interface CloseEntry {
  readonly code: number;
  /** May a client come again with what it has? It waits a little first. */
  readonly reconnects: boolean;
  readonly help: string;
}
const entry = (code: number, reconnects: boolean, help: string): CloseEntry => ({ code, reconnects, help });

/** Every code that the server closes a stream with. */
export const STREAM_CLOSES = {
  SHUTTING_DOWN: entry(1012, true, 'The collector stops, or its configuration has changed who may do what: come again.'),
  UNSUPPORTED: entry(1003, false, 'The client sent a binary message: messages are JSON texts.'),
  TOKEN_EXPIRED: entry(4401, false, 'The token has expired or was revoked: come again with another one.'),
  SCOPE_VIOLATION: entry(4403, false, 'A message named another scope than that of the connection; it is in the audit log.'),
  IDLE: entry(4408, true, 'Nothing came from the client, not even an answer to a ping, or it subscribed to nothing.'),
  SLOW: entry(4413, true, 'The client reads more slowly than data comes, for too long.'),
  RATE_LIMITED: entry(4429, true, 'Too many messages, or too many connections of the scope: wait.'),
  REFUSED: entry(4400, false, 'The request was refused; the message before says why (`?refusals=close` only).'),
} as const satisfies Record<string, CloseEntry>;
export type StreamClose = keyof typeof STREAM_CLOSES;
