// Two accounts of one person, as the app reads them: the same under either, from PostgreSQL and from Redis, and each its own again when it is undone.
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { createSealer } from '../src/seal.ts';
import { testApi } from '../src/testing/api.ts';
import { allEnded, testServices, testWorker } from '../src/testing/dispatch.ts';
import { gameHistory, makeGame, upiPayment } from '../src/testing/make.ts';
import { mergeOf, unmergeOf } from '../src/testing/merge.ts';
import { waitFor } from '../src/testing/wait.ts';

const voucher = { step_type: 'REWARD', reward: { reward_type: 'VOUCHER', value: 50 } };
const game = makeGame({ milestone_steps: [{ step: 2, ...voucher }, 3, 5] });
const payments = (user: string, count: number, from = 1) =>
  Array.from({ length: count }, (_, index) =>
    upiPayment(100, { user, id: `${user} ${from + index}`, occurred: '05-05' }),
  );

test('either account shows the person’s progress, claims, vouchers, history and events', {
  timeout: 180_000,
}, async () => {
  const sealer = createSealer([{ id: 'k', key: randomBytes(32) }]);
  await using api = await testApi({ games: [gameHistory(game)], voucherCodes: sealer });
  await using services = await testServices();
  const worker = await testWorker(api.database.url, services, { voucherCodes: sealer });
  try {
    await api.engine.take([...payments('old', 3), ...payments('new', 1)]);
    await waitFor('the rewards', () => allEnded(api.database.pool));
    await api.project();
    const read = async (user: string) => {
      const journey = (await api.get('/api/games/game', user)).body;
      const history = (await api.get('/api/games/game/history', user)).body;
      const code = await api.get('/api/games/game/claims/2/code', user);
      const event = await api.get('/api/games/game?after_event=old%201&wait=0', user);
      return {
        value: journey.current_value,
        steps: journey.steps.map(({ step, state }: { step: number; state: string }) => `${step} ${state}`),
        entries: history.entries.length,
        code: code.body.code,
        event: event.body.after.status,
      };
    };
    const before = [await read('old'), await read('new')];
    expect(before[1]).toMatchObject({ value: 1, code: undefined });
    await api.engine.take([mergeOf('old', 'new')]);
    await worker.idle();
    await api.project();
    const merged = await read('new');
    expect(await read('old')).toEqual(merged);
    expect(merged).toMatchObject({ value: 4, code: before[0]?.code });
    expect(merged.code).toEqual(expect.any(String));
    expect(merged.entries).toBe((before[0]?.entries as number) + (before[1]?.entries as number));

    await api.engine.take(payments('old', 1, 9));
    await waitFor('the reward', () => allEnded(api.database.pool));
    await api.project();
    expect((await read('old')).value).toBe(5);
    expect((await read('old')).steps).toEqual((await read('new')).steps);

    await api.engine.take([unmergeOf('old', 'new')]);
    await api.project();
    expect(await read('old')).toEqual(before[0]);
    const { value, code } = await read('new');
    expect(value).toBe(2);
    expect(code).not.toBe(before[0]?.code);
  } finally {
    await worker.stop();
  }
});
