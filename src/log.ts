// Structured logs (pino, JSON lines on standard error): one event per line, the same names as in metrics and SQL. Player ids never appear in clear.
import { hash } from 'node:crypto';
import { type Logger, pino } from 'pino';

export type Log = Logger;

/** A logger writing JSON lines to standard error, so that standard output stays for people and programs. */
export function createLog(options: { level: string; role?: string }): Log {
  return pino(
    {
      level: options.level,
      base: options.role === undefined ? {} : { role: options.role },
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: describeError },
      redact: ['*.password', '*.token', '*.authorization', 'headers.authorization'],
    },
    pino.destination({ dest: 2, sync: false }),
  );
}

/** What of an error is logged. PostgreSQL's `detail` is not: it quotes the row, player and all. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return String(error);
  const { name, message, stack } = error;
  const { code, constraint } = error as { code?: unknown; constraint?: unknown };
  return { name, message, code, constraint, stack };
}

/** How a player is named in logs: enough to follow one, not to find out who it is without knowing the id. */
export function playerHash(userId: string): string {
  return hash('sha256', userId, 'hex').slice(0, 12);
}
