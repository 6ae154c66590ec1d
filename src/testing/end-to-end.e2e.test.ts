// The main job on real parts: messages in Kafka become NeuCoins, once. What it must come to is the model's answer to what the messages say; neither
// side of that comparison shares code with what is under test.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createLocalJWKSet } from 'jose';
import { expect, test } from 'vitest';
import { createApi } from '../../api/server.ts';
import { connect } from '../db/connect.ts';
import { verify } from '../engine/verify.ts';
import { createNormaliser } from '../event/normalise.ts';
import { canonicalSource } from '../event/source.ts';
import { factsOf, gameField, readPlayer } from '../games/facts.ts';
import { readProjection } from '../games/project.ts';
import { openDevelopmentIssuer } from '../local/development-issuer.ts';
import { samplePlayer, sampleStream } from '../local/sample-stream.ts';
import { connectRedis } from '../redis.ts';
import { formatInstant } from '../time.ts';
import { readBooks } from './books.ts';
import { silent, testEngine } from './engine.ts';
import { at, fields, seedCohort, seedGameFile } from './make.ts';
import type { WrittenConfig } from './model/config.ts';
import { expectedBooks } from './model.ts';
import { type Month, openMonth } from './month.ts';
import { expectSameLines } from './same-lines.ts';
import { truthOf } from './sample-truth.ts';
import { waitFor } from './wait.ts';

const game = JSON.parse(await readFile(seedGameFile, 'utf8')) as WrittenConfig;
const windowStart = at(game.game_window.start);

const players = Array.from({ length: 1_500 }, (_, index) => samplePlayer(index));
/** Most are members from the beginning, some from the middle of the month on, and some are none. */
const members = players.flatMap((userId, index) =>
  index % 10 === 9 ? [] : { userId, from: index % 10 === 8 ? at('2026-05-16T00:00:00Z') : windowStart },
);

const messages = [
  ...sampleStream({
    seed: 20_260_501,
    events: 20_000,
    players: players.length,
    from: windowStart,
    to: at('2026-05-31T23:59:59Z'),
    shares: { repeated: 0.07, restamped: 0.03, malformed: 0.01, late: 0.01, outside: 0.02, flagged: 0.03 },
  }),
];

const expected = expectedBooks({
  games: [{ versions: [{ config: game, inForceFrom: windowStart }] }],
  memberships: members.map((member) => ({ ...member, cohortId: seedCohort, to: Number.POSITIVE_INFINITY })),
  events: truthOf(messages),
});

test('the month has in it what a month may have', () => {
  const share = (...kinds: string[]) => messages.filter(({ kind }) => kinds.includes(kind)).length / messages.length;
  expect(share('repeated', 'restamped')).toBeCloseTo(0.1, 2);
  expect(share('malformed')).toBeCloseTo(0.01, 2);
  const outcomes = new Set(expected.outcomes.map(({ outcome }) => outcome));
  expect([...outcomes].sort()).toEqual(['applied', 'held', 'late', 'no_match', 'not_in_cohort', 'outside_window']);
  const statuses = new Set(expected.claims.map(({ status }) => status));
  expect([...statuses].sort()).toEqual(['earned', 'held']);
  expect(expected.rewards.length).toBeGreaterThan(1_000);
});

test('every event counts once, and every reward is paid once', async () => {
  await using month = await openMonth(members);
  await month.shared([month.startConsumer(), month.startConsumer()]);
  await month.produce(messages);
  await month.settled(messages.length);
  await expectRight(month);
  await expectGoodEnd(month);
});

test('a consumer that is killed in mid-stream and replaced changes nothing', async () => {
  await using month = await openMonth(members);
  const killed = month.startConsumer();
  await month.shared([killed, month.startConsumer()]);
  const produced = month.produce(messages);
  await waitFor('the middle of the stream', async () => (await month.committed()) > messages.length / 4);
  killed.signal('SIGKILL');
  expect(await killed.ended).toMatchObject({ status: null });
  expect(await month.committed()).toBeLessThan(messages.length);
  month.startConsumer();
  await produced;
  await month.settled(messages.length);
  await expectRight(month);
  await expectGoodEnd(month);
});

async function expectRight(month: Month): Promise<void> {
  await expectRightBooks(month);
  await expectRightPayments(month);
  await expectNothingLeftOver(month);
  await expectRightProjection(month);
  await expectRightAnswers(month);
}

async function expectRightBooks({ database }: Month): Promise<void> {
  const books = await readBooks(database.pool);
  expectSameLines('outcomes', books.outcomes, expected.outcomes);
  expectSameLines('credits', books.credits, expected.credits);
  expectSameLines('progress', books.progress, expected.progress);
  const claims = expected.claims.map(({ possibleTerms: [terms], ...claim }) => ({ ...claim, ...terms }));
  expectSameLines('claims', books.claims, claims);
  expectSameLines('rewards', books.rewards, owed());

  const malformed = messages.filter(({ kind }) => kind === 'malformed');
  const { rows: parked } = await database.pool.query<{ topic: string; bytes: Buffer }>(
    'select topic, bytes from milepost.parked_message',
  );
  const digested = (message: { topic: string; bytes: Buffer }) => {
    return { topic: message.topic, bytes: createHash('sha256').update(message.bytes).digest('hex') };
  };
  expectSameLines('parked messages', parked.map(digested), malformed.map(digested));

  await using clients = new AsyncDisposableStack();
  const support = clients.adopt(connect(database.url, { role: 'milepost_support', size: 1, log: silent }), (db) =>
    db.close(),
  );
  expect(await verify(support)).toEqual([]);
}

/** The model's rewards with their terms: there is one version, so they are known. */
function owed() {
  const terms = new Map(
    expected.claims.map(({ user_id, step, possibleTerms }) => [`${user_id} ${step}`, possibleTerms[0]]),
  );
  return expected.rewards.map((reward) => ({ ...reward, ...terms.get(`${reward.user_id} ${reward.step}`) }));
}

/** What the reward services say that they have paid, and to whom. */
async function expectRightPayments({ database, paid }: Month): Promise<void> {
  const bookings = await paid();
  expect(new Set(bookings.map(({ key }) => key)).size).toBe(bookings.length);
  const asPaid = bookings.map(({ service, user_id, amount, reference }) => ({ service, user_id, amount, reference }));
  const asOwed = owed().map(({ user_id, amount, game_id, window_start, step, earning }) => {
    const reference = { game_id, window_start: formatInstant(window_start), step, earning };
    return { service: 'neucoin', user_id, amount, reference };
  });
  expectSameLines('paid', asPaid, asOwed);

  // One in ten had to be attempted again, and each attempt is on record.
  const { rows } = await database.pool.query<{ result: string; count: number }>(
    'select result, count(*)::integer from milepost.dispatch_attempt group by result',
  );
  const attempts = Object.fromEntries(rows.map(({ result, count }) => [result, count]));
  expect(attempts).toEqual({ done: bookings.length, retry: expect.any(Number) });
  expect((attempts.retry as number) / bookings.length).toBeCloseTo(0.1, 1);
}

async function expectNothingLeftOver({ database, highWatermarks }: Month): Promise<void> {
  const { rows: outbox } = await database.pool.query(
    'select destination, state::text, count(*)::integer from milepost.outbox group by destination, state',
  );
  expect(outbox).toEqual([{ destination: 'neucoin', state: 'done', count: expected.rewards.length }]);
  for (const table of ['event_failure', 'event_conflict', 'source_alarm', 'source_start']) {
    const { rows } = await database.pool.query(`select * from milepost.${table}`);
    expect(rows, table).toEqual([]);
  }
  const { rows: positions } = await database.pool.query<{ next_offset: number }>(
    'select topic, partition, next_offset::integer from milepost.source_position',
  );
  // A partition that never had a record has a position all the same.
  expectSameLines('positions', positions, await highWatermarks());
}

/** Redis and PostgreSQL say the same of every player, read as the API reads them. */
async function expectRightProjection({ database, redisUrl }: Month): Promise<void> {
  await using clients = new AsyncDisposableStack();
  const db = clients.adopt(connect(database.url, { role: 'milepost_api', size: 2, log: silent }), (each) =>
    each.close(),
  );
  const redis = clients.adopt(connectRedis(redisUrl, { log: silent, timeoutMs: 5_000 }), (each) => each.disconnect());
  await waitFor('Redis', () => redis.status === 'ready');
  const wanted = [gameField(1, windowStart)];
  const known = new Set(members.map(({ userId }) => userId));
  for (const userId of players) {
    const truth = factsOf(await readPlayer(db, userId, Date.now()));
    const projected = await readProjection(redis, userId, () => wanted);
    // Who is no member and has no progress has never been projected.
    if (projected === undefined && !known.has(userId)) continue;
    expect({ ...projected, asOf: 0 }, userId).toEqual({ ...truth, asOf: 0 });
  }
}

interface Shown {
  current_value: number;
  next_visible_reward: unknown;
  steps: { step: number; state: string }[];
}

/** What a player must be shown; undefined: not this game. */
function shownTo(userId: string): Shown | undefined {
  const progress = expected.progress.find(({ user_id }) => user_id === userId);
  if (progress === undefined && !members.some((member) => member.userId === userId)) return undefined;
  const steps = [3, 6, 12].map((step) => {
    const claim = expected.claims.find((each) => each.user_id === userId && each.step === step);
    return { step, state: claim === undefined ? 'locked' : claim.status === 'held' ? 'held' : 'paid' };
  });
  const next = steps.find(({ step, state }) => step !== 6 && state === 'locked');
  return {
    current_value: Math.min(12, progress?.value ?? 0),
    next_visible_reward:
      next === undefined
        ? null
        : { step: next.step, title: null, reward_type: 'NC', value: next.step === 3 ? 10 : 100, display_type: 'flat' },
    steps,
  };
}

/** The running API, which shows the month after its end, and one whose clock stands in the month. */
async function expectRightAnswers({ database, redisUrl, apiUrl, home }: Month): Promise<void> {
  const names = { issuer: 'milepost-development', audience: 'milepost' };
  const issuer = await openDevelopmentIssuer(home, names);
  const inMay = at('2026-05-31T12:00:00Z');
  await using clients = new AsyncDisposableStack();
  const db = clients.adopt(connect(database.url, { role: 'milepost_api', size: 2, log: silent }), (each) =>
    each.close(),
  );
  const owner = clients.adopt(connect(database.url, { role: 'milepost_owner', size: 1, log: silent }), (each) =>
    each.close(),
  );
  const redis = clients.adopt(connectRedis(redisUrl, { log: silent, timeoutMs: 1_000 }), (each) => each.disconnect());
  const engine = clients.use(testEngine(database.url));
  const api = createApi({
    host: '127.0.0.1',
    port: 0,
    db,
    owner,
    fields,
    redis,
    engine,
    normaliser: createNormaliser([canonicalSource]),
    tokens: { ...names, keys: createLocalJWKSet(issuer.jwks) },
    log: silent,
    clock: () => inMay,
  });
  await api.start();
  clients.defer(() => api.stop());
  const steps = (view: { steps: { step: number; state: string }[] }) =>
    view.steps.map(({ step, state }) => ({ step, state }));
  for (const userId of players.filter((_, index) => index % 13 === 0)) {
    const wanted = shownTo(userId);
    const headers = { Authorization: `Bearer ${await issuer.issueToken({ sub: userId, scope: 'player' })}` };
    const journey = await fetch(`${apiUrl}/api/games/${game.game_id}`, { headers });
    expect(journey.status, userId).toBe(wanted === undefined ? 404 : 200);
    const active = await fetch(`${api.url()}/api/games/active`, { headers });
    const widgets = ((await active.json()) as { games: Shown[] }).games;
    expect(
      widgets.map((widget) => ({
        current_value: widget.current_value,
        next_visible_reward: widget.next_visible_reward,
        steps: steps(widget),
      })),
      userId,
    ).toEqual(wanted === undefined ? [] : [wanted]);
    if (wanted === undefined) continue;
    const view = (await journey.json()) as Shown & { state: string };
    expect({ ...view, steps: steps(view) }, userId).toMatchObject({ ...wanted, state: 'ended' });
  }
}

/** Every process ends in good order, and none has had anything to complain of. */
async function expectGoodEnd(month: Month): Promise<void> {
  for (const { status, stderr } of await month.stop()) {
    expect(status, stderr).toBe(0);
    expect(stderr.split('\n').filter((line) => /"level":(50|60)/.test(line))).toEqual([]);
  }
}
