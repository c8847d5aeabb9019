import type { ServerHttp2Stream } from 'node:http2';
import { GRPC_CONTENT_TYPE } from './grpc-headers.ts';

/** What an answer with a message begins with; its status follows as trailers. */
export const HEAD = { ':status': 200, 'content-type': GRPC_CONTENT_TYPE } as const;
export const WITH_TRAILERS = { waitForTrailers: true } as const;

/** node:http2 throws when a stream is used that its peer has closed in the meantime. */
export function write(stream: ServerHttp2Stream, frames: () => void): void {
  if (stream.destroyed || stream.closed) return;
  try {
    frames();
  } catch {
    stream.destroy();
  }
}
