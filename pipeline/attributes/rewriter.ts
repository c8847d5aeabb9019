import type { ScopedBatch } from '../batch/scoped-batch.ts';
import type { Drop, Emit, MutationCounts } from '../component.ts';
import { LIMITS } from '../limits.ts';
import { DEPTH_GROUP, DEPTH_RESOURCE, Descent, type Visitor } from '../otlp/descent.kernel.ts';
import { rewritten, wholeBytes } from '../otlp/rewrite.ts';
import { Splices } from '../otlp/splices.kernel.ts';
import { ITEM_NAMES } from '../signal.ts';
import type { ActionConfig } from './action-config.ts';
import { AttributeEditor } from './attribute-editor.ts';
import { ScratchBytes } from './scratch-bytes.kernel.ts';

/** What `attributes` and `resource` share: one pass over a batch, one copy of it when something changed. */
export class AttributeRewriter {
  readonly editor: AttributeEditor;
  readonly #scratch = new ScratchBytes();
  readonly #splices = new Splices();
  readonly #descent = new Descent(this.#splices);
  #full = false;
  /** Attributes since the start, and of the batch under way; items that were dropped count as deleted. */
  readonly #mutations = { added: 0, modified: 0, deleted: 0 };
  readonly #now = { added: 0, modified: 0, deleted: 0 };

  constructor(actions: readonly ActionConfig[]) {
    this.editor = new AttributeEditor(actions, this.#scratch);
  }

  mutations(): MutationCounts {
    return { ...this.#mutations };
  }

  process(batch: ScopedBatch, visitor: Visitor, emit: Emit, drop: Drop): void {
    const bytes = wholeBytes(batch);
    // A batch that was merged of several requests speaks for none of them.
    this.editor.begin(batch.claimKeys, batch.receipts.length === 1 ? batch.metadata : undefined);
    this.#full = false;
    this.#now.added = this.#now.modified = this.#now.deleted = 0;
    this.#scratch.clear();
    this.#descent.run(bytes, batch.signal === 'metrics', visitor);
    if (this.#full || this.#splices.full) {
      const message = `cannot change the attributes of ${batch.items} ${ITEM_NAMES[batch.signal]}: more changes than one request may need; send smaller requests`;
      this.#mutations.deleted += batch.items;
      drop(batch, batch.items, 'attributes_too_many', message);
    } else if (this.#splices.count === 0) emit(batch);
    else {
      this.#mutations.added += this.#now.added;
      this.#mutations.modified += this.#now.modified;
      this.#mutations.deleted += this.#now.deleted;
      emit(rewritten(batch, bytes, this.#splices, this.#scratch.bytes, batch.items));
    }
    this.#scratch.clear();
  }

  /** The attributes in field `field` of the message in [start, end), which is `depth` deep. */
  edit(at: Descent, start: number, end: number, depth: number, field: number): void {
    if (this.#full) return;
    const { list } = this.editor;
    this.editor.run(at.bytes, start, end, field);
    if (list.full || this.#scratch.length > LIMITS.changedBytes) this.#full = true;
    else if (list.changed) {
      list.tally(this.#now);
      list.write(this.#splices, depth, field);
    }
  }

  /** The attributes of the group's Resource; one that is not there is made when an attribute is added. */
  editResource(at: Descent): void {
    const { resourceStart: start, resourceEnd: end } = at;
    if (start >= 0) {
      this.#splices.enter(DEPTH_RESOURCE, at.resourceLength, start, end);
      this.edit(at, start, end, DEPTH_RESOURCE, 1);
      return;
    }
    if (this.#full) return;
    const { list } = this.editor;
    this.editor.run(at.bytes, at.groupStart, at.groupStart, 1);
    if (!list.changed) return;
    const from = this.#scratch.length;
    list.writeAdded(1);
    const to = this.#scratch.length;
    if (from === to) return;
    list.tally(this.#now);
    const place = this.#scratch.addSized(1, this.#scratch.bytes, from, to);
    this.#splices.patch(DEPTH_GROUP, at.groupStart, at.groupStart, place, this.#scratch.length - place);
  }
}
