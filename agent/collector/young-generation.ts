import v8 from 'node:v8';

/**
 * While modules load, V8 lets its young generation grow to 16 MB and hardly ever gives it back: idle, the collector then
 * holds 74 MB instead of 68. So it may not grow until everything is loaded; under load it may, as ever.
 */
export function keepYoungGenerationSmall(): void {
  v8.setFlagsFromString('--semi-space-growth-factor=1');
}

export function letYoungGenerationGrow(): void {
  v8.setFlagsFromString('--semi-space-growth-factor=2');
}
