// A Fastify app: its requests have http.route /users/:user.
import fastify from 'fastify';

const app = fastify();
app.get('/', () => 'hello\n');
app.get('/users/:user', (request) => ({ user: request.params.user }));

const url = await app.listen({ port: Number(process.env.PORT ?? 3000), host: '127.0.0.1' });
process.stdout.write(`${url}\n`);
process.once('SIGTERM', () => app.close());
