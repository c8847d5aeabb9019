// Bun's own server: its requests have http.route /users/:user.
const server = Bun.serve({
  port: Number(process.env.PORT ?? 3000),
  hostname: '127.0.0.1',
  routes: {
    '/users/:user': (request) => Response.json({ user: request.params.user }),
  },
  fetch: (request) =>
    new URL(request.url).pathname === '/' ? new Response('hello\n') : new Response('nothing here\n', { status: 404 }),
});
process.stdout.write(`http://127.0.0.1:${server.port}\n`);
process.once('SIGTERM', () => server.stop());
