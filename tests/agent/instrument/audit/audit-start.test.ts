import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { auditOf } from '../../../../agent/instrument/audit/audit-start.ts';
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
