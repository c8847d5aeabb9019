import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { PAGES } from './shell.tsx';

/** All keys, in a dialog of the browser's own: it takes the focus and gives it back. */
export function Help({ open, close }: { readonly open: boolean; readonly close: () => void }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (open) dialog.current?.showModal();
    else dialog.current?.close();
  }, [open]);
  return (
    <dialog
      ref={dialog}
      class="dialog"
      aria-labelledby="help-title"
      onClose={close}
      onClick={(event) => event.target === dialog.current && close()}
    >
      <div class="dialog-body">
        <h2 id="help-title">Keys</h2>
        <dl class="keys">
          {PAGES.map(({ key, name }) => (
            <>
              <dt>
                <kbd>g</kbd> <kbd>{key}</kbd>
              </dt>
              <dd>{name}</dd>
            </>
          ))}
          <dt>
            <kbd>/</kbd>
          </dt>
          <dd>to the search of the page</dd>
          <dt>
            <kbd>↑</kbd> <kbd>↓</kbd> <kbd>Enter</kbd>
          </dt>
          <dd>through a list, open a row</dd>
          <dt>
            <kbd>Space</kbd>
          </dt>
          <dd>stop and go on with what moves by itself</dd>
          <dt>
            <kbd>←</kbd> <kbd>→</kbd> <kbd>+</kbd> <kbd>-</kbd>
          </dt>
          <dd>move and zoom a chart, as drag and wheel do; Shift drag marks a time</dd>
          <dt>
            <kbd>Ctrl</kbd> <kbd>Enter</kbd>
          </dt>
          <dd>run the SQL</dd>
          <dt>
            <kbd>Esc</kbd>
          </dt>
          <dd>close, leave the search, or a chart back to live</dd>
        </dl>
      </div>
    </dialog>
  );
}
