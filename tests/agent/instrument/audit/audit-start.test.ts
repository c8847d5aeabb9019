import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { auditOf, violationsTo } from '../../../../agent/instrument/audit/audit-start.ts';
import { PERF_LIMITS } from '../../../../agent/instrument/limits.ts';
import { readSettings } from '../../../../agent/instrument/settings.ts';
import { temporaryFolders } from '../../../support/temporary.ts';

const folders = temporaryFolders();
const never = (line: string): never => expect.unreachable(line);

it('an agent that is shut down has its start and its end in the file, and leaves no listener', () => {
  const path = join(folders(), 'audit.jsonl');
  const listeners = process.listenerCount('exit');
  const audit = auditOf(readSettings({ AGENT_SCOPE: 'DEVELOPMENT' }, never), { AGENT_AUDIT_FILE: path }, never);
  audit?.stop();
  const events = readFileSync(path, 'utf8').trimEnd().split('\n');
  expect(events.map((line) => (JSON.parse(line) as { event: string }).event)).toEqual(['AGENT_STARTED', 'AGENT_STOPPED']);
  expect(process.listenerCount('exit')).toBe(listeners);
});

it('there is none without AGENT_AUDIT_FILE', () => {
  expect(auditOf(readSettings({}, never), {}, never)).toBeUndefined();
});

it('violations are written down with their scope, and no more of them than the limit', () => {
  const events: unknown[] = [];
  const onViolation = violationsTo({ record: (...given) => void events.push(given) }, 'DEVELOPMENT');
  for (let i = 0; i < PERF_LIMITS.auditedViolations + 5; i++) onViolation(`it claims ${i}`);
  expect(events).toHaveLength(PERF_LIMITS.auditedViolations);
  expect(events[0]).toEqual([
    'SCOPE_VIOLATION',
    { severity: 'CRITICAL', currentScope: 'DEVELOPMENT', reason: 'it claims 0', source: 'perf.add' },
  ]);
});
