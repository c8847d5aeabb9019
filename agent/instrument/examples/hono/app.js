// A Hono app: with the agent's middleware its requests have http.route /users/:user, and an operation of its own is tracked.
import { serve } from '@hono/node-server';
import { honoRoutes, tracked } from '@periscope-otel/agent';
import { Hono } from 'hono';

const findUser = tracked('users.find', async (user) => ({ user }));

const app = new Hono();
app.use(honoRoutes());
app.get('/', (context) => context.text('hello\n'));
app.get('/users/:user', async (context) => context.json(await findUser(context.req.param('user'))));

const server = serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000), hostname: '127.0.0.1' }, ({ port }) => {
  process.stdout.write(`http://127.0.0.1:${port}\n`);
});
process.once('SIGTERM', () => server.close());
