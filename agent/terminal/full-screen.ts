/** A terminal that is drawn on as a whole, and is as it was when that is over. */

export interface ScreenOutput {
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  write(text: string): unknown;
  on?(event: 'resize', listener: () => void): unknown;
  off?(event: 'resize', listener: () => void): unknown;
}
export interface ScreenInput {
  readonly isTTY?: boolean | undefined;
  setRawMode?(raw: boolean): unknown;
  on(event: 'data', listener: (keys: Buffer) => void): unknown;
  off(event: 'data', listener: (keys: Buffer) => void): unknown;
  resume(): unknown;
  pause(): unknown;
}

export interface FullScreen {
  /** These lines, from the top; each fits the width, and together they fit the height. */
  draw(lines: readonly string[]): void;
  /** Safe twice. What was on the terminal before is there again, and so are its cursor and its keys. */
  close(): void;
}

const ESC = '\u001b[';
/** Another screen than the one with what was typed so far; no cursor; long lines are cut, not continued. */
const ENTER = `${ESC}?1049h${ESC}?25l${ESC}?7l${ESC}2J`;
const LEAVE = `${ESC}?7h${ESC}?25h${ESC}?1049l`;
const HOME = `${ESC}H`;
const ERASE_LINE = `${ESC}K`;
const ERASE_BELOW = `${ESC}J`;
/** Ctrl-C and Ctrl-D, which are only bytes while keys come raw. */
const QUITS = new Set(['q', 'Q', '\u0003', '\u0004']);

/** `quit`: somebody wants it to end. `resized`: what is drawn next must fit another size. */
export function openFullScreen(
  out: ScreenOutput,
  input: ScreenInput | undefined,
  on: { quit(): void; resized(): void },
): FullScreen {
  const typed = (keys: Buffer): void => {
    if ([...keys.toString('latin1')].some((key) => QUITS.has(key))) on.quit();
  };
  let isOpen = true;
  const close = (): void => {
    if (!isOpen) return;
    isOpen = false;
    process.off('exit', close);
    out.off?.('resize', on.resized);
    if (keys !== undefined) {
      keys.off('data', typed);
      keys.setRawMode?.(false);
      keys.pause();
    }
    out.write(LEAVE);
  };
  const keys = input?.isTTY === true ? input : undefined;
  out.write(ENTER);
  out.on?.('resize', on.resized);
  keys?.setRawMode?.(true);
  keys?.on('data', typed);
  keys?.resume();
  // Whatever ends the process, the terminal is somebody's.
  process.on('exit', close);
  return {
    draw(lines) {
      if (isOpen) out.write(`${HOME}${lines.map((line) => `${line}${ERASE_LINE}`).join('\r\n')}${ERASE_BELOW}`);
    },
    close,
  };
}
