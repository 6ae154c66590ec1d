// docs/scenarios.md and docs/gallery.md say what is there: every key and word of a scenario, the first example with its output, every game.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { canonicalSource } from '../event/source.ts';
import { seedGameFile } from '../testing/make.ts';
import { type JsonSchema, subschemas } from '../testing/published.ts';
import { findBelow } from './find.ts';
import { scenarioOutcomes, scenarioReasons } from './outcome.ts';
import { runScenario } from './run.ts';
import { scenarioSchema } from './scenario.ts';
import { propsOf, setStage } from './stage.ts';

const root = join(import.meta.dirname, '../..');
const page = await readFile(join(root, 'docs/scenarios.md'), 'utf8');
const schemas = subschemas(z.toJSONSchema(scenarioSchema, { io: 'input' }) as JsonSchema);
const keys = new Set(schemas.flatMap(({ schema }) => Object.keys(schema.properties ?? {})));

test('there are keys', () => expect(keys.size).toBeGreaterThan(30));

test.each([...keys, ...scenarioOutcomes, ...scenarioReasons])('docs/scenarios.md describes %s', (word) => {
  expect(page).toMatch(new RegExp(`\`${word}\`|"${word}":`));
});

test('the first scenario of docs/scenarios.md goes as is shown there', async () => {
  const [, example = ''] = /```jsonc\n(.*?)```/s.exec(page) ?? [];
  const folder = await mkdtemp(join(tmpdir(), 'milepost-first-scenario-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const run = async (text: string) => {
    await writeFile(
      join(folder, 'first.json'),
      text.replace('../upi_fs', join(relative(folder, seedGameFile), '../upi_fs')),
    );
    return runScenario(await setStage(join(folder, 'first.json'), propsOf([canonicalSource])));
  };
  expect((await run(example)).differences).toEqual([]);
  const wrong = await run(example.replace('"progress": 3', '"progress": 4'));
  for (const { path, expected, found } of wrong.differences) {
    expect(page).toContain(`    ${path}: expected ${expected}, found ${found}\n`);
  }
  for (const { path, at, why } of wrong.events) {
    expect(page).toContain(`    ${path}  ${at}  payment_success  player  `);
    expect(page).toContain(why ?? '');
  }
  expect(page).toContain(`: ${wrong.standings[0]?.explained.join('; ')}\n`);
});

test('docs/gallery.md lists every game', async () => {
  const gallery = await readFile(join(root, 'docs/gallery.md'), 'utf8');
  const { games } = await findBelow(join(root, 'game-configs'));
  expect(games.filter((file) => !gallery.includes(`${basename(file)})`))).toEqual([]);
});
