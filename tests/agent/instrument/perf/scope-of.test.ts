import { expect, it } from 'vitest';
import { scopeOf } from '../../../../agent/instrument/perf/scope-of.ts';
import { detectResource } from '../../../../agent/instrument/resource.ts';
import { readSettings } from '../../../../agent/instrument/settings.ts';

it.each([
  [{ AGENT_SCOPE: 'DEVELOPMENT' }, 'DEVELOPMENT'],
  [{ DASHBOARD_SCOPE: 'ENTERPRISE' }, 'ENTERPRISE'],
  [{ HOST: 'dev.duoplus.io' }, 'DEVELOPMENT'],
  [{ AGENT_SCOPE: 'DEVELOPMENT', OTEL_RESOURCE_ATTRIBUTES: 'periscope.scope=ENTERPRISE' }, 'ENTERPRISE'],
  [{ OTEL_RESOURCE_ATTRIBUTES: 'dashboard.scope=ENTERPRISE' }, 'ENTERPRISE'],
  [{}, 'global'],
])('of a process with %j is what its resource claims: %s', (environment, scope) => {
  const settings = readSettings(environment, (line) => expect.unreachable(line));
  expect(scopeOf(detectResource(settings))).toBe(scope);
});
