import { expect, it } from 'vitest';
import { awaitHangups, onHangup } from '../../../agent/collector/hangups.ts';

it('a SIGHUP is kept until somebody answers, and ends nothing when nobody does any more', () => {
  const before = process.listeners('SIGHUP');
  awaitHangups();
  awaitHangups();
  const [hangUp, ...others] = process.listeners('SIGHUP').filter((listener) => !before.includes(listener));
  expect(others).toEqual([]);
  try {
    hangUp?.('SIGHUP');
    hangUp?.('SIGHUP');
    let answered = 0;
    const end = onHangup(() => (answered += 1));
    expect(answered).toBe(1);
    hangUp?.('SIGHUP');
    expect(answered).toBe(2);
    end();
    hangUp?.('SIGHUP');
    expect(answered).toBe(2);
    expect(process.listeners('SIGHUP')).toContain(hangUp);
  } finally {
    if (hangUp !== undefined) process.off('SIGHUP', hangUp);
  }
});
