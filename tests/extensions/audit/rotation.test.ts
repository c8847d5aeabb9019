import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { appendFile, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createHost } from '../../../agent/collector/host.ts';
import { create } from '../../../extensions/audit/audit.ts';
import {
  checkpointLine,
  fingerprintOf,
  readCheckpoint,
  readPrivateKey,
  readPublicKey,
  signerOf,
} from '../../../extensions/audit/checkpoint.ts';
import { config } from '../../../extensions/audit/config.ts';
import { checkpointsIn } from '../../../extensions/audit/recovery.ts';
import { rotateKey, type RotatedKey } from '../../../extensions/audit/rotate-key.ts';
import { handOver, readRotation, rotationLine, rotationsOf, type Rotation } from '../../../extensions/audit/rotation.ts';
import { CHECKPOINTS, LOCK, segmentPath, segmentsIn } from '../../../extensions/audit/segment.ts';
import { verifyLog, type VerifyReport } from '../../../extensions/audit/verify.ts';
import { change, recordsIn } from '../../support/audit-logs.ts';
import { quietContext } from '../../support/contexts.ts';

const settings = { ...config.parse({ batch_size: 5 }), max_segment_size: 4096 };
let storage: string;
let folder: string;
/** Public halves of the keys, and the private ones that a thief has, oldest first. */
let pins: KeyObject[];
let stolen: KeyObject[];
beforeEach(async () => {
  storage = await mkdtemp(join(tmpdir(), 'periscope-audit-'));
  folder = join(storage, 'audit');
  pins = [];
  stolen = [];
});
afterEach(() => rm(storage, { recursive: true, force: true }));

async function run(events = 20, more: Partial<typeof settings> = {}): Promise<void> {
  const host = createHost(storage);
  const extension = create({ ...settings, ...more }, { ...quietContext(), host });
  await extension.start();
  for (let n = 0; n < events; n++) host.audit.record(change(n));
  await extension.stop(10_000);
  if (pins.length === 0) await keep();
}
async function keep(): Promise<void> {
  pins.push(await readPublicKey(join(storage, 'audit-public-key.pem')));
  stolen.push(await readPrivateKey(join(storage, 'audit-key.pem')));
}
async function rotate(): Promise<RotatedKey> {
  const rotated = await rotateKey(folder, storage, settings, Date.now());
  await keep();
  return rotated;
}
const verify = (publicKey = pins[0]!): Promise<VerifyReport> =>
  verifyLog(folder, { publicKey, fingerprint: fingerprintOf(publicKey) });
const fault = async (publicKey = pins[0]!): Promise<string | undefined> => (await verify(publicKey)).firstFault;
const text = (): Promise<string> => readFile(join(folder, CHECKPOINTS), 'utf8');
const lines = async (): Promise<string[]> => (await text()).split('\n').slice(0, -1);
const setLines = (all: readonly string[]): Promise<void> =>
  writeFile(join(folder, CHECKPOINTS), all.map((line) => `${line}\n`).join(''));
const rotations = async (): Promise<Rotation[]> => rotationsOf(await text());
const place = async (seq?: number) => {
  const found = (await checkpointsIn(folder)).filter((each) => seq === undefined || each.seq === seq).at(-1)!;
  const { stream, segment, hash, time } = found;
  return { stream, segment, hash, time, seq: found.seq };
};

/** Three keys, records of each. */
async function threeKeys(): Promise<void> {
  await run();
  await rotate();
  await run();
  await rotate();
  await run();
}

describe('a log whose key was changed', () => {
  test('is as it was written, whichever of its keys is pinned', async () => {
    await threeKeys();
    for (const pin of pins)
      expect(await verify(pin)).toMatchObject({ ok: true, firstFault: undefined, notes: [], keys: pins.map(fingerprintOf) });
    const records = await recordsIn(folder);
    const told = records.filter(({ action }) => action === 'key_rotated').map(({ details }) => details);
    const [first, second, third] = pins.map(fingerprintOf);
    expect(told).toEqual([
      { key: first, next_key: second },
      { key: second, next_key: third },
    ]);
    expect(records.some(({ action }) => action === 'recovered')).toBe(false);
    const header = records.filter(({ action }) => action === 'segment_opened').at(-1)!;
    expect(header.details).toMatchObject({ key: third });
  });

  test('the old private key is gone, the new one is the owner’s alone', async () => {
    await run();
    const { before, after, seq } = await rotate();
    expect([before, after]).toEqual(pins.map(fingerprintOf));
    expect(seq).toBe((await recordsIn(folder)).at(-1)!.seq);
    expect(fingerprintOf(await readPrivateKey(join(storage, 'audit-key.pem')))).toBe(after);
    await expect(readPrivateKey(join(storage, 'audit-key.next.pem'))).rejects.toThrow(/ENOENT/);
  });

  test.runIf(process.platform === 'linux')('is not changed while another process writes it', async () => {
    await run();
    const before = await text();
    const stat = await readFile(`/proc/${process.ppid}/stat`, 'utf8');
    const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
    const started = `${boot} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
    await writeFile(join(folder, LOCK), JSON.stringify({ pid: process.ppid, started }));
    await expect(rotateKey(folder, storage, settings, Date.now())).rejects.toThrow(`process ${process.ppid} writes it`);
    expect(await text()).toBe(before);
    expect(fingerprintOf(await readPrivateKey(join(storage, 'audit-key.pem')))).toBe(fingerprintOf(pins[0]!));
  });

  test('keeps its rotations when old segments are deleted', async () => {
    await threeKeys();
    const before = await rotations();
    await run(60, { max_total_size: 9000 });
    expect((await segmentsIn(folder))[0]).toBeGreaterThan(3);
    expect(await rotations()).toEqual(before);
    for (const pin of pins) expect(await fault(pin)).toBeUndefined();
  });

  test('a process that is killed in the middle of the change leaves a log that starts and verifies', async () => {
    await run();
    // Endorsed, and not yet in its place.
    const old = await readPrivateKey(join(storage, 'audit-key.pem'));
    const { privateKey: next } = generateKeyPairSync('ed25519');
    await writeFile(join(storage, 'audit-key.next.pem'), next.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    await appendFile(join(folder, CHECKPOINTS), rotationLine(handOver(await place(), old, next)));
    await run();
    await keep();
    expect(fingerprintOf(pins[1]!)).toBe(fingerprintOf(next));
    expect(await verify()).toMatchObject({ ok: true, keys: pins.map(fingerprintOf) });
  });

  test('a rotation that was cut off by a crash is none: the key before it signs on, and may be changed again', async () => {
    await run();
    const before = await text();
    await rotate();
    const whole = await text();
    const [old] = stolen;
    await writeFile(join(folder, CHECKPOINTS), whole.slice(0, -20));
    await writeFile(join(storage, 'audit-key.pem'), old!.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    await run();
    pins = pins.slice(0, 1);
    expect(await verify()).toMatchObject({ ok: true, keys: pins.map(fingerprintOf) });
    await rotate();
    await run();
    expect(await verify()).toMatchObject({ ok: true, keys: pins.map(fingerprintOf) });
    expect((await text()).startsWith(before)).toBe(true);
  });

  test('does not start with a key that was not endorsed', async () => {
    await run();
    await rotate();
    await writeFile(join(storage, 'audit-key.pem'), stolen[0]!.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    await expect(run()).rejects.toThrow(/^cannot open the audit log: its key was handed over to sha256:/);
  });
});

describe('what does not verify', () => {
  test('a key that no rotation endorses, in a checkpoint and in a segment', async () => {
    await threeKeys();
    const all = await lines();
    await setLines(all.filter((line) => readRotation(line)?.rotation.next_key !== fingerprintOf(pins[2]!)));
    expect(await fault()).toMatch(/^checkpoint of record \d+ .* signed by another key, sha256:\w+, that no rotation endorses$/);
    // The thief takes the checkpoints of that key as well.
    const third = fingerprintOf(pins[2]!);
    await setLines(all.filter((line) => readRotation(line)?.rotation.next_key !== third && readCheckpoint(line)?.key !== third));
    expect(await fault()).toMatch(/^segment-\d+\.jsonl line 1: its checkpoints are signed by another key, sha256:/);
    await setLines([]);
    expect(await fault()).toMatch(/line 1: its checkpoints are signed by another key/);
    const stranger = generateKeyPairSync('ed25519').publicKey;
    await setLines(all);
    expect(await fault(stranger)).toMatch(/the key sha256:\w+ is another one, that no rotation endorses$/);
  });

  test('a key that was replaced and signs on', async () => {
    await threeKeys();
    const later = await place();
    await appendFile(join(folder, CHECKPOINTS), checkpointLine(signerOf(stolen[0]!).sign(later)));
    for (const pin of pins) expect(await fault(pin)).toMatch(/which had handed over at record \d+$/);
  });

  test('a key that signs for records before its time', async () => {
    await threeKeys();
    const [first] = await checkpointsIn(folder);
    const { key: _key, signature: _signature, ...content } = first!;
    await appendFile(join(folder, CHECKPOINTS), checkpointLine(signerOf(stolen[2]!).sign(content)));
    for (const pin of pins) expect(await fault(pin)).toMatch(/which took over at record \d+$/);
  });

  test('a rotation that one of its keys has not signed', async () => {
    await run();
    const evil = generateKeyPairSync('ed25519').privateKey;
    const forged = handOver(await place(), evil, evil);
    const [old] = stolen;
    const claimed = {
      ...forged.rotation,
      key: fingerprintOf(old!),
      public_key: handOver(await place(), old!, evil).rotation.public_key,
    };
    await appendFile(join(folder, CHECKPOINTS), rotationLine({ ...forged, rotation: claimed }));
    expect(await fault()).toMatch(/^rotation of the key at record \d+ .*: a signature is wrong/);
  });

  test('two rotations of one key, one into a key that has signed before, and one back in time', async () => {
    await threeKeys();
    const all = await lines();
    const evil = generateKeyPairSync('ed25519').privateKey;
    const add = async (rotation: Rotation): Promise<string | undefined> => {
      await setLines([...all, rotationLine(rotation).trimEnd()]);
      return fault();
    };
    expect(await add(handOver(await place(), stolen[0]!, evil))).toMatch(/has handed over to another one, too$/);
    expect(await add(handOver(await place(), evil, stolen[1]!))).toMatch(/took over from another one, too$/);
    expect(await add(handOver(await place(), stolen[2]!, stolen[0]!))).toMatch(/has signed before: none comes back$/);
    const { rotation: first } = (await rotations())[0]!;
    const early = { stream: first.stream, segment: first.segment, seq: first.seq - 1, hash: first.hash, time: first.time };
    expect(await add(handOver(early, stolen[2]!, evil))).toMatch(/its key took over only at record \d+$/);
  });

  test('a rotation at a record that has another hash, and one at a record that is gone', async () => {
    await run();
    const old = stolen[0]!;
    const next = generateKeyPairSync('ed25519').privateKey;
    const end = await place();
    const all = await lines();
    await setLines([...all, rotationLine(handOver({ ...end, hash: 'f'.repeat(64) }, old, next)).trimEnd()]);
    expect(await fault()).toMatch(/has another hash than the checkpoint of .* signed/);
    await setLines([...all, rotationLine(handOver({ ...end, seq: end.seq + 5 }, old, next)).trimEnd()]);
    expect(await fault()).toMatch(/the log ends before it/);
    await setLines([...all, rotationLine(handOver({ ...end, stream: 'another' }, old, next)).trimEnd()]);
    expect(await fault()).toMatch(/belongs to another log/);
  });

  test('a history that was rewritten with a stolen old key, for whoever pins a later one', async () => {
    await threeKeys();
    const all = await lines();
    // The thief writes the first segment anew; the hashes after it are those of the rotation.
    const path = segmentPath(folder, 1);
    await writeFile(path, (await readFile(path, 'utf8')).replace('"n":3', '"n":4'));
    await setLines(all.filter((line) => readRotation(line) !== undefined));
    for (const pin of pins) expect(await fault(pin)).toMatch(/^segment-00000001\.jsonl line \d+: record \d+/);
    await rename(path, `${path}.gone`);
    for (const pin of pins) expect(await fault(pin)).toMatch(/segment is missing/);
  });

  test('any one changed byte of a rotation', async () => {
    await threeKeys();
    const all = await lines();
    const at = all.findIndex((line) => readRotation(line) !== undefined);
    const line = all[at]!;
    const pin = pins[1]!;
    const report = await verify(pin);
    await fc.assert(
      fc.asyncProperty(fc.nat(line.length - 1), fc.integer({ min: 33, max: 126 }), async (place, code) => {
        const changed = line.slice(0, place) + String.fromCharCode(code) + line.slice(place + 1);
        await setLines(all.toSpliced(at, 1, changed));
        const found = await verify(pin);
        // Base64 has bits that say nothing: what reads the same is the same.
        if (JSON.stringify(keyBits(changed)) === JSON.stringify(keyBits(line))) expect(found.keys).toEqual(report.keys);
        else expect(found.ok, changed).toBe(false);
      }),
      { numRuns: 80, endOnFailure: true },
    );
  });

  test('lines that changed places say the same, for each tells its record', async () => {
    await threeKeys();
    const all = await lines();
    await setLines(all.toReversed());
    for (const pin of pins) expect(await verify(pin)).toMatchObject({ ok: true, keys: pins.map(fingerprintOf) });
  });
});

/** What a rotation says, with its base64 read. */
function keyBits(line: string): unknown {
  const found = readRotation(line);
  if (found === undefined) return undefined;
  const { rotation, signature, next_signature } = found;
  const bits = [signature, next_signature].map((each) => Buffer.from(each, 'base64').toString('hex'));
  return [rotation, bits];
}
