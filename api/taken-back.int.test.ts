// What players are shown of rewards and credits that did not stay as they were: reversals, verdicts, debts, budgets. In the widget and the journey, from
// PostgreSQL and from Redis, and in the history.
import { expect, test } from 'vitest';
import { correctEvent } from '../src/engine/correct.ts';
import { type TestApi, testApi } from '../src/testing/api.ts';
import { fromBoth } from '../src/testing/both-ways.ts';
import { SENTINEL } from '../src/testing/every-archetype.ts';
import { gameHistory, makeEvent, makeGame, paymentTrigger, reversalOf, upiPayment } from '../src/testing/make.ts';

type GameInput = NonNullable<Parameters<typeof makeGame>[0]>;
interface Line {
  kind: string;
  at: string;
  [key: string]: unknown;
}

const nc = (step: number, value: number) => ({ step, step_type: 'REWARD', reward: { reward_type: 'NC', value } });
const hidden = { reward_type: 'VOUCHER', value: SENTINEL, visibility: 'hidden' };
const perRupee = {
  ...paymentTrigger(),
  progression_config: {
    mode: 'increment_by_attribute' as const,
    field: 'attributes.transaction_amount',
    scale: 1,
    rounding: 'down' as const,
  },
};
const given = (...games: GameInput[]) => testApi({ games: games.map((each) => gameHistory(makeGame(each))) });
const pay = (id: string, amount = 1, options: Parameters<typeof upiPayment>[1] = {}) =>
  upiPayment(amount, { id, correlation: { payment_id: `P${id}` }, ...options });
const flagged = { attributes: { frm_flag: 'REVIEW' } };
const verdict = (type: 'hold_released' | 'hold_voided', original: string) =>
  makeEvent({ type, correlation: { original_event_id: original } });
const visible = (value: number) => ({ visibility: 'visible', reward_type: 'NC', value, display_type: 'flat' });

/** What the services and the budgets' drain would have made of the messages that wait. */
async function messages(api: TestApi, change: string, where = 'true'): Promise<void> {
  await api.database.pool.query(
    `update milepost.outbox set ${change}, revision = revision + 1
      where state in ('pending', 'waiting') and destination <> 'projection' and ${where}`,
  );
}
const paid = `state = 'done', settled_at = clock_timestamp()`;

/** Words of the tables, which no player is told. */
const internal = /awaiting_budget|clawed_back|offset|cancelled|unopened|leased_until|ambiguous|skipped|pending/;

/** Everything a player is shown of a game. */
async function shown(api: TestApi, gameId = 'game') {
  const [active, one] = [await fromBoth(api, '/api/games/active'), await fromBoth(api, `/api/games/${gameId}`)];
  const past = await api.get(`/api/games/${gameId}/history`);
  for (const { body } of [active, one, past]) expect(JSON.stringify(body)).not.toMatch(internal);
  const game = active.body.games.find(({ game_id }: { game_id: string }) => game_id === gameId);
  const { steps } = one.body;
  expect(game).toMatchObject(
    Object.fromEntries(['current_value', 'last_credited', 'projection_version'].map((key) => [key, one.body[key]])),
  );
  expect(game.steps.map(({ state }: Line) => state)).toEqual(steps.map(({ state }: Line) => state));
  for (const { state, reached_at } of steps) expect(reached_at === null).toBe(state === 'locked');
  const entries: Line[] = past.body.entries;
  return {
    game,
    steps,
    entries,
    counted: game.last_credited.map(({ event_id }: { event_id: string }) => event_id),
    ofKind: (kind: string) => entries.filter((entry) => entry.kind === kind),
  };
}

/** The same, page by page. */
async function expectPages(api: TestApi, entries: readonly Line[]): Promise<void> {
  const pages: unknown[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { body } = await api.get(`/api/games/game/history?limit=1${cursor}`);
    pages.push(...body.entries);
    cursor = body.next_cursor === null ? null : `&cursor=${body.next_cursor}`;
  }
  expect(pages).toEqual(entries);
}

test('an event that was taken back before it came counts nothing anywhere, and its reader is told so', async () => {
  await using api = await given({ milestone_steps: [2] });
  await api.engine.take([reversalOf('b'), pay('a'), pay('b')]);
  const { game, counted, ofKind } = await shown(api);
  expect(game).toMatchObject({ current_value: 1, steps: [{ state: 'locked' }] });
  expect(counted).toEqual(['a']);
  expect(ofKind('credit').map(({ event_id, amount, counts }) => [event_id, amount, counts])).toEqual([
    ['b', 1, 0],
    ['a', 1, 1],
  ]);
  expect(ofKind('ruling')).toMatchObject([{ what: 'reversed', amount: 0, taken: 1, remaining: 0, event_id: 'b' }]);
  expect((await api.get('/api/games/active?after_event=b')).body.after).toMatchObject({
    status: 'not_applicable',
    outcome: 'reversed',
    detail: 'It had been taken back before it came.',
  });
});

test('a refund in parts: what each took, what counts since, and what is left of the payment', async () => {
  await using api = await given({
    triggers: [perRupee],
    milestone_steps: [nc(50, 5), { step: 100, step_type: 'REWARD', reward: hidden }],
  });
  await api.engine.take([pay('a', 150.5), reversalOf('a', 60.25)]);
  await api.engine.take([reversalOf('a', 40)]);
  const { game, steps, entries, counted, ofKind } = await shown(api);
  expect(game.current_value).toBe(50);
  expect(counted).toEqual(['a']);
  expect(ofKind('credit')).toMatchObject([{ amount: 150, counts: 50, held: false }]);
  expect(ofKind('ruling')).toMatchObject([
    { amount: 50, taken: 40, remaining: 50.25 },
    { amount: 90, taken: 60, remaining: 90.25 },
  ]);
  expect(steps).toMatchObject([
    { state: 'paying', reward: visible(5) },
    { state: 'locked', reward: { visibility: 'hidden' } },
  ]);
  // It was earned once, so it is no secret any more.
  expect(ofKind('claim')).toMatchObject([
    { step: 100, state: 'taken_back', reward: { value: SENTINEL } },
    { step: 50 },
  ]);
  await expectPages(api, entries);
});

test('what was held: not any more once it is released; gone, and never shown, once it is voided', async () => {
  await using api = await given({
    milestone_steps: [nc(1, 5), { step: 2, step_type: 'REWARD', reward: hidden }],
  });
  await api.engine.take([pay('a', 1, flagged), pay('b', 1, flagged)]);
  const before = await shown(api);
  expect(before.ofKind('credit')).toMatchObject([{ held: true }, { held: true }]);
  expect(before.steps).toMatchObject([{ state: 'held' }, { state: 'held', reward: { visibility: 'hidden' } }]);
  await api.engine.take([verdict('hold_released', 'a'), verdict('hold_voided', 'b')]);
  const after = await shown(api);
  expect(after.counted).toEqual(['a']);
  expect(after.ofKind('credit').map(({ event_id, counts, held }) => [event_id, counts, held])).toEqual([
    ['b', 0, false],
    ['a', 1, false],
  ]);
  expect(after.ofKind('ruling')).toMatchObject([
    { what: 'voided', event_id: 'b', amount: 0, taken: 1 },
    { what: 'released', event_id: 'a', amount: 1, taken: 0, remaining: null },
  ]);
  expect(after.steps).toMatchObject([{ state: 'paying' }, { state: 'locked' }]);
  expect(after.ofKind('claim')).toMatchObject([
    { step: 2, state: 'taken_back' },
    { step: 1, state: 'paying' },
  ]);
  expect(JSON.stringify(after)).not.toContain(String(SENTINEL));
});

test('claw_back: what was paid stays told, and so does each step of its way back', async () => {
  await using api = await given({
    on_reversal: 'claw_back',
    milestone_steps: [{ step: 1, step_type: 'REWARD', reward: hidden }],
  });
  await api.engine.take([pay('a')]);
  await messages(api, paid);
  await api.engine.take([reversalOf('a')]);
  const state = async () => {
    const { steps, ofKind } = await shown(api);
    expect(steps).toMatchObject([{ state: 'locked', reward: { visibility: 'hidden' } }]);
    const reward = { visibility: 'visible', reward_type: 'VOUCHER', value: SENTINEL, display_type: 'flat' };
    expect(ofKind('claim')).toMatchObject([{ state: 'taken_back', reward }]);
    expect(ofKind('reward')).toMatchObject([{ state: 'paid', reward }]);
    expect(ofKind('take_back')).toMatchObject([{ step: 1, reward }]);
    return ofKind('take_back')[0]?.state;
  };
  expect(await state()).toBe('taking_back');
  await messages(api, `state = 'failed', settled_at = clock_timestamp(), last_error = 'ALREADY_USED'`);
  expect(await state()).toBe('failed');
  await api.database.pool.query(`update milepost.outbox set state = 'done' where state = 'failed'`);
  expect(await state()).toBe('taken_back');
  await expectPages(api, (await shown(api)).entries);
});

test('keep: what was paid is the player’s, though the step is not reached; until it is again', async () => {
  await using api = await given({ on_reversal: 'keep', milestone_steps: [nc(1, 5), nc(2, 20)] });
  await api.engine.take([pay('a'), pay('b')]);
  await messages(api, paid);
  await api.engine.take([reversalOf('b')]);
  const lost = await shown(api);
  expect(lost.game).toMatchObject({ current_value: 1, next_visible_reward: null });
  expect(lost.steps).toMatchObject([{ state: 'paid' }, { state: 'kept', reward: visible(20) }]);
  expect(lost.ofKind('claim')).toMatchObject([
    { step: 2, state: 'kept' },
    { step: 1, state: 'paid' },
  ]);
  await api.engine.take([pay('c')]);
  expect((await shown(api)).steps).toMatchObject([{ state: 'paid' }, { state: 'paid' }]);
});

test('offset: what is owed, and what is kept back for it, in whole and in part', async () => {
  const card = { ...paymentTrigger({ id: 'card' }), event_type: 'card' };
  const cards: GameInput = { game_id: 'cards', on_reversal: 'offset', triggers: [card], milestone_steps: [nc(1, 27)] };
  await using api = await given({ milestone_steps: [nc(1, 20), nc(2, 30)] }, cards);
  const application = makeEvent({ id: 'c', type: 'card', attributes: { transaction_amount: 1 } });
  await api.engine.take([application, reversalOf('c')]);
  // It was never sent, so nothing is owed.
  expect((await shown(api, 'cards')).entries.map(({ kind }) => kind)).toEqual(['ruling', 'claim', 'credit']);
  await api.engine.take([makeEvent({ id: 'd', type: 'card', attributes: { transaction_amount: 1 } })]);
  await messages(api, `attempts = 1`);
  await api.engine.take([reversalOf('d')]);
  expect((await shown(api, 'cards')).ofKind('debt')).toEqual([]);
  await messages(api, paid);
  expect((await shown(api, 'cards')).ofKind('debt')).toMatchObject([
    { step: 1, what: 'owed', reward_type: 'NC', amount: 27 },
  ]);
  await api.engine.take([pay('a'), pay('b')]);
  await messages(api, paid);
  const { steps, ofKind, entries } = await shown(api);
  expect(steps).toMatchObject([
    { state: 'netted', netted: 20, reward: visible(20) },
    { state: 'paid', netted: 7, reward: visible(30) },
  ]);
  expect(ofKind('debt')).toMatchObject([
    { step: 2, what: 'netted', amount: 7 },
    { step: 1, what: 'netted', amount: 20 },
  ]);
  expect(ofKind('claim')).toMatchObject([
    { step: 2, state: 'paid', netted: 7, reward: visible(30) },
    { step: 1, state: 'netted', netted: 20, reward: visible(20) },
  ]);
  expect(ofKind('reward')).toMatchObject([{ step: 2, state: 'paid', reward: visible(23) }]);
  await expectPages(api, entries);
});

test('under a budget: lowered says from what, skipped and voided say that nothing is paid', async () => {
  const budgets = [
    { budget_id: 'all', period: 'game' as const, limit: { amount: 100 }, when_exhausted: 'hold' as const },
  ];
  await using api = await given({ budgets, milestone_steps: [nc(1, 20), nc(2, 30), nc(3, 40)] } as GameInput);
  await api.engine.take([pay('a'), pay('b'), pay('c')]);
  expect((await shown(api)).steps).toMatchObject([{ state: 'paying' }, { state: 'paying' }, { state: 'paying' }]);
  const lowered = `body = body || '{"amount": 5, "downgraded_from": 20}', destination = 'neucoin', ${paid}`;
  await messages(api, lowered, `body ->> 'step' = '1'`);
  await messages(api, `state = 'skipped', settled_at = clock_timestamp()`, `body ->> 'step' = '2'`);
  await messages(api, `state = 'held'`, `body ->> 'step' = '3'`);
  const { steps, ofKind } = await shown(api);
  expect(steps).toMatchObject([
    { state: 'paid', reward: visible(5), downgraded_from: 20 },
    { state: 'not_paid', reward: visible(30), downgraded_from: null },
    { state: 'held', reward: visible(40), downgraded_from: null },
  ]);
  expect(ofKind('claim')).toMatchObject([{}, { state: 'not_paid' }, { state: 'paid', downgraded_from: 20 }]);
  expect(
    ofKind('reward')
      .map(({ step, state }) => [step, state])
      .sort(),
  ).toEqual([
    [1, 'paid'],
    [2, 'not_paid'],
  ]);
  const claim = { game_id: 'game', window_start: '2026-05-01T00:00:00Z', step: 3 };
  await api.engine.take([makeEvent({ type: 'hold_voided', attributes: claim })]);
  const voided = await shown(api);
  expect(voided.steps[2]).toMatchObject({ state: 'not_paid' });
  expect(voided.game.next_visible_reward).toBeNull();
  expect(voided.ofKind('claim')[0]).toMatchObject({ step: 3, state: 'not_paid', reward: visible(40) });
});

test('an event that failed is told of, in words, until it is judged; a reversal is no event that did not count', async () => {
  await using api = await given({ milestone_steps: [2] });
  const odd = { attributes: { merchant_id: '\u0000 \ud800 \\u0000' } };
  const failing = pay('b', 1, { occurred: '05-06', ...odd });
  await api.engine.take([
    pay('a', 1, { occurred: '05-05' }),
    { ...failing, payload: '{' },
    { ...makeEvent({ id: 'other' }), payload: '{' },
    // Of a type that the game counts, and yet a reversal.
    pay('r', 1, { occurred: '05-07', correlation: { original_event_id: 'never' } }),
  ]);
  const { entries } = await shown(api);
  expect(entries.map(({ kind }) => kind)).toEqual(['not_counted', 'credit']);
  expect(entries[0]).toEqual({
    kind: 'not_counted',
    at: '2026-05-06T12:00:00.000Z',
    event_id: 'b',
    event_type: 'payment_success',
    payment_id: 'Pb',
    outcome: 'failed',
    reason: 'data_error',
    detail: 'It could not be read; it is being looked into.',
    missed: [],
  });
  await expectPages(api, entries);
  expect((await api.get('/api/games/game/history?not_counted=false')).body.entries).toHaveLength(1);
  await api.engine.take([failing]);
  expect((await shown(api)).entries.map(({ kind }) => kind)).toEqual(['claim', 'credit', 'credit']);
});

test('an event that was corrected is told of as it was corrected, and not as it was', async () => {
  await using api = await given({ milestone_steps: [2], triggers: [paymentTrigger({ from: 1_000 })] });
  await api.engine.take([pay('a', 900)]);
  expect((await shown(api)).entries.map(({ kind }) => kind)).toEqual(['not_counted']);
  const order = { eventId: 'a', userId: 'U1', set: { transaction_amount: 1_500 }, by: 'asha', reason: 'ticket 815' };
  await correctEvent({ db: api.engine.db, engine: api.engine, dryRun: false }, order);
  expect((await shown(api)).entries).toMatchObject([{ kind: 'credit', event_id: 'a', counts: 1 }]);
});
