import { TIME_HIGH, ITEMS_PER_GROUP, type Workload } from './workload.ts';
import { type Marks, nest, noMarks, type Patchable, WireWriter } from './wire-writer.ts';

/** Cumulative series began here; the same for all, as after a deployment. */
const START_HIGH = TIME_HIGH - 1000;
const METRIC_NAMES = [
  'http.server.request.duration',
  'http.server.active_requests',
  'http.client.request.duration',
  'system.cpu.time',
  'system.memory.usage',
  'system.network.io',
  'system.disk.operations',
  'process.runtime.gc.pause',
  'db.client.operation.duration',
  'messaging.process.duration',
];
const ROUTES = ['/api/v1/orders', '/api/v1/orders/{id}', '/api/v1/carts/{id}', '/api/v1/users', '/healthz'];
const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH'];
const BODIES = [
  'order accepted and queued for shipping, ref ',
  'cache miss, read through to the primary, ref ',
  'payment provider answered after a retry, ref ',
];

/** What of a workload shows in its groups; the rest is patched. */
export type Kind = Pick<Workload, 'signal' | 'dirty'>;

/**
 * Ten items of one resource, as one field of an Export…ServiceRequest (its tag and length included), with the places
 * that each copy patches. `resource` is a number below RESOURCES, `variant` tells the groups of a resource apart.
 */
export function buildGroup(workload: Kind, resource: number, variant: number): Patchable {
  const marks = noMarks();
  const group = new WireWriter();
  group.bytes(1, resourceMessage(resource));
  nest(group, marks, 2, scopeItems(workload, resource, variant));
  const request = new WireWriter();
  const outer = noMarks();
  nest(request, outer, 1, { bytes: group.finish(), marks });
  return { bytes: request.finish(), marks: outer };
}

function resourceMessage(resource: number): Uint8Array {
  const writer = new WireWriter();
  attribute(writer, 1, 'service.name', `shop-${resource % 40}`);
  attribute(writer, 1, 'service.namespace', 'retail');
  attribute(writer, 1, 'service.version', `4.${resource % 7}.1`);
  attribute(writer, 1, 'deployment.environment.name', 'production');
  attribute(writer, 1, 'host.name', `node-${String(resource).padStart(4, '0')}`);
  attribute(writer, 1, 'cloud.region', resource % 2 ? 'eu-central-1' : 'eu-west-1');
  return writer.finish();
}

function scopeItems(workload: Kind, resource: number, variant: number): Patchable {
  const writer = new WireWriter();
  const marks = noMarks();
  const instrumentationScope = new WireWriter();
  instrumentationScope.string(1, 'shop/instrumentation');
  instrumentationScope.string(2, '1.9.0');
  writer.bytes(1, instrumentationScope.finish());
  if (workload.signal === 'metrics') {
    for (const half of [0, 1]) nest(writer, marks, 2, metricMessage(workload, resource, variant * 2 + half));
  } else {
    const item = workload.signal === 'logs' ? logRecord : span;
    for (let i = 0; i < ITEMS_PER_GROUP; i++) nest(writer, marks, 2, item(workload, resource, variant, i));
  }
  return { bytes: writer.finish(), marks };
}

/** Metric `index` of a resource: sums and gauges, doubles and integers in equal parts; five points. */
function metricMessage(workload: Kind, resource: number, index: number): Patchable {
  const sum = index % 2 === 0;
  const integer = index % 4 >= 2;
  const data = new WireWriter();
  const dataMarks = noMarks();
  for (let i = 0; i < ITEMS_PER_GROUP / 2; i++) nest(data, dataMarks, 1, numberPoint(workload, resource, index, i, integer));
  if (sum) data.uint(2, 2).uint(3, 1);
  const writer = new WireWriter();
  const marks = noMarks();
  writer.string(1, `${METRIC_NAMES[index % METRIC_NAMES.length]}.${index}`);
  writer.string(2, 'Time from first byte to last');
  writer.string(3, integer ? '{request}' : 's');
  nest(writer, marks, sum ? 7 : 5, { bytes: data.finish(), marks: dataMarks });
  return { bytes: writer.finish(), marks };
}

function numberPoint(workload: Kind, resource: number, metric: number, point: number, integer: boolean): Patchable {
  const writer = new WireWriter();
  const marks = noMarks();
  writer.fixed64(2, START_HIGH, 0);
  marks.times.push(writer.fixed64(3, TIME_HIGH, 0));
  if (integer) marks.integers.push(writer.fixed64(6, 0, 0));
  else marks.doubles.push(writer.double(4, 0));
  attribute(writer, 7, 'http.request.method', METHODS[(metric + point) % METHODS.length]!);
  attribute(writer, 7, 'http.route', ROUTES[point % ROUTES.length]!);
  // Points 4 and 9 of a group carry the dirt: one item in ten is the second metric's last.
  if (workload.dirty && metric % 2 === 1 && point === 4) dirtyAttribute(writer, 7, resource + metric);
  else attribute(writer, 7, 'net.peer.zone', `zone-${point}`);
  // 100,000 series share 65,536 attribute sets, as the same route is measured on many hosts.
  identifier(writer, marks, 7, 'series.id', (resource * 100 + metric * 5 + point) % 65_536);
  return { bytes: writer.finish(), marks };
}

function logRecord(workload: Kind, resource: number, variant: number, index: number): Patchable {
  const writer = new WireWriter();
  const marks = noMarks();
  marks.times.push(writer.fixed64(1, TIME_HIGH, 0));
  writer.uint(2, index % 10 === 0 ? 17 : 9);
  writer.string(3, index % 10 === 0 ? 'ERROR' : 'INFO');
  const text = BODIES[(resource + index) % BODIES.length]!;
  const body = new WireWriter();
  const at = body.string(1, `${text}00000000`) + text.length;
  const bodyMarks = noMarks();
  bodyMarks.texts.push(at);
  nest(writer, marks, 5, { bytes: body.finish(), marks: bodyMarks });
  recordAttributes(writer, marks, 6, workload, variant, index);
  marks.laterTimes.push(writer.fixed64(11, TIME_HIGH, 0));
  return { bytes: writer.finish(), marks };
}

function span(workload: Kind, _resource: number, variant: number, index: number): Patchable {
  const writer = new WireWriter();
  const marks = noMarks();
  const traceId = writer.bytes(1, new Uint8Array(16));
  const spanId = writer.bytes(2, new Uint8Array(8));
  marks.randoms.push(traceId, traceId + 4, traceId + 8, traceId + 12, spanId, spanId + 4);
  writer.string(5, `${METHODS[index % METHODS.length]} ${ROUTES[index % ROUTES.length]}`);
  writer.uint(6, 2);
  marks.times.push(writer.fixed64(7, TIME_HIGH, 0));
  marks.laterTimes.push(writer.fixed64(8, TIME_HIGH, 0));
  recordAttributes(writer, marks, 9, workload, variant, index);
  const status = new WireWriter();
  status.uint(3, 1);
  writer.bytes(15, status.finish());
  return { bytes: writer.finish(), marks };
}

/** Three attributes from ten sets; where sets do not repeat, `request.id` is patched. */
function recordAttributes(writer: WireWriter, marks: Marks, field: number, workload: Kind, variant: number, index: number): void {
  attribute(writer, field, 'http.request.method', METHODS[index % METHODS.length]!);
  if (workload.dirty && index === 9) dirtyAttribute(writer, field, variant);
  else attribute(writer, field, 'code.function.name', `handle${index}`);
  identifier(writer, marks, field, 'request.id', index);
}

/** Keys and values by turns: characters that may not stand in a key, a letter of two bytes, control characters. */
function dirtyAttribute(writer: WireWriter, field: number, turn: number): void {
  if (turn % 5 < 2) attribute(writer, field, 'net peer/zone', 'zone-4');
  else if (turn % 5 < 4) attribute(writer, field, 'net.peer.zone', 'zone\t4\n');
  else attribute(writer, field, 'größe.zone', 'zone-4');
}

function identifier(writer: WireWriter, marks: Marks, field: number, key: string, value: number): void {
  const inner = noMarks();
  const content = attributeMessage(key, value.toString(16).padStart(8, '0'), inner);
  nest(writer, marks, field, { bytes: content, marks: inner });
}

/** Ten thousand groups share a few dozen attributes. */
const knownAttributes = new Map<string, Uint8Array>();

function attribute(writer: WireWriter, field: number, key: string, value: string): void {
  const name = `${key}=${value}`;
  let message = knownAttributes.get(name);
  if (!message) {
    message = attributeMessage(key, value, noMarks());
    knownAttributes.set(name, message);
  }
  writer.bytes(field, message);
}

function attributeMessage(key: string, value: string, marks: Marks): Uint8Array {
  const any = new WireWriter();
  const inner = noMarks();
  inner.identifiers.push(any.string(1, value));
  const pair = new WireWriter();
  pair.string(1, key);
  nest(pair, marks, 2, { bytes: any.finish(), marks: inner });
  return pair.finish();
}
