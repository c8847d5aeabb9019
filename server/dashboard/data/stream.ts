import { signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { StreamClient } from '../../client.ts';
import { STREAM_PATH, type DataOf, type OptionsOf, type StreamTopic } from '../../stream/protocol.ts';
import { scope, signedOut, ask } from './api.ts';

/** Whether the live stream of the scope that is shown runs; 'off' also while nobody looks at anything that streams. */
export const streaming = signal<'off' | 'connecting' | 'on'>('off');

let client: StreamClient | undefined;
let lookers = 0;

/** One connection for all that the page subscribes to, in the name of the session. Another scope is another connection. */
function clientOf(name: string): StreamClient {
  client ??= new StreamClient({
    url: new URL(STREAM_PATH, location.href).href,
    scope: name,
    onState({ kind }) {
      streaming.value = kind === 'open' ? 'on' : kind === 'ended' ? 'off' : 'connecting';
      // It may be the session that has ended: the API says so.
      if (kind === 'ended' && lookers > 0 && !signedOut.peek()) void ask('/api/v1/scopes');
    },
  });
  return client.connect();
}

scope.subscribe(() => {
  client?.close();
  client = undefined;
});

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
  onData: (data: DataOf[Topic], isSnapshot: boolean) => void,
): Streamed {
  const [state, setState] = useState<Streamed>({ missed: 0, refused: undefined });
  const latest = useRef(onData);
  latest.current = onData;
  const text = options === undefined ? undefined : JSON.stringify(options);
  const name = scope.value;
  useEffect(() => {
    if (text === undefined || name === '') return;
    setState({ missed: 0, refused: undefined });
    const miss = (more: number): void => setState((before) => ({ ...before, missed: before.missed + more }));
    const told = (message: object, isSnapshot: boolean): void => {
      latest.current(message as DataOf[Topic], isSnapshot);
      if (isSnapshot) setState((before) => (before.refused === undefined ? before : { ...before, refused: undefined }));
      const { skipped } = message as { readonly skipped?: number };
      if (skipped !== undefined) miss(skipped);
    };
    lookers += 1;
    const mine = clientOf(name);
    const subscription = mine.subscribe(topic, JSON.parse(text) as OptionsOf[Topic], {
      snapshot: (message) => told(message, true),
      delta: (message) => told(message, false),
      gap: ({ dropped }) => miss(dropped),
      error: ({ message }) => setState((before) => ({ ...before, refused: message })),
    });
    return () => {
      subscription.unsubscribe();
      lookers -= 1;
      // A connection that subscribes to nothing is closed by the other side as idle.
      if (lookers === 0) mine.close();
    };
  }, [topic, text, name]);
  return state;
}
