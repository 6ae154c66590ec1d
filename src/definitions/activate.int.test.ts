import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type Db } from '../db/connect.ts';
import { transaction } from '../db/transaction.ts';
import type { GameConfig } from '../games/config.ts';
import { versionInForce } from '../games/decide.ts';
import { parseGame } from '../games/parse.ts';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { silent } from '../testing/engine.ts';
import { fields, makeGame, paymentTrigger, seedGame } from '../testing/make.ts';
import { type Activation, activateGame } from './activate.ts';
import { type Definitions, loadDefinitions } from './definitions.ts';

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

function activate(config: GameConfig, text = JSON.stringify(config)): Promise<Activation> {
  return transaction(owner, (tx) =>
    activateGame(tx, { config, text, file: 'game.json', by: 'an owner', reason: 'because' }),
  );
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
