import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AuditFile, brokenLine } from '../../../../agent/instrument/audit/audit-file.ts';
import { temporaryFolders } from '../../../support/temporary.ts';

const folders = temporaryFolders();
const never = (line: string): never => expect.unreachable(line);

describe('the audit file', () => {
  it('has a line for each event, for its owner only, and goes on where the last process ended', () => {
    const path = join(folders(), 'audit.jsonl');
    const first = new AuditFile(path, never, () => 0);
    first.record('AGENT_STARTED', { scope: 'ENTERPRISE', url: 'https://c/v1/metrics' });
    first.record('AGENT_STOPPED', {});
    new AuditFile(path, never).record('AGENT_STARTED', { scope: 'ENTERPRISE' });
    const text = readFileSync(path, 'utf8');
    const entries = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(entries.map(({ event }) => event)).toEqual(['AGENT_STARTED', 'AGENT_STOPPED', 'AGENT_STARTED']);
    expect(entries[0]).toMatchObject({ time: '1970-01-01T00:00:00.000Z', pid: process.pid, scope: 'ENTERPRISE' });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(brokenLine(text)).toBeUndefined();
  });

  it('shows which line was changed, taken out, or put in', () => {
    const path = join(folders(), 'audit.jsonl');
    const audit = new AuditFile(path, never);
    for (const scope of ['a', 'b', 'c', 'd']) audit.record('AGENT_REFUSED', { scope });
    const text = readFileSync(path, 'utf8');
    const lines = text.split('\n');
    expect(brokenLine(text.replace('"scope":"b"', '"scope":"x"'))).toBe(2);
    expect(brokenLine(lines.toSpliced(1, 1).join('\n'))).toBe(2);
    expect(brokenLine(lines.toSpliced(2, 0, lines[0]!).join('\n'))).toBe(3);
    expect(brokenLine(lines.toSpliced(3, 1, lines[3]!.slice(0, 20)).join('\n'))).toBe(4);
  });

  it('goes on after a line that was cut off, and the check shows it', () => {
    const path = join(folders(), 'audit.jsonl');
    writeFileSync(path, '{"event":"AGENT_ST\n');
    new AuditFile(path, never).record('AGENT_STARTED', {});
    expect(brokenLine(readFileSync(path, 'utf8'))).toBe(1);
  });

  it('that cannot be written is told of once and throws nothing', () => {
    const told: string[] = [];
    const audit = new AuditFile(join(folders(), 'no/such/folder/audit.jsonl'), (line) => told.push(line));
    audit.record('AGENT_STARTED', {});
    audit.record('AGENT_STOPPED', {});
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(/^cannot write the audit log .*ENOENT/);
  });
});
