/** What columnExtremes writes, one column after the other from all points, slowly: NaN = nothing, -Infinity = only gaps. */
export function columnsOf(
  points: readonly (readonly [x: number, y: number])[],
  width: number,
  first: number,
  count: number,
): number[] {
  return Array.from({ length: count }, (_, column): number[] => {
    const inside = points.filter(([x]) => Math.floor(x / width) === first + column).map(([, y]) => y);
    const known = inside.filter((y) => !Number.isNaN(y));
    if (known.length === 0) return [inside.length > 0 ? -Infinity : Number.NaN, Number.NaN];
    const [least, most] = [Math.min(...known), Math.max(...known)];
    if (least === most) return [least, Number.NaN];
    return known.indexOf(least) < known.indexOf(most) ? [least, most] : [most, least];
  }).flat();
}
