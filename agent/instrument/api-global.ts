import type { Context, ContextManager, MeterProvider, SpanContext } from '@opentelemetry/api';

/**
 * What all copies of `@opentelemetry/api` 1.x in a thread share: who registered what, in the version of the copy that registered
 * first. The agent reads and writes it itself and loads no copy: that would be a hundred files, half of its start.
 *
 * A copy sees what is there when its minor version is not newer than `version`, and registers something only when its version is
 * exactly this one (`isCompatible` and `registerGlobal` in the API's internal/semver and internal/global-utils, the same in all
 * of 1.x). So the version is never the agent's to choose: it is that of the copy which the program loads.
 */
export interface ApiGlobal {
  readonly version: string;
  metrics?: MeterProvider;
  readonly context?: Pick<ContextManager, 'active' | 'with'>;
  /** Of the API, in front of the one that somebody registered. */
  readonly trace?: { getDelegate?(): object };
}

const REGISTERED = Symbol.for('opentelemetry.js.api.1');
/** Where the API keeps the span in a context: the same key in every copy. */
const SPAN = Symbol.for('OpenTelemetry Context Key SPAN');

/** Undefined as long as nothing was registered. */
export function apiGlobal(): ApiGlobal | undefined {
  return (globalThis as { [REGISTERED]?: ApiGlobal })[REGISTERED];
}

/** The same, made in this version when it is not there. */
export function apiGlobalOf(version: string): ApiGlobal {
  return ((globalThis as { [REGISTERED]?: ApiGlobal })[REGISTERED] ??= { version });
}

/** Undefined without a context manager: then nothing is ever active. */
export function activeContext(): Context | undefined {
  return apiGlobal()?.context?.active();
}

/** Of the span in this context. */
export function spanContextIn(context: Context | undefined): SpanContext | undefined {
  return (context?.getValue(SPAN) as { spanContext(): SpanContext } | undefined)?.spanContext();
}
