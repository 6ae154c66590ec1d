import { expect, test } from 'vitest';
import { connect } from '../db/connect.ts';
import { builtInDestinations } from '../event/message.ts';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { install, silent, testEngine } from '../testing/engine.ts';
import { gameHistory, makeEvent, makeGame, reversalOf, upiPayment } from '../testing/make.ts';
import { type Check, type Difference, verify } from './verify.ts';

const anything = { operator: 'or' as const, conditions: [{ field: 'producer', op: 'exists' as const, value: true }] };
const flagged = (user: string) => upiPayment(1, { user, attributes: { frm_flag: 'X' } });

/** A tour of merchants that players join: two different ones, and one of them twice. */
const tour = makeGame({
  game_id: 'tour',
  game_archetype: 'CHECKLIST',
  join: { event_type: 'opted_in' },
  progress_state_model: { type: 'checklist', unit: 'target', display_unit: 'targets', max_value: 2 },
  checklist: {
    targets: [
      { target_id: 'two_merchants', triggers: ['merchant'], count: 2 },
      { target_id: 'three_visits', triggers: ['visit'], count: 3 },
    ],
  },
  milestone_steps: [1, 2],
  triggers: [
    {
      trigger_id: 'merchant',
      event_type: 'visit',
      progression_config: { mode: 'unique', field: 'attributes.merchant_id', value: 1 },
    },
    { trigger_id: 'visit', event_type: 'visit', cap: { per_day: 2 } },
  ].map((trigger) => ({ ...trigger, rule: anything })) as never,
});
const visit = (merchant: string, occurred: string) =>
  makeEvent({
    user: 'U4',
    type: 'visit',
    id: `${merchant}_${occurred}`,
    occurred,
    attributes: { merchant_id: merchant },
  });

/** Books with something in every table: counted, held, released, repeated, failed, joining and ignored events of four players. */
async function makeBooks(): Promise<TestDatabase> {
  const database = await testDatabase();
  const steps = [1, 2, { step: 3, step_type: 'FORTUNE_COOKIE' }, { step: 4, step_type: 'EMPTY' }];
  await install(database.pool, {
    games: [
      gameHistory(makeGame({ milestone_steps: steps })),
      gameHistory(makeGame({ game_id: 'early', cohort_id: 'early' })),
      gameHistory(tour),
    ],
    memberships: [{ userId: 'U1', cohortId: 'early', from: 0, to: Number.POSITIVE_INFINITY }],
  });
  await using engine = testEngine(database.url);
  const batch = [
    ...Array.from({ length: 5 }, (_, index) => upiPayment(1, { user: 'U1', id: `U1_${index}` })),
    // In two games, by triggers of one name.
    ...[upiPayment(1, { user: 'U1', id: 'U1_reversed' }), reversalOf('U1_reversed', null, { user: 'U1' })],
    ...[flagged('U2'), upiPayment(1, { user: 'U2' }), upiPayment(1, { user: 'U2' }), flagged('U2')],
    ...[flagged('U3'), makeEvent({ user: 'U3' }), { ...makeEvent({ user: 'U3' }), payload: '{"note":' }],
    ...[makeEvent({ user: 'U4', id: 'join', type: 'opted_in', occurred: '05-02' })],
    ...[visit('A', '05-10'), visit('A', '05-11'), visit('B', '05-12')],
  ];
  await engine.take(batch);
  await engine.take([...batch, upiPayment(1, { user: 'U1', id: 'U1_5' })]);
  return database;
}

/** As support, which may only read. */
async function verifyAsSupport(url: string, options?: { rowsPerCheck: number }): Promise<Difference[]> {
  const support = connect(url, { role: 'milepost_support', size: 1, log: silent });
  try {
    return await verify(support, options);
  } finally {
    await support.close();
  }
}

test('finds nothing in books that are right, nor in empty ones', async () => {
  await using empty = await testDatabase();
  expect(await verifyAsSupport(empty.url)).toEqual([]);
  await using database = await makeBooks();
  expect(await verifyAsSupport(database.url)).toEqual([]);
  // What waits behind a circuit that is probed, or that somebody has opened, is not forgotten.
  const { pool } = database;
  await pool.query("update milepost.outbox set next_attempt_at = now() - interval '2 hours'");
  await pool.query(
    `insert into milepost.circuit (destination, state, by_hand, probe_at, opened_at, changed_at)
     values ('neucoin', 'open', true, now() - interval '1 day', now(), now()), ('projection', 'half_open', false, now(), now(), now())`,
  );
  expect(await verifyAsSupport(database.url)).toEqual([]);
});

const windowOf = (gameNo: number) => `game ${gameNo}, window 2026-05-01T00:00:00Z`;
const window = windowOf(1);
const of = (user: string, table: string) =>
  `(${table}.bucket, ${table}.player_id) = (select bucket, player_id from milepost.player where user_id = '${user}')`;

const planted: { title: string; sql: string; finds: [Check, Partial<Difference>][] }[] = [
  {
    title: 'a credit was lost',
    sql: `delete from milepost.credit where ${of('U1', 'credit')} and game_no = 1 and event_no = (select min(event_no) from milepost.credit)`,
    finds: [
      [
        'progress_matches_credits',
        { user_id: 'U1', subject: window, expected: 'value 5, cleared 5', found: 'value 6, cleared 6' },
      ],
    ],
  },
  {
    title: 'all credits of an event were lost',
    sql: `delete from milepost.credit where ${of('U2', 'credit')} and not held and event_no = (select max(event_no) from milepost.credit where not held and ${of('U2', 'credit')})`,
    finds: [
      ['outcome_matches_credits', { user_id: 'U2', expected: 'no outcome of a counted event', found: 'applied' }],
      [
        'progress_matches_credits',
        { user_id: 'U2', subject: window, expected: 'value 3, cleared 1', found: 'value 4, cleared 2' },
      ],
      ['claims_match_progress', { user_id: 'U2', subject: `${window}, step 4`, expected: 'no claim' }],
      ['claim_status_matches_cleared', { user_id: 'U2', subject: `${window}, step 2`, expected: 'held' }],
    ],
  },
  {
    title: 'an event was counted twice',
    sql: `insert into milepost.credit (bucket, player_id, game_no, window_start, event_no, trigger_id, amount, held, version, occurred_at)
          select bucket, player_id, game_no, window_start, event_no + 1000000, trigger_id, amount, held, version, occurred_at
            from milepost.credit where ${of('U3', 'credit')}`,
    finds: [
      ['outcome_matches_credits', { user_id: 'U3', expected: 'held', found: 'no such event counted' }],
      [
        'progress_matches_credits',
        { user_id: 'U3', subject: window, expected: 'value 2, cleared 0', found: 'value 1, cleared 0' },
      ],
      ['claims_match_progress', { user_id: 'U3', subject: `${window}, step 2`, expected: 'a claim' }],
    ],
  },
  {
    title: 'an identity was forgotten',
    sql: `delete from milepost.event_key where event_id = 'U1_0'`,
    finds: [
      ['inbox_has_event_key', { user_id: 'U1', expected: 'an event_key', found: 'an inbox row alone' }],
      ['outcome_matches_credits', { user_id: 'U1', expected: 'applied', found: 'no such event counted' }],
    ],
  },
  {
    title: 'an outcome was changed to one that does not count',
    sql: `update milepost.event_key set outcome = 'late' where event_id = 'U1_0'`,
    finds: [['outcome_matches_credits', { user_id: 'U1', expected: 'applied', found: 'no such event counted' }]],
  },
  {
    title: 'an outcome was changed from held to applied',
    sql: `update milepost.event_key set outcome = 'applied' where outcome = 'held' and ${of('U3', 'event_key')}`,
    finds: [['outcome_matches_credits', { user_id: 'U3', expected: 'held', found: 'applied' }]],
  },
  {
    title: 'a total was changed',
    sql: `update milepost.progress set value = value + 1 where ${of('U1', 'progress')} and game_no = 1`,
    finds: [
      [
        'progress_matches_credits',
        { user_id: 'U1', subject: window, expected: 'value 6, cleared 6', found: 'value 7, cleared 6' },
      ],
    ],
  },
  {
    title: 'progress was lost',
    sql: `delete from milepost.progress where ${of('U1', 'progress')} and game_no = 2`,
    finds: [
      [
        'claimed_matches_claims',
        { user_id: 'U1', subject: windowOf(2), expected: 'claimed {3}', found: 'no progress' },
      ],
      [
        'progress_matches_credits',
        { user_id: 'U1', subject: windowOf(2), expected: 'value 6, cleared 6', found: 'no progress' },
      ],
    ],
  },
  {
    title: 'progress has come from nowhere',
    sql: `insert into milepost.progress (bucket, player_id, game_no, window_start, value, cleared, version, updated_at)
          select bucket, player_id, 2, window_start, 3, 3, 1, now() from milepost.progress where ${of('U2', 'progress')}`,
    finds: [
      [
        'progress_matches_credits',
        { user_id: 'U2', subject: windowOf(2), expected: 'no progress', found: 'value 3, cleared 3' },
      ],
    ],
  },
  {
    title: 'what a target has was changed',
    sql: `update milepost.progress set state = jsonb_set(state, '{all,1,three_visits}', '2') where game_no = 3`,
    finds: [
      [
        'progress_matches_credits',
        {
          user_id: 'U4',
          subject: windowOf(3),
          expected: expect.stringContaining('"three_visits":3') as never,
          found: expect.stringContaining('"three_visits":2') as never,
        },
      ],
    ],
  },
  {
    title: 'a credit of a value that counts once was lost',
    sql: `delete from milepost.credit where trigger_id = 'merchant' and distinct_value = '"B'`,
    finds: [
      [
        'progress_matches_credits',
        { user_id: 'U4', subject: windowOf(3), expected: 'value 1, cleared 1', found: 'value 2, cleared 2' },
      ],
      [
        'claims_match_progress',
        { user_id: 'U4', subject: `${windowOf(3)}, step 2`, expected: 'no claim', found: 'a claim' },
      ],
    ],
  },
  {
    title: 'a credit came to another day',
    sql: `update milepost.credit set occurred_at = '2026-05-11T12:00:00Z' where trigger_id = 'visit' and occurred_at = '2026-05-10T12:00:00Z'`,
    finds: [['progress_matches_credits', { user_id: 'U4', expected: expect.stringContaining('state') as never }]],
  },
  {
    title: 'a credit came to another window',
    sql: `update milepost.credit set window_start = window_start - interval '1 day' where trigger_id = 'visit' and occurred_at = '2026-05-10T12:00:00Z'`,
    finds: [
      ['credit_matches_window', { user_id: 'U4', expected: 'window 2026-05-01T00:00:00.000Z', found: 'this one' }],
      ['progress_matches_credits', { user_id: 'U4', expected: 'value 1, cleared 1', found: 'value 2, cleared 2' }],
      ['claims_match_progress', { user_id: 'U4', subject: `${windowOf(3)}, step 2`, expected: 'no claim' }],
    ],
  },
  {
    title: 'a credit names a trigger that its version does not have',
    sql: `update milepost.credit set trigger_id = 'another' where ${of('U3', 'credit')}`,
    finds: [['credit_matches_version', { user_id: 'U3', subject: window, found: 'trigger another of version 1' }]],
  },
  {
    title: 'what was reversed counts all the same in one of its games',
    sql: 'delete from milepost.credit_correction where game_no = 2',
    finds: [
      [
        'corrections_match_rulings',
        {
          user_id: 'U1',
          subject: expect.stringMatching(/^game 2, event number \d+, payment$/) as never,
          ...{ expected: 'a correction', found: 'no correction' },
        },
      ],
      [
        'progress_matches_credits',
        { user_id: 'U1', subject: windowOf(2), expected: 'value 7, cleared 7', found: 'value 6, cleared 6' },
      ],
    ],
  },
  {
    title: 'what was reversed was corrected in another game',
    sql: 'update milepost.credit_correction set game_no = 3 where game_no = 2',
    finds: [
      [
        'corrections_match_rulings',
        { user_id: 'U1', subject: expect.stringMatching(/^game 2, /) as never, expected: 'a correction' },
      ],
      [
        'corrections_match_rulings',
        { user_id: 'U1', subject: expect.stringMatching(/^game 3, /) as never, found: 'a correction' },
      ],
      ['progress_matches_credits', { user_id: 'U1', subject: windowOf(2) }],
    ],
  },
  {
    title: 'a join was lost',
    sql: `delete from milepost.game_join`,
    finds: [
      ['outcome_matches_credits', { user_id: 'U4', subject: 'event tests/join', found: 'applied' }],
      ['joined_matches_joins', { user_id: 'U4', subject: 'event tests/join', expected: 'a join', found: 'none' }],
    ],
  },
  {
    title: 'a join came from nowhere',
    sql: `insert into milepost.game_join select bucket, player_id, 3, '2026-05-01', 1 from milepost.player where user_id = 'U1'`,
    finds: [['outcome_matches_credits', { user_id: 'U1', expected: 'applied', found: 'no such event counted' }]],
  },
  {
    title: 'a step was not claimed',
    sql: `with lost as (delete from milepost.claim where ${of('U1', 'claim')} and game_no = 1 and step = 4)
          update milepost.progress set claimed = array_remove(claimed, 4) where ${of('U1', 'progress')} and game_no = 1`,
    finds: [
      [
        'claims_match_progress',
        { user_id: 'U1', subject: `${window}, step 4`, expected: 'a claim', found: 'no claim' },
      ],
    ],
  },
  {
    title: 'a claimed step was forgotten',
    sql: `update milepost.progress set claimed = array_remove(claimed, 4) where ${of('U1', 'progress')} and game_no = 1`,
    finds: [
      [
        'claimed_matches_claims',
        { user_id: 'U1', subject: window, expected: 'claimed {1,2,3,4}', found: 'claimed {1,2,3}' },
      ],
    ],
  },
  {
    title: 'a claim was lost',
    sql: `delete from milepost.claim where ${of('U1', 'claim')} and game_no = 1 and step = 2`,
    finds: [
      ['claimed_matches_claims', { user_id: 'U1', expected: 'claimed {1,3,4}', found: 'claimed {1,2,3,4}' }],
      ['payable_claims_match_outbox', { user_id: 'U1', expected: 'no message', found: 'U1 NC 20' }],
      [
        'claims_match_progress',
        { user_id: 'U1', subject: `${window}, step 2`, expected: 'a claim', found: 'no claim' },
      ],
    ],
  },
  {
    title: 'a held claim was opened too early',
    sql: `update milepost.claim set status = 'earned' where ${of('U3', 'claim')}`,
    finds: [
      ['payable_claims_match_outbox', { user_id: 'U3', expected: 'U3 NC 10', found: 'no message' }],
      [
        'claim_status_matches_cleared',
        { user_id: 'U3', subject: `${window}, step 1`, expected: 'held', found: 'earned' },
      ],
    ],
  },
  {
    title: 'a released claim was held again without a transition',
    sql: `update milepost.claim set status = 'held' where ${of('U2', 'claim')} and step = 1`,
    finds: [
      [
        'claim_status_matches_transitions',
        { user_id: 'U2', subject: `${window}, step 1`, expected: 'earned', found: 'held' },
      ],
      ['payable_claims_match_outbox', { user_id: 'U2', expected: 'no message', found: 'U2 NC 10' }],
      [
        'claim_status_matches_cleared',
        { user_id: 'U2', subject: `${window}, step 1`, expected: 'earned', found: 'held' },
      ],
    ],
  },
  {
    title: 'a cookie was opened behind our back',
    sql: `update milepost.claim set status = 'earned' where ${of('U1', 'claim')} and step_type = 'FORTUNE_COOKIE'`,
    finds: [
      ['openings_match_claims', { user_id: 'U1', expected: 'closed', found: 'opened, for nothing' }],
      [
        'claim_status_matches_cleared',
        { user_id: 'U1', subject: `${window}, step 3`, expected: 'unopened', found: 'earned' },
      ],
    ],
  },
  {
    title: 'a reward was never sent out',
    sql: `delete from milepost.outbox where body ->> 'user_id' = 'U1' and body ->> 'amount' = '20'`,
    finds: [
      [
        'payable_claims_match_outbox',
        { user_id: 'U1', subject: `${window}, step 2`, expected: 'U1 NC 20', found: 'no message' },
      ],
    ],
  },
  {
    title: 'a reward is paid twice',
    sql: `insert into milepost.outbox (bucket, destination, message_key, body, next_attempt_at, created_at)
          select bucket, destination, gen_random_uuid(), body, now(), now() from milepost.outbox where body ->> 'user_id' = 'U1' and body ->> 'amount' = '20'`,
    finds: [['payable_claims_match_outbox', { user_id: 'U1', expected: 'no message', found: 'U1 NC 20' }]],
  },
  {
    title: 'a reward is paid with another amount, and one to another player',
    sql: `update milepost.outbox set body = body || case body ->> 'amount' when '20' then '{"amount":21}' else '{"user_id":"U9"}' end::jsonb
           where body ->> 'user_id' = 'U1' and body ->> 'game_id' = 'game'`,
    finds: [
      [
        'payable_claims_match_outbox',
        { user_id: 'U1', subject: `${window}, step 1`, expected: 'U1 NC 10', found: 'U9 NC 10' },
      ],
      [
        'payable_claims_match_outbox',
        { user_id: 'U1', subject: `${window}, step 2`, expected: 'U1 NC 20', found: 'U1 NC 21' },
      ],
    ],
  },
  {
    title: 'nobody has tried what is due, and nobody came back for what was leased',
    sql: `update milepost.outbox
             set next_attempt_at = now() - interval '2 hours',
                 state = case body ->> 'amount' when '20' then 'leased' else 'pending' end::milepost.outbox_state,
                 claim_token = case body ->> 'amount' when '20' then gen_random_uuid() end,
                 leased_until = case body ->> 'amount' when '20' then now() - interval '2 hours' end
           where body ->> 'user_id' = 'U1' and body ->> 'game_id' = 'game'`,
    finds: [
      ['due_messages_are_tried', { user_id: 'U1', found: 'a lease that is over' }],
      ['due_messages_are_tried', { user_id: 'U1', found: 'none' }],
    ],
  },
  {
    title: 'nobody has probed a service whose circuit is open',
    sql: `with circuit as (insert into milepost.circuit (destination, state, probe_at, opened_at, changed_at)
                           select 'neucoin', 'open', at, at, at from (select now() - interval '2 hours' as at) as since)
          update milepost.outbox set next_attempt_at = now() - interval '3 hours' where body ->> 'user_id' = 'U1' and body ->> 'amount' = '20'`,
    finds: [['due_messages_are_tried', { user_id: 'U1', found: 'none' }]],
  },
  {
    title: 'a reward waits for longer than any wait is',
    sql: `update milepost.outbox set next_attempt_at = '2126-05-01T00:00:00Z' where body ->> 'user_id' = 'U1' and body ->> 'amount' = '20'`,
    finds: [['waits_have_an_end', { user_id: 'U1', found: 'none before 2126-05-01T00:00:00Z' }]],
  },
  {
    title: 'a service is probed later than any probe is',
    sql: `with circuit as (insert into milepost.circuit (destination, state, probe_at, opened_at, changed_at)
                           values ('neucoin', 'open', '2126-05-01T00:00:00Z', now(), now()))
          update milepost.outbox set destination = 'voucher' where body ->> 'user_id' <> 'U1' or body ->> 'amount' <> '20'`,
    finds: [['waits_have_an_end', { user_id: 'U1', found: 'none before 2126-05-01T00:00:00Z' }]],
  },
  {
    title: 'a reward goes where nobody comes for it',
    sql: `update milepost.outbox set destination = 'nuecoin' where body ->> 'user_id' = 'U1' and body ->> 'amount' = '20'`,
    finds: [
      [
        'destinations_are_served',
        {
          user_id: 'U1',
          expected: `one of ${builtInDestinations.join(', ')}, or a configured service`,
          found: 'pending',
        },
      ],
    ],
  },
  {
    title: 'a reward waits for what never comes',
    sql: `update milepost.outbox set state = 'waiting', after_key = '00000000-0000-0000-0000-000000000000'
           where body ->> 'user_id' = 'U1' and body ->> 'amount' = '20'`,
    finds: [['waiting_messages_have_what_they_wait_for', { user_id: 'U1', found: 'no such message' }]],
  },
  {
    title: 'a reward still waits for what has ended',
    sql: `with ended as (update milepost.outbox set state = 'done', settled_at = now() - interval '2 hours'
                          where body ->> 'user_id' = 'U1' and body ->> 'amount' = '10' returning message_key)
          update milepost.outbox set state = 'waiting', after_key = ended.message_key from ended
           where body ->> 'user_id' = 'U1' and body ->> 'amount' = '20'`,
    finds: [
      ['waiting_messages_have_what_they_wait_for', { user_id: 'U1', found: expect.stringMatching(/^done since /) }],
    ],
  },
  {
    title: 'more is taken of a budget than was reserved',
    sql: `insert into milepost.budget_period values (1, 'coins', '2026-05-01T00:00:00Z', 10, 1)`,
    finds: [
      [
        'budgets_match_reservations',
        { subject: 'game 1, budget coins from 2026-05-01T00:00:00Z', expected: '0 for 0', found: '1 for 10' },
      ],
    ],
  },
  {
    title: 'a part of a budget is reserved for no reward',
    sql: `with period as (insert into milepost.budget_period values (1, 'coins', '2026-05-01T00:00:00Z', 10, 1))
          insert into milepost.budget_reservation values
            (1, 'coins', '00000000-0000-0000-0000-000000000000', 0, '2026-05-01T00:00:00Z', 10, 'reserved', now())`,
    finds: [['reservations_match_outbox', { expected: 'nothing reserved', found: '10 reserved' }]],
  },
  {
    title: 'a reward has lost what was reserved for it',
    sql: `update milepost.outbox
             set reserved = true, body = body || '{"budgets": [{"budget_id": "coins", "period_start": "2026-05-01T00:00:00Z"}]}'
           where body ->> 'user_id' = 'U1' and body ->> 'amount' = '20'`,
    finds: [['reservations_match_outbox', { user_id: 'U1', expected: '20 reserved', found: 'nothing reserved' }]],
  },
  {
    title: 'a reward went past its budgets',
    sql: `update milepost.outbox set body = body || '{"budgets": [{"budget_id": "coins", "period_start": "2026-05-01T00:00:00Z"}]}'
           where body ->> 'user_id' = 'U1' and body ->> 'amount' = '20'`,
    finds: [['budgeted_rewards_are_reserved', { user_id: 'U1', found: 'pending without' }]],
  },
  {
    title: 'one event came for two players',
    sql: `insert into milepost.event_key select p.bucket, k.event_id, k.producer, p.player_id, 1, k.content_hash, 'no_match', k.reason, k.received_at
            from milepost.event_key k, milepost.player p where k.event_id = 'U1_0' and p.user_id = 'U3'`,
    finds: [['event_of_one_player', { subject: 'event tests/U1_0', expected: '1 player', found: '2 players: U1, U3' }]],
  },
  {
    title: 'a player was removed',
    sql: `delete from milepost.player where user_id = 'U3'`,
    finds: [
      ['player_exists', { subject: 'claim, credit, event_key, inbox, progress', expected: 'a player', found: 'none' }],
    ],
  },
  {
    title: 'a player is in the wrong bucket',
    sql: `insert into milepost.player (bucket, user_id) values ((milepost.bucket_of('U8') + 1) % 256, 'U8')`,
    finds: [['player_bucket', { user_id: 'U8', subject: 'bucket' }]],
  },
];

test.each(planted)('finds that $title', async ({ sql, finds }) => {
  await using database = await makeBooks();
  const { rowCount } = await database.pool.query(sql);
  expect(rowCount).toBeGreaterThan(0);
  const differences = await verifyAsSupport(database.url);
  expect(differences).toEqual(finds.map(([check, difference]) => expect.objectContaining({ check, ...difference })));
});

test('names the first differences of each check, and no more than asked for', async () => {
  await using database = await makeBooks();
  await database.pool.query('delete from milepost.credit');
  const differences = await verifyAsSupport(database.url, { rowsPerCheck: 2 });
  const counts = Map.groupBy(differences, ({ check }) => check);
  expect([...counts].map(([check, list]) => [check, list.length])).toEqual([
    ['outcome_matches_credits', 2],
    ['corrections_match_rulings', 2],
    ['progress_matches_credits', 2],
    ['claims_match_progress', 2],
  ]);
});
