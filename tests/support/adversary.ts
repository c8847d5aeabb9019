import type { Signal } from '../../pipeline/signal.ts';
import {
  attribute,
  exponentialHistogramPoint,
  histogramPoint,
  LEVELS,
  logRecord,
  point,
  span,
  summaryPoint,
  type Plain,
} from './build.ts';
import type { Tree } from './reference/otlp.ts';

/**
 * Requests by senders who try to leave under another tenant's scope, and the verdict on each item, known while it is
 * made: an item is good when every claim on it and on everything around it is the string of its own tenant's scope.
 */
export interface Attack {
  readonly tree: Tree;
  /** Ids of the items that may leave, and of those that may not. */
  readonly good: readonly string[];
  readonly bad: readonly string[];
}

type Random = () => number;
const pick = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;

const CLAIM_KEYS = ['periscope.scope', 'dashboard.scope'] as const;

/** Names that are not `own`, and values that are no strings at all. */
function forgedValues(own: string, other: string): Plain[] {
  return [
    other,
    '',
    own.toLowerCase(),
    ` ${own}`,
    `${own}\u0000`,
    `${own}\u200b`,
    own.replace('A', '\u0410'),
    own.normalize('NFKD').replace('E', '\u0395').concat('\u0301'),
    `${own},${other}`,
    '*',
    `${own}/${other}`,
    [own],
    { scope: own },
    1n,
    true,
    null,
    Buffer.from(own),
  ].filter((value) => value !== own);
}

/** Keys that look like a claim and are none; their values may say what they like. */
const INNOCENT_KEYS = [
  'periscope.sc\u043epe',
  'Periscope.Scope',
  'periscope.scope ',
  'periscope_scope',
  'dashboard\u2024scope',
  'scope',
  'periscope.scope.name',
];

interface Claims {
  readonly attributes: Tree[];
  readonly honest: boolean;
}

/** What one attribute list carries: mostly nothing or the truth, sometimes a lie, a repetition or a look-alike. */
function claims(random: Random, own: string, other: string, lieRate: number): Claims {
  const innocent = random() < 0.15 ? [attribute(pick(random, INNOCENT_KEYS), other)] : [];
  const nested = random() < 0.05 ? [attribute('nested', { 'periscope.scope': other })] : [];
  const dice = random();
  const key = pick(random, CLAIM_KEYS);
  if (dice < lieRate / 2)
    return { attributes: [...innocent, attribute(key, pick(random, forgedValues(own, other))), ...nested], honest: false };
  if (dice < lieRate) {
    // The truth and a lie together, in either order, under one key or under both.
    const pair = [attribute(key, own), attribute(pick(random, CLAIM_KEYS), pick(random, forgedValues(own, other)))];
    return { attributes: [...innocent, ...(random() < 0.5 ? pair : pair.toReversed())], honest: false };
  }
  if (dice < lieRate + 0.2) return { attributes: [...nested, attribute(key, own), ...innocent], honest: true };
  if (dice < lieRate + 0.25)
    return { attributes: [attribute('periscope.scope', own), ...innocent, attribute('dashboard.scope', own)], honest: true };
  return { attributes: [...innocent, ...nested], honest: true };
}

const withAttributes = (tree: Tree, more: readonly Tree[]): Tree => {
  const all = [...((tree['attributes'] ?? []) as Tree[]), ...more];
  return all.length === 0 ? tree : { ...tree, attributes: all };
};

/** One item with claims of its own, and deeper ones on exemplars, events and links. */
function item(
  signal: Signal,
  kind: string,
  id: string,
  random: Random,
  own: string,
  other: string,
): { tree: Tree; honest: boolean } {
  const at = claims(random, own, other, 0.08);
  const deep = claims(random, own, other, 0.08);
  const deeper = claims(random, own, other, 0.04);
  const list = (name: string, of: Tree, found: Claims): Tree =>
    found.attributes.length === 0 ? of : { ...of, [name]: found.attributes };
  if (signal === 'traces') {
    const events = [list('attributes', { timeUnixNano: 1n, name: 'event' }, deep)];
    const links = [list('attributes', { traceId: Buffer.alloc(16, 1), spanId: Buffer.alloc(8, 1) }, deeper)];
    return {
      tree: withAttributes(span({ id }, { events, links }), at.attributes),
      honest: at.honest && deep.honest && deeper.honest,
    };
  }
  if (signal === 'logs') {
    // A body is content, not attributes: what it says about scopes binds nobody.
    const body: Plain = random() < 0.2 ? { 'periscope.scope': other } : 'a line';
    return { tree: withAttributes(logRecord({ id }, body), at.attributes), honest: at.honest };
  }
  const makers: Record<string, (of: Readonly<Record<string, Plain>>) => Tree> = {
    gauge: point,
    sum: point,
    histogram: histogramPoint,
    exponentialHistogram: exponentialHistogramPoint,
    summary: summaryPoint,
  };
  const base = withAttributes((makers[kind] as (of: Readonly<Record<string, Plain>>) => Tree)({ id }), at.attributes);
  if (kind === 'summary') return { tree: base, honest: at.honest };
  const exemplars = [list('filteredAttributes', { asDouble: 1, timeUnixNano: 1n }, deep)];
  return { tree: { ...base, exemplars }, honest: at.honest && deep.honest };
}

const KINDS = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'] as const;
const PER_METRIC = 5;

/** About `count` items in groups of 20; ids are `<prefix>.<n>`. */
export function attack(signal: Signal, count: number, prefix: string, own: string, other: string, random: Random): Attack {
  const [groupsField, scopesField, itemsField] = LEVELS[signal];
  const good: string[] = [];
  const bad: string[] = [];
  const groups: Tree[] = [];
  let next = 0;
  while (next < count) {
    const resource = claims(random, own, other, 0.12);
    const scopes: Tree[] = [];
    for (let each = 0; each < 2; each++) {
      const around = claims(random, own, other, 0.06);
      const make = (kind: string): Tree => {
        const id = `${prefix}.${next++}`;
        const made = item(signal, kind, id, random, own, other);
        (resource.honest && around.honest && made.honest ? good : bad).push(id);
        return made.tree;
      };
      const items =
        signal === 'metrics'
          ? [0, 1].map(() => {
              const kind = pick(random, KINDS);
              return { name: `m.${kind}`, [kind]: { dataPoints: Array.from({ length: PER_METRIC }, () => make(kind)) } };
            })
          : Array.from({ length: 2 * PER_METRIC }, () => make(''));
      scopes.push({ scope: withAttributes({ name: 'adversary' }, around.attributes), [itemsField]: items });
    }
    const bare = random() < 0.1 && resource.attributes.length === 0;
    groups.push({
      ...(bare ? {} : { resource: withAttributes({}, [attribute('service.name', 's'), ...resource.attributes]) }),
      [scopesField]: scopes,
    });
  }
  return { tree: { [groupsField]: groups }, good, bad };
}
