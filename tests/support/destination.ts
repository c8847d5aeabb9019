import type { Signal } from '../../pipeline/signal.ts';
import { attributeOf, itemsOf } from './items.ts';
import { decode, wireFields, type Tree } from './reference/otlp.ts';

const CLAIMS: readonly unknown[] = ['periscope.scope', 'dashboard.scope'];

/** What a destination has of one request: the ids of its items, and every scope that a Resource of it names. */
export function delivered(signal: Signal, body: Uint8Array): { ids: string[]; scopes: Set<string | undefined> } {
  const scopes = new Set<string | undefined>();
  const ids = itemsOf(signal, decode(signal, body)).map(({ resource, item }) => {
    for (const each of (resource['attributes'] ?? []) as Tree[])
      if (CLAIMS.includes(each['key'])) scopes.add((each['value'] as Tree)['stringValue'] as string | undefined);
    scopes.add(attributeOf(resource, 'periscope.scope'));
    return attributeOf(item, 'id') ?? '(no id)';
  });
  return { ids, scopes };
}

/** rejected_* and error_message of an Export…ServiceResponse, read by hand. */
export function partialSuccess(body: Uint8Array): { rejected: number; message: string } {
  const partial = wireFields(body).find(({ number }) => number === 1);
  if (partial === undefined) return { rejected: 0, message: '' };
  const fields = wireFields(partial.content);
  const rejected = Number(fields.find(({ number }) => number === 1)?.varint ?? 0n);
  return { rejected, message: fields.find(({ number }) => number === 2)?.content.toString('utf8') ?? '' };
}
