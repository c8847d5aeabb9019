/** The two encodings of OTLP/HTTP. An answer is written in that of its request. */
export type Encoding = 'protobuf' | 'json';

export const MEDIA_TYPES: Readonly<Record<Encoding, string>> = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
};

/** By a Content-Type header, its parameters and case ignored; undefined when it is neither. */
export function encodingOf(contentType: string): Encoding | undefined {
  if (contentType === MEDIA_TYPES.protobuf) return 'protobuf';
  if (contentType === MEDIA_TYPES.json) return 'json';
  const semicolon = contentType.indexOf(';');
  const type = (semicolon < 0 ? contentType : contentType.slice(0, semicolon)).trim().toLowerCase();
  if (type === MEDIA_TYPES.protobuf) return 'protobuf';
  return type === MEDIA_TYPES.json ? 'json' : undefined;
}
