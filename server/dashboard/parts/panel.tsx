import type { ComponentChildren, JSX } from 'preact';
import type { Fault } from '../data/api.ts';
import { Icon } from './icon.tsx';

interface PanelProps {
  readonly title: string;
  readonly note?: ComponentChildren;
  readonly flush?: boolean;
  readonly class?: string;
  readonly children: ComponentChildren;
}

/** A titled stretch of a page. */
export function Panel({ title, note, flush = false, class: more = '', children }: PanelProps): JSX.Element {
  return (
    <section class={`panel ${more}`} aria-label={title}>
      <div class="panel-head">
        <h2>{title}</h2>
        {note !== undefined && <span class="note">{note}</span>}
      </div>
      <div class={flush ? 'panel-body flush' : 'panel-body'}>{children}</div>
    </section>
  );
}

interface HeadProps {
  readonly title: string;
  readonly sub?: ComponentChildren;
  readonly children?: ComponentChildren;
}

/** The first line of every page. */
export function PageHead({ title, sub, children }: HeadProps): JSX.Element {
  return (
    <header class="page-head">
      <h1>{title}</h1>
      {sub !== undefined && <span class="sub">{sub}</span>}
      {children !== undefined && <div class="end">{children}</div>}
    </header>
  );
}

/** What went wrong, in the words of the API. Nobody answering is said once, above all pages. */
export function FaultLine({ fault }: { readonly fault: Fault | undefined }): JSX.Element | null {
  if (fault === undefined || fault.status === 0 || fault.status === 401) return null;
  const waits = fault.status === 429 || fault.status === 503;
  return (
    <div class={waits ? 'fault waits' : 'fault'} role="alert">
      <Icon name="alert" />
      <span>
        {fault.message}
        {waits ? ' It is tried again by itself.' : ''}
      </span>
    </div>
  );
}
