import { FREE, TOP } from '../../scan-cells.ts';

/**
 * Blocks of memory. What is given back is taken again: free blocks are a list in the order of their addresses, neighbours
 * become one, the smallest that is large enough is taken and what is left of it stays. There are a few dozen blocks at
 * most, so the list is short. When the memory may not grow any more the module traps, before anything was changed: whoever
 * needs several blocks for one change asks for all of them first.
 */
const UNIT: usize = 64;
/** Of a free block: at its first word the next one, then its size. */
const SIZE: usize = 4;

@inline
function rounded(bytes: usize): usize {
  return (bytes + UNIT - 1) & ~(UNIT - 1);
}

export function allocate(bytes: usize): usize {
  const size = rounded(bytes);
  let best: usize = 0;
  let bestSize = usize.MAX_VALUE;
  let link: usize = FREE;
  for (let free = <usize>load<u32>(link); free != 0; free = load<u32>(link)) {
    const has = <usize>load<u32>(free, SIZE);
    if (has >= size && has < bestSize) {
      best = link;
      bestSize = has;
    }
    link = free;
  }
  if (best == 0) {
    const at = <usize>load<u32>(TOP);
    raise(<u64>at + size);
    return at;
  }
  const found = <usize>load<u32>(best);
  let next = load<u32>(found);
  if (bestSize > size) {
    store<u32>(found + size, next);
    store<u32>(found + size, <u32>(bestSize - size), SIZE);
    next = <u32>(found + size);
  }
  store<u32>(best, next);
  return found;
}

/** The first byte that no block has. */
function raise(top: u64): void {
  const pages = <u64>memory.size();
  if (top > pages << 16) {
    const missing = ((top + 0xffff) >> 16) - pages;
    // A little more than is asked for, if it may be had: every growth makes the host look anew.
    if (memory.grow(<i32>max(missing, pages >> 3)) < 0 && memory.grow(<i32>missing) < 0) unreachable();
  }
  store<u32>(TOP, <u32>top);
}

/** `bytes` as it was asked for. */
export function release(block: usize, bytes: usize): void {
  let at = block;
  let size = rounded(bytes);
  let link: usize = FREE;
  let linkBefore: usize = 0;
  for (let free = <usize>load<u32>(link); free != 0 && free < at; free = load<u32>(link)) {
    linkBefore = link;
    link = free;
  }
  let next = <usize>load<u32>(link);
  if (at + size == next) {
    size += load<u32>(next, SIZE);
    next = load<u32>(next);
  }
  if (linkBefore != 0 && link + load<u32>(link, SIZE) == at) {
    at = link;
    size += load<u32>(link, SIZE);
    link = linkBefore;
  }
  if (at + size == load<u32>(TOP)) {
    store<u32>(TOP, <u32>at);
    store<u32>(link, 0);
    return;
  }
  store<u32>(at, <u32>next);
  store<u32>(at, <u32>size, SIZE);
  store<u32>(link, <u32>at);
}

/** A larger block in the place of one, with the first `used` bytes of it: the same one where nothing is behind it. */
export function enlarge(at: usize, bytes: usize, used: usize, larger: usize): usize {
  if (at + rounded(bytes) == load<u32>(TOP)) {
    raise(<u64>at + rounded(larger));
    return at;
  }
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
