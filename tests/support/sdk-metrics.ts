import { jsonToProtobuf } from '../../pipeline/otlp/json-to-protobuf.ts';

/** What the official exporter of metrics sends, which is JSON, as protobuf. */
export function protobufOf(body: Uint8Array): Uint8Array {
  const read = jsonToProtobuf('metrics', body);
  if (!(read instanceof Uint8Array)) throw new Error(JSON.stringify(read));
  return read;
}
