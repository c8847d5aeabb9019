import type { SqlAnswer, SqlFault, TableInfo } from '../../pipeline/analytics.ts';
import type { ReplyHead } from '../wire/messages.ts';

type Answer = SqlAnswer | readonly TableInfo[];
type AnswerHead = Extract<ReplyHead, { readonly type: 'rows' | 'tables' | 'fault' }>;

export interface Asking {
  /** Returns within what time there must be an answer, in ms. */
  send(id: number): number;
  cancel(id: number): void;
  overdue(): void;
}

/** Queries under way: what was asked and not answered. */
export class Questions {
  readonly #asked = new Map<number, { readonly scope: string; settle(answer: Answer): void }>();
  #lastId = 0;

  /** Resolves with the answer, which an abort brings early; never rejects. */
  ask(scope: string, signal: AbortSignal, { send, cancel, overdue }: Asking): Promise<Answer> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve) => {
      const abort = (): void => cancel(id);
      const timer = setTimeout(overdue, send(id));
      const settle = (answer: Answer): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', abort);
        resolve(answer);
      };
      this.#asked.set(id, { scope, settle });
      if (signal.aborted) abort();
      else signal.addEventListener('abort', abort, { once: true });
    });
  }

  answered(head: AnswerHead, body: Uint8Array): void {
    const asked = this.#asked.get(head.id);
    this.#asked.delete(head.id);
    asked?.settle(answerOf(head, body));
  }

  /** Scopes that have asked something and wait for its answer. */
  scopes(): ReadonlySet<string> {
    return new Set([...this.#asked.values()].map(({ scope }) => scope));
  }

  /** The process has ended. */
  lost(fault: SqlFault): void {
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    const { ok, code, message, retryAfterMs } = fault;
    for (const { settle } of asked) settle({ ok, code, message, retryAfterMs });
  }
}

function answerOf(head: AnswerHead, body: Uint8Array): Answer {
  if (head.type === 'tables') return head.tables;
  if (head.type === 'fault') return head.fault;
  const { columns, rows, truncated, elapsedMs } = head;
  return { ok: true, columns, rows, truncated, elapsedMs, body };
}
