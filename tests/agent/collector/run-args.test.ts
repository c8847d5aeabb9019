import { expect, it } from 'vitest';
import { runOptions } from '../../../agent/collector/run-args.ts';

it.each([
  [[], { config: [], set: [], skipUnsupported: false }],
  [['run'], { config: [], set: [], skipUnsupported: false }],
  [
    ['--config', 'a.yaml', '-c', 'b.yaml', '--set', 'a.b=c'],
    { config: ['a.yaml', 'b.yaml'], set: ['a.b=c'], skipUnsupported: false },
  ],
  [['run', '--config=a.yaml', '--skip-unsupported'], { config: ['a.yaml'], set: [], skipUnsupported: true }],
  [['--demo'], { config: [], set: [], skipUnsupported: false, demo: true }],
  [['run', '--demo', '--demo-seed', 'x'], { config: [], set: [], skipUnsupported: false, demo: true, demoSeed: 'x' }],
])('%j runs', (args, options) => {
  expect(runOptions(args)).toEqual(options);
});

it.each([
  [['validate']],
  [['--help']],
  [['run', '--help']],
  [['-V']],
  [['runn']],
  [['run', 'x']],
  [['--confg', 'x']],
  [['--config']],
])('%j is for the command-line library', (args) => {
  expect(runOptions(args)).toBeUndefined();
});
