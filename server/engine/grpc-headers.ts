import type { OutgoingHttpHeaders } from 'node:http2';
import { encodeGrpcMessage } from '../../pipeline/grpc-status.ts';
import type { GrpcAnswer } from '../../pipeline/host-grpc.ts';

/** The headers of gRPC over HTTP/2 (grpc/grpc doc/PROTOCOL-HTTP2.md). */
const MS_PER_UNIT: Readonly<Record<string, number>> = {
  n: 1e-6,
  u: 1e-3,
  m: 1,
  S: 1000,
  M: 60_000,
  H: 3_600_000,
};
const TIMEOUT = /^(\d{1,8})([HMSmun])$/;
const CONTENT_TYPE = /^application\/grpc(?:\+proto)?(?:\s*;.*)?$/i;
export const GRPC_CONTENT_TYPE = 'application/grpc';

/** Milliseconds of a grpc-timeout; undefined without one, NaN when it is none. */
export function timeoutMs(header: string): number | undefined {
  if (header === '') return undefined;
  const parts = TIMEOUT.exec(header);
  return parts === null ? Number.NaN : Number(parts[1]) * (MS_PER_UNIT[parts[2] ?? ''] ?? Number.NaN);
}

/** Protobuf is the one encoding that is read; `+json` and others are not. */
export function isGrpc(contentType: string): boolean {
  return contentType === GRPC_CONTENT_TYPE || CONTENT_TYPE.test(contentType);
}

/** What ends a call, as trailers or as the only headers of an answer. */
export function trailersOf({ status, words, details, metadata }: GrpcAnswer): OutgoingHttpHeaders {
  const trailers: OutgoingHttpHeaders = { 'grpc-status': String(status) };
  if (words !== undefined && words !== '') trailers['grpc-message'] = encodeGrpcMessage(words);
  // Binary metadata: base64 without padding.
  if (details !== undefined) trailers['grpc-status-details-bin'] = Buffer.from(details).toString('base64').replace(/=+$/, '');
  return metadata === undefined ? trailers : { ...metadata, ...trailers };
}
