import { METHODS } from 'node:http';
import { bodyLength } from './request-head.ts';

/** Why a head is refused: the status, and all that is said about it. */
export type HeadFault = 400 | 417 | 505;

/** Bytes by what they may stand in: a token (RFC 9110 5.6.2), a field value (5.5), a request target. */
const TOKEN = 1;
const VALUE = 2;
const TARGET = 4;
const SPACE = 0x20;
const TAB = 0x09;
const COLON = 0x3a;
const CR = 0x0d;
const LF = 0x0a;
const CLASSES = classes();
/** CONNECT asks for a tunnel and has a target of another kind. */
const KNOWN_METHODS: ReadonlySet<string> = new Set(METHODS.filter((method) => method !== 'CONNECT'));

function classes(): Uint8Array {
  const table = new Uint8Array(256);
  for (let code = 0x20; code < 256; code++) if (code !== 0x7f) table[code] = VALUE;
  table[TAB] = VALUE;
  for (let code = 0x21; code < 0x7f; code++) if (code !== 0x23) table[code]! |= TARGET;
  for (const character of "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") {
    table[character.charCodeAt(0)]! |= TOKEN;
  }
  return table;
}

const is = (text: string, at: number, kind: number): boolean => (CLASSES[text.charCodeAt(at)]! & kind) !== 0;

/** Where each header stands in the head read last: name from, name to, value from, value to. */
const FIELD = 4;
let fields = new Int32Array(64 * FIELD);
let fieldCount = 0;
let fieldText = '';

/**
 * The head of one HTTP/1.1 request (RFC 9112), read strictly: whatever two readers could take for two things is refused.
 * Lines end with CRLF, names are tokens right before their colon, nothing is folded, one Host, one Content-Length or
 * one Transfer-Encoding. The headers stay in common memory until the next head is read.
 */
export interface Http1Head {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  /** As `bodyLength`. */
  readonly contentLength: number;
  /** The connection ends behind the answer: the sender says so, or speaks HTTP/1.0. */
  readonly closes: boolean;
  readonly expectsContinue: boolean;
}

/** `text`: the head as latin1, without the empty line at its end. */
export function readHead(text: string): Http1Head | HeadFault {
  const lineEnd = text.indexOf('\r\n');
  const end = lineEnd < 0 ? text.length : lineEnd;
  const methodEnd = text.indexOf(' ');
  const method = text.slice(0, Math.max(0, methodEnd));
  if (!KNOWN_METHODS.has(method)) return 400;
  const versionAt = end - ' HTTP/1.1'.length;
  const target = text.slice(methodEnd + 1, versionAt);
  if (target !== '*' && !target.startsWith('/')) return 400;
  for (let at = 0; at < target.length; at++) if (!is(target, at, TARGET)) return 400;
  const isOld = text.startsWith(' HTTP/1.0', versionAt);
  if (!isOld && !text.startsWith(' HTTP/1.1', versionAt)) return / HTTP\/\d\.\d$/.test(text.slice(0, end)) ? 505 : 400;
  if (!readFields(text, lineEnd < 0 ? end : end + 2)) return 400;

  const transferEncoding = listed('transfer-encoding');
  if (isOld && transferEncoding !== undefined) return 400;
  const host = listed('host');
  if (host === undefined ? !isOld : !isHost(host)) return 400;
  const expect = listed('expect');
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') return 417;
  const connection = listed('connection')?.toLowerCase() ?? '';
  const question = target.indexOf('?');
  return {
    method,
    path: question < 0 ? target : target.slice(0, question),
    query: question < 0 ? '' : target.slice(question + 1),
    contentLength: bodyLength(listed('content-length'), transferEncoding),
    closes: isOld || (connection !== '' && connection !== 'keep-alive' && hasToken(connection, 'close')),
    expectsContinue: expect !== undefined && !isOld,
  };
}

/** Are these lines header fields, each with its CRLF but the last: for the trailers of a chunked body. */
export function areFields(text: string): boolean {
  return readFields(text, 0);
}

/** The value of the first header of that name (lower case) in the head read last; '' when there is none. */
export function header(name: string): string {
  for (let field = 0; field < fieldCount; field++) if (isNamed(field, name)) return valueOf(field);
  return '';
}

/** All headers of the head read last, names in lower case, repeated ones joined by ", ". */
export function headers(): Record<string, string> {
  const all: Record<string, string> = Object.create(null);
  for (let field = 0; field < fieldCount; field++) {
    const name = fieldText.slice(fields[field * FIELD], fields[field * FIELD + 1]).toLowerCase();
    all[name] = name in all ? `${all[name]}, ${valueOf(field)}` : valueOf(field);
  }
  return all;
}

function readFields(text: string, start: number): boolean {
  fieldText = text;
  fieldCount = 0;
  let at = start;
  while (at < text.length) {
    const nameFrom = at;
    while (is(text, at, TOKEN)) at += 1;
    if (at === nameFrom || text.charCodeAt(at) !== COLON) return false;
    const nameTo = at;
    at += 1;
    while (text.charCodeAt(at) === SPACE || text.charCodeAt(at) === TAB) at += 1;
    const valueFrom = at;
    while (is(text, at, VALUE)) at += 1;
    let valueTo = at;
    while (valueTo > valueFrom && (text.charCodeAt(valueTo - 1) === SPACE || text.charCodeAt(valueTo - 1) === TAB)) valueTo -= 1;
    keep(nameFrom, nameTo, valueFrom, valueTo);
    if (at === text.length) return true;
    if (text.charCodeAt(at) !== CR || text.charCodeAt(at + 1) !== LF || at + 2 === text.length) return false;
    at += 2;
  }
  return true;
}

function keep(nameFrom: number, nameTo: number, valueFrom: number, valueTo: number): void {
  const base = fieldCount * FIELD;
  if (base === fields.length) {
    const grown = new Int32Array(fields.length * 2);
    grown.set(fields);
    fields = grown;
  }
  fields[base] = nameFrom;
  fields[base + 1] = nameTo;
  fields[base + 2] = valueFrom;
  fields[base + 3] = valueTo;
  fieldCount += 1;
}

/** `name` in lower case; names are tokens, in which 0x20 is what upper and lower case differ by, or nothing is. */
function isNamed(field: number, name: string): boolean {
  const from = fields[field * FIELD]!;
  if (fields[field * FIELD + 1]! - from !== name.length) return false;
  for (let at = 0; at < name.length; at++) {
    const code = fieldText.charCodeAt(from + at);
    const lower = code >= 0x41 && code <= 0x5a ? code + 0x20 : code;
    if (lower !== name.charCodeAt(at)) return false;
  }
  return true;
}

function valueOf(field: number): string {
  return fieldText.slice(fields[field * FIELD + 2], fields[field * FIELD + 3]);
}

/** All headers of a name as one list; undefined when there is none. */
function listed(name: string): string | undefined {
  let list: string | undefined;
  for (let field = 0; field < fieldCount; field++) {
    if (isNamed(field, name)) list = list === undefined ? valueOf(field) : `${list}, ${valueOf(field)}`;
  }
  return list;
}

/** One host: a list, such as of two Host headers, has a comma. */
function isHost(host: string): boolean {
  return !/[\s,/@]/.test(host);
}

function hasToken(list: string, token: string): boolean {
  return list.split(',').some((each) => each.trim() === token);
}
