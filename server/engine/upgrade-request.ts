import type { ErrorCode } from '../../pipeline/errors.ts';
import type { HttpHead } from '../../pipeline/host.ts';
import type { WebSocketOptions } from '../../pipeline/web-socket.ts';

export const WEB_SOCKET_KEY = 'sec-websocket-key';
const VERSION = '13';
export const VERSION_HEADER = { Upgrade: 'websocket', 'Sec-WebSocket-Version': VERSION } as const;
/** 16 bytes in base64. */
const KEY = /^[+/0-9A-Za-z]{21}[AQgw]==$/;

const hasToken = (list: string, token: string): boolean => list.split(',').some((each) => each.trim().toLowerCase() === token);

/** Does it ask for a WebSocket, soundly or not, where the listener takes them? For use inside `head`. */
export function isUpgradeFor(head: HttpHead, options: WebSocketOptions | undefined): boolean {
  return options !== undefined && head.path === options.path && hasToken(head.header('upgrade'), 'websocket');
}

/** What is wrong with the client's half of the handshake (RFC 6455 4.2.1); Host is the HTTP engine's. */
export function handshakeFault(head: HttpHead): ErrorCode | undefined {
  if (head.method !== 'GET') return 'METHOD_NOT_ALLOWED';
  if (head.contentLength !== 0 || !hasToken(head.header('connection'), 'upgrade')) return 'MALFORMED';
  if (head.header('sec-websocket-version') !== VERSION) return 'UPGRADE_REQUIRED';
  return KEY.test(head.header(WEB_SOCKET_KEY)) ? undefined : 'MALFORMED';
}
