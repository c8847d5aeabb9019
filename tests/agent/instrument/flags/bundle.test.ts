import { isBuiltin } from 'node:module';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAst } from 'vitest/node';
import { buildVariant } from '../../../../agent/instrument/flags/build.ts';
import { BundleFiles, CONFIG_FILE_PROGRAM } from '../../../../agent/instrument/flags/bundle-files.ts';
import { AGENT, bundle, EXTERNAL, flagsFor, TARGETS, type Target } from '../../../../agent/instrument/flags/bundle.ts';
import { FLAGS, FLAG_NAMES, isFlag, type Flag, type FlagName } from '../../../../agent/instrument/flags/registry.ts';
import { flagsOf, VARIANT_NAMES } from '../../../../agent/instrument/flags/variants.ts';

const MINIMAL_BYTES = 2 * 1024;
/** Of what an application loads in production, and of all files of what runs in production and of what helps while an app is
 *  written (docs/decisions/0027). */
const LOADED_BYTES = 100_000;
/** It brings an audit log, signatures and a pace besides, and for Node what Bun needs, too. */
const ENTERPRISE_LOADED_BYTES: Readonly<Record<Target, number>> = { node: 103_000, bun: 101_000 };
const PRODUCTION_BYTES = 148_000;
const DEVELOPMENT_BYTES = 194_000;
/** Of what is loaded for a configuration file, most of it a parser of YAML (docs/decisions/0049). */
const CONFIG_FILE_BYTES = 120_000;
const IN_PRODUCTION: readonly string[] = ['minimal', 'production', 'enterprise', 'embedded'];
let folder = '';
let made = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'periscope-bundle-'));
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

async function variantOf(flags: readonly FlagName[], target: Target = 'node'): Promise<BundleFiles> {
  const into = join(folder, String((made += 1)));
  await buildVariant(into, target, flags);
  return new BundleFiles(into);
}

interface Specifier {
  readonly value?: unknown;
  readonly quasis?: readonly { readonly value: { readonly cooked: string } }[];
}

/** A string, or a template with nothing in it. */
const textOf = ({ value, quasis }: Specifier): string => (quasis?.length === 1 ? quasis[0]!.value.cooked : String(value));

/** Specifiers that a bundle imports, at once or later, but for files of its own. */
function importsOf({ texts }: BundleFiles): string[] {
  const specifiers: string[] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    if (Array.isArray(node)) return node.forEach(visit);
    const { type, source } = node as { type?: unknown; source?: Specifier | null };
    const imports = ['ImportDeclaration', 'ImportExpression', 'ExportNamedDeclaration', 'ExportAllDeclaration'].includes(
      String(type),
    );
    if (imports && source !== null && source !== undefined) specifiers.push(textOf(source));
    Object.values(node).forEach(visit);
  };
  for (const text of texts.values()) visit(parseAst(text).body);
  return specifiers.filter((specifier) => !specifier.startsWith('./'));
}

const broughtBy = (name: FlagName): readonly string[] => (FLAGS[name] as Flag).brings ?? [];

describe('code of a flag', () => {
  it.each(FLAG_NAMES)('%s is in the bundle that has it and gone from the one that has not', async (flag) => {
    // What brings it would bring it.
    const others = FLAG_NAMES.filter((name) => name !== flag && !broughtBy(name).includes(flag));
    const target = (FLAGS[flag] as Flag).only ?? 'node';
    const [{ text: having }, { text: without }] = await Promise.all([
      variantOf([...others, flag], target),
      variantOf(others, target),
    ]);
    expect([having.includes(FLAGS[flag].marker), without.includes(FLAGS[flag].marker)]).toEqual([true, false]);
    expect(without.length).toBeLessThan(having.length);
  });

  it.each(FLAG_NAMES.flatMap((flag) => broughtBy(flag).map((other) => [other, flag] as const)))(
    '%s comes with %s, even where it is off',
    async (brought, flag) => {
      const { text } = await variantOf(FLAG_NAMES.filter((name) => name !== brought));
      expect(text).toContain(FLAGS[brought as FlagName].marker);
      expect(isFlag(brought) && flag in FLAGS).toBe(true);
    },
  );

  it('of all flags is gone when there is none', async () => {
    const { text: none } = await variantOf([]);
    expect(FLAG_NAMES.filter((flag) => none.includes(FLAGS[flag].marker))).toEqual([]);
    expect(none.length).toBeLessThan(MINIMAL_BYTES);
  });
});

describe.each(TARGETS)('a bundle for %s', (target) => {
  it.each(VARIANT_NAMES)('%s has the code of its flags and no other, brings no package and stays small', async (name) => {
    const flags = flagsOf(name);
    const files = await variantOf(flags, target);
    const { loaded, text, textWithoutConfigFile } = files;
    expect(FLAG_NAMES.filter((flag) => text.includes(FLAGS[flag].marker))).toEqual(flagsFor(target, flags));
    const inProduction = IN_PRODUCTION.includes(name);
    expect(Buffer.byteLength(textWithoutConfigFile)).toBeLessThanOrEqual(inProduction ? PRODUCTION_BYTES : DEVELOPMENT_BYTES);
    expect(Buffer.byteLength(text) - Buffer.byteLength(textWithoutConfigFile)).toBeLessThanOrEqual(CONFIG_FILE_BYTES);
    const loadedBytes = name === 'enterprise' ? ENTERPRISE_LOADED_BYTES[target] : LOADED_BYTES;
    if (inProduction) expect(Buffer.byteLength(loaded)).toBeLessThanOrEqual(loadedBytes);
    // An application waits for each file.
    expect(loaded).toBe(files.texts.get('index.js'));
    // The encoder is for the worker, or for an application without one.
    if (flags.includes('METRICS') && !flags.includes('MOCK_API'))
      expect(loaded.length).toBeLessThan(textWithoutConfigFile.length - 20_000);
    expect(importsOf(files).filter((specifier) => !isBuiltin(specifier) && !EXTERNAL.includes(specifier))).toEqual([]);
  });

  it('is the same each time', async () => {
    const [first, second] = await Promise.all([variantOf(FLAG_NAMES, target), variantOf(FLAG_NAMES, target)]);
    expect(first.texts).toEqual(second.texts);
  });
});

describe('what one runtime alone needs', () => {
  const forNode = [
    'http.server.request.start',
    'undici:request:create',
    'addRequest',
    'v8js.gc.duration',
    'nodejs.eventloop.utilization',
    'Max address space',
    'VmSize',
  ];
  const forBun = ['checkExpectation', 'globalThis.fetch'];
  const holds = ({ text }: BundleFiles, markers: readonly string[]): boolean[] => markers.map((marker) => text.includes(marker));

  it('is in bundles for Node whoever needs it, as a file made of an app and of the agent may be run by either', async () => {
    const files = await variantOf(FLAG_NAMES, 'node');
    expect(holds(files, [...forNode, ...forBun])).not.toContain(false);
  });

  it('is not in bundles for Bun where Node alone needs it', async () => {
    const files = await variantOf(FLAG_NAMES, 'bun');
    expect(holds(files, forNode)).not.toContain(true);
    expect(holds(files, forBun)).not.toContain(false);
  });
});

describe('what reads a configuration file', () => {
  it('is there with its flag alone, loads nothing but the runtime, and says whose parser it holds', async () => {
    const [having, without] = await Promise.all([variantOf(['METRICS', 'CONFIG_FILE']), variantOf(['METRICS'])]);
    const program = having.texts.get(CONFIG_FILE_PROGRAM)!;
    expect([...program.matchAll(/\brequire\(([^)]*)\)/g)].map(([, name]) => JSON.parse(name!) as string)).toEqual([
      'node:fs',
      'node:path',
    ]);
    expect(program).toContain('Copyright Eemeli Aro');
    expect(having.loaded).not.toContain('Eemeli Aro');
    expect(having.loaded.length - without.loaded.length).toBeLessThan(300);
    expect(without.texts.has(CONFIG_FILE_PROGRAM)).toBe(false);
  });
});

describe("the worker's bundle", () => {
  it.each([
    [[], false],
    [['WEBHOOK_SIGNING'], true],
    [['ENTERPRISE'], true],
  ] as const)('with %j signs: %s', async (flags, signs) => {
    const into = join(folder, String((made += 1)));
    await bundle({ entries: [join(AGENT, 'worker.ts')], flags: ['METRICS', ...flags], target: 'node', folder: into });
    const files = new BundleFiles(into);
    expect(files.text.includes(FLAGS.WEBHOOK_SIGNING.marker)).toBe(signs);
    expect(importsOf(files).filter((specifier) => !isBuiltin(specifier))).toEqual([]);
  });
});

describe('a bundle that cannot be made', () => {
  it('says why', async () => {
    const entries = [join(folder, 'not-there.ts')];
    await expect(bundle({ entries, flags: [], target: 'node', folder: join(folder, 'never') })).rejects.toThrow(
      /^cannot bundle the agent: .*not-there/s,
    );
  });
});
