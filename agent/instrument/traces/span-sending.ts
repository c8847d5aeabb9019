import type { CollectorsHere } from '../export/collectors-here.ts';
import type { EndPart } from '../export/flush-at-end.ts';
import type { LineLevel } from '../export/metric-export.ts';
import { EXPORT_LIMITS } from '../limits.ts';
import type { OtlpSettings } from '../settings.ts';
import type { OfficialPackages, SpanExporter } from './official-packages.ts';
import { SpanThread } from './span-thread.ts';

/** ExportResultCode of the SDK, which is not worth another import. */
const SUCCESS = 0;
const FAILED = 1;

export interface SpanSendingOptions {
  readonly otlp: OtlpSettings;
  /** Undefined: there can be no thread. */
  readonly workerUrl: URL | undefined;
  readonly line: (level: LineLevel, text: string) => void;
  /** Undefined: who says where spans go is not asked whether the application has a collector. */
  readonly here?: CollectorsHere | undefined;
}

export interface SpanSending extends SpanExporter, Pick<EndPart, 'beginFlush'> {
  /** A thread sends, and the official exporter has not had to. */
  readonly isThreaded: boolean;
  beginFlush(timeoutMs: number): () => boolean;
}

/**
 * What the official processor hands its batches to: they are encoded here, by the official serializer, and sent by a thread of
 * their own, which still can when this one is blocked by the end of the process: to the collector of this process that takes
 * spans, where no address was named, or over the network. `official` sends where there can be no thread; `flush` hands over what
 * has ended, before it returns, and is settled when that has left.
 */
export function spanSending(
  { here, line, otlp, workerUrl }: SpanSendingOptions,
  serialize: OfficialPackages['serialize'],
  official: () => SpanExporter,
  flush: (timeoutMs: number) => Promise<unknown>,
): SpanSending {
  const thread = new SpanThread({ spans: otlp, workerUrl, line, connect: () => here?.connect() });
  // When the application runs, as that of the metrics: at its end there may be no time for it.
  setTimeout(() => thread.start(), EXPORT_LIMITS.workerDelayMs).unref();
  here?.join({ reconnect: () => thread.reconnect(), flush });
  let instead: SpanExporter | undefined;
  return {
    get isThreaded() {
      return instead === undefined;
    },
    export(spans, done) {
      if (instead === undefined && !thread.start()) instead = official();
      if (instead !== undefined) return instead.export(spans, done);
      const body = serialize(spans);
      if (body === undefined) return done({ code: FAILED });
      thread.send(body, spans.length, (delivered) => done({ code: delivered ? SUCCESS : FAILED }));
    },
    beginFlush: (timeoutMs) =>
      here?.isBlockedWithUs() === true ? () => false : thread.beginFlush(timeoutMs, () => void flush(timeoutMs)),
    forceFlush: () => instead?.forceFlush?.() ?? Promise.resolve(),
    shutdown: async () => {
      here?.leave();
      await instead?.shutdown();
      await thread.stop();
    },
  };
}
