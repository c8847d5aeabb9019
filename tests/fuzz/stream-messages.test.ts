import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../pipeline/limits.ts';
import { STREAM_CLOSES } from '../../server/stream/protocol.ts';
import * as build from '../support/build.ts';
import { engines } from '../support/http-engines.ts';
import { until } from '../support/http-bench.ts';
import { scopedBatch } from '../support/scoped-batches.ts';
import { streamBench, type Started, type TestClient } from '../support/stream-bench.ts';

/** All engines together are sent 10^5 messages. */
const MESSAGES = 100_000;
const PER_RUN = 500;
const RUNS = Math.ceil(MESSAGES / PER_RUN / engines.length);
const SECRET = 'a secret of scope B';
const DOCUMENTED: ReadonlySet<number> = new Set(Object.values(STREAM_CLOSES).map(({ code }) => code));

const word = fc.constantFrom(
  '',
  'm1',
  'a',
  '*',
  'B',
  'global',
  'scope',
  '__proto__',
  'constructor',
  '\u0000',
  '𝄞',
  'x'.repeat(65),
);
const plain = fc.oneof(
  word,
  fc.constantFrom(null, true, false, 0, -1, 1, 2 ** 53, 1e308, 'select * from B.otel_logs', "'; DROP TABLE x;--", '../B', SECRET),
  fc.integer(),
  fc.double(),
  fc.string({ maxLength: 20 }),
);
const value = fc.oneof(
  { weight: 6, arbitrary: plain },
  fc.array(plain, { maxLength: 3 }),
  fc.dictionary(word, plain, { maxKeys: 3 }),
);
const topic = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom('metrics', 'logs', 'traces', 'activity', 'sql', 'master_perf', 'anomalies') },
  fc.constantFrom('metrics ', 'METRICS', 'all', '*', 'toString', 'logs\u0000', 'B/metrics', ''),
);
const option = fc.constantFrom(
  'service',
  'names',
  'limit',
  'text',
  'min_severity',
  'min_duration_ms',
  'errors_only',
  'compress',
  'sql',
  'params',
  'key',
  'options',
  'admin',
  '__proto__',
);
const scopeKey = fc.constantFrom(
  'scope',
  'scopes',
  'Scope',
  'SCOPE',
  'scope ',
  'X-Dashboard-Scope',
  'x-dashboard-scope',
  'periscope.scope',
  'dashboard.scope',
);
const scopeValue = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom<unknown>('A', ['A']) },
  fc.constantFrom<unknown>('B', ['B'], ['A', 'B'], '*', 'a', 'A ', '', null, 0, [], {}, { scope: 'A' }, 'global', true),
);

/** Messages with a token for `refresh` that the test puts in. */
const TOKENS = ['<token A>', '<token B>', '<token of another>', '<token without permission>', 'junk', 'a.b.c'] as const;
const sound = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .tuple(topic, word, fc.dictionary(option, value, { maxKeys: 3 }))
      .map(([subscribe, id, more]) => ({ ...more, subscribe, id })),
  },
  { weight: 3, arbitrary: word.map((unsubscribe) => ({ unsubscribe })) },
  { weight: 2, arbitrary: value.map((ping) => ({ ping })) },
  { weight: 1, arbitrary: fc.constantFrom(...TOKENS).map((refresh) => ({ refresh })) },
  fc.dictionary(fc.oneof(option, word), value, { maxKeys: 4 }),
);
const withScope = fc.tuple(sound, scopeKey, scopeValue).map(([message, key, scope]) => ({ ...message, [key]: scope }));
/** The same message, written in another way. */
const texts = fc.oneof(
  { weight: 40, arbitrary: sound.map((message) => JSON.stringify(message)) },
  { weight: 3, arbitrary: withScope.map((message) => JSON.stringify(message)) },
  { weight: 2, arbitrary: withScope.map((message) => JSON.stringify(message).replace(/"s/g, String.raw`"\u0073`)) },
  { weight: 2, arbitrary: sound.map((message) => `\ufeff ${JSON.stringify(message)}\n`) },
  { weight: 2, arbitrary: fc.tuple(sound, fc.nat(40)).map(([message, cut]) => JSON.stringify(message).slice(0, cut)) },
  { weight: 2, arbitrary: fc.tuple(sound, sound).map(([one, two]) => JSON.stringify(one) + JSON.stringify(two)) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(sound, scopeValue)
      .map(
        ([message, scope]) =>
          `{"scope":${JSON.stringify(scope)},"scope":"A",${JSON.stringify(message).slice(1).replace(/^}/, '"x":1}')}`,
      ),
  },
  { weight: 1, arbitrary: fc.constantFrom('[', '{').chain((open) => fc.nat(3000).map((depth) => open.repeat(depth))) },
  {
    weight: 1,
    arbitrary: fc.nat(3000).map((depth) => `{"subscribe":"sql","id":"d","params":${'['.repeat(depth)}${']'.repeat(depth)}}`),
  },
  { weight: 1, arbitrary: fc.constantFrom('null', '1', '""', '[]', '{}', 'true', '{"ping":1e999}', '{"ping":-0}', '\u0000', '') },
  fc.string({ maxLength: 60 }),
);
type Hostile = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'binary'; readonly bytes: Uint8Array };
const hostile: fc.Arbitrary<Hostile> = fc.oneof(
  { weight: 300, arbitrary: texts.map((text) => ({ kind: 'text', text }) as const) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 30 }).map((bytes) => ({ kind: 'binary', bytes }) as const) },
);

/** Written down once more: the connection is A's, and whatever a message calls a scope must be that. */
function violates(text: string): boolean {
  let message: unknown;
  try {
    message = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch {
    return false;
  }
  if (typeof message !== 'object' || message === null || Array.isArray(message)) return false;
  return Object.entries(message).some(([key, named]) => {
    if (!key.toLowerCase().includes('scope')) return false;
    const all: unknown[] = Array.isArray(named) ? named : [named];
    return all.length === 0 || all.some((each) => each !== 'A');
  });
}

const { start } = streamBench();

describe.each(engines)('hostile messages to the live stream on %s', (engine) => {
  it('are answered one by one or end the connection with a documented code; nothing crosses, every violation is audited', async () => {
    const started = await start({
      engine,
      scopes: { A: { messagesPerMinuteMax: 100_000_000 }, B: { messagesPerMinuteMax: 100_000_000 } },
    });
    const bystander = await started.connect('B');
    for (const name of ['metrics', 'logs', 'traces', 'activity']) bystander.send({ subscribe: name, id: name });
    await bystander.settled();
    const tokens = await tokensOf(started);
    // One token for all: void ones lock the address out, for whoever is not known already.
    const attack = async (): Promise<TestClient> => {
      const client = await started.open(tokens.get('<token A>')!);
      await client.nextOf('welcome');
      return client;
    };
    let [sent, violations, closes] = [0, 0, 0];
    const audited = (): number => started.events.filter(({ type }) => type === 'SCOPE_VIOLATION').length;
    await fc.assert(
      fc.asyncProperty(fc.array(hostile, { minLength: PER_RUN, maxLength: PER_RUN }), async (messages) => {
        let attacker = await attack();
        let [asked, base] = [0, attacker.messages.length];
        const answered = (): number => answersOf(attacker) - base;
        for (const message of messages) {
          sent += 1;
          const text = message.kind === 'text' ? withTokens(message.text, tokens) : '';
          const ends = message.kind === 'binary' || violates(text);
          // A token is checked meanwhile: its answer may come after the next ones, and not after the end.
          if (ends) await until(() => attacker.ending !== undefined || answered() >= asked);
          if (message.kind === 'text') attacker.socket.send(text);
          else attacker.socket.send(message.bytes);
          asked += 1;
          if (!ends) continue;
          const { code } = await attacker.closed;
          expect([code, answered()]).toEqual(message.kind === 'binary' ? [1003, asked - 1] : [4403, asked]);
          closes += 1;
          if (message.kind === 'text') violations += 1;
          expectNoSecret(attacker);
          attacker = await attack();
          [asked, base] = [0, attacker.messages.length];
        }
        publish(started);
        await started.tick();
        await until(() => attacker.ending !== undefined || answered() >= asked);
        expect([attacker.ending, answered()]).toEqual([undefined, asked]);
        expectNoSecret(attacker);
        attacker.socket.close();
        await attacker.closed;
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
    expect(sent).toBe(RUNS * PER_RUN);
    expect(violations).toBeGreaterThan(100);
    expect(closes).toBeGreaterThan(violations);
    expect(audited()).toBe(violations);
    expect(started.stream.stats().connections).toBe(1);
    await bystander.settled();
    expect(bystander.messages.filter(({ type }) => type === 'delta').length).toBeGreaterThan(100);
  }, 120_000);

  it('of any length end the connection when they are too long, and a flood is cut off with a documented code', async () => {
    const started = await start({ engine });
    const long = await started.connect('A', { sub: 'long' });
    long.send(JSON.stringify({ ping: 1, x: 'x'.repeat(LIMITS.streamMessageBytes) }));
    expect([1006, 1009]).toContain((await long.closed).code);
    const flood = await started.connect('A', { sub: 'flood' });
    for (let at = 0; at < 5000; at += 1) flood.send('{"ping":1}');
    const { code } = await flood.closed;
    expect([DOCUMENTED.has(code), code]).toEqual([true, 4429]);
  });
});

/** Each message has one answer; what was subscribed to comes by itself. */
const answersOf = ({ messages, binary }: TestClient): number =>
  messages.filter(({ type }) => !['delta', 'gap', 'token_expiring'].includes(type)).length + binary.length;

function expectNoSecret({ messages, binary }: TestClient): void {
  for (const message of messages)
    if (message.type !== 'error') expect(JSON.stringify(message)).not.toContain(`"body":"${SECRET}`);
  expect(binary).toEqual([]);
}

/** Something of B that nobody else may see. */
function publish(started: Started): void {
  const item = build.logRecord({}, `${SECRET} ${started.clock.now()}`);
  const bytes = build.encode('logs', build.request('logs', [{ resource: { 'service.name': SECRET }, items: [item] }]));
  started.stream.publish(scopedBatch('logs', [bytes], 1, 'B'));
  void started.audit.record({ type: 'ERROR', severity: 'ERROR', action: 'b_failed', result: 'FAILURE', scope: 'B' });
}

async function tokensOf(started: Started): Promise<ReadonlyMap<string, string>> {
  const all = [
    await started.token(['A'], { sub: 'attacker' }),
    await started.token(['B'], { sub: 'attacker' }),
    await started.token(['A'], { sub: 'another' }),
    await started.token(['A'], { sub: 'attacker', permissions: ['query'] }),
  ];
  return new Map(all.map((token, at) => [TOKENS[at]!, token]));
}

const withTokens = (text: string, tokens: ReadonlyMap<string, string>): string =>
  text.replace(/<token[^>]*>/, (name) => tokens.get(name) ?? name);
