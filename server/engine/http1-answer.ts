import { STATUS_CODES } from 'node:http';
import type { HttpAnswer } from '../../pipeline/host.ts';

let dateLine = '';
let dateAtS = 0;

/** RFC 9110 6.6.1: whoever has a clock says when it answered. */
function dateNow(): string {
  const nowS = Math.floor(Date.now() / 1000);
  if (nowS !== dateAtS) {
    dateAtS = nowS;
    dateLine = `Date: ${new Date(nowS * 1000).toUTCString()}\r\n`;
  }
  return dateLine;
}

/** By the headers of an answer, which a handler mostly has made once for all. */
const kept = new WeakMap<object, string>();

function linesOf(own: NonNullable<HttpAnswer['headers']>): string {
  let lines = kept.get(own);
  if (lines === undefined) {
    lines = '';
    for (const name in own) lines += `${name}: ${own[name]}\r\n`;
    kept.set(own, lines);
  }
  return lines;
}

/** Status line and headers of an answer, with the empty line at their end; latin1. */
export function answerHead(status: number, own: HttpAnswer['headers'], body: HttpAnswer['body'], closes: boolean): string {
  const bytes = body === undefined ? 0 : typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  const length = status === 204 ? '' : `Content-Length: ${bytes}\r\n`;
  const lines = own === undefined ? '' : linesOf(own);
  const end = closes ? 'Connection: close\r\n\r\n' : '\r\n';
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines}${dateNow()}${length}${end}`;
}
