import { WireWriter } from '../load/wire-writer.ts';

/** Requests of one tenant, as OTLP protobuf: no two processes need to agree on them, so they are simply written anew. */
const LOW = 2 ** 32;
const NS_PER_MS = 1_000_000n;
const INFO = 9;

type Fill = (writer: WireWriter) => void;

function message(fill: Fill): Uint8Array {
  const writer = new WireWriter();
  fill(writer);
  return writer.finish();
}

const within = (writer: WireWriter, field: number, fill: Fill): number => writer.bytes(field, message(fill));

function attribute(writer: WireWriter, field: number, key: string, value: string): void {
  within(writer, field, (pair) => {
    pair.string(1, key);
    within(pair, 2, (any) => any.string(1, value));
  });
}

function time(writer: WireWriter, field: number, timeMs: number): void {
  const ns = BigInt(timeMs) * NS_PER_MS;
  writer.fixed64(field, Number(ns / BigInt(LOW)), Number(ns % BigInt(LOW)));
}

/** Export…ServiceRequest of one resource and one instrumentation scope. */
function request(service: string, items: Fill): Uint8Array {
  return message((whole) =>
    within(whole, 1, (group) => {
      within(group, 1, (resource) => attribute(resource, 1, 'service.name', service));
      within(group, 2, items);
    }),
  );
}

/** A gauge with one point of each of so many series, all of that time (ms). */
export function pointsBody(service: string, series: number, timeMs: number): Uint8Array {
  return request(service, (scopeMetrics) =>
    within(scopeMetrics, 2, (metric) => {
      metric.string(1, 'bench.stream');
      metric.string(3, 'ms');
      within(metric, 5, (gauge) => {
        for (let i = 0; i < series; i++) {
          within(gauge, 1, (point) => {
            time(point, 3, timeMs);
            point.double(4, i);
            attribute(point, 7, 'series', String(i));
          });
        }
      });
    }),
  );
}

/** So many log records with a body of so many characters. */
export function logsBody(service: string, records: number, characters: number, timeMs: number): Uint8Array {
  const text = 'a line that nobody reads '.repeat(Math.ceil(characters / 25)).slice(0, characters);
  return request(service, (scopeLogs) => {
    for (let i = 0; i < records; i++) {
      within(scopeLogs, 2, (record) => {
        time(record, 1, timeMs);
        record.uint(2, INFO);
        within(record, 5, (any) => any.string(1, text));
      });
    }
  });
}
