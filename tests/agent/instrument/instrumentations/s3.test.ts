import { createServer, type Server } from 'node:http';
import { Readable } from 'node:stream';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type S3PerfRow, trackS3 } from '../../../../agent/instrument/instrumentations/index.ts';
import { MasterPerfTracker } from '../../../../agent/perf/tracker.ts';
import { MeasuredApp } from '../../../support/measured-app.ts';

/** As much of S3 as these commands need: objects by path, XML errors. */
function objectStore(): Server {
  const objects = new Map<string, Buffer>();
  return createServer((request, response) => {
    const path = request.url!.split('?', 1)[0]!;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (request.method === 'PUT') {
        objects.set(path, Buffer.concat(chunks));
        response.setHeader('etag', '"1"').end();
        return;
      }
      const object = objects.get(path);
      if (object !== undefined) return void response.setHeader('content-length', object.byteLength).end(object);
      response.writeHead(404, { 'content-type': 'application/xml' });
      response.end('<?xml version="1.0"?><Error><Code>NoSuchKey</Code><Message>no /secret-name</Message></Error>');
    });
  });
}

describe('trackS3', () => {
  let app: MeasuredApp;
  let client: S3Client;
  const rows: S3PerfRow[] = [];
  beforeEach(async () => {
    rows.length = 0;
    app = new MeasuredApp([]);
    client = trackS3(
      new S3Client({
        endpoint: await app.listen(objectStore()),
        region: 'auto',
        forcePathStyle: true,
        credentials: { accessKeyId: 'id', secretAccessKey: 'key' },
        requestChecksumCalculation: 'WHEN_REQUIRED',
        maxAttempts: 1,
      }),
      {
        meter: app.engine.provider.getMeter('test'),
        onRow: (row) => rows.push(row),
        onFault: (...fault) => app.faults.push(fault),
      },
    );
  });
  afterEach(async () => {
    client.destroy();
    await app.close();
    expect(app.faults).toEqual([]);
  });

  it('measures calls by operation, bucket and outcome, and the bytes of objects by direction', async () => {
    await client.send(new PutObjectCommand({ Bucket: 'maps', Key: 'a', Body: 'ä'.repeat(500) }));
    await client.send(new PutObjectCommand({ Bucket: 'maps', Key: 'b', Body: new Uint8Array(24) }));
    const { Body } = await client.send(new GetObjectCommand({ Bucket: 'maps', Key: 'a' }));
    expect(await Body!.transformToString()).toBe('ä'.repeat(500));
    const points = await app.collect();
    const calls = points.filter(({ metric }) => metric === 'rpc.client.call.duration');
    const of = (method: string) => ({ 'rpc.system.name': 'aws-api', 'rpc.method': method, 'aws.s3.bucket': 'maps' });
    expect(calls.map(({ attributes, unit, tree }) => [attributes, unit, Number(tree['count'])])).toEqual([
      [{ ...of('S3/PutObject'), outcome: 'ok' }, 's', 2],
      [{ ...of('S3/GetObject'), outcome: 'ok' }, 's', 1],
    ]);
    const io = points.filter(({ metric }) => metric === 's3.client.io');
    expect(io.map(({ attributes, unit, value }) => [attributes, unit, value])).toEqual([
      [{ ...of('S3/PutObject'), 'network.io.direction': 'transmit' }, 'By', 1024],
      [{ ...of('S3/GetObject'), 'network.io.direction': 'receive' }, 'By', 1000],
    ]);
  });

  it('counts a failure by the name of its error, which the caller gets, and never names a key', async () => {
    const failing = client.send(new GetObjectCommand({ Bucket: 'maps', Key: 'secret-name' }));
    await expect(failing).rejects.toMatchObject({ name: 'NoSuchKey' });
    const [point] = (await app.collect()).filter(({ metric }) => metric === 'rpc.client.call.duration');
    expect(point!.attributes).toMatchObject({ outcome: 'error', 'error.type': 'NoSuchKey' });
    expect(JSON.stringify([point!.attributes, rows])).not.toContain('secret-name');
    expect(rows.map(({ subCat, properties }) => [subCat, properties['calls'], properties['failures']])).toEqual([
      ['Latency', 1, 1],
    ]);
  });

  it('tells rows that MASTER_PERF takes as they are, one state per operation and bucket', async () => {
    for (const Key of ['a', 'b']) await client.send(new PutObjectCommand({ Bucket: 'maps', Key, Body: 'abc' }));
    const tracker = new MasterPerfTracker();
    for (const row of rows) expect(tracker.addPerformanceMetric(row)).toEqual({ accepted: true });
    const kept = tracker.getMasterPerfMetrics();
    expect(kept.map(({ category, topic, subCat, properties }) => [category, topic, subCat, properties['calls']])).toEqual([
      ['R2', 'PutObject maps', 'Latency', '2'],
      ['R2', 'PutObject maps', 'Throughput', '2'],
    ]);
    expect(kept[0]!.value).toMatch(/^\d+\.\d\dms$/);
    expect(kept[1]!.value).toMatch(/^\d+\.\d\dMB\/s$/);
  });

  it('names a hundred buckets and no more', async () => {
    for (let bucket = 0; bucket < 102; bucket++)
      await client.send(new ListObjectsV2Command({ Bucket: `bucket-${bucket}` })).catch(() => undefined);
    const buckets = (await app.collect()).map(({ attributes }) => attributes['aws.s3.bucket']);
    expect(buckets.length).toBe(101);
    expect(buckets.at(-1)).toBe('_OTHER');
  });

  it('counts a stream of unknown length as a call, and a client that is tracked twice once', async () => {
    expect(trackS3(client, { meter: app.engine.provider.getMeter('other') })).toBe(client);
    await client.send(new PutObjectCommand({ Bucket: 'maps', Key: 'a', Body: Readable.from(['abc']) })).catch(() => undefined);
    const points = await app.collect();
    expect(points.map(({ metric }) => metric)).toEqual(['rpc.client.call.duration']);
  });

  it('gives back what is no client of @aws-sdk, and says so', () => {
    const faults: unknown[] = [];
    const other = {};
    const meter = app.engine.provider.getMeter('test');
    expect(trackS3(other, { meter, onFault: (name) => faults.push(name) })).toBe(other);
    expect(faults).toEqual(['s3']);
  });
});
