import v8 from 'node:v8';

/** V8 of Node 20. Later ones take the flag back and optimise nothing all the same. */
const compilerCanWait: boolean = process.versions.v8.startsWith('11.');

/**
 * What modules do while they load happens once. V8 lets its young generation grow to 16 MB for it and hardly ever gives
 * that back: idle, the collector then holds 6 MB more. And it optimises functions that hardly run again, which takes
 * 4 MB. So neither may be until everything is loaded; under load both are as ever.
 */
export function beginLoading(): void {
  v8.setFlagsFromString('--semi-space-growth-factor=1');
  if (compilerCanWait) v8.setFlagsFromString('--no-opt');
}

export function endLoading(): void {
  v8.setFlagsFromString('--semi-space-growth-factor=2');
  if (compilerCanWait) v8.setFlagsFromString('--opt');
}
