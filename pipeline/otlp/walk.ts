import type { Signal } from '../signal.ts';
export interface Walk { readonly signal: Signal; readonly bytes: Uint8Array; readonly items: number }
