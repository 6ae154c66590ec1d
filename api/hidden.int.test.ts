// Hidden rewards of the gallery's games: their values are replaced by numbers that stand nowhere else, and looked for in every byte of what the API says
// before they are earned. With the same rewards visible they are found, so that the search looks where they would be.
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { attributeFields } from '../src/condition/condition.ts';
import { attributeCatalogue, readSources } from '../src/event/source.ts';
import type { GameConfig } from '../src/games/config.ts';
import { parseGame } from '../src/games/parse.ts';
import { type TestApi, testApi } from '../src/testing/api.ts';
import { gameHistory } from '../src/testing/make.ts';
import { formatInstant, parseInstant } from '../src/time.ts';

const folder = join(import.meta.dirname, '../game-configs');
const sources = await readSources(join(folder, 'sources'));
const fields = attributeFields(attributeCatalogue(sources));
const files = globSync(['*.json', '*.jsonc', 'gallery/*.jsonc'], { cwd: folder })
  .filter((file) => !basename(file).startsWith('cohorts') && !basename(file).startsWith('budgets'))
  .filter((file) => readFileSync(join(folder, file), 'utf8').includes('"milestone_steps"'));

const SENTINEL = 987_654_321;
/** What else may be drawn, and the weights: told to nobody, be the reward hidden or not. */
const ODDS = { value: 976_543_210, weight: 965_432 };
/** What may come out of a cookie is never told, nor how likely it is, nor how often. */
const PRIZE = { weight: 987_653, stock: 987_654_322, value: 987_654_323 };

const hiddenCookie = {
  prizes: [
    {
      prize_id: 'a_prize_to_hide',
      title: 'A prize to hide',
      ...{ weight: PRIZE.weight, stock: PRIZE.stock },
      reward: { reward_type: 'NC' as const, value: PRIZE.value },
    },
  ],
};

/** The game for everybody, with the sentinel in each of its rewards, and with odds where it has any. */
function withSentinels(game: GameConfig, visibility: 'hidden' | 'visible'): GameConfig {
  const milestone_steps = game.milestone_steps.map((step) =>
    step.step_type === 'REWARD'
      ? {
          ...step,
          reward: {
            ...step.reward,
            visibility,
            value: SENTINEL,
            ...(step.reward.distribution === undefined ? {} : { distribution: [{ value: SENTINEL, weight: 1 }, ODDS] }),
          },
        }
      : step.step_type === 'FORTUNE_COOKIE'
        ? { ...step, cookie: hiddenCookie }
        : step,
  );
  return { ...game, cohort_id: 'everyone', milestone_steps };
}

/** Everything that can be read of the game before it has been played. */
async function everything(api: TestApi, { game_id, triggers }: GameConfig): Promise<string> {
  const token = await api.token();
  const event = {
    ...{ event_id: 'e1', event_type: triggers[0]?.event_type, producer: 'tests', user_id: 'U1' },
    ...{ occurred_at: formatInstant(api.time.now), attributes: {} },
  };
  const answers = [
    await api.get('/api/games/active'),
    await api.get('/api/games/active?after_event=e0&wait=0'),
    await api.get(`/api/games/${game_id}`),
    await api.get(`/api/games/${game_id}/history`),
    await api.get(`/api/games/${game_id}/history?limit=1`),
    await api.get(`/api/games/${game_id}/claims/1/code`),
    await api.call('/api/games/preview', {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(event),
    }),
    await api.get('/api/openapi.json', null),
    await api.get('/health/ready', null),
  ];
  expect(answers[2]?.status).toBe(200);
  return answers.map(({ text }) => text).join('\n');
}

test.each(files)('%s', async (file) => {
  const game = parseGame(readFileSync(join(folder, file), 'utf8'), file, fields);
  const look = async (visibility: 'hidden' | 'visible') => {
    const config = withSentinels(game, visibility);
    await using api = await testApi({ games: [gameHistory(config)], sources });
    api.time.now = (parseInstant(game.game_window.start) as number) + 3_600_000;
    const fromPostgres = await everything(api, config);
    await api.project();
    return `${fromPostgres}\n${await everything(api, config)}`;
  };
  const pays = game.milestone_steps.some(({ step_type }) => step_type === 'REWARD');
  const visible = await look('visible');
  expect(visible.includes(String(SENTINEL))).toBe(pays);
  const hidden = await look('hidden');
  const odds = [...Object.values(ODDS), ...Object.values(PRIZE)].map(String);
  for (const secret of [...odds, 'a_prize_to_hide', 'A prize to hide']) expect(visible + hidden).not.toContain(secret);
  for (const secret of [String(SENTINEL), '987,654,321', Buffer.from(String(SENTINEL)).toString('base64')]) {
    expect(hidden).not.toContain(secret);
  }
});
