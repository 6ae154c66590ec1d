import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type Db } from '../db/connect.ts';
import { transaction } from '../db/transaction.ts';
import type { GameConfig } from '../games/config.ts';
import { statusAt } from '../games/decide.ts';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { silent, testEngine } from '../testing/engine.ts';
import { makeGame, paymentTrigger, upiPayment } from '../testing/make.ts';
import type { Instant } from '../time.ts';
import { activateGame } from './activate.ts';
import { IntoThePast, StaleRevision } from './change.ts';
import { loadDefinitions } from './definitions.ts';
import { readRecord } from './record.ts';
import { endGame, pauseGame, resumeGame, type StatusChanged, type StatusRequest } from './status.ts';

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
const changes = { pause: pauseGame, resume: resumeGame, end: endGame };

/** Makes a change of status, by default two seconds from now. */
function change(
  verb: keyof typeof changes,
  gameId: string,
  request: Partial<StatusRequest> = {},
): Promise<StatusChanged> {
  return transaction(owner, (tx) => changes[verb](tx, { gameId, by: 'an owner', reason: `to ${verb}`, ...request }));
}

/** A game whose window began ten days ago, or will begin. */
async function activate(game_id: string, startsIn = -10 * day, event_type = 'payment_success'): Promise<string> {
  const start = Date.now() + startsIn;
  const config = makeGame({
    game_id,
    game_window: { start: new Date(start).toISOString(), end: new Date(start + 60 * day).toISOString() },
    triggers: [{ ...paymentTrigger(), event_type }],
  });
  await transaction(owner, (tx) =>
    activateGame(tx, { config, text: '{}', file: 'game.json', by: 'an owner', reason: 'because' }),
  );
  return game_id;
}

/** The game's status at each of these instants, as consumers see it. */
async function statuses(gameId: string, ...instants: Instant[]): Promise<string[]> {
  const timeline = (await loadDefinitions(owner)).games.find((game) => game.gameId === gameId);
  if (timeline === undefined) throw new Error(`no game ${gameId}`);
  return instants.map((instant) => statusAt(timeline, instant));
}

const messageOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'it was done',
    ({ message }: Error) => message,
  );

test('a game is paused, resumed and ended from two seconds after now, each on record', async () => {
  const game = await activate('lived');
  const before = Date.now();
  const paused = await change('pause', game);
  expect(paused).toMatchObject({ gameId: game, changeNo: 1, status: 'paused', revision: 2, remarks: [] });
  expect(paused.from).toBeGreaterThanOrEqual(before + 1_900);
  expect(await statuses(game, paused.from - 1, paused.from, before + 30 * day)).toEqual(['active', 'paused', 'paused']);

  const resumed = await change('resume', game);
  const ended = await change('end', game);
  expect(await statuses(game, resumed.from, ended.from, before + 30 * day)).toEqual(['active', 'ended', 'ended']);
  const record = await readRecord(owner, game);
  expect(record.revision).toBe(4);
  expect(record.statuses).toEqual([
    { changeNo: 1, status: 'paused', from: paused.from, at: expect.any(Number), by: 'an owner', reason: 'to pause' },
    { changeNo: 2, status: 'active', from: resumed.from, at: expect.any(Number), by: 'an owner', reason: 'to resume' },
    { changeNo: 3, status: 'ended', from: ended.from, at: expect.any(Number), by: 'an owner', reason: 'to end' },
  ]);
});

test('what is planned for later is cancelled by an earlier entry, and its owner told', async () => {
  const game = await activate('planned');
  const [soon, later, latest] = [Date.now() + day, Date.now() + 2 * day, Date.now() + 3 * day];
  await change('pause', game, { at: soon });
  await change('resume', game, { at: later });
  await change('end', game, { at: latest });
  expect(await statuses(game, soon - 1, soon, later, latest)).toEqual(['active', 'paused', 'active', 'ended']);
  const { remarks } = await change('pause', game, { at: soon + 1 });
  expect(remarks).toEqual([
    expect.stringMatching(/^the resumption set for .* \(Asia\/Kolkata\) is cancelled$/),
    expect.stringMatching(/^the end set for .* \(Asia\/Kolkata\) is cancelled$/),
  ]);
  expect(await statuses(game, later, latest)).toEqual(['paused', 'paused']);
});

test('an end that has not begun is taken back by resuming the game', async () => {
  const game = await activate('reconsidered');
  const end = Date.now() + 2 * day;
  await change('end', game, { at: end });
  expect(await messageOf(change('pause', game, { at: end + day }))).toMatch(
    /^reconsidered ends on .* \(an owner: to end\); take that back first, by resuming the game before then$/,
  );
  const { remarks } = await change('resume', game, { at: end });
  expect(remarks).toEqual([expect.stringMatching(/^the end set for .* is cancelled$/)]);
  expect(await statuses(game, end, end + day)).toEqual(['active', 'active']);
});

test('what would change nothing is refused, with what holds', async () => {
  const game = await activate('same');
  expect(await messageOf(change('resume', game))).toBe('same is active already; nothing was changed');
  await change('pause', game);
  expect(await messageOf(change('pause', game))).toMatch(
    /^same is paused already since .* \(Asia\/Kolkata\) \(an owner: to pause\); nothing was changed$/,
  );
  expect((await readRecord(owner, game)).statuses).toHaveLength(1);
});

test('an end is final: nothing follows, no version either', async () => {
  const game = await activate('over');
  await change('end', game, { at: Date.now() - day });
  for (const verb of ['pause', 'resume', 'end'] as const) {
    expect(await messageOf(change(verb, game))).toMatch(/^over has ended on .* \(an owner: to end\); an end is final$/);
  }
  expect(await messageOf(change('resume', game, { at: Date.now() - 2 * day }))).toMatch(/an end is final$/);
  const { versions } = await readRecord(owner, game);
  const config = { ...versions[0]?.config, frm: 'ignore' } as GameConfig;
  const activation = transaction(owner, (tx) =>
    activateGame(tx, { config, text: '{}', file: 'game.json', by: 'an owner', reason: 'because' }),
  );
  expect(await messageOf(activation)).toMatch(/^over has ended on .*; no version can follow\./);
});

test('of two that saw the same revision one wins', async () => {
  const game = await activate('raced');
  const both = await Promise.allSettled([
    change('pause', game, { expectedRevision: 1 }),
    change('end', game, { expectedRevision: 1 }),
  ]);
  const refused = both.filter((each) => each.status === 'rejected');
  expect(refused.map(({ reason }) => reason)).toEqual([expect.any(StaleRevision)]);
  expect((await readRecord(owner, game)).statuses).toHaveLength(1);
});

test('a game that does not exist is named with the one that was probably meant', async () => {
  await activate('monsoon');
  expect(await messageOf(change('pause', 'monsooon'))).toMatch(
    /^there is no game "monsooon" \(did you mean "monsoon"\?\); there is: /,
  );
});

test('a pause counts by when events occurred, whenever they arrive; into the past it is refused until it is meant', async () => {
  // An event type of its own: the other games of this file look at payments.
  const game = await activate('by_event_time', -10 * day, 'payment_here');
  await using engine = testEngine(database.url);
  const hoursAgo = (hours: number): Instant => Date.now() - hours * 3_600_000;
  const outcome = async (occurred: Instant) => {
    const { results } = await engine.take([upiPayment(100, { type: 'payment_here', occurred, received: Date.now() })]);
    return [results[0]?.outcome, results[0]?.reason];
  };
  const [pausedAt, resumedAt, endedAt] = [hoursAgo(30), hoursAgo(20), hoursAgo(10)];
  expect(await outcome(hoursAgo(25))).toEqual(['applied', null]);

  const refused = await change('pause', game, { at: pausedAt }).catch((error) => error);
  expect(refused).toBeInstanceOf(IntoThePast);
  expect(refused.affected).toEqual({ events: 1, players: 1, credits: 1 });
  const { remarks } = await change('pause', game, { at: pausedAt, intoThePast: true });
  expect(remarks).toEqual([expect.stringMatching(/are not looked at again unless they are reprocessed$/)]);
  await change('resume', game, { at: resumedAt, intoThePast: true });
  await change('end', game, { at: endedAt, intoThePast: true });

  expect(await outcome(pausedAt - 1)).toEqual(['applied', null]);
  expect(await outcome(pausedAt)).toEqual(['outside_window', 'paused']);
  expect(await outcome(resumedAt - 1)).toEqual(['outside_window', 'paused']);
  expect(await outcome(resumedAt)).toEqual(['applied', null]);
  expect(await outcome(endedAt - 1)).toEqual(['applied', null]);
  expect(await outcome(endedAt)).toEqual(['outside_window', 'ended']);
});
