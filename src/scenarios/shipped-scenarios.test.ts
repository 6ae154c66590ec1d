// Every scenario of game-configs goes as expected, every game there has one, and nothing that a scenario expects could be left out of it unnoticed.
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { demonstrationGames } from '../cli/demonstration.ts';
import { readSources } from '../event/source.ts';
import { findBelow } from './find.ts';
import { runScenario } from './run.ts';
import type { Expectation, ExpectedVerdict } from './scenario.ts';
import { type Props, propsOf, type Stage, setStage } from './stage.ts';

const folder = join(import.meta.dirname, '../../game-configs');
const props: Props = propsOf(await readSources(join(folder, 'sources')));
const { scenarios, games } = await findBelow(folder);
const named = (files: readonly string[]) => files.map((file) => [relative(folder, file), file] as const);

describe.each(named(scenarios))('%s', (_, file) => {
  test('goes as expected', async () => {
    const { differences, events, standings } = runScenario(await setStage(file, props));
    expect(differences, JSON.stringify({ events, standings }, null, 2)).toEqual([]);
  });

  test('would fail if anything that it expects were otherwise', async () => {
    const stage = await setStage(file, props);
    for (const wrong of mistakes(stage)) {
      const expected = JSON.stringify(wrong, ['events', 'looks', 'path', 'expected', 'expectation']);
      expect(runScenario(wrong).passed, expected).toBe(false);
    }
  });
});

// Of a scenario that cannot be read its own tests tell.
const tried = await Promise.all(
  scenarios.map((file) =>
    setStage(file, props).then(
      ({ gameFile }) => gameFile,
      () => undefined,
    ),
  ),
);
test.each(named(games))('%s has a scenario', (_, file) => expect(tried).toContain(file));

test('the gallery is for reading: milepost start activates only what lies in the folder itself', async () => {
  const started = await demonstrationGames(folder, props.fields, Date.parse('2026-05-10T00:00:00Z'));
  expect(started.map(({ config }) => config.game_id)).toEqual(['upi_fs_milestone_may_2026']);
});

/** The stage with each expectation changed, one after the other. */
function mistakes(stage: Stage): Stage[] {
  const events = stage.events.flatMap((event, index) =>
    otherVerdicts(event.expected ?? {}).map((expected) => stage.events.with(index, { ...event, expected })),
  );
  const looks = stage.looks.flatMap((look, index) =>
    otherExpectations(look.expectation).map((expectation) => stage.looks.with(index, { ...look, expectation })),
  );
  return [
    ...events.map((wrong) => ({ ...stage, events: wrong })),
    ...looks.map((wrong) => ({ ...stage, looks: wrong })),
  ];
}

function otherVerdicts(expected: ExpectedVerdict): ExpectedVerdict[] {
  const { outcome, reason, adds, replayed } = expected;
  const wrong: ExpectedVerdict[] = [];
  if (outcome !== undefined) wrong.push({ ...expected, outcome: outcome === 'late' ? 'applied' : 'late' });
  if (reason !== undefined) wrong.push({ ...expected, reason: reason === 'paused' ? 'ended' : 'paused' });
  if (adds !== undefined) wrong.push({ ...expected, adds: adds + 1 });
  if (replayed !== undefined) wrong.push({ ...expected, replayed: !replayed });
  return wrong;
}

function otherExpectations(expected: Expectation): Expectation[] {
  const numbers = (['progress', 'cleared', 'shown'] as const)
    .filter((key) => expected[key] !== undefined)
    .map((key) => ({ ...expected, [key]: (expected[key] as number) + 1 }));
  const steps = Object.entries(expected.steps ?? {}).map(([step, state]) => ({
    ...expected,
    steps: { ...expected.steps, [step]: state === 'locked' ? ('earned' as const) : ('locked' as const) },
  }));
  const rewards = expected.rewards === undefined ? [] : [{ ...expected, rewards: [...expected.rewards, 'NC 1'] }];
  const detail = Object.keys(expected.detail ?? {}).map((key) => ({
    ...expected,
    detail: { ...expected.detail, [key]: ['something else'] },
  }));
  return [...numbers, ...steps, ...rewards, ...detail];
}
