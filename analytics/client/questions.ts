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
  readonly #asked = new Map<number, (answer: Answer) => void>();
  #lastId = 0;

  /** Resolves with the answer, which an abort brings early; never rejects. */
  ask(signal: AbortSignal, { send, cancel, overdue }: Asking): Promise<Answer> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve) => {
      const abort = (): void => cancel(id);
      const timer = setTimeout(overdue, send(id));
      this.#asked.set(id, (answer) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', abort);
        resolve(answer);
      });
      if (signal.aborted) abort();
      else signal.addEventListener('abort', abort, { once: true });
    });
  }

  answered(head: AnswerHead, body: Uint8Array): void {
    const settle = this.#asked.get(head.id);
    this.#asked.delete(head.id);
    settle?.(answerOf(head, body));
  }

  /** The process has ended. */
  lost(fault: SqlFault): void {
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    const { ok, code, message, retryAfterMs } = fault;
    for (const settle of asked) settle({ ok, code, message, retryAfterMs });
  }
}

function answerOf(head: AnswerHead, body: Uint8Array): Answer {
  if (head.type === 'tables') return head.tables;
  if (head.type === 'fault') return head.fault;
  const { columns, rows, truncated, elapsedMs } = head;
  return { ok: true, columns, rows, truncated, elapsedMs, body };
}
