import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { encode, numbered } from './build.ts';
import { ROOT } from './tree.ts';

export const EMBED = pathToFileURL(join(ROOT, 'dist/agent/embed.js')).href;

/** Comes with `npm ci`. */
export const BUN = join(ROOT, 'node_modules/.bin/bun');

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface AppOptions {
  readonly runtime?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Told what it has written so far, each time it writes. */
  readonly wrote?: (stdout: string, pid: number) => void;
  /** Packages of its own: a folder with `node_modules`. */
  readonly folder?: string;
}

/**
 * Runs a program that embeds the built collector, to its end. `script` is the body of a module, in which there are
 * `startCollector`, `logs(n)` (an OTLP request of n records) and `wait(ms)`.
 */
export async function runEmbedding(script: string, options: AppOptions = {}): Promise<Ended> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'periscope-embedding-'));
  const path = join(folder, 'app.mjs');
  const prologue = `
import { startCollector } from ${JSON.stringify(EMBED)};
import { setTimeout as wait } from 'node:timers/promises';
const one = Buffer.from(${JSON.stringify(Buffer.from(encode('logs', numbered('logs', 1))).toString('base64'))}, 'base64');
const logs = (n) => Buffer.concat(Array.from({ length: n }, () => one));
`;
  writeFileSync(path, prologue + script);
  const { DASHBOARD_SCOPE: _scope, HOST: _host, NODE_OPTIONS: _options, ...inherited } = process.env;
  const app = spawn(options.runtime ?? process.execPath, [path], {
    cwd: folder,
    env: { ...inherited, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  app.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    options.wrote?.(stdout, app.pid ?? 0);
  });
  app.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  try {
    return await new Promise((resolve, reject) => {
      app.on('error', reject);
      app.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
    });
  } finally {
    if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
  }
}
