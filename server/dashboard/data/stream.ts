import { signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import {
  STREAM_CLOSES,
  STREAM_PATH,
  STREAM_PROTOCOL,
  type DataOf,
  type Gap,
  type OptionsOf,
  type ServerMessage,
  type StreamTopic,
} from '../../stream/protocol.ts';
import { scope, signedOut } from './api.ts';

/** The live stream of the scope that is shown: one connection for all that the page subscribes to. */
export const streaming = signal<'off' | 'connecting' | 'on'>('off');

type Told = { readonly type: 'snapshot' | 'delta' } & Readonly<Record<string, unknown>>;
interface Subscription {
  readonly id: string;
  readonly topic: StreamTopic;
  readonly options: object;
  readonly onData: (told: Told) => void;
  readonly onGap: (gap: Gap) => void;
  readonly onRefused: (message: string) => void;
}

const subscriptions = new Map<string, Subscription>();
let socket: WebSocket | undefined;
let failures = 0;
let retry: ReturnType<typeof setTimeout> | undefined;
let count = 0;

const WAIT_MS_MAX = 15_000;
const STAYS_AWAY: ReadonlySet<number> = new Set(
  Object.values(STREAM_CLOSES).flatMap(({ code, reconnects }) => (reconnects ? [] : [code])),
);
const requestOf = ({ id, topic, options }: Subscription): string => JSON.stringify({ ...options, subscribe: topic, id });

function connect(): void {
  clearTimeout(retry);
  if (socket !== undefined || subscriptions.size === 0 || scope.peek() === '') return;
  streaming.value = 'connecting';
  const address = new URL(STREAM_PATH, location.href);
  address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  address.search = new URLSearchParams({ scope: scope.peek(), refusals: 'close' }).toString();
  const mine = new WebSocket(address, STREAM_PROTOCOL);
  socket = mine;
  mine.addEventListener('message', (event: MessageEvent<unknown>) => {
    if (socket === mine && typeof event.data === 'string') take(mine, JSON.parse(event.data) as ServerMessage);
  });
  mine.addEventListener('close', ({ code }) => {
    if (socket !== mine) return;
    socket = undefined;
    streaming.value = 'off';
    if (code === STREAM_CLOSES.TOKEN_EXPIRED.code) signedOut.value = true;
    if (STAYS_AWAY.has(code)) return;
    failures += 1;
    // Not all browsers at once when a collector comes back.
    const waits = Math.min(WAIT_MS_MAX, 500 * 2 ** Math.min(failures, 5)) * (0.5 + Math.random());
    retry = setTimeout(connect, waits);
  });
}

function take(mine: WebSocket, message: ServerMessage): void {
  switch (message.type) {
    case 'welcome':
      failures = 0;
      streaming.value = 'on';
      for (const each of subscriptions.values()) mine.send(requestOf(each));
      return;
    case 'snapshot':
    case 'delta':
      return subscriptions.get(message.id)?.onData(message as unknown as Told);
    case 'gap':
      return subscriptions.get(message.id)?.onGap(message);
    case 'error':
      if (message.id !== undefined) subscriptions.get(message.id)?.onRefused(message.message);
      return;
    default:
  }
}

function leave(): void {
  const old = socket;
  socket = undefined;
  clearTimeout(retry);
  streaming.value = 'off';
  old?.close(1000);
}

scope.subscribe(() => {
  leave();
  connect();
});

function subscribe(subscription: Subscription): () => void {
  subscriptions.set(subscription.id, subscription);
  if (socket?.readyState === WebSocket.OPEN && streaming.peek() === 'on') socket.send(requestOf(subscription));
  else connect();
  return () => {
    subscriptions.delete(subscription.id);
    if (subscriptions.size === 0) leave();
    else if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ unsubscribe: subscription.id }));
  };
}

export interface Streamed {
  /** Items or deltas that were not told of, since the subscription began. */
  readonly missed: number;
  /** Why there is no such stream. */
  readonly refused: string | undefined;
}

/** Subscribes as long as it is looked at; `options` undefined: not at all. */
export function useStream<Topic extends StreamTopic>(
  topic: Topic,
  options: OptionsOf[Topic] | undefined,
  onData: (data: DataOf[Topic], fresh: boolean) => void,
): Streamed {
  const [state, setState] = useState<Streamed>({ missed: 0, refused: undefined });
  const latest = useRef(onData);
  latest.current = onData;
  const text = options === undefined ? undefined : JSON.stringify(options);
  useEffect(() => {
    if (text === undefined) return;
    setState({ missed: 0, refused: undefined });
    const miss = (more: number): void => setState((before) => ({ ...before, missed: before.missed + more }));
    count += 1;
    return subscribe({
      id: `${topic}-${count}`,
      topic,
      options: JSON.parse(text) as object,
      onData(told) {
        latest.current(told as unknown as DataOf[Topic], told.type === 'snapshot');
        if (typeof told['skipped'] === 'number') miss(told['skipped']);
      },
      onGap: (gap) => miss(gap.dropped),
      onRefused: (refused) => setState((before) => ({ ...before, refused })),
    });
  }, [topic, text, scope.value]);
  return state;
}
