import type { Walk } from '../otlp/walk.ts';
import type { Binding } from '../scope/binding.ts';
import type { Signal } from '../signal.ts';

/** Who sent a request, for the audit log. */
export interface Sender {
  /** The proven subject. */
  readonly user?: string | undefined;
  /** The request's head: read while the request is open, and only when there is something to say. */
  readonly head?: { readonly remoteAddress: string };
}

/** How it came: over a listener, or from the application around an embedded collector. */
export type Transport = 'http' | 'grpc' | 'in_process';

/** Who sent a request and as what it may be bound. Made by the receiver, once per request or connection. */
export interface Origin extends Sender {
  readonly receiver: string;
  readonly transport: Transport;
  readonly binding: Binding;
  /** Headers of the request, lower case, when the listener has `include_metadata`. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** One OTLP request as it came in (protobuf, decompressed) with what the walk learnt. Not yet bound to a scope. */
export interface Batch {
  readonly signal: Signal;
  readonly walk: Walk;
  readonly origin: Origin;
}
