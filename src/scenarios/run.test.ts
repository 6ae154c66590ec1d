// What a scenario finds is told beside what was expected, with what became of each event and why.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { canonicalSource } from '../event/source.ts';
import { seedGameFile } from '../testing/make.ts';
import { runScenario } from './run.ts';
import { propsOf, setStage } from './stage.ts';

/** Runs a scenario about the seed game. */
async function run(rest: object, then: object) {
  const folder = await mkdtemp(join(tmpdir(), 'milepost-scenario-'));
  const file = join(folder, 'case.json');
  const scenario = { scenario: 'A case', game: relative(folder, seedGameFile), ...rest, then };
  try {
    await writeFile(file, JSON.stringify(scenario));
    return runScenario(await setStage(file, propsOf([canonicalSource])));
  } finally {
    await rm(folder, { recursive: true });
  }
}

const upi = {
  event_type: 'payment_success',
  attributes: { payment_status: 'SUCCESS', transaction_type: 'UPI', transaction_amount: 5_000 },
};

test('differences say where, what was expected and what was found', async () => {
  const { passed, differences } = await run(
    {
      given: { events: { upi }, members: ['asha'] },
      when: [
        { at: '2026-05-03', player: 'asha', times: 2, expect: ['held', { outcome: 'applied', adds: 2 }] },
        { at: '2026-05-03', player: 'ravi', expect: { outcome: 'applied', reason: null, replayed: true } },
      ],
    },
    [
      {
        player: 'asha',
        progress: 3,
        cleared: 1,
        shown: 4,
        steps: { 3: 'earned' },
        rewards: ['NC 10'],
        detail: { a: 1 },
      },
      { player: 'ravi', progress: 0, rewards: [] },
    ],
  );
  expect(passed).toBe(false);
  expect(differences.map(({ path, expected, found }) => `${path}: ${expected} / ${found}`)).toEqual([
    '$.when[0].expect: outcome held / applied',
    '$.when[0].expect: adds 2 / 1',
    '$.when[1].expect: outcome applied / not_in_cohort (not_a_member)',
    '$.when[1].expect: reason none / not_a_member',
    '$.when[1].expect: replayed true / false',
    '$.then[0].progress: 3 / 2',
    '$.then[0].cleared: 1 / 2',
    '$.then[0].shown: 4 / 2',
    '$.then[0].steps["3"]: earned / locked',
    '$.then[0].rewards: NC 10 / none',
    '$.then[0].detail.a: 1 / nothing',
  ]);
});

test('each event says what became of it, and why', async () => {
  const { events } = await run(
    {
      given: { events: { upi } },
      when: [
        { at: '2026-05-03', event_id: 'one' },
        { at: '2026-05-03', event_id: 'one' },
        { at: '2026-05-03', attributes: { transaction_amount: 900 } },
        { at: '2026-05-03', event_type: 'payment_sucess' },
        { at: '2026-07-03' },
      ],
    },
    { progress: 1 },
  );
  expect(events.map(({ outcome, reason, adds, why }) => [outcome, reason, adds, why])).toEqual([
    ['applied', null, 1, null],
    ['applied', null, 0, 'it was known already, and nothing changes'],
    ['no_match', 'condition_failed', 0, 'upi_plus_one asks that transaction_amount is at least 1200; found 900'],
    ['no_match', 'no_game', 0, 'the game does not look at this event type (did you mean "payment_success"?)'],
    ['outside_window', 'after_window', 0, 'the window was over'],
  ]);
});

test('how a player stands is told in whole', async () => {
  const { standings } = await run(
    {
      given: { events: { upi } },
      when: [{ at: '2026-05-03', times: 13 }],
    },
    { progress: 13 },
  );
  expect(standings).toEqual([
    {
      player: 'player',
      at: '2026-05-03 12:00',
      window: { start: '2026-05-01 05:30', end: '2026-06-01 05:30' },
      progress: 13,
      cleared: 13,
      shown: 12,
      detail: null,
      steps: { 3: 'earned', 6: 'earned', 12: 'earned' },
      rewards: ['NC 10', 'NC 30', 'NC 100'],
      explained: [expect.stringContaining('13')],
    },
  ]);
});
