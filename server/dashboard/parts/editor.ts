import { autocompletion, completionKeymap } from '@codemirror/autocomplete';
import { history, historyKeymap, standardKeymap } from '@codemirror/commands';
import { SQLDialect, sql } from '@codemirror/lang-sql';
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { Compartment, EditorState, Prec } from '@codemirror/state';
import { EditorView, drawSelection, keymap, lineNumbers, tooltips } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { SQL_FUNCTIONS, SQL_KEYWORDS, SQL_TYPES } from '../model/duckdb-words.ts';

/** The SQL editor, a chunk of its own that only the SQL page loads. */
export interface Editor {
  text(): string;
  replace(text: string): void;
  insert(text: string): void;
  /** Names for completion: columns by table. */
  know(schema: Readonly<Record<string, readonly string[]>>): void;
  close(): void;
}

const DUCKDB = SQLDialect.define({
  keywords: SQL_KEYWORDS,
  types: SQL_TYPES,
  builtin: SQL_FUNCTIONS,
  doubleQuotedStrings: false,
  doubleDollarQuotedStrings: true,
  operatorChars: '*+-%<>!=&|~^/@:',
});

const COLOURS = HighlightStyle.define([
  { tag: tags.keyword, color: 'var(--series-5)', fontWeight: '600' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--series-3)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--series-2)' },
  { tag: [tags.lineComment, tags.blockComment], color: 'var(--ink-3)', fontStyle: 'italic' },
  { tag: [tags.typeName, tags.standard(tags.name)], color: 'var(--series-1)' },
]);

const LOOK = EditorView.theme({
  '&': { height: '100%', color: 'var(--ink)', fontSize: '13px' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.6' },
  '.cm-content': { caretColor: 'var(--ink)', padding: '10px 0' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '.cm-gutters': { background: 'none', border: 'none', color: 'var(--ink-3)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    background: 'color-mix(in oklab, var(--accent) 26%, transparent)',
  },
  '.cm-tooltip': {
    background: 'var(--surface)',
    border: '1px solid var(--line-strong)',
    borderRadius: '7px',
    overflow: 'hidden',
  },
  '.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--mono)', fontSize: '12px', maxHeight: '220px' },
  '.cm-tooltip-autocomplete > ul > li': { padding: '2px 8px', color: 'var(--ink)' },
  '.cm-tooltip-autocomplete > ul > li[aria-selected]': { background: 'var(--accent-soft)', color: 'var(--ink)' },
  '.cm-completionDetail': { color: 'var(--ink-3)' },
});

/**
 * In a shadow root: there the editor's styles are sheets of the document's own (`adoptedStyleSheets`), elsewhere they
 * would be a `<style>` element, which the page's policy refuses.
 */
export function openEditor(host: HTMLElement, text: string, run: () => void): Editor {
  const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' });
  const tips = document.createElement('div');
  root.replaceChildren(tips);
  const language = new Compartment();
  const known = (schema: Readonly<Record<string, readonly string[]>>) =>
    sql({ dialect: DUCKDB, schema: schema as Record<string, string[]>, upperCaseKeywords: true });
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: text,
      extensions: [
        Prec.highest(
          keymap.of([
            {
              key: 'Mod-Enter',
              run: () => {
                run();
                return true;
              },
            },
          ]),
        ),
        lineNumbers(),
        history(),
        drawSelection(),
        autocompletion(),
        tooltips({ position: 'fixed', parent: tips }),
        syntaxHighlighting(COLOURS),
        keymap.of([...standardKeymap, ...historyKeymap, ...completionKeymap]),
        language.of(known({})),
        EditorView.contentAttributes.of({ 'aria-label': 'SQL' }),
        EditorView.lineWrapping,
        LOOK,
      ],
    }),
  });
  const set = (insert: string): void => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert } });
  return {
    text: () => view.state.doc.toString(),
    replace: set,
    insert(word) {
      view.dispatch(view.state.replaceSelection(word));
      view.focus();
    },
    know: (schema) => view.dispatch({ effects: language.reconfigure(known(schema)) }),
    close: () => view.destroy(),
  };
}
