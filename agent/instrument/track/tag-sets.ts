import type { Attributes } from '@opentelemetry/api';
import type { RequestTags } from './contract.ts';
import { TRACK_LIMITS } from './limits.ts';
import { OTHER } from './outcome.ts';

/** Tags of a request; the same object for the same tags, so that cells are found by it. */
export interface TagSet {
  readonly tags: RequestTags;
  readonly attributes: Attributes;
}

const TAGS = ['tenant', 'tier', 'domain'] as const satisfies readonly (keyof RequestTags)[];
const ATTRIBUTES = { tenant: 'tenant.scope', tier: 'tenant.tier', domain: 'tenant.domain' } as const;

/** Sets of tags by what they say. Whoever sends requests may choose the tags: there are no more sets than the limit. */
export class TagSets {
  readonly #sets = new Map<string, TagSet>();
  #others: TagSet | undefined;

  /** `tags` over those of `outer`; what is no text counts as not there. Never throws. */
  of(tags: RequestTags, outer: TagSet | undefined): TagSet | undefined {
    const merged = { ...outer?.tags, ...textsOf(tags) };
    const key = JSON.stringify(TAGS.map((tag) => merged[tag]));
    const known = this.#sets.get(key);
    if (known !== undefined) return known;
    if (Object.keys(merged).length === 0) return undefined;
    if (this.#sets.size >= TRACK_LIMITS.tagSets) return (this.#others ??= setOf({ tenant: OTHER, tier: OTHER, domain: OTHER }));
    const made = setOf(merged);
    this.#sets.set(key, made);
    return made;
  }
}

function textsOf(given: RequestTags): RequestTags {
  try {
    return Object.fromEntries(
      TAGS.flatMap((tag) => {
        const text: unknown = given[tag];
        return typeof text === 'string' && text !== '' ? [[tag, text.slice(0, TRACK_LIMITS.textChars)]] : [];
      }),
    );
  } catch {
    return {};
  }
}

function setOf(tags: RequestTags): TagSet {
  const attributes = TAGS.flatMap((tag) => (tags[tag] === undefined ? [] : [[ATTRIBUTES[tag], tags[tag]] as const]));
  return Object.freeze({ tags: Object.freeze(tags), attributes: Object.freeze(Object.fromEntries(attributes)) });
}
