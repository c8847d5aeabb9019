// A program that ends at once: counts the words of a file, and says so in a metric of its own.
import { readFileSync } from 'node:fs';
import { metrics } from '@opentelemetry/api';

const file = process.argv[2] ?? new URL('../README.md', import.meta.url);
const words = readFileSync(file, 'utf8').split(/\s+/).filter(Boolean).length;
metrics.getMeter('words').createCounter('words.counted', { unit: '{word}' }).add(words);
process.stdout.write(`${words}\n`);
