import { EventEmitter, once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { showTop } from '../../../agent/collector/top.ts';
import { ownerConfig } from '../../support/owner-config.ts';
import { temporaryFolders } from '../../support/temporary.ts';

const folder = temporaryFolders();
const NEVER = new AbortController().signal;

/** An API without a live stream: the real one is in tests/system. */
let server: Server;
let accepted: number;
let broken: boolean;
let config: string;
let storage: string;
beforeEach(async () => {
  accepted = 10;
  broken = false;
  server = createServer((request, response) => {
    const path = request.url ?? '';
    response.writeHead(broken ? 500 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(broken ? { detail: 'out of order' } : answerTo(path)));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  ({ config, storage } = ownerConfig(folder(), `127.0.0.1:${(server.address() as AddressInfo).port}`));
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  if (server.listening) await once(server, 'close');
});

function answerTo(path: string): unknown {
  if (path === '/api/v1/scopes') return { runsAs: 'global', scopes: [{ scope: 'global', icon: '○', colour: '#64748b' }] };
  if (path === '/api/v1/sql') return { columns: [{ name: 'now' }], rows: [] };
  accepted += 5;
  const row = { receiver: 'otlp', scope: 'global', signal: 'logs', received: accepted, accepted, rejected: {} };
  return { receivers: [row], pipelines: [], exporters: [], queues: [] };
}

/** A terminal, or a pipe: what is written to it, and keys that somebody presses. */
class Terminal extends EventEmitter {
  readonly isTTY: boolean;
  readonly columns = 80;
  readonly rows = 24;
  written: string[] = [];
  raw = false;

  constructor(isTTY: boolean) {
    super();
    this.isTTY = isTTY;
  }

  write(text: string): void {
    this.written.push(text);
    this.emit('written');
  }
  setRawMode(raw: boolean): void {
    this.raw = raw;
  }
  resume(): void {}
  pause(): void {}
  get text(): string {
    return this.written.join('');
  }
}

const options = (): { config: string[]; set: string[] } => ({ config: [config], set: [] });

describe('periscope top', () => {
  it('prints the overview once for a program, with what keeps it from knowing the rest', async () => {
    const out = new Terminal(false);
    expect(await showTop(options(), out, undefined, NEVER)).toBe(0);
    expect(out.text).toMatch(/^periscope top {2}○ global +http:\/\/127\.0\.0\.1:\d+/);
    expect(out.text).toMatch(/^ledger {4}✓ balanced {2}received \d+ = accepted \d+ \+ rejected 0$/m);
    expect(out.text).toMatch(/^no live stream: /m);
    expect(out.text).not.toContain('\u001b');
  });

  it('stays on a terminal until q, drawing anew, and leaves it as it was', async () => {
    const terminal = new Terminal(true);
    const shown = showTop(options(), terminal, terminal, NEVER);
    while (terminal.written.length < 3) await once(terminal, 'written');
    expect(terminal.raw).toBe(true);
    terminal.emit('data', Buffer.from('q'));
    expect(await shown).toBe(0);
    expect(terminal.raw).toBe(false);
    expect(terminal.written.at(-1)).toBe('\u001b[?7h\u001b[?25h\u001b[?1049l');
  });

  it('goes on where the collector does not, and says so', async () => {
    const terminal = new Terminal(true);
    const stop = new AbortController();
    const shown = showTop(options(), terminal, undefined, stop.signal);
    while (terminal.written.length < 2) await once(terminal, 'written');
    // Below the ledger's line.
    const trouble = (): boolean => terminal.written.at(-1)?.split('\r\n')[3]?.includes('out of order') === true;
    broken = true;
    while (!trouble()) await once(terminal, 'written');
    broken = false;
    while (trouble()) await once(terminal, 'written');
    expect(terminal.written.at(-1)).toContain('✓ balanced');
    stop.abort();
    expect(await shown).toBe(0);
  });

  it('says that no collector runs, and draws nothing', async () => {
    const terminal = new Terminal(true);
    await expect(showTop({ ...options(), url: 'http://127.0.0.1:1' }, terminal, terminal, NEVER)).rejects.toThrow(
      /^cannot show the overview: http:\/\/127\.0\.0\.1:1 does not answer \(.*\); is the collector running\?$/,
    );
    const elsewhere = { config: [config], set: [`storage.directory=${join(storage, 'none')}`] };
    await expect(showTop(elsewhere, terminal, terminal, NEVER)).rejects.toThrow(/^cannot read .*; is the collector running\?$/);
    expect(terminal.written).toEqual([]);
  });
});
