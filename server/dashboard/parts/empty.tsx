import type { ComponentChildren, JSX } from 'preact';
import { curlLine, sdkSettings, type SampleSignal } from '../model/samples.ts';
import { Snippet } from './snippet.tsx';

/** Nothing there yet, and what to do about it. */
export function Empty({ title, children }: { readonly title: string; readonly children?: ComponentChildren }): JSX.Element {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** Nothing of a signal has arrived: two ways to send some. */
export function NothingSent({ signal, what }: { readonly signal: SampleSignal; readonly what: string }): JSX.Element {
  const host = location.hostname;
  return (
    <Empty title={`No ${what} yet`}>
      <p>They appear here as soon as they arrive. Send one now:</p>
      <Snippet label="the curl line" text={curlLine(signal, host, Date.now())} />
      <p>Or point an OpenTelemetry SDK here and start your program:</p>
      <Snippet label="the settings" text={sdkSettings(host)} />
    </Empty>
  );
}
