// An Express app with a router: its requests have http.route /users/:user/orders/:order.
import express from 'express';

const orders = express.Router({ mergeParams: true });
orders.get('/:order', (request, response) => {
  response.json({ user: request.params.user, order: request.params.order });
});

const app = express();
app.get('/', (_request, response) => response.send('hello\n'));
app.use('/users/:user/orders', orders);

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', (error) => {
  if (error) throw error;
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
});
process.once('SIGTERM', () => server.close());
