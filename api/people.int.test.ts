// Two accounts of one person, as the app reads them and as support makes them: the same under either, from PostgreSQL and from Redis, and each its own again
// when it is undone.
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { connect } from '../src/db/connect.ts';
import { verify } from '../src/engine/verify.ts';
import { createSealer } from '../src/seal.ts';
import { type TestApi, testApi } from '../src/testing/api.ts';
import { allEnded, testServices, testWorker } from '../src/testing/dispatch.ts';
import { silent } from '../src/testing/engine.ts';
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
    expect(merged.entries).toBe((before[0]?.entries as number) + (before[1]?.entries as number) + 1);

    await api.engine.take(payments('old', 1, 9));
    await waitFor('the reward', () => allEnded(api.database.pool));
    await api.project();
    expect((await read('old')).value).toBe(5);
    expect((await read('old')).steps).toEqual((await read('new')).steps);

    await api.engine.take([unmergeOf('old', 'new')]);
    await api.project();
    // And the merge, and that it was undone.
    expect(await read('old')).toEqual({ ...before[0], entries: (before[0]?.entries as number) + 2 });
    const { value, code } = await read('new');
    expect(value).toBe(2);
    expect(code).not.toBe(before[0]?.code);
  } finally {
    await worker.stop();
  }
});

type Told = { event_id: string; user_id: string; person?: string[]; recomputed: { agrees: boolean } | null };
type Entry = { kind: string; at: string; account?: string; event_id?: string; step?: number };

/** A history page by page. */
async function pagesOf(api: TestApi, user: string, limit: number): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (let cursor = ''; ; ) {
    const { body } = await api.get(`/api/games/game/history?limit=${limit}${cursor}`, user);
    expect(body.entries.length).toBeLessThanOrEqual(limit);
    entries.push(...body.entries);
    if (body.next_cursor === null) return entries;
    cursor = `&cursor=${body.next_cursor}`;
  }
}

test('a history says what came under which account, and when they were merged; page by page nothing is lost or told twice', async () => {
  const closed = gameHistory(makeGame({ game_id: 'closed', cohort_id: 'nobody' }));
  await using api = await testApi({
    games: [gameHistory(makeGame({ milestone_steps: [1, 2, 5] })), closed],
    redisUrl: null,
  });
  // All in one batch: claims of both at one instant.
  await api.engine.take([...payments('one', 3), ...payments('two', 2), upiPayment(-1, { user: 'one', id: 'bad' })]);
  await api.engine.take([mergeOf('one', 'two')]);

  const whole = await pagesOf(api, 'two', 100);
  const merge = { kind: 'merge', what: 'merged', user_id: 'one', into: 'two' };
  expect(whole.filter(({ kind }) => kind === 'merge')).toEqual([
    {
      ...merge,
      at: expect.any(String),
      detail: 'From here on one and two are one person: what comes for either counts for two.',
    },
  ]);
  const place = whole.findIndex(({ kind }) => kind === 'merge');
  // What they reach together came of the merge; all else was before.
  expect(whole.slice(0, place)).toMatchObject([{ kind: 'claim', step: 5 }]);
  expect(
    whole.flatMap(({ kind, step, account = 'two' }) => (kind === 'claim' ? [`${step} ${account}`] : [])).sort(),
  ).toEqual(['1 one', '1 two', '2 one', '2 two', '5 two']);
  for (const { kind, event_id = '', account = 'two' } of whole)
    if (kind === 'credit') expect(event_id).toMatch(account);
  const flipped = whole.map(({ account = 'two', ...entry }) => {
    return entry.kind === 'merge' || account === 'one' ? entry : { ...entry, account };
  });
  expect(await pagesOf(api, 'one', 100)).toEqual(flipped);
  for (const limit of [1, 2, 3]) expect(await pagesOf(api, 'two', limit)).toEqual(whole);
  expect((await api.get('/api/games/closed/history', 'two')).status).toBe(404);

  await api.engine.take([unmergeOf('one', 'two')]);
  for (const [user, other] of [
    ['one', 'two'],
    ['two', 'one'],
  ] as const) {
    const own = await pagesOf(api, user, 1);
    expect(own).toEqual(await pagesOf(api, user, 100));
    expect(own.filter(({ kind }) => kind === 'merge')).toMatchObject([
      { what: 'unmerged', detail: `From here on ${user} and the other account were two again.` },
      { what: 'merged', detail: `From here on ${user} was one person with another account, which is not any more.` },
    ]);
    expect(own.some(({ account }) => account !== undefined)).toBe(false);
    expect(JSON.stringify(own)).not.toMatch(new RegExp(`"${other}\\b`));
  }
});

test('support merges accounts and takes them apart, shown first, once, and on record', async () => {
  await using api = await testApi({ games: [gameHistory(makeGame({ milestone_steps: [1, 2] }))], redisUrl: null });
  await api.engine.take([...payments('one', 1), ...payments('two', 1), ...payments('three', 1)]);
  const token = await api.token({ sub: 'ravi', scope: 'support' });
  const ask = async (path: string, body: object) => {
    const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', 'X-Request-Id': 'r1' };
    const answer = await api.call(`/api/admin/players/${path}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    });
    return { status: answer.status, ...answer.body };
  };
  const value = async (user: string) => (await api.get('/api/games/game', user)).body.current_value;
  const reason = 'ticket 4711';

  const shown = await ask('one/merge', { into: 'two', reason, dry_run: true });
  expect(shown).toEqual({
    ...{ status: 200, user_id: 'one', into: 'two', merged: false, already: false },
    would_change: [
      expect.objectContaining({ step: 1, user_id: 'one', from: 'earned', to: 'cancelled', reward: 'NC 10' }),
      expect.objectContaining({ step: 2, user_id: 'two', from: null, to: 'earned', reward: 'NC 20' }),
    ],
  });
  expect(await value('two')).toBe(1);
  const done = { status: 200, user_id: 'one', into: 'two', merged: true, already: false };
  expect(await ask('one/merge', { into: 'two', reason })).toEqual(done);
  expect([await value('one'), await value('two')]).toEqual([2, 2]);
  expect(await ask('one/merge', { into: 'two', reason })).toEqual({ ...done, merged: false, already: true });

  await api.engine.take(payments('one', 1, 9));
  const told = (await api.get('/api/support/explanations?user_id=one', { token })).body.events;
  expect(
    told.map(({ event_id, user_id, person, recomputed }: Told) => [event_id, user_id, person, recomputed?.agrees]),
  ).toEqual([
    [expect.any(String), 'two', undefined, undefined],
    ['one 9', 'two', ['one'], true],
    ['two 1', 'two', undefined, true],
    ['one 1', 'one', undefined, true],
  ]);
  expect(told[0].changed.transitions).toMatchObject([{ step: 1, account: 'one', repeated: true }]);
  expect((await api.get('/api/support/explanations?user_id=two', { token })).body.events).toEqual(told);
  expect(await ask('one/merge', { into: 'three', reason })).toMatchObject({
    status: 409,
    detail: 'one was not merged: it has been merged into another player; take it out there first',
  });
  expect(await ask('two/merge', { into: 'one', reason })).toMatchObject({
    status: 409,
    detail: 'two was not merged: they are one person already, the other way round: one counts as two',
  });
  expect(await ask('three/merge', { into: 'three', reason })).toMatchObject({ status: 409 });
  expect(await ask('three/merge', { into: 'nobody', reason })).toMatchObject({
    status: 404,
    detail: expect.stringContaining('there is no player "nobody"'),
  });
  expect(await ask('nobody/unmerge', { reason })).toMatchObject({ status: 404 });

  expect(await ask('one/unmerge', { reason, dry_run: true })).toMatchObject({
    unmerged: false,
    would_change: [{ step: 1, user_id: 'one', from: null, to: 'earned' }],
  });
  const undone = { status: 200, user_id: 'one', into: 'two', unmerged: true, already: false };
  expect(await ask('one/unmerge', { reason })).toEqual(undone);
  expect([await value('one'), await value('two')]).toEqual([1, 2]);
  expect(await ask('one/unmerge', { reason })).toEqual({ ...undone, into: 'one', unmerged: false, already: true });

  const { rows } = await api.database.pool.query(
    "select actor, action, subject, reason, details -> 'body' as body from milepost.audit order by audit_no limit 2",
  );
  const asked = { actor: 'ravi', action: 'mergePlayers', subject: 'one', reason };
  expect(rows).toEqual([
    { ...asked, body: { into: 'two', reason, dry_run: true } },
    { ...asked, body: { into: 'two', reason } },
  ]);
  const stated = await api.database.pool.query(
    'select kind, reason, stated_by from milepost.player_merge order by event_no',
  );
  expect(stated.rows).toEqual([
    { kind: 'merged', reason, stated_by: 'ravi' },
    { kind: 'unmerged', reason, stated_by: 'ravi' },
  ]);
});

test('a cookie that one account earned is opened by the other, once, and goes along when they are taken apart', async () => {
  const cookie = (step: number) => {
    const prizes = [{ prize_id: 'gold', weight: 1, stock: 5, reward: { reward_type: 'NC', value: 50 } }];
    return { step, step_type: 'FORTUNE_COOKIE', cookie: { prizes } };
  };
  const cookies = makeGame({ milestone_steps: [cookie(2), cookie(3), cookie(4)], on_reversal: 'claw_back' } as never);
  await using api = await testApi({ games: [gameHistory(cookies)], redisUrl: null });
  await api.engine.take([...payments('one', 3), ...payments('two', 2)]);
  const open = async (user: string, step: number) => {
    const headers = { Authorization: `Bearer ${await api.token({ sub: user })}` };
    const { status, body } = await api.call(`/api/games/game/claims/${step}/open`, { method: 'POST', headers });
    return status === 200 ? `${body.prize.prize_id}${body.replayed ? ' again' : ''}` : status;
  };
  const verified = async () => {
    const support = connect(api.database.url, { role: 'milepost_support', size: 1, log: silent });
    try {
      expect((await verify(support)).filter(({ check }) => check !== 'event_of_one_player')).toEqual([]);
    } finally {
      await support.close();
    }
  };
  expect(await open('two', 3)).toBe(404);
  await api.engine.take([mergeOf('one', 'two')]);
  expect([await open('two', 3), await open('one', 3), await open('two', 3)]).toEqual([
    'gold',
    'gold again',
    'gold again',
  ]);
  // Both had the second step's: one is left of them.
  expect([await open('one', 2), await open('two', 2)]).toEqual(['gold', 'gold again']);
  // And one that they reached together.
  expect([await open('one', 4), await open('two', 4)]).toEqual(['gold', 'gold again']);
  await verified();
  const opened = (await pagesOf(api, 'one', 100)).flatMap(({ kind, step, account = 'one' }) => {
    return kind === 'opening' ? [`${step} ${account}`] : [];
  });
  expect(opened).toHaveLength(3);
  expect(opened).toEqual(expect.arrayContaining(['3 one', '4 two']));

  await api.engine.take([unmergeOf('one', 'two')]);
  await verified();
  expect([await open('one', 3), await open('two', 3)]).toEqual(['gold again', 404]);
  expect([await open('one', 4), await open('two', 4)]).toEqual([404, 409]);
  const left = [await open('one', 2), await open('two', 2)];
  expect(left.sort()).toEqual(['gold', 'gold again']);
  await verified();
});
