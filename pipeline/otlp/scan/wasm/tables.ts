import { TABLES, TABLE_BYTES } from '../../scan-cells.ts';
import { allocate, enlarge, release } from './memory.ts';

/** The columns of a scan as it fills them: room for rows doubles, columns move. See scan-types.ts for what stands in them. */
const FIRST_ROWS: u32 = 256;
const FIRST_HEAP_BYTES: usize = 1024;

@unmanaged
export class Table {
  rows: u32;
  room: u32;
  columns: usize;
  columnsBytes: usize;
  heap: usize;
  heapBytes: usize;
  heapLength: usize;
  /** Bounds of what may wait. */
  rowsMax: u32;
  heapBytesMax: usize;
  /** Bytes a row, and how many of them are in columns of 16, of 8 and of 4; the host writes it. */
  rowBytes: usize;
  sixteens: usize;
  eights: usize;
  fours: usize;

  /** False when there are so many rows, or heap bytes, that no more are taken. */
  @inline
  reserve(): bool {
    return this.rows < this.room && this.heapLength < this.heapBytesMax ? true : this.grow();
  }

  private grow(): bool {
    if (this.heapLength >= this.heapBytesMax || this.rows >= this.rowsMax) return false;
    if (this.rows < this.room) return true;
    const larger = this.room == 0 ? FIRST_ROWS : min(this.room * 2, this.rowsMax);
    const to = allocate(<usize>larger * this.rowBytes);
    if (this.room > 0) {
      this.move(to, larger);
      release(this.columns, this.columnsBytes);
    }
    this.columns = to;
    this.columnsBytes = <usize>larger * this.rowBytes;
    this.room = larger;
    return true;
  }

  private move(to: usize, room: u32): void {
    for (let before: usize = 0; before < this.rowBytes; ) {
      const size = this.sizeBehind(before);
      memory.copy(to + before * room, this.columns + before * this.room, size * this.rows);
      before += size;
    }
  }

  /** Bytes a row of the column that has so many before it. */
  private sizeBehind(before: usize): usize {
    if (before < this.sixteens) return 16;
    if (before < this.sixteens + this.eights) return 8;
    return before < this.sixteens + this.eights + this.fours ? 4 : 1;
  }

  /** The cell of a column, which has so many bytes a row before it and `size` itself, in the row that is made. */
  @inline
  cell(before: usize, size: usize): usize {
    return this.columns + before * this.room + size * this.rows;
  }

  @inline
  set32(before: usize, value: u32): void {
    store<u32>(this.cell(before, 4), value);
  }
  @inline
  set64(before: usize, value: u64): void {
    store<u64>(this.cell(before, 8), value);
  }
  @inline
  set8(before: usize, value: i32): void {
    store<u8>(this.cell(before, 1), <u8>value);
  }

  /** The heap from `from` on is the range of a column. */
  @inline
  setRange(before: usize, from: usize): void {
    const cell = this.cell(before, 8);
    store<u32>(cell, <u32>from);
    store<u32>(cell, <u32>this.heapLength, 4);
  }

  /** Sets all of the row that is made to 0. */
  clearRow(): void {
    for (let before: usize = 0; before < this.rowBytes; ) {
      const size = this.sizeBehind(before);
      memory.fill(this.cell(before, size), 0, size);
      before += size;
    }
  }

  /** Room for so many bytes behind the heap's end, which the caller fills and counts; returns where. */
  more(count: usize): usize {
    const needed = this.heapLength + count;
    if (needed > this.heapBytes) {
      const larger = max(max(needed, this.heapBytes * 2), FIRST_HEAP_BYTES);
      this.heap = this.heapBytes == 0 ? allocate(larger) : enlarge(this.heap, this.heapBytes, this.heapLength, larger);
      this.heapBytes = larger;
    }
    return this.heap + this.heapLength;
  }

  /** Copies a run behind the heap's end. */
  keep(start: usize, end: usize): void {
    memory.copy(this.more(end - start), start, end - start);
    this.heapLength += end - start;
  }
}

export function tableOf(index: i32): Table {
  return changetype<Table>(<usize>TABLES + <usize>index * TABLE_BYTES);
}
