import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { HttpHead, HttpListener } from '../../pipeline/host.ts';
import { openHttp } from '../../server/engine/index.ts';

/**
 * Our reader of HTTP/1.1 against that of Node (llhttp), both behind real sockets: it may refuse more and must never
 * take a byte for a request, or for a part of another one, that llhttp reads differently.
 */
interface Taken {
  readonly method: string;
  readonly target: string;
  readonly headers: string;
  readonly body: string;
}

const MS = 2000;
let ours: HttpListener;
let taken: Taken[] = [];
let judged: Taken[] = [];
const judge = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('error', () => {});
  request.on('end', () => {
    judged.push(takenBy(request, Buffer.concat(chunks).toString('latin1')));
    response.end();
  });
});
judge.on('clientError', (_error, socket) => socket.destroy());

function takenBy({ method = '', url = '', headers }: IncomingMessage, body: string): Taken {
  return { method, target: url, headers: framing((name) => String(headers[name] ?? '')), body };
}

const framing = (header: (name: string) => string): string =>
  ['content-length', 'transfer-encoding', 'content-type', 'content-encoding', 'authorization'].map(header).join('|');

beforeAll(async () => {
  await new Promise<void>((resolve) => judge.listen(0, '127.0.0.1', resolve));
  const options = {
    endpoint: '127.0.0.1:0',
    maxBodyBytes: 1 << 20,
    headerTimeoutMs: MS,
    idleTimeoutMs: MS,
    readTimeoutMs: MS,
    keepAliveTimeoutMs: MS,
    maxConnections: 1000,
  };
  const handler = {
    head(head: HttpHead) {
      head.state = framing((name) => head.header(name));
      return undefined;
    },
    request({ method, path, query, state }: HttpHead, body: Uint8Array) {
      const target = query === '' ? path : `${path}?${query}`;
      taken.push({ method, target, headers: state as string, body: Buffer.from(body).toString('latin1') });
      return { status: 200 };
    },
    fault: () => ({ status: 400 }),
  };
  ours = await openHttp(options, handler, 'net');
});

afterAll(async () => {
  await ours.close(0);
  judge.closeAllConnections();
  await new Promise((resolve) => judge.close(resolve));
});

/** Sends, says that this was all, and waits until the other side has closed. */
function say(port: number, pieces: readonly Buffer[]): Promise<string> {
  return new Promise((resolve) => {
    let answers = '';
    const socket = connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true });
    socket.on('data', (chunk) => (answers += chunk.toString('latin1')));
    socket.on('error', () => {});
    socket.on('end', () => socket.destroy());
    socket.on('close', () => resolve(answers));
    for (const piece of pieces) socket.write(piece);
    socket.end();
  });
}

async function both(bytes: Buffer, cuts: readonly number[] = []): Promise<{ ours: readonly Taken[]; theirs: readonly Taken[] }> {
  taken = [];
  judged = [];
  const places = [0, ...cuts.map((cut) => Math.floor(cut * bytes.length)), bytes.length].toSorted((a, b) => a - b);
  const pieces = places.slice(1).map((to, at) => bytes.subarray(places[at], to));
  await say(Number(new URL(ours.url).port), pieces);
  await say((judge.address() as AddressInfo).port, [bytes]);
  return { ours: taken, theirs: judged };
}

const HEADERS = [
  'Host: a',
  'Host:b',
  'Content-Length: 3',
  'Content-Length: 3, 3',
  'Content-Length: +3',
  'Content-Length: 0x3',
  'Content-Length:',
  'Content-Length : 3',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: Chunked',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: chunked, identity',
  'Transfer-Encoding:\tchunked',
  'Transfer-Encoding: \u000bchunked',
  'Content-Type: application/json',
  'Connection: close',
  'Connection: keep-alive, x',
  'Expect: 100-continue',
  'Authorization: Bearer \u00e9',
  ' folded: x',
  '\tfolded',
  'X: a\rb',
  'X: a\nContent-Length: 5',
  'X\u0000: y',
  ': y',
  'X',
  '',
];
const BODIES = [
  '',
  'abc',
  'abcdef',
  '3\r\nabc\r\n0\r\n\r\n',
  '3\nabc\r\n0\r\n\r\n',
  '3;a=b\r\nabc\r\n0\r\nT: u\r\n\r\n',
  '0\r\n\r\n',
];
const MORE_BODIES = [
  '3 \r\nabc\r\n0\r\n\r\n',
  '3\r\nabcd\r\n0\r\n\r\n',
  '0x3\r\nabc\r\n0\r\n\r\n',
  '03\r\nabc\r\n00\r\n\r\n',
  '-3\r\nabc',
];

const LINES = [
  'POST /v1/metrics?x=y HTTP/1.1',
  'POST / HTTP/1.0',
  'GET /a HTTP/1.1',
  'POST  / HTTP/1.1',
  'post / HTTP/1.1',
  'POST / HTTP/1.2',
  'POST /\u007f HTTP/1.1',
  'POST http://a/ HTTP/1.1',
  'OPTIONS * HTTP/1.1',
];

const hostile = fc
  .record({
    line: fc.constantFrom(...LINES),
    headers: fc.array(fc.constantFrom(...HEADERS), { maxLength: 4 }),
    eol: fc.constantFrom('\r\n', '\r\n', '\r\n', '\n', '\r'),
    body: fc.constantFrom(...BODIES, ...MORE_BODIES),
  })
  .map(({ line, headers, eol, body }) => `${[line, 'Host: a', ...headers].join(eol)}${eol}${eol}${body}`);

const sane = fc
  .record({
    chunked: fc.boolean(),
    body: fc.string({ unit: 'binary-ascii', maxLength: 20 }),
    more: fc.array(fc.constantFrom('X: y', 'Content-Type: a/b', 'Expect: 100-continue', 'Authorization:', 'X:\t y z\t'), {
      maxLength: 2,
    }),
  })
  .map(({ chunked, body, more }) => {
    const framed = chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`;
    const sent = !chunked ? body : `${body === '' ? '' : `${body.length.toString(16)}\r\n${body}\r\n`}0\r\n\r\n`;
    return `${['POST /v1/logs?a HTTP/1.1', ...more, 'Host: a', framed].join('\r\n')}\r\n\r\n${sent}`;
  });

const request = fc.oneof({ weight: 3, arbitrary: sane }, { weight: 2, arbitrary: hostile });

const mutation = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), byte: fc.integer({ min: -1, max: 255 }) });

test('whatever comes, what we take is what llhttp takes, up to where we refuse', { timeout: 120_000 }, async () => {
  let agreed = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(request, { minLength: 1, maxLength: 3 }),
      fc.array(mutation, { maxLength: 2 }),
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 3 }),
      async (requests, mutations, cuts) => {
        let bytes = Buffer.from(requests.join(''), 'latin1');
        for (const { at, byte } of mutations) {
          const place = Math.floor(at * bytes.length);
          const put = byte < 0 ? [] : [byte];
          bytes = Buffer.concat([bytes.subarray(0, place), Buffer.from(put), bytes.subarray(place + (byte < 0 ? 1 : 0))]);
        }
        const result = await both(bytes, cuts);
        expect(result.theirs.slice(0, result.ours.length)).toEqual(result.ours);
        agreed += result.ours.length;
      },
    ),
    { numRuns: 800, endOnFailure: true },
  );
  // A reader that refuses everything would pass as well.
  expect(agreed).toBeGreaterThan(120);
});

test('ordinary requests are taken, in whatever pieces they come', async () => {
  const bytes = Buffer.from(
    'POST /a?b HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\nabc' +
      '\r\nPOST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: u\r\n\r\n' +
      'GET /d HTTP/1.1\r\nhost: x\r\n\r\n',
    'latin1',
  );
  for (let cut = 0; cut < bytes.length; cut += 7) {
    const result = await both(bytes, [cut / bytes.length, (cut + 3) / bytes.length]);
    expect(result.ours.map(({ method, target, body }) => [method, target, body])).toEqual([
      ['POST', '/a?b', 'abc'],
      ['POST', '/c', 'abcde'],
      ['GET', '/d', ''],
    ]);
    expect(result.theirs).toEqual(result.ours);
  }
});
