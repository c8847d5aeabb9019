// A server of node:http that also asks itself, so that it has requests of both kinds.
import { createServer } from 'node:http';

const server = createServer(async (request, response) => {
  if (request.url === '/chain') {
    const answer = await fetch(`http://127.0.0.1:${server.address().port}/`);
    response.end(`it said: ${await answer.text()}`);
    return;
  }
  response.statusCode = request.url === '/' ? 200 : 404;
  response.end(request.url === '/' ? 'hello\n' : 'nothing here\n');
});

server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
});
process.once('SIGTERM', () => server.close());
