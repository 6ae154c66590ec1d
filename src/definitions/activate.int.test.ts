import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type Db } from '../db/connect.ts';
import { transaction } from '../db/transaction.ts';
import type { GameConfig } from '../games/config.ts';
import { versionInForce } from '../games/decide.ts';
import { parseGame } from '../games/parse.ts';
import { limits } from '../limits.ts';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { install, silent, testEngine } from '../testing/engine.ts';
import {
  cardApplication,
  fields,
  gameHistory,
  makeGame,
  paymentTrigger,
  seedGame,
  upiPayment,
} from '../testing/make.ts';
import { waitFor } from '../testing/wait.ts';
import type { Instant } from '../time.ts';
import { type Activation, type ActivationRequest, activateGame, rollbackGame } from './activate.ts';
import { IntoThePast, StaleRevision } from './change.ts';
import { type Definitions, loadDefinitions } from './definitions.ts';
import { readRecords } from './record.ts';

let database: TestDatabase;
let owner: Db;

beforeAll(async () => {
  database = await testDatabase();
  owner = connect(database.url, { role: 'milepost_owner', size: 4, log: silent });
});
afterAll(async () => {
  await owner.close();
  await database[Symbol.asyncDispose]();
});

const day = 86_400_000;

function activate(
  config: GameConfig,
  text = JSON.stringify(config),
  request: Pick<ActivationRequest, 'from' | 'expectedRevision' | 'intoThePast'> = {},
): Promise<Activation> {
  return transaction(owner, (tx) =>
    activateGame(tx, { config, text, file: 'game.json', by: 'an owner', reason: 'because', ...request }),
  );
}

function activateFrom(from: Instant, config: GameConfig, intoThePast = false): Promise<Activation> {
  return activate(config, undefined, { from, intoThePast });
}

function timelineOf(definitions: Definitions, gameId: string) {
  const timeline = definitions.games.find((game) => game.gameId === gameId);
  if (timeline === undefined) throw new Error(`no game ${gameId}`);
  return timeline;
}

async function problemsOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'it was activated',
    ({ message, problems }) => ({ message, problems }),
  );
}

/** A window that began `since` ago and lasts four weeks more. */
function windowSince(since: number): GameConfig['game_window'] {
  const start = Date.now() - since;
  return {
    start: new Date(start).toISOString(),
    end: new Date(start + 28 * day).toISOString(),
    type: 'monthly',
    grace: 'PT72H',
  };
}

test('the first version is in force from the start of its window, and is kept as its owner wrote it', async () => {
  const text = `// a comment\n${JSON.stringify(seedGame())}`;
  const activation = await activate(seedGame(), text);
  expect(activation).toEqual({
    gameId: 'upi_fs_milestone_may_2026',
    version: 1,
    inForceFrom: Date.parse('2026-05-01T00:00:00Z'),
    changed: true,
    revision: 1,
    before: undefined,
    differences: [],
    remarks: [],
  });
  const { rows } = await database.pool.query(
    'select source_text, activated_by, reason, activated_at <= now() as in_the_past from milepost.game_version',
  );
  expect(rows).toEqual([{ source_text: text, activated_by: 'an owner', reason: 'because', in_the_past: true }]);
  const timeline = timelineOf(await loadDefinitions(owner), 'upi_fs_milestone_may_2026');
  expect(timeline.versions.map(({ config }) => config)).toEqual([seedGame()]);
});

test('the same configuration again changes nothing, however it is written', async () => {
  const game = makeGame({ game_id: 'again' });
  await activate(game);
  const shuffled = JSON.stringify(Object.fromEntries(Object.entries(game).toReversed()), null, 2);
  const again = await activate(parseGame(`// the same\n${shuffled}`, 'game.json', fields));
  expect(again).toMatchObject({ version: 1, changed: false, inForceFrom: Date.parse('2026-05-01T00:00:00Z') });
  const { rowCount } = await database.pool.query(
    "select from milepost.game_version join milepost.game using (game_no) where game_id = 'again'",
  );
  expect(rowCount).toBe(1);
});

test('a later version is in force two seconds after now, raises the epoch, and may return to an older one', async () => {
  const first = makeGame({ game_id: 'later', game_window: windowSince(day) });
  const second = { ...first, triggers: [{ ...first.triggers[0], ...paymentTrigger({ worth: 9 }) }] } as GameConfig;
  await activate(first);
  const { epoch } = await loadDefinitions(owner);
  const { rows: before } = await database.pool.query(
    'select (extract(epoch from clock_timestamp()) * 1000)::float8 as now',
  );
  const activation = await activate(second);
  const { rows: after } = await database.pool.query(
    'select (extract(epoch from clock_timestamp()) * 1000)::float8 as now',
  );
  expect(activation).toMatchObject({ version: 2, changed: true });
  expect(activation.inForceFrom).toBeGreaterThanOrEqual(Math.floor(before[0].now) + 2_000);
  expect(activation.inForceFrom).toBeLessThanOrEqual(after[0].now + 2_000);

  const loaded = await loadDefinitions(owner);
  expect(loaded.epoch).toBeGreaterThan(epoch);
  const timeline = timelineOf(loaded, 'later');
  expect(versionInForce(timeline, activation.inForceFrom - 1).version).toBe(1);
  expect(versionInForce(timeline, activation.inForceFrom).version).toBe(2);
  expect(versionInForce(timeline, Date.now() - 10 * day).version).toBe(1);

  expect(await activate(first)).toMatchObject({ version: 3, changed: true });
});

test('a version that is activated before the window begins replaces the older one for the whole window', async () => {
  const first = makeGame({ game_id: 'early', game_window: windowSince(-7 * day) });
  const earlier = windowSince(-5 * day);
  const second = makeGame({ game_id: 'early', game_window: earlier, milestone_steps: [7] });
  await activate(first);
  await activate(second);
  const timeline = timelineOf(await loadDefinitions(owner), 'early');
  for (const instant of [Date.parse(earlier.start), Date.now() + 7 * day, Date.now() + 20 * day]) {
    expect(versionInForce(timeline, instant).version, new Date(instant).toISOString()).toBe(2);
  }
});

test('in a window that has begun, what players were told may not change', async () => {
  const first = makeGame({ game_id: 'told', game_window: windowSince(day), milestone_steps: [3, 6] });
  await activate(first);
  const { epoch } = await loadDefinitions(owner);
  const change = {
    ...first,
    progress_state_model: { ...first.progress_state_model, max_value: 500 },
    milestone_steps: [...makeGame({ milestone_steps: [3, 5, 9] }).milestone_steps],
    game_window: { ...first.game_window, start: windowSince(2 * day).start },
  };
  expect(await problemsOf(activate(change))).toEqual({
    message: 'game.json: told cannot change like this while its window runs',
    problems: [
      { path: '$.game_window.start', message: expect.stringContaining('in a window that has begun') },
      {
        path: '$.progress_state_model.max_value',
        message: 'may not change from 1000 to 500 in a window that has begun',
      },
      { path: '$.milestone_steps[1].step', message: 'may not change from 6 to 5 in a window that has begun' },
      {
        path: '$.milestone_steps[2].step',
        message: expect.stringMatching(/^may not change from .* to 9 in a window that has begun$/),
      },
      {
        path: '$.milestone_steps[2].step_type',
        message: expect.stringMatching(/to "REWARD" in a window that has begun$/),
      },
    ],
  });
  expect((await loadDefinitions(owner)).epoch).toBe(epoch);
  expect(timelineOf(await loadDefinitions(owner), 'told').versions).toHaveLength(1);
});

test('rewards, triggers and texts may change at any time', async () => {
  const first = makeGame({ game_id: 'texts', game_window: windowSince(day) });
  await activate(first);
  const change = {
    ...first,
    progress_state_model: { ...first.progress_state_model, display_unit: 'purchases' },
    milestone_steps: [
      {
        step: 3,
        step_type: 'REWARD',
        reward: { reward_type: 'VOUCHER', value: 7, visibility: 'hidden', display_type: 'upto' },
      },
    ],
  } as GameConfig;
  expect(await activate(change)).toMatchObject({ version: 2, changed: true });
});

test('activations at once become versions one after the other', async () => {
  const worth = (value: number) =>
    makeGame({ game_id: 'busy', game_window: windowSince(day), triggers: [paymentTrigger({ worth: value })] });
  const start = worth(1).game_window;
  const versions = await Promise.all([1, 2, 3, 4].map((value) => activate({ ...worth(value), game_window: start })));
  expect(versions.map(({ version }) => version).sort()).toEqual([1, 2, 3, 4]);
  const timeline = timelineOf(await loadDefinitions(owner), 'busy');
  expect(timeline.versions.map(({ version }) => version)).toEqual([1, 2, 3, 4]);
});

test('a game may not be called active, not even past the schema', async () => {
  expect(await problemsOf(activate({ ...makeGame(), game_id: 'active' }))).toMatchObject({
    message: expect.stringContaining('game_game_id_check'),
  });
});

// ---- from a stated instant

/** `game` in which a payment is worth this much. */
const paying = (game: GameConfig, worth: number): GameConfig =>
  ({ ...game, triggers: makeGame({ triggers: [paymentTrigger({ worth })] }).triggers }) as GameConfig;

/** Which version judges at each of these instants. */
async function inForce(gameId: string, ...instants: Instant[]): Promise<number[]> {
  const timeline = timelineOf(await loadDefinitions(owner), gameId);
  return instants.map((instant) => versionInForce(timeline, instant).version);
}

test('a version may be in force from a later instant, and takes the place of those that were to follow', async () => {
  const game = makeGame({ game_id: 'planned', game_window: windowSince(day) });
  await activate(game);
  const soon = Date.now() + 5 * day;
  const later = Date.now() + 10 * day;
  expect(await activateFrom(later, paying(game, 2))).toMatchObject({ version: 2, inForceFrom: later, remarks: [] });
  expect(await activateFrom(later, paying(game, 2))).toMatchObject({ version: 2, changed: false, revision: 2 });
  expect(await inForce('planned', Date.now(), later - 1, later)).toEqual([1, 1, 2]);

  const { remarks, differences } = await activateFrom(soon, paying(game, 3));
  expect(remarks).toEqual([
    expect.stringMatching(/^version 2, which was to be in force from .* \(Asia\/Kolkata\), is cancelled$/),
  ]);
  expect(differences.map(({ sentence }) => sentence)).toEqual(['trigger payment adds 3 instead of 1']);
  expect(await inForce('planned', Date.now(), soon - 1, soon, later)).toEqual([1, 1, 3, 3]);

  // The version in force once more: what was planned is taken back.
  expect(await activate(game)).toMatchObject({ version: 4, changed: true, differences: [] });
  expect(await inForce('planned', Date.now() + 3_000, later)).toEqual([4, 4]);
});

test('a new game begins with its window, not from another instant', async () => {
  const game = makeGame({ game_id: 'fresh', game_window: windowSince(-day) });
  expect(await problemsOf(activateFrom(Date.now() + 5 * day, game))).toMatchObject({
    message: expect.stringMatching(
      /^game.json: fresh is new: the first version is in force from the start of the game,/,
    ),
  });
  expect(await activateFrom(Date.now(), game)).toMatchObject({
    version: 1,
    inForceFrom: Date.parse(game.game_window.start),
  });
});

test('what players were told may change with a window that has not begun, and not in the middle of it', async () => {
  const start = new Date(Date.now() - 10 * day).toISOString();
  const end = new Date(Date.now() + 90 * day).toISOString();
  const game = makeGame({
    game_id: 'repeating',
    game_window: { start, end, recurrence: 'P30D' },
    milestone_steps: [3],
  });
  const next = { ...game, milestone_steps: makeGame({ milestone_steps: [5] }).milestone_steps } as GameConfig;
  await activate(game);
  const nextWindow = Date.parse(start) + 30 * day;
  const refused = { message: 'game.json: repeating cannot change like this while its window runs' };
  expect(await problemsOf(activate(next))).toMatchObject(refused);
  expect(await problemsOf(activateFrom(nextWindow - 1, next))).toMatchObject(refused);
  expect(await problemsOf(activateFrom(nextWindow + 1, next))).toMatchObject(refused);
  expect(await activateFrom(nextWindow, next)).toMatchObject({ version: 2, inForceFrom: nextWindow });
  // The running window keeps its steps also when the next one is planned anew.
  expect(await activateFrom(nextWindow, paying(next, 2))).toMatchObject({ version: 3 });
  expect(await problemsOf(activate(paying(next, 2)))).toMatchObject(refused);
});

test('a repeating game goes on after its end with other steps, in a window of its own', async () => {
  const start = Date.now() - 40 * day;
  const until = (end: number, step: number): GameConfig =>
    makeGame({
      game_id: 'goes_on',
      game_window: { start: new Date(start).toISOString(), end: new Date(end - 1).toISOString(), recurrence: 'P10D' },
      milestone_steps: [step],
    });
  const refused = { message: 'game.json: goes_on cannot change like this while its window runs' };
  await activate(until(start + 30 * day, 3));
  // No window that players see from then on: the last one stays as it was told.
  expect(await problemsOf(activate(until(start + 30 * day, 5)))).toMatchObject(refused);
  // In the window that holds today, which began before now.
  expect(await problemsOf(activate(until(start + 60 * day, 5)))).toMatchObject(refused);
  expect(await activateFrom(start + 50 * day, until(start + 60 * day, 5))).toMatchObject({ version: 2 });
});

// ---- into the past

test('a change of what has been judged is refused with what it would touch, and done when it is meant', async () => {
  await using own = await testDatabase();
  await using engine = testEngine(own.url);
  const asOwner = connect(own.url, { role: 'milepost_owner', size: 1, log: silent });
  try {
    const game = makeGame({ game_id: 'judged', game_window: windowSince(5 * day) });
    const change = (from: Instant, intoThePast: boolean) =>
      transaction(asOwner, (tx) =>
        activateGame(tx, {
          ...{ config: paying(game, 2), text: '{}', file: 'game.json', by: 'an owner', reason: 'because' },
          ...{ from, intoThePast },
        }),
      );
    await transaction(asOwner, (tx) =>
      activateGame(tx, { config: game, text: '{}', file: 'game.json', by: 'an owner', reason: 'because' }),
    );
    const [before, since, after] = [Date.now() - 3 * day, Date.now() - 2 * day, Date.now() - day];
    await engine.take([
      upiPayment(100, { user: 'U1', occurred: before }),
      upiPayment(100, { user: 'U1', occurred: since }),
      upiPayment(100, { user: 'U1', occurred: after }),
      upiPayment(100, { user: 'U2', occurred: after }),
      cardApplication({ user: 'U3', occurred: after }),
    ]);
    const error = await change(since, false).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(IntoThePast);
    expect(error.affected).toEqual({ events: 3, players: 2, credits: 3 });
    expect(error.message).toContain('3 events of 2 players that occurred since then have been judged already');
    expect((await loadDefinitions(asOwner)).games[0]?.versions).toHaveLength(1);

    const { version, remarks } = await change(since, true);
    expect(version).toBe(2);
    expect(remarks).toEqual([
      expect.stringMatching(
        /^events that occurred from .* and have been judged already are not looked at again unless/,
      ),
    ]);
    // What arrives from now on is judged by it.
    const late = upiPayment(100, { user: 'U4', occurred: since, received: Date.now() });
    await engine.take([late, upiPayment(100, { user: 'U4', occurred: since - 1, received: Date.now() })]);
    const { rows } = await own.pool.query(
      "select version, amount from milepost.credit join milepost.player using (bucket, player_id) where user_id = 'U4' order by occurred_at",
    );
    expect(rows).toEqual([
      { version: 1, amount: '1' },
      { version: 2, amount: '2' },
    ]);
  } finally {
    await asOwner.close();
  }
});

test('of a player’s credits only those of that game since then are counted, also when the inbox of those days is gone', async () => {
  await using own = await testDatabase();
  await using engine = testEngine(own.url);
  const asOwner = connect(own.url, { role: 'milepost_owner', size: 1, log: silent });
  try {
    const game = makeGame({ game_id: 'counted', game_window: windowSince(25 * day) });
    const change = (config: GameConfig, from?: Instant) =>
      transaction(asOwner, (tx) =>
        activateGame(tx, { config, from, text: '{}', file: 'game.json', by: 'an owner', reason: 'because' }),
      );
    await change(game);
    await change({ ...game, game_id: 'beside' });
    const [before, since, after] = [Date.now() - 21 * day, Date.now() - 20 * day, Date.now() - 19 * day];
    await engine.take([
      upiPayment(100, { user: 'U1', occurred: before, received: before }),
      upiPayment(100, { user: 'U1', occurred: after, received: after }),
      upiPayment(100, { user: 'U2', occurred: before, received: before }),
    ]);
    const affected = async () => (await change(paying(game, 2), since).catch((thrown) => thrown)).affected;
    expect(await affected()).toEqual({ events: 1, players: 1, credits: 1 });

    const { rows } = await own.pool.query<{ name: string }>(
      "select inhrelid::regclass::text as name from pg_inherits where inhparent = 'milepost.inbox'::regclass",
    );
    for (const { name } of rows) await own.pool.query(`alter table milepost.inbox detach partition ${name}`);
    expect(await affected()).toEqual({ events: 0, players: 0, credits: 1 });
  } finally {
    await asOwner.close();
  }
});

test('a change of now says what was judged already because it is stamped ahead; one past the largest skew need not', async () => {
  await using own = await testDatabase();
  await using engine = testEngine(own.url);
  const asOwner = connect(own.url, { role: 'milepost_owner', size: 1, log: silent });
  try {
    const game = makeGame({ game_id: 'ahead', game_window: windowSince(day) });
    const change = (config: GameConfig, request: Pick<ActivationRequest, 'from' | 'intoThePast'> = {}) =>
      transaction(asOwner, (tx) =>
        activateGame(tx, { config, ...request, text: '{}', file: 'game.json', by: 'an owner', reason: 'because' }),
      );
    await change(game);
    const received = Date.now();
    await engine.take([upiPayment(100, { occurred: received + limits.clockSkewMs - 1, received })]);
    const later = { from: Date.now() + limits.clockSkewMs + 60_000 };
    expect(await change(paying(game, 2), later)).toMatchObject({ version: 2, remarks: [] });
    expect(await change(paying(game, 3))).toMatchObject({
      version: 3,
      remarks: [
        expect.stringMatching(/^version 2, .* is cancelled$/),
        '1 event of 1 player that occurred since then has been judged already, and gave 1 credit in this game, as clocks of producers run ahead: they keep what they gave',
      ],
    });
  } finally {
    await asOwner.close();
  }
});

test('what a change touches is counted before the others have to wait, and again when one of them was faster', async () => {
  await using own = await testDatabase();
  await using engine = testEngine(own.url);
  const asOwner = connect(own.url, { role: 'milepost_owner', size: 2, log: silent });
  const blocker = new pg.Client({ connectionString: own.url });
  await blocker.connect();
  try {
    const [game_id, game_window] = ['slow', windowSince(5 * day)];
    const looksElsewhere = (worth: number) =>
      makeGame({ game_id, game_window, triggers: [{ ...paymentTrigger({ worth }), event_type: 'other_payment' }] });
    const change = (config: GameConfig, from?: Instant) =>
      transaction(asOwner, (tx) =>
        activateGame(tx, { config, from, text: '{}', file: 'game.json', by: 'an owner', reason: 'because' }),
      );
    await change(looksElsewhere(1));
    const since = Date.now() - 2 * day;
    await engine.take([upiPayment(100, { occurred: since + day })]);
    // The count waits for this lock.
    await blocker.query('begin; lock table milepost.inbox');
    const counting = change(looksElsewhere(2), since).catch((thrown) => thrown);
    await waitFor('the count', async () => {
      const { rows } = await own.pool.query(
        "select from pg_locks where not granted and relation = 'milepost.inbox'::regclass",
      );
      return rows.length > 0;
    });
    // Meanwhile another game, and this one for later, are changed.
    await change(makeGame({ game_id: 'quick', game_window: windowSince(day) }));
    await change(makeGame({ game_id, game_window }), Date.now() + day);
    await blocker.query('rollback');
    // The planned version looks at payments, of which the first count knew nothing.
    const refused = await counting;
    expect(refused).toBeInstanceOf(IntoThePast);
    expect(refused.affected).toEqual({ events: 1, players: 1, credits: 0 });
  } finally {
    await blocker.end();
    await asOwner.close();
  }
});

test('a past in which nothing was judged needs no second word, and no look at the ledger', async () => {
  const game = makeGame({ game_id: 'quiet', game_window: windowSince(5 * day) });
  await activate(game);
  const from = Date.now() - day;
  await database.pool.query("select milepost.inbox_partition((now() at time zone 'UTC')::date - 2)");
  const { done, scans } = await transaction(owner, async (tx) => {
    const scansOfCredits = async () => {
      const { rows } = await tx.client.query(
        "select seq_scan + idx_scan as scans from pg_stat_xact_user_tables where relname = 'credit'",
      );
      return Number(rows[0].scans);
    };
    const before = await scansOfCredits();
    const request = { config: paying(game, 2), text: '{}', file: 'game.json', by: 'an owner', reason: 'because', from };
    return { done: await activateGame(tx, request), scans: (await scansOfCredits()) - before };
  });
  expect(done).toMatchObject({ version: 2, remarks: [] });
  expect(scans).toBe(0);
});

test('no past version may change the steps of a window that began later', async () => {
  const start = new Date(Date.now() - 40 * day).toISOString();
  const end = new Date(Date.now() + 90 * day).toISOString();
  const game = makeGame({
    game_id: 'rewritten',
    game_window: { start, end, recurrence: 'P30D' },
    milestone_steps: [3],
  });
  const second = { ...game, milestone_steps: makeGame({ milestone_steps: [5] }).milestone_steps } as GameConfig;
  await install(database.pool, {
    games: [gameHistory(game, [Date.parse(start) + 30 * day, second])],
  });
  // It would fit the first window, and be in force in the second as well.
  expect(await problemsOf(activateFrom(Date.parse(start) + day, paying(game, 2), true))).toMatchObject({
    problems: [{ path: '$.milestone_steps[0].step', message: 'may not change from 5 to 3 in a window that has begun' }],
  });
});

// ---- two owners at once

test('who has not seen the newest revision is refused', async () => {
  const game = makeGame({ game_id: 'seen', game_window: windowSince(day) });
  expect(await problemsOf(activate(game, undefined, { expectedRevision: 3 }))).toMatchObject({
    message: 'seen was expected at revision 3: there is no such game yet; look at it again',
  });
  expect(await activate(game, undefined, { expectedRevision: 0 })).toMatchObject({ version: 1, revision: 1 });
  expect(await problemsOf(activate(paying(game, 2), undefined, { expectedRevision: 0 }))).toMatchObject({
    message: 'seen was expected at revision 0: its revision is 1, so somebody has changed it; look at it again',
  });
  expect(await activate(paying(game, 2), undefined, { expectedRevision: 1 })).toMatchObject({ revision: 2 });
});

test('of two that saw the same revision one wins', async () => {
  const game = makeGame({ game_id: 'raced', game_window: windowSince(day) });
  await activate(game);
  const both = await Promise.allSettled(
    [2, 3].map((worth) => activate(paying(game, worth), undefined, { expectedRevision: 1 })),
  );
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  const refused = both.find((each) => each.status === 'rejected');
  expect(refused?.reason).toBeInstanceOf(StaleRevision);
  expect(timelineOf(await loadDefinitions(owner), 'raced').versions).toHaveLength(2);
});

// ---- rollback

test('a rollback is a new version equal to an older one, checked as any other', async () => {
  const game = makeGame({ game_id: 'rolled', game_window: windowSince(day) });
  await activate(game, '// the first\n{}');
  await activate(paying(game, 2));
  const rollback = (toVersion: number) =>
    transaction(owner, (tx) => rollbackGame(tx, { gameId: 'rolled', toVersion, by: 'an owner', reason: 'too much' }));
  expect(await rollback(1)).toMatchObject({
    version: 3,
    before: 2,
    changed: true,
  });
  const [record] = await readRecords(owner, 'rolled');
  expect(record?.versions.map(({ config }) => config.triggers[0]?.progression_config)).toEqual([
    { mode: 'increment_by_constant', value: 1 },
    { mode: 'increment_by_constant', value: 2 },
    { mode: 'increment_by_constant', value: 1 },
  ]);
  expect(record?.versions.at(-1)).toMatchObject({ sourceText: '// the first\n{}', by: 'an owner', reason: 'too much' });
  expect(await problemsOf(rollback(9))).toMatchObject({
    message: 'rolled has no version 9: there are versions 1 to 3',
  });
});

test('a rollback of a game that does not exist says which was meant', async () => {
  await activate(makeGame({ game_id: 'summer_payments', game_window: windowSince(day) }));
  const rollback = transaction(owner, (tx) =>
    rollbackGame(tx, { gameId: 'summer_payment', toVersion: 1, by: 'an owner', reason: 'because' }),
  );
  expect(await problemsOf(rollback)).toMatchObject({
    message: expect.stringContaining('there is no game "summer_payment" (did you mean "summer_payments"?)'),
  });
});
