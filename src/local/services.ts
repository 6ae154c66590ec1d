// `npm run services`: PostgreSQL, Kafka and Redis on this machine, without a container engine, their data in .milepost/ (or the folder named
// after --). Prints the line to put into another shell and stays until Ctrl-C.
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { messageOf, UserError } from '../errors.ts';
import { startKafka } from './kafka.ts';
import { startPostgres } from './postgres.ts';
import { startRedis } from './redis.ts';

const folder = resolve(process.argv[2] ?? join(import.meta.dirname, '../../.milepost'));

async function main(): Promise<void> {
  // From the first moment: a signal during the start is answered when the start is over. A second one changes nothing (npm passes on the
  // signal that the terminal has sent already).
  const told = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
  });
  await mkdir(folder, { recursive: true });
  say('starting PostgreSQL, Kafka and Redis (the first time, about 45 MB of Kafka are fetched) …');
  const starts = await Promise.allSettled([
    startPostgres({ dataDir: join(folder, 'postgres') }).then(({ url, stop }) => ({
      variable: 'DATABASE_URL',
      value: url,
      stop,
    })),
    startKafka({ dataDir: join(folder, 'kafka') }).then(({ brokers, stop }) => ({
      variable: 'KAFKA_BROKERS',
      value: brokers,
      stop,
    })),
    startRedis({ dataDir: join(folder, 'redis') }).then(({ url, stop }) => ({
      variable: 'REDIS_URL',
      value: url,
      stop,
    })),
  ]);
  const services = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
  const failures = starts.flatMap((start) => (start.status === 'rejected' ? [start.reason] : []));
  if (failures.length === 0) {
    process.stdout.write(`export ${services.map(({ variable, value }) => `${variable}=${value}`).join(' ')}\n`);
    say(
      'put the line above into another shell (milepost stand-in prints the other addresses); Ctrl-C stops all three.',
    );
    await told;
  }
  say('stopping …');
  await Promise.all(services.map(({ stop }) => stop()));
  if (failures.length > 0) throw new UserError(failures.map(messageOf).join('\n'));
}

/** To people, so that standard output holds the one line and nothing else. */
function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

main().catch((error) => {
  say(error instanceof UserError ? error.message : error);
  process.exitCode = 1;
});
