import { diagnosticsChannel } from '../builtins.ts';
import type { Instrumentation } from './contract.ts';
import { setRoute } from './routes.ts';

/** What is used of an instance of Fastify. */
interface FastifyInstance {
  addHook(
    name: 'onRequest',
    hook: (request: { raw: object; routeOptions?: { url?: string } }, reply: unknown, done: () => void) => void,
  ): void;
}

/**
 * The routes of Fastify, from the hook that runs first: it also runs for requests that a hook of the application answers,
 * such as those it does not let in, which Fastify's tracing channel does not tell of (docs/decisions/0029).
 */
export const fastify: Instrumentation = {
  name: 'fastify',
  start({ quietly }) {
    let on = true;
    const tell = quietly((request: { raw: object; routeOptions?: { url?: string } }) => {
      const url = request.routeOptions?.url;
      if (on && url !== undefined) setRoute(request.raw, url);
    });
    const onInstance = quietly((message: unknown) => {
      (message as { fastify: FastifyInstance }).fastify.addHook('onRequest', (request, _reply, done) => {
        tell(request);
        done();
      });
    });
    diagnosticsChannel.subscribe('fastify.initialization', onInstance);
    return {
      stop: () => {
        on = false;
        diagnosticsChannel.unsubscribe('fastify.initialization', onInstance);
      },
    };
  },
};
