/** The shop: who is there, what they do, and whom they ask for it. Data only; `visits.ts` makes it happen. */
export type ServiceName = 'storefront' | 'catalog' | 'cart' | 'checkout' | 'payment' | 'shipping';

export interface Service {
  readonly name: ServiceName;
  readonly language: 'nodejs' | 'go' | 'python' | 'java';
  readonly replicas: number;
  readonly version: readonly [major: number, minor: number];
  readonly memoryMegabytes: number;
  readonly memoryLimitMegabytes: number;
}

export const SERVICES: readonly [Service, ...Service[]] = [
  service('storefront', 'nodejs', 3, [4, 12], 140),
  service('catalog', 'go', 2, [2, 31], 90),
  service('cart', 'nodejs', 2, [1, 9], 120),
  service('checkout', 'java', 2, [3, 4], 260),
  service('payment', 'python', 2, [1, 22], 110),
  service('shipping', 'go', 1, [0, 17], 70),
];

function service(
  name: ServiceName,
  language: Service['language'],
  replicas: number,
  version: Service['version'],
  memoryMegabytes: number,
): Service {
  return { name, language, replicas, version, memoryMegabytes, memoryLimitMegabytes: memoryMegabytes < 200 ? 512 : 1024 };
}

/** Something outside that a service asks; incidents can make it slow or faulty. */
export interface Dependency {
  readonly kind: 'database' | 'http' | 'storage';
  readonly name: string;
  readonly medianMs: number;
  readonly attributes: Readonly<Record<string, string>>;
}

const database = (name: string, system: string, operation: string, target: string, medianMs: number): Dependency => ({
  kind: 'database',
  name,
  medianMs,
  attributes: {
    'db.system.name': system,
    'db.operation.name': operation,
    ...(system === 'postgresql' ? { 'db.collection.name': target } : {}),
    'server.address': `${system}.shop.internal`,
  },
});

export const DEPENDENCIES = {
  products: database('SELECT products', 'postgresql', 'SELECT', 'products', 3),
  searchIndex: database('SELECT products_search', 'postgresql', 'SELECT', 'products_search', 9),
  orders: database('INSERT orders', 'postgresql', 'INSERT', 'orders', 5),
  readCart: database('HGETALL', 'redis', 'HGETALL', '', 0.7),
  writeCart: database('HSET', 'redis', 'HSET', '', 0.8),
  images: {
    kind: 'storage',
    name: 'R2/GetObject',
    medianMs: 12,
    attributes: {
      'rpc.system.name': 'aws-api',
      'rpc.method': 'R2/GetObject',
      'aws.s3.bucket': 'shop-images',
      'server.address': 'r2.shop.internal',
    },
  },
  cardGateway: {
    kind: 'http',
    name: 'POST',
    medianMs: 85,
    attributes: {
      'http.request.method': 'POST',
      'url.full': 'https://gateway.cards.example/v1/charges',
      'server.address': 'gateway.cards.example',
    },
  },
} as const satisfies Readonly<Record<string, Dependency>>;

export type DependencyName = keyof typeof DEPENDENCIES;

export interface Operation {
  readonly service: ServiceName;
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly route: string;
  /** Of its own work, without what it waits for. */
  readonly medianMs: number;
  /** One after the other. */
  readonly asks: readonly (OperationName | DependencyName)[];
}

export type OperationName = keyof typeof OPERATION_ROWS;

const OPERATION_ROWS = {
  home: operation('storefront', 'GET', '/', 7),
  search: operation('storefront', 'GET', '/search', 6),
  product: operation('storefront', 'GET', '/products/{id}', 8),
  addToCart: operation('storefront', 'POST', '/cart', 5),
  placeOrder: operation('storefront', 'POST', '/checkout', 9),
  featured: operation('catalog', 'GET', '/featured', 2),
  find: operation('catalog', 'GET', '/find', 3),
  describe: operation('catalog', 'GET', '/products/{id}', 1.5),
  showCart: operation('cart', 'GET', '/carts/{id}', 1),
  fillCart: operation('cart', 'POST', '/carts/{id}/items', 1.4),
  emptyCart: operation('cart', 'DELETE', '/carts/{id}', 1),
  order: operation('checkout', 'POST', '/orders', 11),
  charge: operation('payment', 'POST', '/charges', 6),
} as const;

function operation(
  of: ServiceName,
  method: Operation['method'],
  route: string,
  medianMs: number,
): Pick<Operation, 'service' | 'method' | 'route' | 'medianMs'> {
  return { service: of, method, route, medianMs };
}

const ASKS: Readonly<Record<OperationName, readonly (OperationName | DependencyName)[]>> = {
  home: ['featured', 'showCart'],
  search: ['find'],
  product: ['describe', 'showCart'],
  addToCart: ['describe', 'fillCart'],
  placeOrder: ['order'],
  featured: ['products'],
  find: ['searchIndex'],
  describe: ['products', 'images'],
  showCart: ['readCart'],
  fillCart: ['readCart', 'writeCart'],
  emptyCart: ['writeCart'],
  order: ['showCart', 'describe', 'charge', 'orders', 'emptyCart'],
  charge: ['cardGateway'],
};

export function operationOf(name: OperationName): Operation {
  return { ...OPERATION_ROWS[name], asks: ASKS[name] };
}

export function isOperation(name: OperationName | DependencyName): name is OperationName {
  return name in OPERATION_ROWS;
}

/** What visitors want, and how often of a hundred. */
export const WISHES: readonly (readonly [OperationName, number])[] = [
  ['home', 28],
  ['search', 18],
  ['product', 34],
  ['addToCart', 13],
  ['placeOrder', 7],
];

/** Visits a second on average. */
export const VISITS_PER_S = 40;

export const PRODUCTS = ['kettle', 'teapot', 'mug', 'strainer', 'tray', 'tin', 'scoop', 'cosy'] as const;

/** Messages a second that one instance of shipping can take. */
export const SHIPMENTS_PER_S = 6;
