import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest, type AgentOptions } from 'node:https';
import type { Refusal } from '../../pipeline/component.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import type { Answer } from './answer.ts';

/** One URL that is posted to over kept connections. */
export interface Target {
  /** For messages: without credentials and query. */
  readonly name: string;
  readonly url: URL;
  readonly agent: HttpAgent;
  readonly headers: Readonly<Record<string, string>>;
}

export function agentFor(url: URL, options: AgentOptions): HttpAgent {
  const kept = { ...options, keepAlive: true, scheduling: 'lifo' } as const;
  return url.protocol === 'https:' ? new HttpsAgent(kept) : new HttpAgent(kept);
}

/**
 * Sends `segments` as one body and reads the answer. Never rejects: what is no answer is a retryable refusal. `segments`
 * are not read any more once the promise has settled.
 */
export async function post(target: Target, segments: readonly Uint8Array[], signal: AbortSignal): Promise<Answer | Refusal> {
  const first = await attempt(target, segments, signal);
  // A server may close a kept connection just as a request leaves on it. Nothing was answered, so it is sent again at
  // once on another connection instead of waiting for the retry's back-off.
  if (first === 'stale') {
    const second = await attempt(target, segments, signal);
    return second === 'stale' ? unreachable(target, 'the connection was reset') : second;
  }
  return first;
}

function attempt(target: Target, segments: readonly Uint8Array[], signal: AbortSignal): Promise<Answer | Refusal | 'stale'> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(aborted(target));
    const request = open(target, segments);
    let settled = false;
    const settle = (result: Answer | Refusal | 'stale'): void => {
      if (settled) return;
      settled = true;
      signal.removeEventListener('abort', onAbort);
      // An answer that came before the body was sent: the rest must not be read after this.
      if (!request.writableFinished) request.destroy();
      resolve(result);
    };
    const onAbort = (): void => {
      request.destroy();
      settle(aborted(target));
    };
    signal.addEventListener('abort', onAbort);
    let answering = false;
    request.on('response', (response) => {
      answering = true;
      collect(response, (body) => settle(answerOf(response, body)));
    });
    request.on('error', (error: NodeJS.ErrnoException) => {
      const stale = request.reusedSocket && !answering && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
      settle(stale ? 'stale' : unreachable(target, causeOf(error)));
    });
    // It closes before its response does, which settles when it has begun.
    request.on('close', () => {
      if (!answering) settle(unreachable(target, 'the connection was closed before the answer'));
    });
    for (const segment of segments) request.write(segment);
    request.end();
    request.uncork();
  });
}

function open(target: Target, segments: readonly Uint8Array[]): ClientRequest {
  let byteLength = 0;
  for (const segment of segments) byteLength += segment.length;
  const options = {
    method: 'POST',
    agent: target.agent,
    host: target.url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: target.url.port,
    path: `${target.url.pathname}${target.url.search}`,
    headers: { ...target.headers, 'content-length': byteLength },
  };
  const request = target.url.protocol === 'https:' ? httpsRequest(options) : httpRequest(options);
  // Corked, head and segments leave in one writev.
  request.cork();
  return request;
}

/** Calls `done` once, also when the body is longer than what is read, or is cut off: the status has arrived. */
function collect(response: IncomingMessage, done: (body: Uint8Array) => void): void {
  const chunks: Buffer[] = [];
  let byteLength = 0;
  response.on('data', (chunk: Buffer) => {
    const room = LIMITS.responseBodyBytes - byteLength;
    chunks.push(chunk.length > room ? chunk.subarray(0, room) : chunk);
    byteLength += chunk.length;
    if (byteLength > LIMITS.responseBodyBytes) response.destroy();
  });
  response.on('error', () => undefined);
  response.on('close', () => done(chunks.length === 1 ? (chunks[0] ?? EMPTY) : Buffer.concat(chunks)));
}
const EMPTY = new Uint8Array();

function answerOf(response: IncomingMessage, body: Uint8Array): Answer {
  const { headers } = response;
  return {
    status: response.statusCode ?? 0,
    contentType: headers['content-type'] ?? '',
    retryAfter: headers['retry-after'] ?? '',
    location: headers.location ?? '',
    body,
  };
}

function aborted(target: Target): Refusal {
  return { ok: false, code: 'DEADLINE_EXCEEDED', retryable: true, message: `cannot send to ${target.name}: no answer in time` };
}

function unreachable(target: Target, cause: string): Refusal {
  return { ok: false, code: 'UNAVAILABLE', retryable: true, message: `cannot send to ${target.name}: ${cause}` };
}

function causeOf(error: NodeJS.ErrnoException): string {
  // Every address of a name failed: the first fault says enough.
  const single = (error instanceof AggregateError ? error.errors[0] : error) as NodeJS.ErrnoException;
  switch (single.code) {
    case 'ECONNREFUSED':
      return 'connection refused';
    case 'ECONNRESET':
      return 'the connection was reset';
    case 'ENOTFOUND':
      return 'the host name is not known';
    default:
      return single.message.slice(0, LIMITS.messageChars) || (single.code ?? 'unknown fault');
  }
}
