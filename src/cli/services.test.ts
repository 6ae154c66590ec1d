// milepost services validate, and games that name services. Nothing here needs a service.
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { seedGameFile } from '../testing/make.ts';
import { milepost } from '../testing/milepost.ts';

// A process takes a second to start where others are busy.
const timeout = 60_000;
const page = await readFile(new URL('../../docs/services.md', import.meta.url), 'utf8');
const [, example = ''] = /```jsonc\n(.*?)```/s.exec(page) ?? [];

/** A folder of configurations with the service of docs/services.md. */
async function configs(service = example): Promise<{ folder: string; file: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'milepost-configs-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await cp(join(dirname(seedGameFile), 'sources'), join(folder, 'sources'), { recursive: true });
  await mkdir(join(folder, 'services'));
  const file = join(folder, 'services', 'lounge.jsonc');
  await writeFile(file, service);
  return { folder, file };
}

test('a file that is right is said to be, with the variables that a worker will miss', { timeout }, async () => {
  const { file } = await configs();
  const env = { MILEPOST_SECRET_LOUNGE_URL: 'https://x', MILEPOST_SECRET_LOUNGE_TOKEN: 'TOPSECRET' };
  const { status, stdout } = await milepost(['services', 'validate', file], { env });
  expect([status, stdout]).toEqual([
    0,
    `${file}: service:lounge_pass is right; a worker needs MILEPOST_SECRET_LOUNGE_HMAC, not set here\n`,
  ]);
});

test('a file that is not right is told where, and what was meant', { timeout }, async () => {
  const { file } = await configs(example.replace('"take_back":', '"takeback":'));
  const { status, stderr } = await milepost(['services', 'validate', file]);
  expect(status).toBe(1);
  expect(stderr).toContain(`${file} $.takeback`);
  expect(stderr).toContain('unknown key "takeback" (did you mean "take_back"?)');
});

test('a game may name a service that a file describes, and no other', { timeout }, async () => {
  const { folder } = await configs();
  const seed = await readFile(seedGameFile, 'utf8');
  const game = async (type: string) => {
    const file = join(folder, 'game.json');
    await writeFile(file, seed.replace('"reward_type": "NC"', `"reward_type": "${type}"`));
    return milepost(['games', 'validate', file], { env: { GAME_CONFIGS: folder } });
  };
  expect((await game('service:lounge_pass')).status).toBe(0);
  const { status, stderr } = await game('service:loungepass');
  expect(status).toBe(1);
  expect(stderr).toContain('$.milestone_steps[0].reward.reward_type');
  expect(stderr).toContain('(did you mean "service:lounge_pass"?)');
});
