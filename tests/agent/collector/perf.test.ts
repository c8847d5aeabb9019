import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { apiClient } from '../../../agent/collector/api-client.ts';
import { printPerf } from '../../../agent/collector/perf.ts';
import type { PerfRecord } from '../../../pipeline/perf/record.ts';
import { ownerConfig } from '../../support/owner-config.ts';
import { temporaryFolders } from '../../support/temporary.ts';

const folder = temporaryFolders();
const row = (id: string, value: string): PerfRecord => ({
  category: 'R2',
  type: 'performance',
  topic: 'GetObject',
  subCat: 'Latency',
  id,
  value,
  pattern: '',
  locations: '',
  impact: '',
  properties: { scope: 'global' },
  time: '2026-11-21T11:00:00.000000000Z',
});

/** What speaks the API's words: the real one is in tests/system. */
let server: Server;
let answers: { status: number; body: unknown }[];
let asked: { path: string; headers: Record<string, unknown> }[];
let url: string;
let config: string;
beforeEach(async () => {
  answers = [];
  asked = [];
  server = createServer((request, response) => {
    asked.push({ path: request.url ?? '', headers: request.headers });
    const answer = answers.length > 1 ? answers.shift()! : answers[0]!;
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer.body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  ({ config } = ownerConfig(folder(), new URL(url).host));
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

function output(isTTY = false) {
  const written: string[] = [];
  return { written, out: { isTTY, columns: 120, rows: 10, write: (text: string) => written.push(text) } };
}
const NEVER = new AbortController().signal;
const rows = (...all: PerfRecord[]) => ({ status: 200, body: { masterPerf: all } });

describe('periscope perf', () => {
  it('asks the API of the configuration with the owner’s token, and leaves the scope to it', async () => {
    answers = [rows(row('get', '1ms'))];
    const { out, written } = output();
    expect(await printPerf({ config: [config], set: [] }, out, NEVER)).toBe(0);
    expect(asked).toMatchObject([
      {
        path: '/api/infra/master-perf?format=json',
        headers: { authorization: 'Bearer psk_test' },
      },
    ]);
    expect(asked[0]?.headers).not.toHaveProperty('x-dashboard-scope');
    expect(written.join('')).toMatch(/^category\t[^\n]*\nR2\tperformance\tGetObject\tLatency\tget\t1ms\t/);
  });

  it('prints a table for a person, JSON where that is wanted, of the scope that is named', async () => {
    answers = [rows(row('get', '1ms'))];
    const person = output(true);
    await printPerf({ config: [config], set: [], scope: 'ENTERPRISE' }, person.out, NEVER);
    expect(person.written.join('')).toMatch(/┌─[\s\S]*CATEGORY[\s\S]*1ms/);
    expect(asked[0]?.headers['x-dashboard-scope']).toBe('ENTERPRISE');
    const program = output();
    await printPerf({ config: [config], set: [], json: true, url }, program.out, NEVER);
    expect(JSON.parse(program.written.join(''))).toEqual({ masterPerf: [row('get', '1ms')] });
    answers = [rows()];
    const empty = output(true);
    await printPerf({ config: [config], set: [] }, empty.out, NEVER);
    expect(empty.written.join('')).toContain('no rows yet');
  });

  it('follows: for a program what is new or has changed, until it is ended', async () => {
    answers = [rows(row('get', '1ms'), row('put', '5ms')), rows(row('get', '2ms'), row('put', '5ms'))];
    const stop = new AbortController();
    const { out, written } = output();
    const followed = printPerf({ config: [config], set: [], follow: true, json: true }, out, stop.signal);
    while (written.length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    stop.abort();
    expect(await followed).toBe(0);
    const lines = written.join('').trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as PerfRecord).value)).toEqual(['1ms', '5ms', '2ms']);
  });

  it('follows on a terminal in place, within its height', async () => {
    answers = [rows(...Array.from({ length: 30 }, (_, i) => row(`id${i}`, '1ms')))];
    const stop = new AbortController();
    const { out, written } = output(true);
    const followed = printPerf({ config: [config], set: [], follow: true }, out, stop.signal);
    while (written.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    stop.abort();
    await followed;
    expect(written[1]?.startsWith('\u001b[H')).toBe(true);
    expect(written[1]?.split('\n').length).toBeLessThanOrEqual(10);
    expect(written[1]).toContain('lines more');
  });

  it('says what the API says, or that nobody answers', async () => {
    answers = [{ status: 403, body: { detail: 'cannot answer: no such scope', code: 'SCOPE_FORBIDDEN' } }];
    const { out } = output();
    await expect(printPerf({ config: [config], set: [] }, out, NEVER)).rejects.toThrow(
      'cannot show MASTER_PERF: cannot answer: no such scope',
    );
    answers = [{ status: 502, body: 'x' }];
    await expect(printPerf({ config: [config], set: [] }, out, NEVER)).rejects.toThrow('cannot show MASTER_PERF: it answers 502');
    await expect(printPerf({ config: [config], set: [], url: 'http://127.0.0.1:1' }, out, NEVER)).rejects.toThrow(
      'is the collector running?',
    );
  });

  it('needs an API to ask', async () => {
    const text =
      'yaml:{receivers: {otlp: {protocols: {http: }}}, exporters: {debug: }, service: {pipelines: {logs: {receivers: [otlp], exporters: [debug]}}}}';
    await expect(apiClient({ config: [text], set: [] })).rejects.toThrow('no extension `dashboard`');
  });
});
