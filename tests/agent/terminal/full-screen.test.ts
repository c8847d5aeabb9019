import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { openFullScreen } from '../../../agent/terminal/full-screen.ts';

/** A terminal that keeps what is written to it, and its keys. */
class Terminal extends EventEmitter {
  readonly columns = 80;
  readonly rows = 24;
  readonly isTTY: boolean;
  text = '';
  raw = false;
  flows = false;

  constructor(isTTY = true) {
    super();
    this.isTTY = isTTY;
  }

  write(text: string): void {
    this.text += text;
  }
  setRawMode(raw: boolean): void {
    this.raw = raw;
  }
  resume(): void {
    this.flows = true;
  }
  pause(): void {
    this.flows = false;
  }
}

function open(isTTY = true) {
  const terminal = new Terminal(isTTY);
  const seen = { quits: 0, sizes: 0 };
  const on = { quit: () => void (seen.quits += 1), resized: () => void (seen.sizes += 1) };
  return { terminal, seen, screen: openFullScreen(terminal, terminal, on) };
}

describe('a full screen', () => {
  it('is another one than that with what was typed, drawn from the top, what is left of before erased', () => {
    const { terminal, screen } = open();
    expect(terminal.text).toBe('\u001b[?1049h\u001b[?25l\u001b[?7l\u001b[2J');
    terminal.text = '';
    screen.draw(['one', 'two']);
    expect(terminal.text).toBe('\u001b[Hone\u001b[K\r\ntwo\u001b[K\u001b[J');
    screen.close();
  });

  it('leaves everything as it was, once, and nothing is drawn then', () => {
    const listeners = process.listenerCount('exit');
    const { terminal, screen } = open();
    expect([terminal.raw, terminal.flows]).toEqual([true, true]);
    terminal.text = '';
    screen.close();
    screen.close();
    screen.draw(['late']);
    expect(terminal.text).toBe('\u001b[?7h\u001b[?25h\u001b[?1049l');
    expect([terminal.raw, terminal.flows, process.listenerCount('exit')]).toEqual([false, false, listeners]);
    expect([terminal.listenerCount('data'), terminal.listenerCount('resize')]).toEqual([0, 0]);
  });

  it.each(['q', 'Q', '\u0003', '\u0004', 'xq'])('ends by %j', (keys) => {
    const { terminal, seen, screen } = open();
    terminal.emit('data', Buffer.from('x'));
    expect(seen.quits).toBe(0);
    terminal.emit('data', Buffer.from(keys));
    expect(seen.quits).toBe(1);
    screen.close();
  });

  it('hears of another size, and asks for no keys where there are none', () => {
    const { terminal, seen, screen } = open(false);
    terminal.emit('resize');
    expect([seen.sizes, terminal.raw, terminal.flows, terminal.listenerCount('data')]).toEqual([1, false, false, 0]);
    screen.close();
  });
});
