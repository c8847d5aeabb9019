import type { EngineName } from '../../server/engine/index.ts';
import { loadUws } from '../../server/engine/uws-native.ts';

export const uwsLoads: boolean = await loadUws().then(
  () => true,
  () => false,
);

/** The engines of this Node: uWebSockets has no binary for the newer ones. */
export const engines: readonly EngineName[] = uwsLoads ? ['uws', 'net', 'node'] : ['net', 'node'];
