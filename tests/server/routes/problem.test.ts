import { describe, expect, it } from 'vitest';
import { AnalyticsClient } from '../../../analytics/client/analytics-client.ts';
import { AuditTrail } from '../../../pipeline/audit.ts';
import { authSchema } from '../../../pipeline/auth.ts';
import { ERRORS, type ErrorCode } from '../../../pipeline/errors.ts';
import { IngestPoints } from '../../../pipeline/ingest.ts';
import { LIMITS } from '../../../pipeline/limits.ts';
import { SCOPE_MATRIX } from '../../../pipeline/scope/matrix.ts';
import { Authenticator } from '../../../server/auth/authenticator.ts';
import { openHttp } from '../../../server/engine/index.ts';
import { openApi } from '../../../server/routes/open.ts';
import { problem } from '../../../server/routes/problem.ts';
import { quietContext } from '../../support/contexts.ts';
import { HTTP_OPTIONS } from '../../support/http-bench.ts';
import { temporaryFolders } from '../../support/temporary.ts';

const folder = temporaryFolders();

describe('problem JSON', () => {
  it.each(Object.keys(ERRORS) as ErrorCode[])('%s has its status, its help, and Retry-After where one waits', (code) => {
    const { status, headers, body } = problem({ code, message: 'cannot do it: because' });
    expect(status).toBe(ERRORS[code].http);
    expect(JSON.parse(String(body))).toMatchObject({ status, code, detail: 'cannot do it: because', help: ERRORS[code].help });
    expect(headers?.['Retry-After'] !== undefined).toBe(status === 429 || status === 503);
  });

  it('cuts what is too long, and waits at least a second', () => {
    const answer = problem({ code: 'RATE_LIMITED', message: 'x'.repeat(10_000), retryAfterMs: 1 });
    expect((JSON.parse(String(answer.body)) as { detail: string }).detail).toHaveLength(LIMITS.answerChars);
    expect(answer.headers?.['Retry-After']).toBe('1');
  });
});

describe('an API without tokens', () => {
  it('writes no token file, and asks for what it takes', async () => {
    const storageDirectory = folder();
    const config = authSchema.parse({ basic: { ann: { password: 'pw', scopes: ['global'], permissions: ['query'] } } });
    const { log } = quietContext();
    const authenticator = new Authenticator({ config, storageDirectory, known: ['global'], audit: new AuditTrail(), log });
    authenticator.prepare(['basic']);
    const ledger = () => ({ receivers: [], pipelines: [], exporters: [] });
    const listener = await openApi(
      { ...HTTP_OPTIONS, auth: ['basic'] },
      {
        open: openHttp,
        authenticator: () => authenticator,
        ledger,
        queueShare: () => undefined,
        ingest: new IngestPoints(),
        analytics: new AnalyticsClient(() => log),
        matrix: () => SCOPE_MATRIX,
        runsAs: () => 'global',
        storageDirectory,
        pageDirectory: storageDirectory,
        setOwner: () => expect.unreachable(),
      },
    );
    try {
      const url = `${listener.url}/api/v1/ledger`;
      const refused = await fetch(url);
      expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Basic realm="periscope"']);
      const authorization = `Basic ${Buffer.from('ann:pw').toString('base64')}`;
      expect((await fetch(url, { headers: { authorization } })).status).toBe(200);
      const { readdirSync } = await import('node:fs');
      expect(readdirSync(storageDirectory)).toEqual([]);
    } finally {
      await listener.close(0);
    }
  });
});
