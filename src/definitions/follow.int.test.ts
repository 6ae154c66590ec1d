// Running consumers and a change of the definitions: they follow it without a restart, and no batch is judged by a mixture.
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { connect, type Db } from '../db/connect.ts';
import { transaction } from '../db/transaction.ts';
import { versionInForce } from '../games/decide.ts';
import { limits } from '../limits.ts';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { silent, testEngine } from '../testing/engine.ts';
import { makeGame, paymentTrigger, upiPayment } from '../testing/make.ts';
import { waitFor } from '../testing/wait.ts';
import type { Instant } from '../time.ts';
import { activateGame } from './activate.ts';
import { loadDefinitions } from './definitions.ts';
import { followDefinitions } from './follow.ts';
import { pauseGame } from './status.ts';

let database: TestDatabase;
let owner: Db;

beforeAll(async () => {
  database = await testDatabase();
  owner = connect(database.url, { role: 'milepost_owner', size: 2, log: silent });
});
afterAll(async () => {
  await owner.close();
  await database[Symbol.asyncDispose]();
});

const day = 86_400_000;
const start = Date.now() - 40 * day;

/** A game of its own event type, in which an event is worth this much. */
function gameOf(game_id: string, worth: number) {
  return makeGame({
    game_id,
    game_window: { start: new Date(start).toISOString(), end: new Date(start + 90 * day).toISOString() },
    triggers: [{ ...paymentTrigger({ worth }), event_type: game_id }],
  });
}

function activate(game_id: string, worth: number, from?: Instant) {
  const request = { config: gameOf(game_id, worth), text: '{}', file: 'game.json', by: 'an owner', reason: 'because' };
  return transaction(owner, (tx) => activateGame(tx, { ...request, from, intoThePast: true }));
}

/** Adds a second version as it stands, without a look at the first. */
async function activateRaw(game_id: string, worth: number): Promise<{ inForceFrom: Instant }> {
  const inForceFrom = Date.now() - 60_000;
  await database.pool.query(
    `with version as (
       insert into milepost.game_version (game_no, version, in_force_from, config, source_text, activated_at, activated_by, reason)
       select game_no, 2, $2, $3, '{}', now(), 'an owner', 'because' from milepost.game where game_id = $1)
     update milepost.definitions set epoch = epoch + 1`,
    [game_id, new Date(inForceFrom).toISOString(), JSON.stringify(gameOf(game_id, worth))],
  );
  return { inForceFrom };
}

async function creditsOf(gameId: string) {
  const { rows } = await database.pool.query<{ version: number; amount: number; occurred: number; batch: number }>(
    `select version, amount::integer, (extract(epoch from occurred_at) * 1000)::float8 as occurred, (event_no / 4096)::float8 as batch
       from milepost.credit join milepost.game using (game_no) where game_id = $1`,
    [gameId],
  );
  return rows;
}

test('the next batch after a change is judged by it, in every running engine, without a restart', async () => {
  await activate('followed', 1);
  await using first = testEngine(database.url);
  await using second = testEngine(database.url);
  const take = (engine: typeof first, occurred: Instant) =>
    engine.take([upiPayment(100, { type: 'followed', user: `U${occurred}`, occurred, received: Date.now() })]);
  await take(first, Date.now());
  await take(second, Date.now());

  const { inForceFrom } = await activate('followed', 2);
  // Also an event from before it, which the version in force then judges.
  for (const engine of [first, second]) {
    await take(engine, inForceFrom - 1);
    // As late as a clock that runs fast may have it.
    await take(engine, inForceFrom);
  }
  const credits = await creditsOf('followed');
  expect(credits.filter(({ occurred }) => occurred >= inForceFrom).map(({ amount }) => amount)).toEqual([2, 2]);
  expect(new Set(credits.filter(({ occurred }) => occurred < inForceFrom).map(({ amount }) => amount))).toEqual(
    new Set([1]),
  );
});

test('while versions change, each event is judged by the one in force when it occurred, and none by a mixture', async () => {
  await activate('busy', 1);
  await using first = testEngine(database.url);
  await using second = testEngine(database.url);
  let running = true;
  let batches = 0;
  const feed = async (engine: typeof first, name: string): Promise<void> => {
    while (running) {
      const now = Date.now();
      // Now, a minute ago, and five weeks ago: as a topic is that was read again.
      await engine.take(
        [now, now - 60_000, now - 35 * day].map((occurred, index) =>
          upiPayment(100, { type: 'busy', user: `${name}${index}`, occurred, received: now }),
        ),
      );
      batches++;
    }
  };
  const feeding = [feed(first, 'a'), feed(second, 'b')];
  try {
    for (const worth of [2, 3, 4]) {
      const { inForceFrom } = await activate('busy', worth);
      await waitFor('events judged by the new version', async () =>
        (await creditsOf('busy')).some(({ occurred, amount }) => occurred >= inForceFrom && amount === worth),
      );
    }
  } finally {
    running = false;
    await Promise.all(feeding);
  }
  expect(batches).toBeGreaterThan(10);
  const timeline = (await loadDefinitions(owner)).games.find(({ gameId }) => gameId === 'busy');
  if (timeline === undefined) throw new Error('the game is gone');
  for (const { occurred, version, amount } of await creditsOf('busy')) {
    expect({ version, amount }).toEqual({ version: versionInForce(timeline, occurred).version, amount: version });
  }
});

test('an event that arrives weeks later is judged by the version that was in force when it occurred', async () => {
  await activate('weeks', 1);
  const changedAt = Date.now() - 20 * day;
  await activate('weeks', 2, changedAt);
  await using engine = testEngine(database.url);
  await engine.take(
    [changedAt - 15 * day, changedAt - 1, changedAt, changedAt + day].map((occurred) =>
      upiPayment(100, { type: 'weeks', occurred, received: Date.now() }),
    ),
  );
  const credits = (await creditsOf('weeks')).sort((a, b) => a.occurred - b.occurred);
  expect(credits.map(({ version }) => version)).toEqual([1, 1, 2, 2]);
});

test('a change makes consumers and readers read only the versions that they do not know', async () => {
  await activate('remembered', 1);
  await using engine = testEngine(database.url);
  const followed = followDefinitions(owner, silent);
  const before = (await engine.definitions()).games.find(({ gameId }) => gameId === 'remembered');
  await followed.current();
  const known = await loadDefinitions(owner);
  // No version can be read any more: whoever reads one of these again fails.
  await database.pool.query(
    `create table stored as select game_no, version, config from milepost.game_version;
     update milepost.game_version set config = '{}'`,
  );
  try {
    const { inForceFrom } = await activateRaw('remembered', 2);
    await expect(loadDefinitions(owner)).rejects.toThrow('cannot be read');
    const again = await loadDefinitions(owner, known);
    expect(again.epoch).toBeGreaterThan(known.epoch);
    expect(again.games.length).toBe(known.games.length);
    expect(again.gamesByEventType.get('remembered')?.[0]?.versions.map(({ version }) => version)).toEqual([1, 2]);

    const { results } = await engine.take([
      upiPayment(100, { type: 'remembered', occurred: inForceFrom, received: inForceFrom }),
    ]);
    expect(results[0]?.outcome).toBe('applied');
    const after = (await engine.definitions()).games.find(({ gameId }) => gameId === 'remembered');
    expect(after?.versions).toHaveLength(2);
    expect(after?.versions[0]).toBe(before?.versions[0]);
    await waitFor('the new version', async () =>
      (await followed.current()).games.some(({ gameId, versions }) => gameId === 'remembered' && versions.length === 2),
    );
  } finally {
    await followed.idle();
    await database.pool.query(
      `update milepost.game_version v set config = s.config from stored s where (s.game_no, s.version) = (v.game_no, v.version);
       drop table stored`,
    );
  }
});

test('who only reads hears of a change within its delay', async () => {
  await activate('read', 1);
  const followed = followDefinitions(owner, silent);
  const statusesOf = async () =>
    (await followed.current()).games.find(({ gameId }) => gameId === 'read')?.statuses.map(({ status }) => status);
  expect(await statusesOf()).toEqual([]);
  await transaction(owner, (tx) => pauseGame(tx, { gameId: 'read', by: 'an owner', reason: 'because' }));
  const clock = vi.spyOn(performance, 'now').mockReturnValue(performance.now() + limits.definitionsCheckMs);
  try {
    // Whoever asks now makes it look.
    await statusesOf();
    await followed.idle();
    expect(await statusesOf()).toEqual(['paused']);
  } finally {
    clock.mockRestore();
  }
});

test('who asks first after a quiet time is not told what was known before it', async () => {
  await activate('quiet', 1);
  const followed = followDefinitions(owner, silent);
  const statusesOf = async () =>
    (await followed.current()).games.find(({ gameId }) => gameId === 'quiet')?.statuses.map(({ status }) => status);
  expect(await statusesOf()).toEqual([]);
  await transaction(owner, (tx) => pauseGame(tx, { gameId: 'quiet', by: 'an owner', reason: 'because' }));
  const now = performance.now();
  const clock = vi.spyOn(performance, 'now').mockReturnValue(now + 60_000);
  try {
    expect(await statusesOf()).toEqual(['paused']);
  } finally {
    clock.mockRestore();
  }
});
