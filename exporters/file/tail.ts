import type { FileHandle } from 'node:fs/promises';

/**
 * Whether a file ends with a whole line or record. A process that is killed while it writes leaves a torn one, which
 * nothing may be appended to: the reader would take both for one.
 */
export async function endsWhole(file: FileHandle, byteLength: number, lines: boolean): Promise<boolean> {
  if (byteLength === 0) return true;
  const buffer = Buffer.alloc(4);
  if (lines) {
    await file.read(buffer, 0, 1, byteLength - 1);
    return buffer[0] === 0x0a;
  }
  let at = 0;
  while (at + 4 <= byteLength) {
    await file.read(buffer, 0, 4, at);
    at += 4 + buffer.readUInt32BE(0);
  }
  return at === byteLength;
}
