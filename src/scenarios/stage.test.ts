// What is wrong with a scenario is told with its place and the mend. The base of every case is a scenario that is right.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { UserError } from '../errors.ts';
import { canonicalSource } from '../event/source.ts';
import { makeGame, paymentTrigger } from '../testing/make.ts';
import { runScenario } from './run.ts';
import { propsOf, setStage } from './stage.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'milepost-scenarios-'));
  const game = makeGame({ cohort_id: 'early', milestone_steps: [3, 6] });
  const optIn = makeGame({ join: { event_type: 'joined' } });
  const files = {
    'game.json': game,
    'everyone.json': makeGame(),
    'opt_in.json': optIn,
    'other.json': makeGame({ game_id: 'other' }),
    'cookie.json': makeGame({ cohort_id: 'early', milestone_steps: [{ step: 2, step_type: 'FORTUNE_COOKIE' }] }),
    'double.json': makeGame({ cohort_id: 'early', milestone_steps: [3, 6], triggers: [paymentTrigger({ worth: 2 })] }),
    'broken.json': { ...game, milestone_step: [] },
  };
  for (const [name, value] of Object.entries(files)) await writeFile(join(folder, name), JSON.stringify(value));
});
afterAll(() => rm(folder, { recursive: true }));

const payment = { event_type: 'payment_success', attributes: { transaction_amount: 10 } };

const base = {
  scenario: 'Three payments',
  game: 'game.json',
  given: { events: { payment } },
  when: [{ at: '2026-05-03', times: 3 }],
  // biome-ignore lint/suspicious/noThenProperty: a scenario as it is written
  then: { progress: 3 },
};

async function stageOf(change: object, text?: string) {
  await writeFile(join(folder, 'case.json'), text ?? JSON.stringify({ ...base, ...change }));
  return setStage(join(folder, 'case.json'), propsOf([canonicalSource]));
}

async function problemsOf(change: object, text?: string): Promise<string[]> {
  const error = await stageOf(change, text).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof UserError)) throw error ?? new Error('it is right');
  expect(error.message).toContain(folder);
  return error.problems.map(({ path, message }) => `${path}: ${message.replace(/ \(line \d+, column \d+\)$/, '')}`);
}

test('a scenario needs no more than a sentence, a game, an event and what is expected', async () => {
  const stage = await stageOf({});
  expect(runScenario(stage)).toMatchObject({ passed: true, differences: [] });
  expect(stage).toMatchObject({ title: 'Three payments', gameFile: join(folder, 'game.json') });
  expect(stage.events.map(({ incoming }) => incoming.event.event_id)).toEqual(['event 1.1', 'event 1.2', 'event 1.3']);
  expect(stage.events[0]?.incoming.receivedAt).toBe((stage.events[0]?.incoming.event.occurred_at as number) + 1_000);
});

test('comments are allowed, and places are told by line and column', async () => {
  const text = `{\n  // why\n  "scenario": "x", "game": "game.json",\n  "when": [{ "at": "2026-05-03", "evnt": "x" }], "then": {} }`;
  const { problems } = (await stageOf({}, text).catch((error: unknown) => error)) as UserError;
  expect(problems[0]?.message).toMatch(/^unknown key "evnt" \(did you mean "event"\?\).* \(line 4, column 34\)$/);
});

test.each([
  [
    'no such game',
    { game: 'gmae.json' },
    '$.game: "gmae.json" cannot be read: there is no such file (did you mean "game.json"?)',
  ],
  [
    'no such day',
    { when: [{ at: '2026-02-30' }] },
    '$.when[0].at: must be a day or a time such as "2026-05-03" or "2026-05-03 10:00", in the game\'s time zone; found "2026-02-30"',
  ],
  [
    'an unknown kind',
    { when: [{ at: '2026-05-03', event: 'paymnet' }] },
    '$.when[0].event: is no kind of event of given.events (did you mean "payment"?); there are "payment"; found "paymnet"',
  ],
  [
    'a kind and a type',
    { when: [{ at: '2026-05-03', event: 'payment', event_type: 'x' }] },
    '$.when[0].event_type: beside "event" it has no meaning; remove one; found "x"',
  ],
  [
    'a cookie of a step that gives none',
    { when: [{ at: '2026-05-03', open: 3 }] },
    '$.when[0].open: no cookie comes of step 3; there is none',
  ],
  [
    'a cookie and a kind',
    { game: 'cookie.json', when: [{ at: '2026-05-03', open: 2, event: 'payment' }] },
    '$.when[0].event: beside "open" it has no meaning; remove one; found "payment"',
  ],
  ['nothing that happens', { given: {} }, '$.when[0]: does not say what happens: give "event_type"; found an object'],
  [
    'two kinds to choose from',
    { given: { events: { a: payment, b: payment } } },
    '$.when[0]: does not say what happens: give "event" (a, b) or "event_type"; found an object',
  ],
  [
    'an attribute that no source declares',
    { given: { events: { payment: { ...payment, attributes: { transaction_amont: 1 } } } } },
    '$.given.events.payment.attributes.transaction_amont: no source declares it (did you mean "transaction_amount"?); found 1',
  ],
  [
    'an attribute of another type',
    { when: [{ at: '2026-05-03', attributes: { transaction_amount: '10' } }] },
    '$.when[0].attributes.transaction_amount: is an amount and is written as a number; found "10"',
  ],
  [
    'an amount that cannot be',
    { when: [{ at: '2026-05-03', attributes: { transaction_amount: 10.001 } }] },
    '$.when[0]: attributes.transaction_amount: has more than 2 decimals (INR); found 10.001',
  ],
  [
    'every without times',
    { when: [{ at: '2026-05-03', every: 'P1D' }] },
    '$.when[0].every: has no meaning without "times"; found "P1D"',
  ],
  [
    'an interval that is none',
    { when: [{ at: '2026-05-03', times: 2, every: '1 day' }] },
    '$.when[0].every: must be days, weeks, hours or minutes, such as P1D, P1W, PT2H or PT10M; found "1 day"',
  ],
  [
    'an id for several',
    { when: [{ at: '2026-05-03', times: 2, event_id: 'e' }] },
    '$.when[0].event_id: would be the id of several events; leave it out, or write them one by one; found "e"',
  ],
  [
    'too few verdicts',
    { when: [{ at: '2026-05-03', times: 3, expect: ['applied', 'held'] }] },
    '$.when[0].expect: has 2 entries for 3 events; write one for each, or one for all; found a list of 2',
  ],
  [
    'an unknown reason',
    { when: [{ at: '2026-05-03', expect: { reason: 'cap' } }] },
    expect.stringMatching(/^\$\.when\[0\]\.expect\.reason: expected one of .*"capped"/),
  ],
  [
    'members of everyone',
    { game: 'everyone.json', given: { ...base.given, members: ['player'] } },
    '$.given.members: has no meaning: the game is for everyone; leave it out; found a list of 1',
  ],
  [
    'an unknown cohort',
    { given: { ...base.given, members: [{ player: 'player', cohort: 'erly' }] } },
    '$.given.members[0].cohort: the game has no such cohort (did you mean "early"?); there is early; found "erly"',
  ],
  [
    'joining what nobody joins',
    { given: { ...base.given, joined: [{ at: '2026-05-01' }] } },
    '$.given.joined: has no meaning: nobody has to join this game; leave it out; found a list of 1',
  ],
  [
    'another game as a version',
    { later_versions: [{ from: '2026-05-10', file: 'other.json' }] },
    '$.later_versions[0]: is the game "other"; a version of "game" is needed',
  ],
  [
    'neither a file nor a change',
    { later_versions: [{ from: '2026-05-10' }] },
    '$.later_versions[0]: needs "file" or "change", one of them; found an object',
  ],
  [
    'versions that do not follow',
    {
      later_versions: [
        { from: '2026-05-10', file: 'double.json' },
        { from: '2026-05-10', file: 'game.json' },
      ],
    },
    '$.later_versions[1].from: comes before the version that it follows',
  ],
  [
    'a change of no place',
    { later_versions: [{ from: '2026-05-10', change: { 'game_id.x.y': 1 } }] },
    '$.later_versions[0].change["game_id.x.y"]: is no place in the game, such as milestone_steps[0].reward.value',
  ],
  [
    'a change that the game does not know',
    { later_versions: [{ from: '2026-05-10', change: { gmae_id: 'x' } }] },
    expect.stringMatching(/^\$\.gmae_id: unknown key "gmae_id" \(did you mean "game_id"\?\)/),
  ],
  [
    'a change that could not be activated',
    { later_versions: [{ from: '2026-05-10', change: { 'milestone_steps[0].step': 2 } }] },
    expect.stringMatching(/^\$\.milestone_steps\[0\]\.step: may not change from 3 to 2/),
  ],
  ['a game that is not right', { game: 'broken.json' }, expect.stringMatching(/^\$\.milestone_step: unknown key/)],
])('%s is refused', async (_, change, problem) => {
  expect(await problemsOf(change)).toEqual([problem]);
});

test.each([
  [
    'a step that is not there',
    { steps: { 4: 'earned' } },
    '$.then.steps["4"]: the game has no such step; there are 3, 6; found "earned"',
  ],
  [
    'a state that is none',
    { steps: { 3: 'won' } },
    expect.stringMatching(/^\$\.then\.steps\["3"\]: expected one of "earned", .*"locked"; found "won"/),
  ],
  [
    'a reward that is none',
    { rewards: ['10 NC'] },
    '$.then.rewards[0]: must be a reward such as "NC 10", "VOUCHER 100" or "service:lounge_pass 1"; found "10 NC"',
  ],
  [
    'nothing that is expected',
    [{ player: 'player' }],
    '$.then[0]: expects nothing; give progress, steps, rewards, shown, cleared or detail; found an object',
  ],
  [
    'a player to whom nothing happens',
    { player: 'plyer', progress: 0 },
    '$.then.player: nothing happens to "plyer" (did you mean "player"?); there is player',
  ],
])('%s is refused', async (_, then, problem) => {
  expect(await problemsOf({ then })).toEqual([problem]);
});

test('everything given is there before the first event', async () => {
  const then = { progress: 1 };
  const stage = await stageOf({
    game: 'opt_in.json',
    given: {
      events: { payment },
      joined: [{ at: '2026-05-02' }],
      paused: [{ from: '2026-05-10', to: '2026-05-11' }, { from: '2026-05-20' }],
      ended: '2026-05-25',
    },
    when: [
      { at: '2026-05-10 00:00' },
      { at: '2026-05-12 00:00' },
      { at: '2026-05-20 00:00' },
      { at: '2026-05-25 00:00' },
    ],
    then,
  });
  const { events, passed } = runScenario(stage);
  expect(events.map(({ reason }) => reason)).toEqual(['paused', null, 'paused', 'ended']);
  expect(passed).toBe(true);
});

test('a later version is a file or a change of the one before it', async () => {
  const then = { progress: 8 };
  const stage = await stageOf({
    later_versions: [
      { from: '2026-05-10', file: 'double.json' },
      { from: '2026-05-20', change: { 'triggers[0].progression_config.value': 5 } },
    ],
    when: [{ at: '2026-05-09' }, { at: '2026-05-10' }, { at: '2026-05-20' }],
    then,
  });
  expect(runScenario(stage).events.map(({ adds }) => adds)).toEqual([1, 2, 5]);
});
