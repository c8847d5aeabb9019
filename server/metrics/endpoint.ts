import { isRefused, lacks, type AuthMethod, type AuthResult, type Credentials } from '../../pipeline/auth.ts';
import { ERRORS, type ErrorCode } from '../../pipeline/errors.ts';
import type { HttpAnswer, HttpHandler, HttpHead } from '../../pipeline/host.ts';
import type { ComponentStatus } from '../../pipeline/status.ts';
import { problem } from '../routes/problem.ts';
import { collectorFamilies, type Told } from './collector-families.ts';
import { CONTENT_TYPES, expose, formatFor, type Family, type Format } from './exposition.ts';
import { periscopeFamilies } from './periscope-families.ts';
import type { ProcessWatch } from './process-families.ts';

export interface MetricsSettings {
  /** basic = what the Go collector has; normal = ours as well; detailed = the same so far. */
  readonly level: 'basic' | 'normal' | 'detailed';
  /** Counters of the Go collector's names go without `_total`. */
  readonly bare: boolean;
  /** Empty = nobody is asked who they are. */
  readonly auth: readonly AuthMethod[];
  /** Readers may see the names of all scopes. */
  readonly scopes: boolean;
}

export interface MetricsSources {
  told(): Told;
  status(): readonly ComponentStatus[];
  authenticate(methods: readonly AuthMethod[], credentials: Credentials): AuthResult | Promise<AuthResult>;
  readonly watch: ProcessWatch;
}

const PATH = '/metrics';

/** `GET /metrics`: this process, for Prometheus. Where `auth` is set, for `admin` only: it tells of all scopes. */
export class MetricsHandler implements HttpHandler {
  readonly #settings: MetricsSettings;
  readonly #sources: MetricsSources;

  constructor(settings: MetricsSettings, sources: MetricsSources) {
    this.#settings = settings;
    this.#sources = sources;
  }

  head(head: HttpHead): HttpAnswer | Promise<HttpAnswer> {
    const { method, path, remoteAddress, certificate } = head;
    // A counter without `_total` is none in OpenMetrics, and other names than asked for help nobody.
    const format = this.#settings.bare ? 'text' : formatFor(head.header('accept'));
    const { auth } = this.#settings;
    if (auth.length === 0) return this.#answer(method, path, format);
    const credentials = { remoteAddress, authorization: head.header('authorization'), certificate };
    const result = this.#sources.authenticate(auth, credentials);
    const answer = (who: AuthResult): HttpAnswer => this.#refusal(who) ?? this.#answer(method, path, format);
    return result instanceof Promise ? result.then(answer) : answer(result);
  }

  request(): HttpAnswer {
    return problem({ code: 'INTERNAL', message: 'cannot answer: the head was not' });
  }

  fault(_head: HttpHead, code: ErrorCode): HttpAnswer {
    return problem({ code, message: `cannot answer: ${ERRORS[code].help}` });
  }

  #refusal(who: AuthResult): HttpAnswer | undefined {
    const refused = isRefused(who) ? who : lacks(who, 'admin');
    if (refused === undefined) return undefined;
    const challenge = this.#settings.auth.includes('basic') ? 'Basic realm="periscope"' : 'Bearer realm="periscope"';
    return problem(refused, refused.code === 'UNAUTHENTICATED' ? { 'WWW-Authenticate': challenge } : {});
  }

  #answer(method: string, path: string, format: Format): HttpAnswer {
    if (path !== PATH) return problem({ code: 'NOT_FOUND', message: `cannot find the path: there is GET ${PATH}` });
    if (method !== 'GET' && method !== 'HEAD')
      return problem(
        { code: 'METHOD_NOT_ALLOWED', message: `cannot take ${method}: this path takes GET, HEAD` },
        { Allow: 'GET, HEAD' },
      );
    const headers = { 'Content-Type': CONTENT_TYPES[format], 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' };
    return { status: 200, headers, body: expose(this.#families(), format) };
  }

  #families(): readonly Family[] {
    const { level, bare, scopes } = this.#settings;
    const { watch } = this.#sources;
    const told = this.#sources.told();
    const collector = [...collectorFamilies(told, bare), ...watch.collectorFamilies(bare)];
    if (level === 'basic') return collector;
    return [...collector, ...periscopeFamilies(told, this.#sources.status(), scopes), ...watch.eventLoopFamilies()];
  }
}
