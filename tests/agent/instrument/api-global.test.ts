import { context, metrics, ROOT_CONTEXT, trace, TraceFlags } from '@opentelemetry/api';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { afterEach, describe, expect, it } from 'vitest';
import { activeContext, apiGlobal, apiGlobalOf, spanContextIn } from '../../../agent/instrument/api-global.ts';
import { register } from '../../../agent/instrument/engine.ts';
import { OwnEngine } from '../../support/metric-engine.ts';

const KEY = Symbol.for('opentelemetry.js.api.1');
afterEach(() => {
  for (const api of [metrics, trace, context]) api.disable();
  // As `disable` leaves the version behind.
  Reflect.deleteProperty(globalThis, KEY);
});

const SPAN = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: TraceFlags.SAMPLED };

describe('what the API shares', () => {
  it('is the same object for the API and for the agent, whoever makes it', () => {
    expect(apiGlobal()).toBeUndefined();
    expect(activeContext()).toBeUndefined();
    const made = apiGlobalOf('1.9.1');
    expect(apiGlobalOf('1.0.0')).toBe(made);
    expect(trace.setGlobalTracerProvider(new NodeTracerProvider())).toBe(true);
    expect(apiGlobal()).toBe(made);
    expect(made.trace?.getDelegate?.()).toBeInstanceOf(NodeTracerProvider);
  });

  it('has the active context, and in it the span, as the API reads it', () => {
    expect(spanContextIn(undefined)).toBeUndefined();
    expect(spanContextIn(ROOT_CONTEXT)).toBeUndefined();
    new NodeTracerProvider().register();
    context.with(trace.setSpanContext(ROOT_CONTEXT, SPAN), () => {
      expect(activeContext()).toBe(context.active());
      expect(spanContextIn(activeContext())).toEqual(trace.getSpanContext(context.active()));
    });
  });
});

describe('the MeterProvider of the agent', () => {
  it('is the one that the API gives, in a version that lets others register', () => {
    const { provider } = new OwnEngine();
    const lines: string[] = [];
    expect(register(provider, (line) => lines.push(line))).toBe(true);
    expect(metrics.getMeterProvider()).toBe(provider);
    expect(trace.setGlobalTracerProvider(new NodeTracerProvider())).toBe(true);
    expect(lines).toEqual([]);
  });

  it('takes the place of nobody', () => {
    const theirs = new OwnEngine().provider;
    metrics.setGlobalMeterProvider(theirs);
    const lines: string[] = [];
    expect(register(new OwnEngine().provider, (line) => lines.push(line))).toBe(false);
    expect(metrics.getMeterProvider()).toBe(theirs);
    expect(lines).toEqual([expect.stringContaining('AgentMeterProvider is there already')]);
  });

  it('is there beside what a copy of another version registered, which decides who sees it', () => {
    Object.assign(globalThis, { [KEY]: { version: '1.4.0' } });
    const { provider } = new OwnEngine();
    expect(register(provider, () => undefined)).toBe(true);
    expect(apiGlobal()).toEqual({ version: '1.4.0', metrics: provider });
    expect(metrics.getMeterProvider()).not.toBe(provider);
  });
});
