import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Flags of the agent's bundles: the bundler knows them, Node does not.
  resolve: { alias: { 'bun:bundle': fileURLToPath(new URL('tests/support/bun-bundle.ts', import.meta.url)) } },
  test: {
    include: ['tests/**/*.test.ts'],
    // Processes, not threads: native add-ons, process-wide listeners and memory figures stay apart.
    pool: 'forks',
    // By default one core is left free, which of two is half: many tests wait for processes, and these for theirs.
    maxWorkers: Math.max(2, availableParallelism()),
    // Property and system tests share two cores with each other; a hung test is what this catches, not a slow one.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
  },
});
