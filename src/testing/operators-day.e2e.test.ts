// A bad day of an operator's, from beginning to end, by the commands that an operator has: a mapping is broken, the NeuCoin service is down, consumers
// are replaced and days of the inbox go, while events keep coming. At its end the books are what the messages say, and `verify` finds nothing.
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { samplePlayer, sampleStream } from '../local/sample-stream.ts';
import { formatInstant } from '../time.ts';
import { readBooks } from './books.ts';
import { at, seedCohort, seedGameFile } from './make.ts';
import { milepost, type Running } from './milepost.ts';
import type { WrittenConfig } from './model/config.ts';
import { expectedBooks } from './model.ts';
import { listening, type Month, openMonth } from './month.ts';
import { expectSameLines } from './same-lines.ts';
import { truthOf } from './sample-truth.ts';
import { waitFor } from './wait.ts';

const PARKED = 1_000;
const topic = 'upi.switch.transactions';

const game = JSON.parse(await readFile(seedGameFile, 'utf8')) as WrittenConfig;
const windowStart = at(game.game_window.start);
const players = Array.from({ length: 400 }, (_, index) => samplePlayer(index));
const members = players.map((userId) => ({ userId, from: windowStart }));

const messages = [
  ...sampleStream({
    seed: 20_261_127,
    events: 3_000,
    players: players.length,
    from: windowStart,
    to: at('2026-05-31T23:59:59Z'),
    shares: { malformed: 0, small: 0.2 },
  }),
];
/** What comes before anybody notices: with so many messages of the switch in it. */
const morning = messages.slice(0, nthOf(PARKED) + 1);
const rest = messages.slice(morning.length);

function nthOf(count: number): number {
  let seen = 0;
  return messages.findIndex((message) => message.topic === topic && ++seen === count);
}

const expected = expectedBooks({
  games: [{ versions: [{ config: game, inForceFrom: windowStart }] }],
  memberships: members.map((member) => ({ ...member, cohortId: seedCohort, to: Number.POSITIVE_INFINITY })),
  events: truthOf(messages),
});

const down = [{ service: 'neucoin', how: 'status', status: 503 }] as const;

test('a mapping breaks, a service is down, consumers roll, days go: nothing is lost, nothing counts twice', async () => {
  await using folder = await configs();
  await using month = await openMonth(members, { faults: down, env: { GAME_CONFIGS: folder.path } });
  const { env } = month;
  /** Runs a command; it must end well. */
  async function run(...args: string[]): Promise<string> {
    const { status, stdout, stderr } = await milepost(args, { env, program: 'main' });
    expect(status, `milepost ${args.join(' ')}: ${stderr}`).toBe(0);
    return stdout;
  }
  // biome-ignore lint/suspicious/noExplicitAny: what commands print; what is not as expected fails
  const read = async (...args: string[]): Promise<any> => JSON.parse(await run(...args, '--json'));

  // The mapping of the switch is broken: its messages are parked, with the reason; what other producers send counts.
  await folder.breakMapping();
  const consumers = [month.startConsumer(), month.startConsumer()];
  await month.shared(consumers);
  await month.produce(morning);
  await waitFor('the morning', async () => (await month.committed()) === morning.length);
  const { parked } = await read('inbox', 'parked', '--source', 'upi_switch', '--limit', String(PARKED));
  expect(parked).toHaveLength(PARKED);
  const reasons = new Set(parked.map(({ reason }: { reason: string }) => reason));
  expect([...reasons]).toEqual(['invalid_field']);

  // That no more are parked, the topic is not read. Everything else is.
  await run('ingest', 'pause', '--topic', topic, '--reason', 'the mapping is broken');
  await waitFor('the topic to be left alone', async () => (await pausedPartitions(consumers)) === 4);
  await month.produce(rest);
  const others = morning.length + rest.filter((message) => message.topic !== topic).length;
  await waitFor('the other topics', async () => (await month.committed()) === others);
  expect(await read('ingest', 'paused')).toMatchObject([{ topic, reason: 'the mapping is broken' }]);

  // It is mended. A dry run says what would change, the run does it, and doing it again changes nothing.
  await folder.mendMapping();
  const order = ['inbox', 'reprocess', '--outcome', 'parked', '--source', 'upi_switch'];
  const before = await readBooks(month.database.pool);
  expect(await read(...order, '--dry-run')).toMatchObject({ run: null, looked_at: PARKED });
  expect(await readBooks(month.database.pool)).toEqual(before);
  const why = ['--reason', 'ticket 901: the mapping is mended'];
  const done = await read(...order, ...why);
  expect(done).toMatchObject({ run: 1, looked_at: PARKED, changed: expect.any(Number) });
  expect(await read(...order, ...why)).toMatchObject({ looked_at: 0, changed: 0 });
  expect((await read('inbox', 'parked')).parked).toEqual([]);
  expect((await read('inbox', 'runs')).runs).toContainEqual(
    expect.objectContaining({ run: 1, reason: 'ticket 901: the mapping is mended', changed: done.changed }),
  );

  // Consumers know the mapping that was there when they started: they are replaced, one after the other.
  for (const [place, consumer] of consumers.entries()) {
    consumer.signal('SIGTERM');
    expect(await consumer.ended).toMatchObject({ status: 0 });
    const successor = month.startConsumer();
    const { metrics } = await listening(successor);
    await waitFor('its successor', async () => (await fetch(`${metrics}/health/ready`)).ok);
    consumers[place] = successor;
  }
  await run('ingest', 'resume', '--topic', topic, '--reason', 'the mapping is mended');
  await waitFor('all messages', async () => (await month.committed()) === messages.length);
  expect((await read('inbox', 'parked')).parked).toEqual([]);

  // All the time the NeuCoin service was down. Nothing was lost, and no attempt is used up: the circuit is open.
  const neucoin = async () =>
    (await read('circuits', 'list')).find((each: { destination: string }) => each.destination === 'neucoin');
  expect(await neucoin()).toMatchObject({ state: expect.stringMatching(/open/), waiting: expect.any(Number) });
  expect(await month.paid()).toEqual([]);
  expect((await read('rewards', 'list', '--state', 'pending', '--limit', '1')).rewards).toHaveLength(1);
  await month.setFaults([]);
  await run('circuits', 'close', 'neucoin', '--reason', 'they say that it is up');
  await month.settled(messages.length);

  // Half of the month is not needed any more.
  const archive = join(folder.path, 'archive');
  const drop = ['inbox', 'drop', '--before', '2026-05-16', '--archive-to', archive];
  const days = (await read('inbox', 'partitions')).filter(({ day }: { day: string }) => day < '2026-05-16');
  expect(days.length).toBeGreaterThanOrEqual(15);
  expect(await read(...drop)).toHaveLength(days.length);
  expect(await read(...drop, '--yes')).toHaveLength(days.length);
  const files = await readdir(archive);
  expect(files.filter((name) => name.endsWith('.ndjson.gz'))).toHaveLength(days.length);
  expect((await read('inbox', 'partitions')).filter(({ day }: { day: string }) => day < '2026-05-16')).toEqual([]);

  // A producer sends the whole morning again, of days that are gone: repeats.
  const books = await readBooks(month.database.pool);
  await month.produce(morning);
  await month.settled(messages.length + morning.length);
  expect(await readBooks(month.database.pool)).toEqual(books);

  expect(await run('verify')).toBe('The books agree, and the projection with them.\n');
  await expectRight(month);
  for (const { status, stderr } of await month.stop()) expect(status, stderr).toBe(0);
});

/** The books, and the payments, are what the messages say. */
async function expectRight({ database, paid }: Month): Promise<void> {
  const books = await readBooks(database.pool);
  expectSameLines('outcomes', books.outcomes, expected.outcomes);
  expectSameLines('progress', books.progress, expected.progress);
  const claims = expected.claims.map(({ possibleTerms: [terms], ...claim }) => ({ ...claim, ...terms }));
  expectSameLines('claims', books.claims, claims);
  const terms = new Map(claims.map((claim) => [`${claim.user_id} ${claim.step}`, claim.amount]));
  const bookings = await paid();
  expect(new Set(bookings.map(({ key }) => key)).size).toBe(bookings.length);
  expectSameLines(
    'payments',
    bookings.map(({ user_id, amount, reference }) => ({ user_id, amount, reference })),
    expected.rewards.map(({ user_id, game_id, window_start, step, earning }) => {
      const reference = { game_id, window_start: formatInstant(window_start), step, earning };
      return { user_id, amount: terms.get(`${user_id} ${step}`), reference };
    }),
  );
}

/** How many partitions of the topic these consumers say that they leave alone. */
async function pausedPartitions(consumers: readonly Running[]): Promise<number> {
  const texts = await Promise.all(
    consumers.map(async (consumer) => {
      const { metrics } = await listening(consumer);
      return (await fetch(`${metrics}/metrics`)).text();
    }),
  );
  return [...texts.join('\n').matchAll(/^milepost_ingest_paused\{topic="upi\.switch\.transactions".*\} 1$/gm)].length;
}

interface Configs extends AsyncDisposable {
  path: string;
  breakMapping(): Promise<void>;
  mendMapping(): Promise<void>;
}

/** A folder of sources, one of which can be broken: its producer is said to name players by another field than it does. */
async function configs(): Promise<Configs> {
  const path = await mkdtemp(join(tmpdir(), 'milepost-test-configs-'));
  await cp('game-configs/sources', join(path, 'sources'), { recursive: true });
  const file = join(path, 'sources/upi_switch.jsonc');
  const right = await readFile(file, 'utf8');
  const wrong = right.replace('"payer.custRef"', '"payer.customerRef"');
  expect(wrong).not.toBe(right);
  return {
    path,
    breakMapping: () => writeFile(file, wrong),
    mendMapping: () => writeFile(file, right),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true }),
  };
}
