// Compiles the AssemblyScript kernels to WebAssembly and writes each into a module that imports like any other.
// `npm run kernels` after a change to one of them; with --check it only says whether what is committed is current.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { main as compile } from 'assemblyscript/asc';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const LINE_CHARS = 120;

/** `from` is compiled into `to` as the constant `name`; `pages` of 64 KiB it starts with, none: the host brings the memory. */
const KERNELS = [
  { from: 'pipeline/otlp/wasm/module.ts', to: 'pipeline/otlp/walk.gen.ts', name: 'WALK_MODULE', pages: 6 },
  { from: 'pipeline/otlp/scan/wasm/module.ts', to: 'pipeline/otlp/scan.gen.ts', name: 'SCAN_MODULE', pages: 0 },
  {
    from: 'pipeline/compression/wasm/module.ts',
    to: 'pipeline/compression/deflate.gen.ts',
    name: 'DEFLATE_MODULE',
    pages: 16,
  },
];

async function moduleOf({ from, name, pages }, folder) {
  const out = join(folder, 'kernel.wasm');
  const features = ['--runtime', 'stub', '--enable', 'simd', '--enable', 'bulk-memory'];
  const memory = pages > 0 ? ['--initialMemory', String(pages)] : ['--importMemory'];
  const options = ['-O3', '--noAssert', '--memoryBase', '512', ...memory, ...features];
  const { error, stderr } = await compile([from, '--baseDir', ROOT, '--outFile', out, ...options]);
  if (error !== null) throw new Error(`cannot compile ${from}: ${stderr.toString()}`);
  const lines = readFileSync(out)
    .toString('base64')
    .match(new RegExp(`.{1,${LINE_CHARS}}`, 'g'));
  const text = lines.map((line) => `  '${line}',`).join('\n');
  return `/** Made by \`npm run kernels\` from ${from}; changes by hand are lost. */\nexport const ${name}: string = [\n${text}\n].join('');\n`;
}

const folder = mkdtempSync(join(tmpdir(), 'periscope-kernels-'));
try {
  for (const kernel of KERNELS) {
    const made = await moduleOf(kernel, folder);
    const path = join(ROOT, kernel.to);
    if (!process.argv.includes('--check')) writeFileSync(path, made);
    else if (readFileSync(path, 'utf8') !== made) {
      console.error(`${kernel.to} is not what ${kernel.from} compiles to: run npm run kernels`);
      process.exitCode = 1;
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
