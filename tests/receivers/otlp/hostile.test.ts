import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { compress } from '../../../pipeline/compression/compress.ts';
import { encode, numbered } from '../../support/build.ts';
import { engines } from '../../support/http-engines.ts';
import { startReceiver, statusOf, type RunningReceiver } from '../../support/otlp-receiver.ts';
import { RawHttp, type RawAnswer } from '../../support/raw-http.ts';

const PROTOBUF = { 'Content-Type': 'application/x-protobuf' };
const MIB = 1 << 20;
const good = encode('logs', numbered('logs', 10));

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}

describe.each(engines)('bad senders on %s', (engine) => {
  let running: RunningReceiver;
  const connections: RawHttp[] = [];
  afterEach(async () => {
    for (const connection of connections.splice(0)) connection.destroy();
    await running.receiver.stop(1000);
    expect(running.intake.open).toBe(0);
    expect(running.intake.underWay).toBe(0);
    expect(running.lines.filter(({ level }) => level === 'limited')).toEqual([]);
  });
  async function start(http: Record<string, unknown> = {}): Promise<void> {
    running = await startReceiver(engine, http);
  }
  async function connect(): Promise<RawHttp> {
    const connection = await RawHttp.open(running.url);
    connections.push(connection);
    return connection;
  }
  async function post(body: Uint8Array, headers: Record<string, string> = {}): Promise<RawAnswer> {
    const connection = await connect();
    const answer = await connection.post('/v1/logs', body, { ...PROTOBUF, ...headers }).answer();
    connection.destroy();
    if (answer === undefined) throw new Error('no answer came');
    return answer;
  }
  const messageOf = (answer: RawAnswer): string => statusOf(answer.headers['content-type'], answer.body).message;

  test('a bomb costs a 413 and no memory', async () => {
    await start({ max_request_body_size: '4MiB' });
    const zeros = Buffer.alloc(128 * MIB);
    const bombs = [
      ['gzip', gzipSync(zeros, { level: 1 })],
      // Many members, of which each one alone would pass.
      ['gzip', Buffer.concat(Array.from({ length: 100 }, () => gzipSync(zeros.subarray(0, MIB))))],
      ['zstd', Buffer.concat(compress('zstd', [zeros]))],
    ] as const;
    await post(bombs[0][1], { 'Content-Encoding': 'gzip' });
    const before = process.memoryUsage().rss;
    for (let round = 0; round < 4; round += 1) {
      for (const [encoding, bomb] of bombs) expect((await post(bomb, { 'Content-Encoding': encoding })).status).toBe(413);
    }
    // 12 bombs of 100 MiB and more.
    expect(process.memoryUsage().rss - before).toBeLessThan(96 * MIB);
    expect(running.intake.requests).toEqual([]);
  });

  test('compressed bytes that are cut off are 400, wherever they are cut', async () => {
    await start();
    for (const [encoding, packed] of [
      ['gzip', gzipSync(good)],
      ['zstd', Buffer.concat(compress('zstd', [good]))],
    ] as const) {
      for (const end of [1, 5, packed.length >> 1, packed.length - 9, packed.length - 1]) {
        const answer = await post(packed.subarray(0, end), { 'Content-Encoding': encoding });
        expect(answer.status).toBe(400);
        expect(messageOf(answer)).toMatch(/^cannot decompress the body: /);
      }
    }
  });

  test('a zstd frame that asks for a huge window is 400', async () => {
    await start();
    // Magic, no single segment, window descriptor 2^31, one raw block of one byte.
    const frame = Buffer.from('28b52ffd00a8090000ff', 'hex');
    expect((await post(frame, { 'Content-Encoding': 'zstd' })).status).toBe(400);
  });

  test('a body that is longer than its Content-Length is cut there, and the rest is no request', async () => {
    await start();
    const connection = await connect();
    connection.head('POST', '/v1/logs', { ...PROTOBUF, 'Content-Length': good.length - 1 }).write(good);
    expect((await connection.answer())?.status).toBe(400);
    connection.write('\r\n\r\n');
    await connection.closed;
    expect(running.intake.requests).toEqual([]);
  });

  test('a body that is shorter than its Content-Length is given up, and what it held is released', async () => {
    await start({ read_timeout: '200ms' });
    const connection = await connect();
    connection.head('POST', '/v1/logs', { ...PROTOBUF, 'Content-Length': good.length + 1 }).write(good);
    const answer = await connection.answer();
    expect(answer?.status).toBe(408);
    expect(messageOf(answer!)).toBe('cannot read the request: its body did not arrive in time');
    expect(running.intake.heldBytes).toBe(0);
  });

  test('a Content-Length without end is 413 before anything is admitted', async () => {
    await start();
    const connection = await connect();
    const answer = await connection.head('POST', '/v1/logs', { ...PROTOBUF, 'Content-Length': '99999999999' }).answer();
    // One engine takes no number of that length.
    expect([400, 413]).toContain(answer?.status);
    expect(running.intake.admissions).toBe(0);
  });

  test('a chunked body without end is 413, and no more of it was held than the limit', async () => {
    await start({ max_request_body_size: '1MiB' });
    const connection = await connect();
    connection.head('POST', '/v1/logs', { ...PROTOBUF, 'Transfer-Encoding': 'chunked' });
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
    for (let at = 0; at < 40; at += 1) connection.write(chunk);
    const answer = await connection.answer();
    expect(answer?.status).toBe(413);
    expect(running.intake.peakBytes).toBeLessThanOrEqual(MIB);
  });

  test('uploads that are broken off leave nothing behind', async () => {
    await start();
    const before = process.memoryUsage().rss;
    for (let round = 0; round < 10; round += 1) {
      const senders = await Promise.all(Array.from({ length: 20 }, connect));
      for (const sender of senders)
        sender.head('POST', '/v1/logs', { ...PROTOBUF, 'Content-Length': 8 * MIB }).write(Buffer.alloc(64 * 1024));
      await until(() => running.intake.open === 20);
      expect(running.intake.heldBytes).toBe(20 * 8 * MIB);
      for (const sender of senders) sender.destroy();
      await until(() => running.intake.open === 0);
    }
    // 200 announced bodies of 8 MiB.
    expect(process.memoryUsage().rss - before).toBeLessThan(256 * MIB);
  });

  test('a sender that leaves before its answer has sent its data all the same', async () => {
    await start();
    let release: () => void = () => undefined;
    running.intake.outcome = () => new Promise((resolve) => (release = () => resolve({ ok: true })));
    const connection = await connect();
    connection.post('/v1/logs', good, PROTOBUF);
    await until(() => running.intake.requests.length === 1);
    connection.destroy();
    await sleep(20);
    expect(running.intake.heldBytes).toBe(good.length);
    release();
    await until(() => running.intake.open === 0);
    expect(running.intake.batches.map(({ items }) => items)).toEqual([10]);
  });

  test('a refused request keeps its connection for the next one', async () => {
    await start();
    const connection = await connect();
    for (const [path, body, status] of [
      ['/none', 'x', 404],
      ['/v1/logs', Buffer.from([255]), 400],
      ['/v1/logs', good, 200],
    ] as const) {
      expect((await connection.post(path, body, PROTOBUF).answer())?.status).toBe(status);
    }
  });

  test('too many connections are 503 with a Status and Retry-After', async () => {
    await start({ max_connections: 1 });
    const first = await connect();
    first.head('POST', '/v1/logs', { ...PROTOBUF, 'Content-Length': 10 });
    await until(() => running.intake.open === 1);
    const answer = await post(good);
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    expect(messageOf(answer)).toContain('max_connections');
  });
});
