// The log of a command that a person runs.
import type { Config } from '../config.ts';
import { createLog, type Log } from '../log.ts';

/** Warnings and worse where nobody asked for another level: what a command has done, it prints. */
export function createCommandLog({ LOG_LEVEL }: Pick<Config, 'LOG_LEVEL'>): Log {
  return createLog({ level: LOG_LEVEL === 'info' ? 'warn' : LOG_LEVEL });
}
