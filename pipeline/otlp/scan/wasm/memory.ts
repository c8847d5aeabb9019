import { FREE, TOP } from '../../scan-cells.ts';

/**
 * Blocks of memory. A block that is given back is taken again for one of its size; sizes are a quarter of a power of two
 * apart. When the memory may not grow any more the module traps, before anything was changed: whoever needs several blocks
 * for one change asks for all of them first.
 */
const BYTES_MIN: usize = 64;

/** Of the smallest size that is not below `bytes`. */
function sizeClass(bytes: usize): usize {
  const least = max(bytes, BYTES_MIN) - 1;
  const shift = <usize>(29 - clz<u32>(<u32>least));
  return (shift << 2) + (least >> shift) - 3;
}

export function allocate(bytes: usize): usize {
  const size = sizeClass(bytes);
  const head = <usize>FREE + (size << 2);
  const free = <usize>load<u32>(head);
  if (free != 0) {
    store<u32>(head, load<u32>(free));
    return free;
  }
  const at = <usize>load<u32>(TOP);
  const end = <u64>at + ((4 + (<u64>size & 3)) << (<u64>size >> 2));
  const pages = <u64>memory.size();
  if (end > pages << 16) {
    const missing = ((end + 0xffff) >> 16) - pages;
    // A little more than is asked for, if it may be had: every growth makes the host look anew.
    if (memory.grow(<i32>max(missing, pages >> 3)) < 0 && memory.grow(<i32>missing) < 0) unreachable();
  }
  store<u32>(TOP, <u32>end);
  return at;
}

/** `bytes` as it was asked for. */
export function release(at: usize, bytes: usize): void {
  const head = <usize>FREE + (sizeClass(bytes) << 2);
  store<u32>(at, load<u32>(head));
  store<u32>(head, <u32>at);
}

/** A larger block in the place of one, with the first `used` bytes of it. */
export function enlarge(at: usize, bytes: usize, used: usize, larger: usize): usize {
  const to = allocate(larger);
  memory.copy(to, at, used);
  release(at, bytes);
  return to;
}

export function allocateZeros(bytes: usize): usize {
  const at = allocate(bytes);
  memory.fill(at, 0, bytes);
  return at;
}
