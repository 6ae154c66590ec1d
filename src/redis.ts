// Connections to Redis. What it holds is a projection that may vanish at any time, so nothing waits for it: a command that cannot be sent now
// fails now, and one that is not answered in time fails too. The client reconnects by itself for as long as it is open.
import { type Cluster, Redis } from 'ioredis';
import { messageOf } from './errors.ts';
import type { Log } from './log.ts';

/** A single server or a cluster: every command of ours names exactly one key. */
export type RedisClient = Redis | Cluster;

/** Longest wait between two attempts to connect. */
const reconnectMs = 2_000;

/** Opens a client that is connecting. `timeoutMs` is how long an answer is waited for. Close it with `disconnect()`. */
export function connectRedis(url: string, options: { log: Log; timeoutMs: number }): Redis {
  const redis = new Redis(url, {
    // What is asked for in one turn of the event loop travels together.
    enableAutoPipelining: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: options.timeoutMs,
    connectTimeout: options.timeoutMs,
    retryStrategy: (attempt) => Math.min(attempt * 50, reconnectMs),
  });
  let known = '';
  redis.on('error', (error) => {
    // One line per outage and cause, not one per attempt.
    if (messageOf(error) === known) return;
    known = messageOf(error);
    options.log.warn({ error: known }, 'no connection to Redis; trying again');
  });
  redis.on('ready', () => {
    if (known !== '') options.log.info('connected to Redis again');
    known = '';
  });
  return redis;
}
