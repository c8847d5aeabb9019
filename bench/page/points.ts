/** The chart that people move: 20 series, 100,000 points. */
export const SERIES = 20;
export const POINTS = 100_000;

/**
 * A gauge with so many series, evenly over a stretch of time, as OTLP/JSON requests: a slow wave with noise on it, the same
 * values each time. Point n of series s is `valueAt(s, n)`.
 */
export function* gaugeRequests(name: string, fromMs: number, toMs: number): Generator<string> {
  const each = POINTS / SERIES;
  const stepMs = (toMs - fromMs) / each;
  for (let series = 0; series < SERIES; series += 1) {
    const dataPoints = Array.from({ length: each }, (_, at) => ({
      attributes: [{ key: 'host', value: { stringValue: `host-${String(series).padStart(2, '0')}` } }],
      // Hosts do not report at the same moment.
      timeUnixNano: String(BigInt(Math.round(fromMs + (at + series / SERIES) * stepMs)) * 1_000_000n),
      asDouble: valueAt(series, at),
    }));
    const metrics = [{ name, unit: '1', gauge: { dataPoints } }];
    const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'fleet' } }] };
    yield JSON.stringify({ resourceMetrics: [{ resource, scopeMetrics: [{ scope: { name: 'bench' }, metrics }] }] });
  }
}

export const valueAt = (series: number, at: number): number =>
  Math.round(1000 * (series + 2 * Math.sin(at / 400 + series) + noise(series * 1_000_003 + at))) / 1000;

/** From 0 to 1, the same for the same number (a round of Knuth's multiplicative hash). */
const noise = (seed: number): number => ((Math.imul(seed ^ (seed >>> 13), 2_654_435_761) >>> 8) & 0xff_ff) / 0x1_00_00;
