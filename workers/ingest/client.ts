// The connection to Kafka: brokers, TLS, SASL and logging of kafkajs, and the guard against its idle timers. Owns what is peculiar to the library as
// a whole; reading a topic is kafkajs-feed.ts.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { Kafka, type KafkaConfig, logLevel } from 'kafkajs';
import type { Config } from '../../src/config.ts';
import { messageOf, OutOfReach } from '../../src/errors.ts';
import { limits } from '../../src/limits.ts';
import type { Log } from '../../src/log.ts';
import { registerCodecs } from './codecs.ts';

/** What is needed to reach the brokers. */
export type KafkaSettings = Pick<
  Config,
  'KAFKA_CLIENT_ID' | 'KAFKA_TLS' | 'KAFKA_SASL_MECHANISM' | 'KAFKA_SASL_USERNAME' | 'KAFKA_SASL_PASSWORD'
> & { KAFKA_BROKERS: string[] };

/** A kafkajs client that logs through `log`, reads every compression and leaves no idle timers running. Nothing is connected yet. */
export function createKafka(settings: KafkaSettings, log: Log): Kafka {
  registerCodecs();
  stopIdleTimers();
  return new Kafka({
    clientId: settings.KAFKA_CLIENT_ID,
    brokers: settings.KAFKA_BROKERS,
    ssl: settings.KAFKA_TLS,
    ...saslOf(settings),
    connectionTimeout: limits.kafkaConnectMs,
    requestTimeout: limits.kafkaRequestMs,
    // About half a minute of attempts, close enough together that a stop is not kept waiting.
    retry: { initialRetryTime: 300, maxRetryTime: 3_000, retries: 12 },
    logLevel: log.isLevelEnabled('debug') ? logLevel.INFO : logLevel.WARN,
    logCreator: () => (entry) => {
      const { message, timestamp: _, logger: __, ...fields } = entry.log;
      log[LEVELS[entry.level] ?? 'debug']({ kafkajs: entry.namespace, ...fields }, message);
    },
  });
}

/** What to throw when the brokers could not be asked. */
export function kafkaOutOfReach(error: unknown): OutOfReach {
  return new OutOfReach(`Kafka: ${messageOf(error)}; check KAFKA_BROKERS, KAFKA_TLS and KAFKA_SASL_*`, {
    cause: error,
  });
}

// kafkajs calls a rebalance an error. What is one in earnest reaches us as a rejection or a crash, and is logged there.
const LEVELS: Partial<Record<logLevel, 'warn' | 'info' | 'debug'>> = {
  [logLevel.ERROR]: 'warn',
  [logLevel.WARN]: 'info',
  [logLevel.INFO]: 'debug',
};

function saslOf(settings: KafkaSettings): Pick<KafkaConfig, 'sasl'> {
  const { KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_USERNAME: username, KAFKA_SASL_PASSWORD: password } = settings;
  if (mechanism === undefined || username === undefined || password === undefined) return {};
  return { sasl: { mechanism: mechanism as 'plain', username, password } };
}

interface RequestQueue {
  pending: unknown[];
  throttledUntil: number;
  scheduleCheckPendingRequests(): void;
}

let idleTimersStopped = false;

/**
 * kafkajs 2.2.4 looks for requests that wait for a throttling broker by a timer, which it also sets when nothing waits and nothing is throttled:
 * for a time that lies in the past, again after each firing, on every connection. Node 24 warns about it, and it burns a few per cent of a core.
 * The timer is left to the cases that need it.
 */
function stopIdleTimers(): void {
  if (idleTimersStopped) return;
  idleTimersStopped = true;
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as {
    prototype: RequestQueue;
  };
  const schedule = prototype.scheduleCheckPendingRequests;
  assert(
    typeof schedule === 'function',
    'kafkajs has changed: look whether its request queue still sets timers when idle',
  );
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
    if (this.pending.length > 0 || this.throttledUntil > Date.now()) schedule.call(this);
  };
}
