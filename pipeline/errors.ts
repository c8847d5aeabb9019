/**
 * Every fault that reaches a user, once: HTTP status, gRPC status code (google.rpc.Code), whether the sender may
 * retry, and what helps. docs/reference/errors.md is generated from here.
 */
export interface ErrorEntry {
  readonly http: number;
  readonly grpc: number;
  readonly retryable: boolean;
  readonly help: string;
}

const entry = (http: number, grpc: number, retryable: boolean, help: string): ErrorEntry => ({ http, grpc, retryable, help });

export const ERRORS = {
  MALFORMED: entry(400, 3, false, 'The body is not a valid OTLP request; check the exporter and its encoding.'),
  BAD_ENCODING: entry(
    400,
    3,
    false,
    'The body does not decompress with its Content-Encoding; use gzip, zstd, deflate or identity.',
  ),
  TOO_DEEP: entry(400, 3, false, 'The body nests deeper than the limit; flatten the attribute values.'),
  UNAUTHENTICATED: entry(
    401,
    16,
    false,
    'Send a valid token (Authorization: Bearer), client certificate or password; see `auth`.',
  ),
  PERMISSION_DENIED: entry(403, 7, false, 'The token is valid but lacks the permission for this; make one that has it.'),
  SCOPE_FORBIDDEN: entry(403, 7, false, 'This sender may not send as that scope; fix the scope attribute or the listener.'),
  STREAM_INVALID: entry(400, 3, false, 'The message to the live stream is not as it should be; see server/stream/README.md.'),
  SCOPE_REQUIRED: entry(400, 3, false, 'The token is good for several scopes: name one by X-Dashboard-Scope or ?scope=.'),
  NOT_FOUND: entry(
    404,
    5,
    false,
    'No pipeline takes this signal, or the path is wrong; OTLP paths are /v1/metrics, /v1/traces, /v1/logs.',
  ),
  METHOD_NOT_ALLOWED: entry(405, 12, false, 'OTLP/HTTP takes POST only.'),
  REQUEST_TIMEOUT: entry(408, 4, true, 'The request did not arrive in time; check the network, or raise read_timeout.'),
  BODY_TOO_LARGE: entry(413, 8, false, 'The body is over max_request_body_size; send smaller batches.'),
  UNSUPPORTED_MEDIA_TYPE: entry(415, 3, false, 'Content-Type must be application/x-protobuf or application/json.'),
  UNIMPLEMENTED: entry(
    501,
    12,
    false,
    'The collector has no such gRPC method or compression; OTLP uses Export with gzip or zstd.',
  ),
  MESSAGE_FRAMING: entry(400, 13, false, 'The gRPC message is cut off, or its prefix makes no sense; check the client or proxy.'),
  UPGRADE_REQUIRED: entry(426, 12, false, 'This path takes WebSockets (RFC 6455, version 13) only.'),
  RATE_LIMITED: entry(429, 8, true, 'Too many requests; wait for Retry-After.'),
  TOO_MANY_CONNECTIONS: entry(503, 14, true, 'The listener is at max_connections; reuse connections.'),
  MEMORY_LIMIT: entry(503, 14, true, 'The memory limiter refuses new data; it resumes by itself when memory is freed.'),
  QUEUE_FULL: entry(503, 14, true, 'A destination is behind and its queue is full; see sending_queue and on_full.'),
  SHUTTING_DOWN: entry(503, 14, true, 'The collector is stopping; send again elsewhere or later.'),
  UNAVAILABLE: entry(503, 14, true, 'The destination cannot be reached; it is tried again.'),
  DEADLINE_EXCEEDED: entry(504, 4, true, 'The destination did not answer in time; see timeout.'),
  DESTINATION_REFUSED: entry(400, 3, false, 'The destination refused the data for good; its message says why.'),
  DESTINATION_AUTH: entry(400, 3, false, 'The destination refused our credentials; check headers.'),
  STORAGE_FULL: entry(503, 14, true, 'The disk is full; free space, and writing resumes by itself.'),
  STORAGE_FAILED: entry(503, 14, true, 'A file cannot be written; check its path and permissions.'),
  AUDIT_UNAVAILABLE: entry(
    503,
    14,
    true,
    'The audit log cannot be written and on_failure is refuse; free space or mend its folder, and data is taken again by itself.',
  ),
  SCOPE_NEEDED: entry(400, 3, false, 'The token is for several scopes; choose one by X-Dashboard-Scope or ?scope=.'),
  NO_WINDOWS: entry(404, 5, false, 'Nothing is kept for SQL: add the exporter `windows` to a pipeline.'),
  SQL_INVALID: entry(400, 3, false, 'DuckDB cannot run this; its message names the place.'),
  SQL_FORBIDDEN: entry(
    403,
    7,
    false,
    'One SELECT over the tables of one scope, with the functions that docs/queries.md lists; nothing else runs.',
  ),
  SQL_TIMEOUT: entry(408, 4, true, 'The query took too long; narrow its time range, or group before joining.'),
  SQL_MEMORY: entry(422, 8, false, 'The query needs more memory than its scope has; narrow it, or raise memory of `windows`.'),
  SQL_TOO_LARGE: entry(422, 8, false, 'A query that stays open has fewer rows; group them, or add a LIMIT.'),
  SQL_CANCELLED: entry(499, 1, false, 'The query was given up by who asked it.'),
  ANALYTICS_RESTARTING: entry(503, 14, true, 'The analytics process starts again, with empty windows; ask again in a moment.'),
  ANALYTICS_BUSY: entry(503, 14, true, 'Too many queries are running or waiting; ask again in a moment.'),
  TOO_MANY_SCOPES: entry(503, 14, true, 'As many scopes have windows as max_scopes allows; raise it, or send fewer scopes.'),
  EMBEDDED_BUSY: entry(
    503,
    14,
    true,
    'More waits for the embedded collector than may wait in its process; send again in a moment.',
  ),
  EMBEDDED_DOWN: entry(
    503,
    14,
    true,
    'The thread of the embedded collector has ended; it is started again a few times. What it held is lost: send again.',
  ),
  INTERNAL: entry(500, 13, false, 'A bug of ours; please report it with the log line.'),
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

/** An error that stops a start: one clear line for the person, no stack. Reads "cannot <verb> <object>: <cause>". */
export class StartError extends Error {
  override readonly name = 'StartError';
}
