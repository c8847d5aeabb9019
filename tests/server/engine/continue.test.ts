import { describe, expect, test } from 'vitest';
import { httpBench } from '../../support/http-bench.ts';
import { engines } from '../../support/http-engines.ts';

// uWebSockets says 100 by itself, to everybody.
describe.each(engines.filter((engine) => engine !== 'uws'))('Expect: 100-continue (%s)', (engine) => {
  const { listen, raw } = httpBench(engine);

  test.each(['at once', 'late'])('a sender whose refusal comes %s is not told to go on', async (when) => {
    const { url, handler } = await listen();
    const refusal = { status: 429, body: 'no' };
    handler.onHead = () => (when === 'late' ? Promise.resolve(refusal) : refusal);
    const connection = await raw(url);
    connection.head('POST', '/', { 'Content-Length': 5, Expect: '100-continue' });
    expect((await connection.answer())?.status).toBe(429);
    expect(connection.continues).toBe(0);
  });
});
