/** Knows the requests that the agent makes itself when it exports from the application's thread: they would count
 *  themselves, once per export, for ever. */
export class OwnTraffic {
  readonly #paths = new Map<string, string[]>();

  constructor(endpoints: readonly string[] = []) {
    for (const endpoint of endpoints) {
      if (!URL.canParse(endpoint)) continue;
      const { protocol, hostname, port, pathname } = new URL(endpoint);
      const key = `${hostname.replace(/^\[(.*)\]$/, '$1')}:${port === '' ? defaultPort(protocol) : Number(port)}`;
      this.#paths.set(key, [...(this.#paths.get(key) ?? []), pathname]);
    }
  }

  /** `path` may have a query. */
  has(address: string, port: number | undefined, path: string): boolean {
    if (this.#paths.size === 0) return false;
    const paths = this.#paths.get(`${address}:${port}`);
    return paths !== undefined && paths.includes(path.split('?', 1)[0]!);
  }
}

/** Of `http:` and `https:`, with the colon. */
export function defaultPort(protocol: string): number | undefined {
  if (protocol === 'http:') return 80;
  return protocol === 'https:' ? 443 : undefined;
}
