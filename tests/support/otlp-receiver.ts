import { z } from 'zod';
import { config as schema } from '../../receivers/otlp/config.ts';
import { createHost, type HostOptions } from '../../agent/collector/host.ts';
import { create } from '../../receivers/otlp/otlp.ts';
import { openHttp, type EngineName } from '../../server/engine/index.ts';
import type { Receiver } from '../../pipeline/component.ts';
import { quietContext, type LogLine } from './contexts.ts';
import { RecordingIntake } from './recording-intake.ts';
import { wireFields } from './reference/otlp.ts';

export interface RunningReceiver {
  readonly url: string;
  readonly intake: RecordingIntake;
  readonly receiver: Receiver;
  readonly lines: readonly LogLine[];
}

/** The receiver on a real engine and a free port. `http`: keys of `protocols.http`; `more`: of `protocols`. */
export async function startReceiver(
  engine: EngineName,
  http: Readonly<Record<string, unknown>> = {},
  intake: RecordingIntake = new RecordingIntake(),
  more: Readonly<Record<string, unknown>> = {},
  hostOptions: HostOptions & { readonly storage?: string } = {},
): Promise<RunningReceiver> {
  const config = schema.parse({ protocols: { http: { endpoint: '127.0.0.1:0', ...http }, ...more } });
  const context = quietContext();
  let url = '';
  const host = Object.assign(createHost(hostOptions.storage, hostOptions), {
    async http(...[options, handler]: Parameters<typeof openHttp>) {
      const listener = await openHttp(options, handler, engine);
      url = listener.url;
      return listener;
    },
  });
  const receiver = create(config, { ...context, id: 'otlp/test', host });
  await receiver.start(intake);
  return { url, intake, receiver, lines: context.lines };
}

const StatusJson = z.strictObject({ code: z.number(), message: z.string(), details: z.array(z.unknown()).optional() });

export interface Status {
  readonly code: number;
  readonly message: string;
  /** Type URLs of the details. */
  readonly details: readonly string[];
}

/** A google.rpc.Status, in either encoding, by the naive reader. Throws when it is none. */
export function statusOf(contentType: string | undefined, body: Uint8Array): Status {
  if (contentType === 'application/json') {
    const status = StatusJson.parse(JSON.parse(Buffer.from(body).toString()));
    return {
      code: status.code,
      message: status.message,
      details: (status.details ?? []).map((detail) => String((detail as { '@type': unknown })['@type'])),
    };
  }
  if (contentType !== 'application/x-protobuf') throw new Error(`no OTLP answer has the type ${contentType}`);
  const fields = wireFields(body);
  const text = (number: number): string => fields.find((field) => field.number === number)?.content.toString() ?? '';
  const details = fields
    .filter((field) => field.number === 3)
    .map(
      (field) =>
        wireFields(field.content)
          .find((each) => each.number === 1)
          ?.content.toString() ?? '',
    );
  return { code: Number(fields.find((field) => field.number === 1)?.varint), message: text(2), details };
}

/** `partial_success` of a protobuf answer. */
export function partialSuccessOf(body: Uint8Array): { rejected: number; message: string } | undefined {
  const partial = wireFields(body).find((field) => field.number === 1);
  if (partial === undefined) return undefined;
  const inner = wireFields(partial.content);
  return {
    rejected: Number(inner.find((field) => field.number === 1)?.varint ?? 0),
    message: inner.find((field) => field.number === 2)?.content.toString() ?? '',
  };
}
