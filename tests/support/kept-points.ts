import type { InstrumentRecord } from '../../agent/instrument/metrics/contract.ts';

/** An instrument whose points are told whole. */
export const GAUGE: InstrumentRecord = {
  id: -1,
  meter: { id: -1, name: 'kept', version: '', schemaUrl: '', attributes: new Uint8Array(0) },
  name: 'kept.gauge',
  description: '',
  unit: '',
  kind: 'gauge',
  point: 'gauge',
  monotonic: false,
  integers: false,
  bounds: [],
  bucketsMax: 0,
  signed: false,
  minMax: false,
};
