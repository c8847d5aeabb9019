/** The figures of tests/tidy.test.ts. */
export const LIMITS_OF_STYLE = {
  fileLines: 500,
  functionLines: 70,
  architectureLines: 300,
  /** Test data is built or generated, not stored. */
  fileBytes: 256 * 1024,
} as const;

/** Source files without a test in their mirrored folder, and what tests them instead. Keep it short. */
export const UNMIRRORED: Readonly<Record<string, string>> = {};
