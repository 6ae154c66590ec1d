import { describe, expect, test } from 'vitest';
import { playerKey } from '../src/games/project.ts';
import { type TestApi, testApi } from '../src/testing/api.ts';
import { everyArchetype, SENTINEL } from '../src/testing/every-archetype.ts';
import { member } from '../src/testing/given.ts';
import {
  at,
  gameHistory,
  makeEvent,
  makeGame,
  paymentReversal,
  paymentTrigger,
  reversalOf,
  upiPayment,
} from '../src/testing/make.ts';

const counter = (max: number) => ({
  progress_state_model: {
    type: 'numeric_counter' as const,
    unit: 'count' as const,
    display_unit: 'payments',
    max_value: max,
  },
});
const games = [
  gameHistory(
    makeGame({
      ...counter(6),
      milestone_steps: [
        { step: 2, step_type: 'REWARD', reward: { reward_type: 'VOUCHER', value: SENTINEL, visibility: 'hidden' } },
        3,
        { step: 4, step_type: 'EMPTY' },
      ],
      triggers: [paymentTrigger({ id: 'three', worth: 3, from: 10 })],
    }),
  ),
  gameHistory(makeGame({ game_id: 'capped', triggers: [{ ...paymentTrigger(), cap: { per_day: 1 } }] })),
  gameHistory(makeGame({ game_id: 'others', cohort_id: 'early' })),
];
const payment = (amount = 10, more: object = {}) => ({
  event_type: 'payment_success',
  attributes: { transaction_amount: amount },
  ...more,
});

async function preview(api: TestApi, body: object, as = 'U1') {
  const token = await api.token({ sub: as });
  return api.call('/api/games/preview', {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
}

/** Every row that there is, in words. */
async function everything(api: TestApi): Promise<unknown> {
  const { rows } = await api.database.pool.query(
    `select (select count(*) from milepost.player) as players, (select count(*) from milepost.event_key) as keys,
            (select count(*) from milepost.inbox) as payloads, (select count(*) from milepost.credit) as credits,
            (select count(*) from milepost.claim) as claims, (select json_agg(p) from milepost.progress p)::text as progress,
            (select count(*) from milepost.outbox) as messages, (select last_value from milepost.batch_no) as batch`,
  );
  return rows[0];
}

describe('POST /api/games/preview', () => {
  test('says what an event would do, by game, and does nothing', async () => {
    await using api = await testApi({ games });
    const before = await everything(api);
    const { status, body, text } = await preview(api, payment());
    expect(status).toBe(200);
    expect(body).toEqual({
      outcome: 'applied',
      reason: null,
      detail: 'It counted.',
      replayed: false,
      games: [
        {
          game_id: 'game',
          title: null,
          outcome: 'applied',
          reason: null,
          detail: 'It counted.',
          missed: [],
          adds: 3,
          current_value: 3,
          max_value: 6,
          window_start: '2026-05-01T00:00:00.000Z',
          steps_reached: [
            { step: 2, title: null, step_type: 'REWARD', held: false, reward: { visibility: 'hidden' } },
            {
              step: 3,
              title: null,
              step_type: 'REWARD',
              held: false,
              reward: { visibility: 'visible', reward_type: 'NC', value: 30, display_type: 'flat' },
            },
          ],
          steps_lost: [],
        },
        expect.objectContaining({ game_id: 'capped', adds: 1, current_value: 1 }),
      ],
    });
    expect(text).not.toContain(String(SENTINEL));
    expect(await everything(api)).toEqual(before);
  });

  test('goes on from what the player has, up to what is shown, and tells held steps', async () => {
    await using api = await testApi({ games });
    await api.engine.take([upiPayment(10), upiPayment(10, { attributes: { frm_flag: 'X' } })]);
    const [game, capped] = (await preview(api, payment(10, { occurred_at: '2026-05-10T12:00:00Z' }))).body.games;
    expect(game).toMatchObject({ adds: 0, current_value: 6, max_value: 6, steps_reached: [] });
    expect(capped).toMatchObject({ outcome: 'applied', reason: 'capped', adds: 0 });
    const held = await preview(api, payment(10, { attributes: { transaction_amount: 10, frm_flag: 'X' } }), 'U9');
    expect(held.body).toMatchObject({
      outcome: 'held',
      games: [{ adds: 3, steps_reached: [{ held: true }, { held: true }] }, {}],
    });
  });

  test('is what then happens', async () => {
    await using api = await testApi({ games: everyArchetype.map((each) => gameHistory(each)) });
    await api.engine.take([makeEvent({ type: 'joined', occurred: '05-02' })]);
    for (const [day, amount, merchant] of [
      ['05-09', 700, 'a'],
      ['05-10', 700, 'a'],
      ['05-10', 9_000, 'b'],
    ] as const) {
      api.time.now = at(day);
      const values = async () =>
        new Map<string, number>(
          (await api.get('/api/games/active')).body.games.map((each: { game_id: string; current_value: number }) => [
            each.game_id,
            each.current_value,
          ]),
        );
      const before = await values();
      const attributes = { transaction_amount: amount, merchant_id: merchant };
      const expected = (await preview(api, { event_type: 'payment_success', attributes })).body.games;
      await api.engine.take([makeEvent({ type: 'payment_success', occurred: day, attributes })]);
      await api.redis.del(playerKey('U1'));
      const after = await values();
      const rises = (id: string) => (after.get(id) ?? 0) - (before.get(id) ?? 0);
      expect(expected.length).toBeGreaterThan(3);
      for (const { game_id, adds, current_value } of expected) {
        // One whose window has ended is not in the widget.
        if (!after.has(game_id)) continue;
        expect([game_id, adds, current_value]).toEqual([game_id, rises(game_id), after.get(game_id)]);
      }
    }
  });

  test('says why it would not count; of games that are not theirs nothing', async () => {
    // Others' games, of which something else is asked first: the amount, and whether they are over.
    const early = { cohort_id: 'early', milestone_steps: [1] };
    const dear = makeGame({ ...early, game_id: 'dear', triggers: [paymentTrigger({ from: 1_000 })] });
    const window = { start: '2026-04-01T00:00:00Z', end: '2026-04-30T23:59:59Z' };
    const past = makeGame({ ...early, game_id: 'past', game_window: window });
    await using api = await testApi({
      games: [...games, gameHistory(dear), gameHistory(past)],
      memberships: [member('early', { user: 'U2', from: '04-01' })],
    });
    const { body } = await preview(api, payment(9));
    expect(body.games.map(({ game_id }: { game_id: string }) => game_id)).toEqual(['game', 'capped']);
    expect(body.games[0]).toMatchObject({
      outcome: 'no_match',
      reason: 'condition_failed',
      adds: 0,
      window_start: null,
      missed: [{ trigger_id: 'three', condition: 'transaction_amount is at least 10' }],
    });
    const theirs = (await preview(api, payment(9), 'U2')).body.games;
    expect(theirs.map(({ game_id }: { game_id: string }) => game_id)).toEqual([
      'game',
      'capped',
      'others',
      'dear',
      'past',
    ]);
    expect((await preview(api, { event_type: 'nothing' })).body).toMatchObject({ reason: 'no_game', games: [] });
  });

  test('of an event that has been judged already: nothing more', async () => {
    await using api = await testApi({ games });
    const event = payment(10, { event_id: 'e1', producer: 'tests', correlation: { payment_id: 'p1' } });
    await api.send({ ...event, user_id: 'U1', occurred_at: '2026-05-10T12:00:00Z' });
    expect((await preview(api, event)).body).toMatchObject({ outcome: 'late', replayed: true, games: [] });
  });

  test('of a reversal says what it would take back, and is what then happens; nothing is locked or written', async () => {
    await using api = await testApi({
      games: [
        gameHistory(
          makeGame({
            on_reversal: 'keep',
            milestone_steps: [
              {
                step: 1,
                step_type: 'REWARD',
                reward: { reward_type: 'VOUCHER', value: SENTINEL, visibility: 'hidden' },
              },
              2,
              { step: 3, step_type: 'EMPTY' },
            ],
          }),
        ),
        gameHistory(
          makeGame({
            game_id: 'weekly',
            time_zone: 'UTC',
            game_window: { recurrence: 'weekly' },
            milestone_steps: [2],
            triggers: [{ ...paymentTrigger(), cap: { per_day: 1 } }],
          }),
        ),
      ],
    });
    const paid = (id: string, day: string) =>
      upiPayment(1, { id, occurred: day, correlation: { payment_id: day === '05-02' ? 'P' : null } });
    await api.engine.take([paid('a', '05-02'), paid('b', '05-02'), paid('c', '05-03')]);
    await api.database.pool.query(
      `update milepost.outbox set state = 'done', attempts = 1, settled_at = clock_timestamp() where body ->> 'step' = '1'`,
    );
    const before = await everything(api);
    const reversal = { event_type: 'payment_reversed', correlation: { payment_id: 'P' } };
    // A worker that sends one of the rewards meanwhile is not in the way, nor is it kept from it.
    const worker = await api.database.pool.connect();
    await worker.query('begin; select from milepost.outbox for update');
    const { body } = await preview(api, reversal);
    await worker.query('rollback');
    worker.release();
    const lost = { title: null, kept: false };
    expect(body).toEqual({
      ...{ outcome: 'reversed', reason: null, detail: 'What it is about was taken back.', replayed: false },
      games: [
        {
          ...{ game_id: 'game', title: null, outcome: 'reversed', reason: null, missed: [], steps_reached: [] },
          ...{ detail: 'What it is about was taken back.', adds: -2, current_value: 1, max_value: 1_000 },
          window_start: '2026-05-01T00:00:00.000Z',
          steps_lost: [
            { step: 2, step_type: 'REWARD', ...lost, reward: expect.objectContaining({ value: 20 }) },
            { step: 3, step_type: 'EMPTY', ...lost, reward: null },
          ],
        },
        // Two of one day count one by the cap, and both are gone.
        expect.objectContaining({ game_id: 'weekly', adds: -1, current_value: 1, steps_lost: [expect.anything()] }),
      ],
    });
    expect(await everything(api)).toEqual(before);

    const last = (await preview(api, { event_type: 'event_reversed', correlation: { original_event_id: 'c' } })).body;
    expect(last.games[0]).toMatchObject({ adds: -1, steps_lost: [{ step: 3 }] });
    expect(
      (await preview(api, { event_type: 'payment_reversed', correlation: { payment_id: 'Q' } })).body,
    ).toMatchObject({
      ...{ outcome: 'waiting', games: [] },
    });
    await api.engine.take([paymentReversal('P', null, { occurred: '05-10' }), reversalOf('c', null)]);
    expect((await preview(api, reversal)).body).toMatchObject({
      outcome: 'reversed',
      reason: 'already_reversed',
      games: [],
    });
    const { entries } = (await api.get('/api/games/game/history')).body;
    expect(
      entries.find((entry: { kind: string; step?: number }) => entry.kind === 'claim' && entry.step === 1),
    ).toMatchObject({
      state: 'kept',
      reward: { value: SENTINEL },
    });
  });

  test('refuses what is no event, and what says whose it is', async () => {
    await using api = await testApi({ games });
    for (const body of [
      {},
      { event_type: '' },
      payment(10, { occurred_at: 'now' }),
      payment(10, { user_id: 'U2' }),
      payment(0.1234567),
    ]) {
      expect((await preview(api, body)).status, JSON.stringify(body)).toBe(400);
    }
    const token = await api.token({ scope: 'producer' });
    const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
    expect((await api.call('/api/games/preview', { method: 'POST', headers, body: '{}' })).status).toBe(403);
  });
});
