import { AuditTrail } from '../../pipeline/audit.ts';
import { systemClock, type Clock } from '../../pipeline/clock.ts';
import type { Context } from '../../pipeline/component.ts';
import { LiveHub } from '../../pipeline/live.ts';
import type { LogFields } from '../../pipeline/log.ts';

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error' | 'limited';
  readonly message: string;
  readonly fields: LogFields;
}

/** A context without listeners that keeps what is logged. */
export function quietContext(clock: Clock = systemClock): Context & { readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const audit = new AuditTrail();
  const live = new LiveHub();
  const keep =
    (level: LogLine['level']) =>
    (message: string, fields: LogFields = {}): void =>
      void lines.push({ level, message, fields });
  return {
    id: 'under_test',
    host: new Proxy({} as Context['host'], {
      get: (_target, member) => {
        if (member === 'audit') return audit;
        if (member === 'live') return live;
        throw new Error(`this component takes ${String(member)} of its host`);
      },
    }),
    clock,
    random: Math.random,
    log: {
      info: keep('info'),
      warn: keep('warn'),
      error: keep('error'),
      limited: (_key, message, fields) => keep('limited')(message, fields),
    },
    lines,
  };
}
