/** A day of the shop goes by in ten minutes. */
export const DAY_S = 600;

/** It opens in the morning: what comes next goes up. */
const OPENS_AT = 0.1;

/** How busy the shop is, 1 on average, `seconds` after it has opened: a night, a morning, a noon and a larger evening. */
export function demandAt(seconds: number): number {
  const day = 2 * Math.PI * (seconds / DAY_S + OPENS_AT);
  return 1 - 0.4 * Math.cos(day) - 0.18 * Math.cos(2 * day + 0.9);
}
