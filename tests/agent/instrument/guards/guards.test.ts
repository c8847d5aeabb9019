import { describe, expect, it } from 'vitest';
import { refusedByEnterprise, refusedBySandbox } from '../../../../agent/instrument/guards/destination.ts';
import { pacedSettings } from '../../../../agent/instrument/guards/pace.ts';
import { readSettings, type Settings } from '../../../../agent/instrument/settings.ts';

function settingsOf(environment: Record<string, string>): Settings {
  return readSettings(environment, (line) => expect.unreachable(line));
}
const to = (endpoint: string, scope: string): Settings =>
  settingsOf({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, AGENT_SCOPE: scope });

describe('where data may go', () => {
  it.each([
    ['http://localhost:4318', true, true],
    ['https://c.example', true, false],
    ['http://c.example', false, false],
    ['http://127.0.0.1.example', false, false],
  ])('to %s: enterprise %s, sandbox %s', (endpoint, enterprise, sandbox) => {
    expect(refusedByEnterprise(to(endpoint, 'ENTERPRISE')) === undefined).toBe(enterprise);
    expect(refusedBySandbox(to(endpoint, 'LOCAL-SANDBOX')) === undefined).toBe(sandbox);
  });

  it('another scope is not their business', () => {
    expect(refusedByEnterprise(to('http://c.example', 'DEVELOPMENT'))).toBeUndefined();
    expect(refusedBySandbox(to('http://c.example', 'DEVELOPMENT'))).toBeUndefined();
  });
});

describe('how often', () => {
  it('a scope exports as often as its row of the matrix allows, and no more', () => {
    const told: string[] = [];
    const paced = (interval: string, scope: string): number =>
      pacedSettings(settingsOf({ OTEL_METRIC_EXPORT_INTERVAL: interval, AGENT_SCOPE: scope }), (line) => told.push(line)).metrics
        .intervalMs;
    expect(paced('10', 'ENTERPRISE')).toBe(600);
    expect(paced('10', 'a scope nobody knows')).toBe(600);
    expect(told).toEqual([
      'cannot export every 10 ms: scope ENTERPRISE may send 100 times a minute; every 600 ms is used instead',
      'cannot export every 10 ms: scope global may send 100 times a minute; every 600 ms is used instead',
    ]);
    expect(paced('600', 'ENTERPRISE')).toBe(600);
    expect(told).toHaveLength(2);
  });
});
