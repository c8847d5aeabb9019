import { detectScope } from './detect.ts';
import { DEFAULT_SCOPE_STAGE } from './stage.ts';

/**
 * The scope rule for a metric that is still an object in an app, before it is telemetry: the same that the scope stage
 * (bind.ts) applies to bytes. A claim matches exactly or not at all; what has none may be given one, what has a foreign one is
 * never changed into a good one.
 */
export interface ClaimingMetric {
  /** Of a PerfMetric; its claim is `scope`. */
  readonly properties?: Readonly<Record<string, unknown>> | undefined;
  /** Of an OpenTelemetry metric; its claim is `periscope.scope`. */
  readonly attributes?: Readonly<Record<string, unknown>> | undefined;
}

export interface ScopeVerdict {
  readonly isValid: boolean;
  /** When it is not valid: what is wrong and what to do. */
  readonly reason?: string;
  /** The scope it was judged by. */
  readonly currentScope: string;
  /** What the metric claims; undefined when it claims nothing, or no text. */
  readonly metricScope: string | undefined;
}

const PROPERTY_KEYS = ['scope', ...DEFAULT_SCOPE_STAGE.keys];
const ATTRIBUTE_KEYS = DEFAULT_SCOPE_STAGE.keys;

/**
 * Judges a metric's claims. Without one it is valid unless `onMissing` is `reject`, as in the scope stage. Never throws
 * on plain data.
 */
export function validateMetricScope(
  metric: ClaimingMetric,
  currentScope: string = detectScope(),
  onMissing: 'inject' | 'reject' = 'inject',
): ScopeVerdict {
  const claims = claimsOf(metric);
  const first = claims[0];
  const metricScope = typeof first === 'string' ? first : undefined;
  const verdict = { currentScope, metricScope };
  if (metric === null || typeof metric !== 'object') {
    return { isValid: false, reason: 'cannot accept the metric: it is no object', ...verdict };
  }
  if (claims.length === 0) {
    if (onMissing === 'inject') return { isValid: true, ...verdict };
    return { isValid: false, reason: 'cannot accept the metric: it names no scope; call assignScope first', ...verdict };
  }
  const foreign = claims.find((claim) => claim !== currentScope);
  if (foreign === undefined) return { isValid: true, ...verdict };
  const named = typeof foreign === 'string' ? `"${foreign.slice(0, 64)}"` : `a ${foreign === null ? 'null' : typeof foreign}`;
  return {
    isValid: false,
    reason: `cannot accept the metric: it claims scope ${named}, this is "${currentScope}"; correct it, or leave it out`,
    ...verdict,
  };
}

/**
 * The metric with the scope it belongs to. One that claims a scope already, right or wrong, comes back as the same object:
 * `assignScope` twice is `assignScope` once, and a foreign claim stays for `validateMetricScope` to find. Else a copy; the
 * input is not changed.
 */
export function assignScope<Metric extends ClaimingMetric>(metric: Metric, scope: string = detectScope()): Metric {
  if (metric === null || typeof metric !== 'object' || claimsOf(metric).length > 0) return metric;
  if (metric.attributes !== undefined && metric.properties === undefined)
    return { ...metric, attributes: { ...metric.attributes, [ATTRIBUTE_KEYS[0]!]: scope } };
  return { ...metric, properties: { ...metric.properties, scope } };
}

function claimsOf(metric: ClaimingMetric): unknown[] {
  return [...claimsIn(metric?.properties, PROPERTY_KEYS), ...claimsIn(metric?.attributes, ATTRIBUTE_KEYS)];
}

/** Own properties only: what an object inherits is not what its sender wrote. */
function claimsIn(holder: unknown, keys: readonly string[]): unknown[] {
  if (holder === null || typeof holder !== 'object') return [];
  return keys.flatMap((key) => {
    const claim = Object.hasOwn(holder, key) ? (holder as Record<string, unknown>)[key] : undefined;
    return claim === undefined ? [] : [claim];
  });
}
