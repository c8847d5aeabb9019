import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import type * as https from 'node:https';
import type { ZlibOptions } from 'node:zlib';
import type { OtlpSettings } from '../settings.ts';
import { SENDING_LIMITS } from './limits.ts';
import { signatureOf } from '../signing/signer.ts';
import { AGENT_NAME, AGENT_VERSION } from '../version.ts';
import type { NetworkAnswer } from './verdict.ts';

export interface Posting {
  /** For all of it: connecting, sending, and the last byte of the answer. */
  readonly timeoutMs: number;
  /** Ends it early. */
  readonly signal?: AbortSignal | undefined;
  /** The request keeps the process alive; by default nothing of the agent does. */
  readonly keepsAlive?: boolean;
}

interface Client {
  readonly request: (options: RequestOptions, answered: (response: IncomingMessage) => void) => ClientRequest;
  readonly options: RequestOptions;
  readonly agent: Agent;
}

/**
 * Posts OTLP requests over one kept connection. An answer comes back whatever happens; nothing throws. node:http and not
 * fetch: its start costs less, and it says why a connection failed.
 *
 * `synchronous`: compresses where it stands. In a worker that is best: libuv's threads, which do it otherwise, are those of
 * the application, and may be busy.
 */
export class OtlpTransport {
  readonly #settings: OtlpSettings;
  readonly #synchronous: boolean;
  #client: Client | undefined;

  constructor(settings: OtlpSettings, synchronous: boolean) {
    this.#settings = settings;
    this.#synchronous = synchronous;
  }

  /** Loads what a request needs, so that the first one has it: it may be the last. What cannot be loaded, the request tells. */
  warm(): void {
    try {
      if (this.#settings.compression === 'gzip') process.getBuiltinModule('node:zlib');
      this.#http();
    } catch {
      // A Node that was built without TLS has no node:https.
    }
  }

  /** `body`: an Export…ServiceRequest of the URL's signal. */
  async post(body: Uint8Array, posting: Posting): Promise<NetworkAnswer> {
    try {
      const wire = this.#settings.compression === 'gzip' ? await this.#compress(body) : body;
      this.#client ??= this.#connect();
      const first = await this.#send(this.#client, wire, posting);
      // The collector closed a kept connection in the moment in which it was used again.
      return first.stale ? (await this.#send(this.#client, wire, posting)).answer : first.answer;
    } catch (error) {
      return { error: messageOf(error) };
    }
  }

  close(): void {
    this.#client?.agent.destroy();
    this.#client = undefined;
  }

  async #compress(body: Uint8Array): Promise<Uint8Array> {
    const options = gzipOptions(body.length);
    const zlib = process.getBuiltinModule('node:zlib');
    if (this.#synchronous) return zlib.gzipSync(body, options);
    return new Promise((resolve, reject) =>
      zlib.gzip(body, options, (error, compressed) => (error === null ? resolve(compressed) : reject(error))),
    );
  }

  #connect(): Client {
    const { url, headers } = this.#settings;
    const { protocol, hostname, port, pathname, search, username, password } = new URL(url);
    const secure = protocol === 'https:';
    const http = this.#http();
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1, ...(secure ? this.#tls() : {}) });
    const options = {
      method: 'POST',
      hostname: hostname.replace(/^\[|\]$/g, ''),
      ...(port === '' ? {} : { port }),
      path: `${pathname}${search}`,
      ...(username === '' ? {} : { auth: `${decodeURIComponent(username)}:${decodeURIComponent(password)}` }),
      agent,
      headers: {
        ...headers,
        'content-type': 'application/x-protobuf',
        'user-agent': `${AGENT_NAME}/${AGENT_VERSION}`,
        ...(this.#settings.compression === 'gzip' ? { 'content-encoding': 'gzip' } : {}),
      },
    };
    return { request: http.request, options, agent };
  }

  #http(): Pick<typeof https, 'Agent' | 'request'> {
    const name = this.#settings.url.startsWith('https:') ? 'node:https' : 'node:http';
    return process.getBuiltinModule(name) as typeof https;
  }

  /** A file that cannot be read is a failure of the request: with less than was asked for nothing is sent. */
  #tls(): { readonly ca?: Buffer; readonly key?: Buffer; readonly cert?: Buffer } {
    const { certificate, clientKey, clientCertificate } = this.#settings;
    const { readFileSync } = process.getBuiltinModule('node:fs');
    return {
      ...(certificate === undefined ? {} : { ca: readFileSync(certificate) }),
      ...(clientKey === undefined ? {} : { key: readFileSync(clientKey) }),
      ...(clientCertificate === undefined ? {} : { cert: readFileSync(clientCertificate) }),
    };
  }

  #send({ request, options }: Client, wire: Uint8Array, posting: Posting): Promise<{ answer: NetworkAnswer; stale: boolean }> {
    const { timeoutMs, signal, keepsAlive = false } = posting;
    return new Promise((resolve) => {
      const headers = { ...options.headers, ...signatureOf(wire), 'content-length': wire.length };
      const sent = request({ ...options, headers: headers as never }, (response) =>
        readAnswer(response, (answer) => done(answer)),
      );
      const timer = setTimeout(() => end('TIMEOUT'), timeoutMs);
      if (!keepsAlive) timer.unref();
      const aborted = (): void => end('ABORTED');
      const done = (answer: NetworkAnswer, stale = false): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', aborted);
        resolve({ answer, stale });
      };
      const end = (error: string): void => {
        done({ error });
        sent.destroy();
      };
      sent.on('error', (error: NodeJS.ErrnoException) => done({ error: messageOf(error) }, isStale(sent, error)));
      sent.on('socket', (socket) => (keepsAlive ? socket.ref() : socket.unref()));
      signal?.addEventListener('abort', aborted);
      if (signal?.aborted === true) aborted();
      else sent.end(wire);
    });
  }
}

function isStale(request: ClientRequest, { code }: NodeJS.ErrnoException): boolean {
  return request.reusedSocket && (code === 'ECONNRESET' || code === 'EPIPE');
}

/** Of an answer that is too long only the beginning is read, and its connection is not used again. */
function readAnswer(response: IncomingMessage, done: (answer: NetworkAnswer) => void): void {
  const status = response.statusCode ?? 0;
  const chunks: Buffer[] = [];
  let bytes = 0;
  const finish = (): void => done({ status, body: Buffer.concat(chunks), retryAfter: response.headers['retry-after'] });
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= SENDING_LIMITS.answerBytes) chunks.push(chunk);
    else {
      finish();
      response.destroy();
    }
  });
  response.on('end', finish);
  response.on('error', (error) => done({ error: messageOf(error) }));
}

/** Of several addresses of a host, the first that failed. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return messageOf(error.errors[0]);
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message ?? String(error);
}

/** The fastest level: series of one instrument resemble each other, it takes nine tenths away. A window as large as the body, as
 *  deflate keeps eight times as much: a quarter of a megabyte otherwise, for a request of 3 kB. */
function gzipOptions(bytes: number): ZlibOptions {
  const windowBits = Math.min(15, Math.max(10, 32 - Math.clz32(bytes)));
  return { level: 1, windowBits, memLevel: windowBits - 7, chunkSize: Math.min(2 ** windowBits, 16 * 1024) };
}
