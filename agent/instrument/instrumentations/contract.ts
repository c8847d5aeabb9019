import type { Meter } from '@opentelemetry/api';
import type { OwnTraffic } from './own-traffic.ts';
import type { Routes } from './routes.ts';

/** What the agent's `Settings` say about instrumentations, and what only the agent knows. */
export interface InstrumentationSettings {
  readonly instrumentations?: {
    /** Names of those that run; all without it. */
    readonly enabled?: readonly string[] | undefined;
    /** Names of those that do not. */
    readonly disabled?: readonly string[];
  };
  /** URLs that the agent itself sends to: what goes there is never counted. */
  readonly ownEndpoints?: readonly string[];
  /** Runs a step before the first collection; at once without it. */
  readonly later?: ((step: () => void) => void) | undefined;
  /** Told the first time that an instrumentation fails. It must not throw. */
  readonly onFault?: (instrumentation: string, error: unknown) => void;
}

/** What an instrumentation is given. */
export interface Tools {
  readonly meter: Meter;
  readonly ownTraffic: OwnTraffic;
  readonly routes: Routes;
  /** Starts what only a collection needs, before the first one: an application that starts does not wait for it. */
  readonly later: (start: () => Stop) => Stop;
  /** The same for what measures between collections: a moment after the application's start, if no collection comes before. */
  readonly soon: (start: () => Stop) => Stop;
  /** Runs `step` and keeps what it throws from the application. */
  readonly quietly: <Arguments extends readonly unknown[]>(step: (...given: Arguments) => void) => (...given: Arguments) => void;
}

/** Ends something. Must be safe twice. */
export type Stop = () => void;

export type Started = { readonly stop: () => void } | { readonly why: string };

export interface Instrumentation {
  readonly name: string;
  /** Starts it, or says why there is nothing to start. May throw: then it is off, and the error is why. */
  start(tools: Tools): Started;
}

/** A line of the report. */
export interface InstrumentationState {
  readonly name: string;
  readonly on: boolean;
  /** Why it is off. */
  readonly why?: string;
}
