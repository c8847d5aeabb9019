// A Hono app: with the agent's middleware its requests have http.route /users/:user.
import { serve } from '@hono/node-server';
import { honoRoutes } from '@periscope-otel/agent';
import { Hono } from 'hono';

const app = new Hono();
app.use(honoRoutes());
app.get('/', (context) => context.text('hello\n'));
app.get('/users/:user', (context) => context.json({ user: context.req.param('user') }));

const server = serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000), hostname: '127.0.0.1' }, ({ port }) => {
  process.stdout.write(`http://127.0.0.1:${port}\n`);
});
process.once('SIGTERM', () => server.close());
