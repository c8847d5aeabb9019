import type { PerfRecord } from '../../../pipeline/perf/record.ts';
import { drawPerfMatrix, perfText } from '../../perf/matrix.ts';
import { surfaceOf } from '../../terminal/surface.ts';
import type { PrintTarget } from './contract.ts';

/** The Unicode matrix: as wide and as coloured as a terminal is, else as a text. */
export function drawMatrix(records: readonly PerfRecord[], target?: PrintTarget): string {
  if (target === undefined) return perfText(records);
  const surface = surfaceOf(target, process.env);
  return surface.isTerminal ? drawPerfMatrix(records, surface).text : perfText(records);
}
