import type { Kind } from './instruments.ts';

/** What the services of the shop measure: OpenTelemetry's semantic conventions where there is one, `shop.*` else. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10] as const;

export const METRICS = {
  serverDuration: histogram('http.server.request.duration', 's', 'Duration of HTTP server requests', SECONDS),
  activeRequests: {
    name: 'http.server.active_requests',
    unit: '{request}',
    description: 'Requests under way',
    type: 'up_down_counter',
  },
  clientDuration: {
    name: 'http.client.request.duration',
    unit: 's',
    description: 'Duration of HTTP client requests',
    type: 'exponential_histogram',
  },
  databaseDuration: histogram(
    'db.client.operation.duration',
    's',
    'Duration of database calls',
    [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10],
  ),
  memory: {
    name: 'process.memory.usage',
    unit: 'By',
    description: 'Physical memory in use',
    type: 'gauge',
  },
  cpu: { name: 'process.cpu.utilization', unit: '1', description: 'Share of one CPU in use', type: 'gauge' },
  cpuTime: { name: 'process.cpu.time', unit: 's', description: 'CPU time used', type: 'counter' },
  uptime: { name: 'process.uptime', unit: 's', description: 'Time since the process started', type: 'gauge' },
  orders: { name: 'shop.orders', unit: '{order}', description: 'Orders placed', type: 'counter' },
  revenue: { name: 'shop.revenue', unit: 'USD', description: 'What was charged', type: 'counter' },
  chargeAmount: {
    name: 'shop.charge.amount',
    unit: 'USD',
    description: 'Amount of one charge',
    type: 'exponential_histogram',
  },
  cartItems: { name: 'shop.cart.items', unit: '{item}', description: 'Items put into carts', type: 'counter' },
  stock: { name: 'shop.stock', unit: '{item}', description: 'Items in the warehouse', type: 'gauge' },
  queueDepth: {
    name: 'shop.shipping.queue.depth',
    unit: '{message}',
    description: 'Orders that wait to be shipped',
    type: 'gauge',
  },
  consumed: {
    name: 'messaging.client.consumed.messages',
    unit: '{message}',
    description: 'Messages taken from the queue',
    type: 'counter',
  },
  labelDuration: { name: 'shop.label.duration', unit: 's', description: 'Time to print a label', type: 'summary' },
  imageLatency: { name: 'r2.operation.latency', unit: 'ms', description: 'Latest read of a product image', type: 'gauge' },
} as const satisfies Readonly<Record<string, Kind>>;

function histogram(name: string, unit: string, description: string, bounds: readonly number[]): Kind {
  return { name, unit, description, bounds, type: 'histogram' };
}
