import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { IN_A_BROWSER, LIMITS_OF_STYLE, UNMIRRORED } from './support/house-rules.ts';
import { layerOf, matches, packageOf } from './support/layers.ts';
import { parse, read, ROOT, trackedFiles } from './support/tree.ts';

/** Style that a test enforces: each title is a rule of ARCHITECTURE.md, each message names the file to mend. */
const files = trackedFiles();
const sources = files.filter((path) => /\.tsx?$/.test(path) && !path.endsWith('.d.ts')).map(parse);
const production = sources.filter(({ path }) => !/^(tests|bench)\//.test(path) && path !== 'vitest.config.ts');
const kernels = production.filter(({ path }) => path.endsWith('.kernel.ts'));
const KINDS = ['receivers', 'processors', 'exporters', 'extensions', 'connectors'];
const componentFolders = [
  ...new Set(
    files
      .map((path) => path.split('/'))
      .flatMap((parts) => (KINDS.includes(parts[0] ?? '') && parts.length > 2 ? [`${parts[0]}/${parts[1]}`] : [])),
  ),
];
const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string>>;
const agentManifest = JSON.parse(read('agent/instrument/package.json')) as typeof manifest;

describe('layers', () => {
  it('every source file stands in a folder that has a layer', () => {
    expect(sources.filter(({ path }) => layerOf(path) === undefined).map(({ path }) => path)).toEqual([]);
  });

  it('a file imports of ours only what its layer allows', () => {
    const broken = sources.flatMap(({ path, imports }) =>
      imports
        // A kernel may name the type of what it is handed; types are gone when it runs.
        .filter(
          ({ target, typeOnly }) =>
            target !== undefined && !(typeOnly && path.endsWith('.kernel.ts') && target.startsWith('pipeline/')),
        )
        .filter(({ target }) => !matches(target ?? '', layerOf(path)?.ours(path) ?? []))
        .map(({ specifier }) => `${path} imports ${specifier}`),
    );
    expect(broken).toEqual([]);
  });

  it('a file imports npm packages only where they are declared', () => {
    const bundler = { 'bun:bundle': 'built into Bun; a bundle holds nothing of it' };
    const runtime = {
      ...bundler,
      ...manifest['dependencies'],
      ...manifest['optionalDependencies'],
      ...manifest['peerDependencies'],
    };
    const broken = sources.flatMap(({ path, imports }) =>
      imports
        .filter(({ target, specifier }) => target === undefined && !specifier.startsWith('node:'))
        .map(({ specifier }) => packageOf(specifier))
        .filter((name) => {
          const allowed = layerOf(path)?.packages ?? [];
          // The agent is a package of its own, and what it needs there is its user's.
          const installed = /^(tests|bench|server\/dashboard|agent\/instrument)\/|^vitest/.test(path)
            ? { ...runtime, ...manifest['devDependencies'], ...agentManifest['devDependencies'] }
            : runtime;
          return !(name in installed) || !(allowed.includes(name) || allowed.includes('*'));
        })
        .map((name) => `${path} imports ${name}`),
    );
    expect(broken).toEqual([]);
  });

  it('every relative import names an existing file with its extension', () => {
    const broken = sources.flatMap(({ path, imports }) =>
      imports
        .filter(({ target }) => target !== undefined && !existsSync(join(ROOT, target)))
        .map(({ specifier }) => `${path} imports ${specifier}`),
    );
    expect(broken).toEqual([]);
  });

  it('only pipeline/scope binds bytes to a scope', () => {
    const users = production.filter(({ text }) => /\bbindContent\b/.test(text)).map(({ path }) => path);
    expect(users.filter((path) => path !== 'pipeline/batch/scoped-batch.ts' && !path.startsWith('pipeline/scope/'))).toEqual([]);
  });
});

describe('kernels', () => {
  it('have no async, no await, no JSON, no .map(, no closures over rows, no node:*', () => {
    const broken = kernels.flatMap(({ path, nodeTypes, members, imports }) => [
      ...['async', 'AwaitExpression', 'SpreadElement'].filter((type) => nodeTypes.has(type)).map((type) => `${path}: ${type}`),
      ...['JSON.parse', 'JSON.stringify', '.map(', '.filter(', '.forEach(', '.reduce(']
        .filter((name) => members.has(name))
        .map((name) => `${path}: ${name}`),
      ...imports.filter(({ specifier }) => specifier.startsWith('node:')).map(({ specifier }) => `${path}: ${specifier}`),
    ]);
    expect(broken).toEqual([]);
  });

  it('open with a comment that says what they do', () => {
    expect(kernels.filter(({ text }) => !/^(import[^;]*;\s*)*\/\*\*/.test(text)).map(({ path }) => path)).toEqual([]);
  });
});

/** Written by programs for programs. */
const GENERATED = new Set(['package-lock.json', 'config/schema.json']);

describe('sizes', () => {
  it(`no source file has more than ${LIMITS_OF_STYLE.fileLines} lines`, () => {
    const long = sources.filter(({ lines }) => lines > LIMITS_OF_STYLE.fileLines).map(({ path, lines }) => `${path}: ${lines}`);
    expect(long).toEqual([]);
  });

  it(`no function has more than ${LIMITS_OF_STYLE.functionLines} lines`, () => {
    const long = sources
      .filter(({ path }) => !path.startsWith('tests/'))
      .flatMap(({ path, functions }) =>
        functions
          .filter(({ lines }) => lines > LIMITS_OF_STYLE.functionLines)
          .map(({ name, line, lines }) => `${path}:${line} ${name}: ${lines}`),
      );
    expect(long).toEqual([]);
  });

  it(`ARCHITECTURE.md has at most ${LIMITS_OF_STYLE.architectureLines} lines`, () => {
    expect(read('ARCHITECTURE.md').split('\n').length).toBeLessThanOrEqual(LIMITS_OF_STYLE.architectureLines);
  });

  it(`no tracked file is larger than ${LIMITS_OF_STYLE.fileBytes} bytes`, () => {
    const large = files.filter((path) => !GENERATED.has(path) && statSync(join(ROOT, path)).size > LIMITS_OF_STYLE.fileBytes);
    expect(large).toEqual([]);
  });
});

describe('names', () => {
  it('files are kebab-case; a component names its main file after its type', () => {
    const kebab = /^[a-z0-9]+(-[a-z0-9]+)*(\.(kernel|worker|gen|config|simulation))?(\.test)?\.tsx?$/;
    const wrong = sources.filter(({ path }) => {
      const name = posix.basename(path);
      const folder = posix.basename(dirname(path));
      const ofType = name.replace(/(\.kernel|\.worker)?(\.test)?\.ts$/, '') === folder;
      return (
        !kebab.test(name) &&
        !ofType &&
        !(
          path.startsWith('tests/') &&
          componentFolders.some((each) => each.endsWith(`/${name.replace(/(\.kernel)?\.test\.ts$/, '')}`))
        )
      );
    });
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });

  it('no folder is named after nothing (utils, helpers, common, …)', () => {
    const banned = /(^|\/)(src|lib|libs|util|utils|helper|helpers|common|shared|misc|types)\//;
    expect(files.filter((path) => banned.test(path))).toEqual([]);
  });

  it('the top level holds the folders of ARCHITECTURE.md and no others', () => {
    const folders = [...new Set(files.filter((path) => path.includes('/')).map((path) => path.split('/')[0] ?? ''))];
    const codemap = read('ARCHITECTURE.md');
    expect(folders.filter((folder) => !codemap.includes(`${folder}/`))).toEqual([]);
  });
});

describe('components', () => {
  it.each(componentFolders)('%s has the fixed form', (folder) => {
    const type = posix.basename(folder);
    const declaration = sources.find(({ path }) => path === `${folder}/index.ts`);
    expect(files).toContain(`${folder}/config.ts`);
    expect(files).toContain(`${folder}/README.md`);
    expect(declaration?.text).toMatch(/\bdefine\(/);
    expect(declaration?.text).toContain(`type: '${type}'`);
    const allowed = [`${folder}/config.ts`, 'pipeline/component.ts'];
    const loaded = declaration?.imports.filter(({ dynamic }) => dynamic).map(({ target }) => target) ?? [];
    expect(
      declaration?.imports
        .filter(({ dynamic, target }) => !dynamic && !allowed.includes(target ?? ''))
        .map(({ specifier }) => specifier),
    ).toEqual([]);
    // The scope stage makes nothing: the receiver runs it, the folder only holds its options.
    if (!/kind: 'scope'/.test(declaration?.text ?? '')) expect(loaded).toEqual([`${folder}/${type}.ts`]);
    expect(read(`${folder}/README.md`)).toMatch(/<!-- options:start -->[\s\S]*<!-- options:end -->/);
  });

  it.each(componentFolders)('%s is listed by its kind', (folder) => {
    const [kind, type] = folder.split('/');
    const list = sources.find(({ path }) => path === `${kind}/index.ts`);
    expect(list?.imports.map(({ target }) => target)).toContain(`${kind}/${type}/index.ts`);
  });

  it('README.md has a row for every component', () => {
    const readme = read('README.md');
    expect(componentFolders.filter((folder) => !readme.includes(`](${folder}/README.md)`))).toEqual([]);
  });
});

describe('tests', () => {
  it('every source file is reached by a test that stands in its mirrored folder', () => {
    const folders = [...new Set(production.map(({ path }) => dirname(path)))];
    const reached = new Set(folders.flatMap(reachedByMirror));
    const alone = production
      .filter(
        ({ path, nodeTypes }) => !(path in UNMIRRORED) && !IN_A_BROWSER.test(path) && !onlyTypes(nodeTypes) && !reached.has(path),
      )
      .map(({ path }) => path);
    expect(alone).toEqual([]);
  });

  it('the files excused from a mirrored test exist and say why', () => {
    const stale = Object.entries(UNMIRRORED).filter(([path, reason]) => !existsSync(join(ROOT, path)) || reason.length < 20);
    expect(stale).toEqual([]);
  });
});

/** Files of `folder` that the tests of `tests/<folder>/` import, or that these import from the same folder. What is
 *  compiled to WebAssembly is imported by nobody: of it, those of which a test has the name, and what they import. */
function reachedByMirror(folder: string): string[] {
  const compiled = folder.endsWith('/wasm');
  const inside = (path: string | undefined): path is string => path !== undefined && dirname(path) === folder;
  const importsOf = (from: readonly (typeof sources)[number][]): string[] =>
    from.flatMap(({ imports }) => imports.map(({ target }) => target).filter(inside));
  const tests = sources.filter(({ path }) => path.startsWith(`tests/${folder}/`));
  const named = tests.map(({ path }) => path.slice('tests/'.length).replace('.test.ts', '.ts'));
  const reached = new Set(compiled ? named : importsOf(tests));
  for (const path of reached) for (const next of importsOf(production.filter((each) => each.path === path))) reached.add(next);
  return [...reached];
}

function onlyTypes(nodeTypes: ReadonlySet<string>): boolean {
  return !['FunctionDeclaration', 'ClassDeclaration', 'VariableDeclaration', 'ExpressionStatement'].some((type) =>
    nodeTypes.has(type),
  );
}

describe('documents', () => {
  const pages = files.filter((path) => path.endsWith('.md'));

  it('every relative link leads to something that is tracked', () => {
    const tracked = (path: string): boolean => files.some((file) => file === path || file.startsWith(`${path}/`));
    const dead = pages.flatMap((page) =>
      [
        ...read(page)
          .replaceAll(/```[\s\S]*?```/g, '')
          .matchAll(/\]\(([^)\s#]+)(#[^)]*)?\)/g),
      ]
        .map((match) => match[1] ?? '')
        .filter((link) => !/^[a-z]+:/.test(link) && !tracked(posix.join(dirname(page), link)))
        .map((link) => `${page}: ${link}`),
    );
    expect(dead).toEqual([]);
  });

  it('every dependency has its line in a decision record', () => {
    const record = files
      .filter((path) => /^docs\/decisions\/.*(dependencies|packages).*\.md$/.test(path))
      .map(read)
      .join('');
    const names = ['dependencies', 'optionalDependencies', 'devDependencies', 'peerDependencies'].flatMap((kind) =>
      Object.keys(manifest[kind] ?? {}),
    );
    expect(names.filter((name) => !record.includes(`\`${name}\``))).toEqual([]);
  });

  it('a TODO names a row of the not-yet list in ARCHITECTURE.md', () => {
    const rows = read('ARCHITECTURE.md').split('## Not yet')[1] ?? '';
    const orphans = production.flatMap(({ path, text }) =>
      [...text.matchAll(/\b(?:TODO|FIXME|XXX)\b(?:\(([^)]+)\))?/g)]
        .filter((match) => match[1] === undefined || !rows.includes(match[1]))
        .map((match) => `${path}: ${match[0]}`),
    );
    expect(orphans).toEqual([]);
  });

  it.skipIf(!existsSync(join(ROOT, 'dist/config/generate.js')))('generated files are what the generator gives', () => {
    const run = spawnSync(process.execPath, ['dist/config/generate.js', '--check'], { cwd: ROOT, encoding: 'utf8' });
    expect(`${run.stdout}${run.stderr}exit ${run.status}`).toMatch(/exit 0$/);
  });
});

describe('what is tracked', () => {
  const texts = files.filter((path) => !/\.(gz|bin|png|zst)$/.test(path));

  it('names no path of one machine and no package registry', () => {
    const machine =
      /(?<![\w.$}])\/(?:work|root|home|Users)\/\w|\b(?:registry|proxy)\.[a-z0-9-]+\.(?:org|com|io|dev)\b|\bindex-url\b|GOPROXY=/;
    const found = texts.flatMap((path) => {
      const match = machine.exec(read(path));
      return match === null ? [] : [`${path}: ${match[0]}`];
    });
    expect(found.filter((line) => !line.startsWith('tests/tidy.test.ts'))).toEqual([]);
  });

  it('the lockfile holds no download addresses', () => {
    expect(read('package-lock.json')).not.toMatch(/"resolved": "[a-z+]*:/);
  });

  it('dependency versions are exact', () => {
    const loose = ['dependencies', 'optionalDependencies', 'devDependencies'].flatMap((kind) =>
      Object.entries(manifest[kind] ?? {}).filter(([, version]) => !/^(npm:@?[\w./-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)),
    );
    expect(loose).toEqual([]);
  });
});
