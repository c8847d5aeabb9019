import { attributes, fixed, time } from './format.ts';
import { child, double, has, integer, list, text, values, type Message } from './message.ts';

const TYPES: readonly (readonly [string, string, (lines: string[], point: Message) => void])[] = [
  ['gauge', 'Gauge', numberPoint],
  ['sum', 'Sum', numberPoint],
  ['histogram', 'Histogram', histogramPoint],
  ['exponentialHistogram', 'ExponentialHistogram', exponentialPoint],
  ['summary', 'Summary', summaryPoint],
];
const TEMPORALITIES = ['Unspecified', 'Delta', 'Cumulative'];

/** The rest of a metric's descriptor from its type on, and its data points. */
export function detailedPoints(lines: string[], metric: Message): void {
  const found = TYPES.find(([key]) => has(metric, key));
  lines.push(`     -> DataType: ${found?.[1] ?? 'Empty'}`);
  attributes(lines, '     -> Metadata', metric, 'metadata');
  if (found === undefined) return;
  const [key, type, write] = found;
  const data = child(metric, key);
  if (key === 'sum') lines.push(`     -> IsMonotonic: ${data['isMonotonic'] === true}`);
  if (key !== 'gauge' && key !== 'summary') {
    lines.push(`     -> AggregationTemporality: ${TEMPORALITIES[Number(integer(data, 'aggregationTemporality'))] ?? ''}`);
  }
  const title = write === numberPoint ? 'NumberDataPoints' : `${type}DataPoints`;
  list(data, 'dataPoints').forEach((point, i) => {
    lines.push(`${title} #${i}`);
    attributes(lines, 'Data point attributes', point);
    lines.push(
      `StartTimestamp: ${time(integer(point, 'startTimeUnixNano'))}`,
      `Timestamp: ${time(integer(point, 'timeUnixNano'))}`,
    );
    write(lines, point);
    exemplars(lines, list(point, 'exemplars'));
  });
}

function numberPoint(lines: string[], point: Message): void {
  number(lines, 'Value', point);
}

function histogramPoint(lines: string[], point: Message): void {
  totals(lines, point);
  values(point, 'explicitBounds').forEach((bound, i) => lines.push(`ExplicitBounds #${i}: ${fixed(double(bound))}`));
  values(point, 'bucketCounts').forEach((count, i) => lines.push(`Buckets #${i}, Count: ${count}`));
}

function exponentialPoint(lines: string[], point: Message): void {
  totals(lines, point);
  const factor = Math.LN2 * 2 ** -Number(integer(point, 'scale'));
  const bound = (side: Message, index: number): number => Math.exp((Number(integer(side, 'offset')) + index) * factor);
  const negative = child(point, 'negative');
  const counts = values(negative, 'bucketCounts');
  for (let i = counts.length - 1; i >= 0; i -= 1) {
    lines.push(`Bucket [${fixed(-bound(negative, i + 1))}, ${fixed(-bound(negative, i))}), Count: ${counts[i]}`);
  }
  if (integer(point, 'zeroCount') !== '0') lines.push(`Bucket [0, 0], Count: ${integer(point, 'zeroCount')}`);
  const positive = child(point, 'positive');
  values(positive, 'bucketCounts').forEach((count, i) => {
    lines.push(`Bucket (${fixed(bound(positive, i))}, ${fixed(bound(positive, i + 1))}], Count: ${count}`);
  });
}

function summaryPoint(lines: string[], point: Message): void {
  lines.push(`Count: ${integer(point, 'count')}`, `Sum: ${fixed(double(point['sum']))}`);
  list(point, 'quantileValues').forEach((each, i) => {
    lines.push(`QuantileValue #${i}: Quantile ${fixed(double(each['quantile']))}, Value ${fixed(double(each['value']))}`);
  });
}

function totals(lines: string[], point: Message): void {
  lines.push(`Count: ${integer(point, 'count')}`);
  for (const [title, key] of [
    ['Sum', 'sum'],
    ['Min', 'min'],
    ['Max', 'max'],
  ] as const) {
    if (has(point, key)) lines.push(`${title}: ${fixed(double(point[key]))}`);
  }
}

function number(lines: string[], title: string, owner: Message): void {
  if (has(owner, 'asInt')) lines.push(`${title}: ${integer(owner, 'asInt')}`);
  else if (has(owner, 'asDouble')) lines.push(`${title}: ${fixed(double(owner['asDouble']))}`);
}

function exemplars(lines: string[], all: readonly Message[]): void {
  if (all.length > 0) lines.push('Exemplars:');
  all.forEach((exemplar, i) => {
    lines.push(
      `Exemplar #${i}`,
      `     -> Trace ID: ${text(exemplar, 'traceId')}`,
      `     -> Span ID: ${text(exemplar, 'spanId')}`,
    );
    lines.push(`     -> Timestamp: ${time(integer(exemplar, 'timeUnixNano'))}`);
    number(lines, '     -> Value', exemplar);
    attributes(lines, '     -> FilteredAttributes', exemplar, 'filteredAttributes');
  });
}
