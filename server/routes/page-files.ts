import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync, gzip } from 'node:zlib';
import type { HttpAnswer, HttpHead } from '../../pipeline/host.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Nothing is loaded from, sent to or framed by another origin, and no script or style stands in the page itself. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Of every answer of the page. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};

interface PageFile {
  readonly headers: Readonly<Record<string, string>>;
  readonly etag: string;
  /** The only form in memory: there is hardly a browser that takes no gzip. */
  readonly gzipped: Uint8Array;
}

/**
 * The files of the built page, all in memory: a path is looked up in a table and never in a file system. What Vite has
 * put its hash into the name of (`/assets/`) is kept for good, the rest is asked for again each time.
 */
export class PageFiles {
  readonly #files: ReadonlyMap<string, PageFile>;

  private constructor(files: ReadonlyMap<string, PageFile>) {
    this.#files = files;
  }

  /** Undefined when the page has not been built into `directory`. */
  static async read(directory: string): Promise<PageFiles | undefined> {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
    const names = entries
      .filter((entry) => entry.isFile() && extname(entry.name) in TYPES)
      .map((entry) => join(entry.parentPath, entry.name).slice(directory.length).replaceAll('\\', '/').replace(/^\/*/, '/'));
    if (!names.includes('/index.html')) return undefined;
    const files = new Map<string, PageFile>();
    // One at a time: what compressing takes meanwhile stays with the process.
    for (const name of names) files.set(name, await readPageFile(directory, name));
    return new PageFiles(files);
  }

  /** Undefined when there is no such file. `head` is asked for its headers, so only inside `HttpHandler.head`. */
  answer(name: string, head: Pick<HttpHead, 'header'>): HttpAnswer | undefined {
    const file = this.#files.get(name);
    if (file === undefined) return undefined;
    const known = head
      .header('if-none-match')
      .split(',')
      .some((each) => each.trim().replace(/^W\//, '') === file.etag);
    if (known) return { status: 304, headers: file.headers };
    if (!/\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:\s*,|\s*$))/.test(head.header('accept-encoding')))
      return { status: 200, headers: file.headers, body: gunzipSync(file.gzipped) };
    return { status: 200, headers: { ...file.headers, 'Content-Encoding': 'gzip' }, body: file.gzipped };
  }
}

async function readPageFile(directory: string, name: string): Promise<PageFile> {
  const plain = await readFile(join(directory, name));
  const etag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 27)}"`;
  const keeps = name.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache';
  return {
    etag,
    headers: {
      ...PAGE_HEADERS,
      'Content-Type': TYPES[extname(name)] ?? '',
      'Cache-Control': keeps,
      ETag: etag,
      Vary: 'Accept-Encoding',
    },
    gzipped: await promisify(gzip)(plain, { level: 9 }),
  };
}
