// Simulations of histories that a real engine has judged: what they say has to be what the engine wrote.
import fc from 'fast-check';
import type pg from 'pg';
import { expect, test } from 'vitest';
import { UserError } from '../errors.ts';
import type { IncomingEvent } from '../event/event.ts';
import type { GameConfig } from '../games/config.ts';
import { testDatabase } from '../testing/database.ts';
import { install, silent, testEngine } from '../testing/engine.ts';
import { deliveries, histories } from '../testing/histories.ts';
import { at, gameHistory, makeGame, paymentTrigger, upiPayment } from '../testing/make.ts';
import { formatInstant } from '../time.ts';
import type { GameReport, Report } from './report.ts';
import type { Request } from './scene.ts';
import { simulate } from './simulate.ts';

/** A range that holds every event of the histories. */
const always = { from: at('2025-01-01T00:00:00Z'), to: at('2026-09-01T00:00:00Z') };

/** On this thread alone unless said: threads take a while to begin. */
function simulation(url: string, request: Partial<Request> & { draft: GameConfig }, threads = 1): Promise<Report> {
  return simulate(url, { ...always, against: undefined, shift: false, ...request }, { log: silent, threads });
}

const delivered = histories({ maxEvents: 60 })
  .map((history) => ({ ...history, games: history.games.slice(0, 1) }))
  .chain((history) => fc.record({ history: fc.constant(history), batches: deliveries(history.events) }));

test('a simulation says what the engine wrote, whatever the mode, the archetype and the versions', {
  timeout: 300_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(delivered, async ({ history, batches }) => {
      await using database = await testDatabase();
      await using engine = testEngine(database.url);
      await install(database.pool, history);
      for (const batch of batches) await engine.take(batch);
      const [game] = history.games;
      const draft = game?.versions[0]?.config as GameConfig;
      const types = typesOf(game?.versions.map(({ config }) => config) ?? []);
      const live = await written(database.pool, types);

      const before = await contents(database.pool);
      const simulated = simulation(database.url, { draft });
      if (live.events === 0) {
        await expect(simulated).rejects.toThrow(UserError);
        return;
      }
      const report = await simulated;
      expect(await contents(database.pool)).toEqual(before);
      expect(report.events).toBe(live.events);
      expect(report.players).toBe(live.players);
      expect(summaryOf(report.compared as GameReport)).toEqual(summaryOf(live));
    }),
    { numRuns: 12 },
  );
});

test('a draft says what the engine would write if it alone were active', { timeout: 300_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(delivered, fc.nat(2), async ({ history, batches }, pick) => {
      const versions = history.games[0]?.versions ?? [];
      const draft = versions[pick % versions.length]?.config as GameConfig;
      await using database = await testDatabase();
      await using engine = testEngine(database.url);
      await install(database.pool, { ...history, games: [gameHistory(draft)] });
      for (const batch of batches) await engine.take(batch);
      const live = await written(database.pool, typesOf([draft]));
      if (live.events === 0) return;

      const report = await simulation(database.url, { draft });
      expect(summaryOf(report.draft)).toEqual(summaryOf(live));
      expect(summaryOf(report.compared as GameReport)).toEqual(summaryOf(live));
      expect(report.differences).toEqual([]);
      expect(summaryOf((await simulation(database.url, { draft, against: { version: 1 } })).draft)).toEqual(
        summaryOf(live),
      );
      const refused = report.draft.outcomes.find(({ reason }) => reason === 'condition_failed')?.events ?? 0;
      for (const { events, found_events } of report.refusals) {
        expect(events).toBeLessThanOrEqual(refused);
        expect(found_events).toBeLessThanOrEqual(events);
      }
    }),
    { numRuns: 12 },
  );
});

/** What the engine wrote about one game, in the words of a report. */
interface Written extends GameReport {
  events: number;
  players: number;
}

async function written(pool: pg.Pool, types: readonly string[]): Promise<Written> {
  const rows = async (text: string): Promise<Record<string, unknown>[]> =>
    (await pool.query(`select to_json(line) as line from (${text}) as line`)).rows.map(({ line }) => line);
  const judged = `
    from milepost.event_key k join milepost.inbox i using (bucket, player_id, received_at, event_no)
   where i.event_type = any ('{${types.join(',')}}') and i.occurred_at >= '${formatInstant(always.from)}'`;
  const paid = `
    from (select body ->> 'reward_type' as reward_type, body ->> 'user_id' as user_id, (body ->> 'amount')::bigint as amount
            from milepost.outbox where destination <> 'projection') as o`;
  const [totals] = await rows(
    `select count(*) as events, count(distinct (bucket, player_id)) as players,
            count(distinct (bucket, player_id)) filter (where outcome in ('applied', 'held')) as counted ${judged}`,
  );
  const claims = await rows(
    `select step, min(step_type) as step_type, count(distinct (bucket, player_id)) as players, count(*) as claims,
            count(*) filter (where status = 'held') as held from milepost.claim group by step`,
  );
  const held = await rows(
    `select reward_type, count(*) as held_count, sum(amount) as held_sum from milepost.claim where status = 'held' and reward_type is not null group by 1`,
  );
  const rewards = await rows(`select reward_type, count(*) as count, sum(amount) as sum ${paid} group by 1`);
  const most = await rows(
    `select reward_type, max(sum) as max from (select reward_type, user_id, sum(amount) as sum ${paid} group by 1, 2) as s group by 1`,
  );
  return {
    events: totals?.events,
    players: totals?.players,
    players_counted: totals?.counted,
    outcomes: await rows(`select outcome, reason, count(*) as events ${judged} group by 1, 2`),
    steps: claims,
    rewards: (['NC', 'VOUCHER'] as const).map((type) => {
      const of = (lines: Record<string, unknown>[]) => lines.find(({ reward_type }) => reward_type === type) ?? {};
      return {
        reward_type: type,
        ...of(rewards),
        ...of(held),
        per_player: of(most).max === undefined ? null : of(most),
      };
    }),
  } as unknown as Written;
}

/** What of a report can be compared with what was written: without what is nought, in no order. */
function summaryOf({ players_counted, outcomes, steps, rewards }: GameReport): unknown {
  return {
    players_counted,
    outcomes: new Set(outcomes.map(({ outcome, reason, events }) => `${outcome} ${reason}: ${events}`)),
    steps: new Set(
      steps
        .filter(({ claims }) => claims > 0)
        .map(({ step, players, claims, held }) => `${step}: ${players} players, ${claims} claims, ${held} held`),
    ),
    rewards: new Set(
      rewards
        .map(({ reward_type, count = 0, sum = 0, held_count = 0, held_sum = 0, per_player }) =>
          [reward_type, count, sum, 'held', held_count, held_sum, 'most', per_player?.max ?? 0].join(' '),
        )
        .filter((line) => !line.endsWith('0 0 held 0 0 most 0')),
    ),
  };
}

function typesOf(configs: readonly GameConfig[]): string[] {
  return configs.flatMap(({ triggers, join }) => [
    ...triggers.map(({ event_type }) => event_type),
    ...(join === undefined ? [] : [join.event_type]),
  ]);
}

/** A digest of every row of every table. */
async function contents(pool: pg.Pool): Promise<unknown> {
  const { rows } = await pool.query<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class c
      where c.relnamespace = 'milepost'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition order by 1`,
  );
  const digests = await Promise.all(
    rows.map(async ({ name }) => {
      const found = await pool.query(`select count(*), sum(hashtextextended(t::text, 0)) as digest from ${name} as t`);
      return [name, found.rows[0]];
    }),
  );
  return Object.fromEntries(digests);
}

// ---- a comparison that the test works out by itself

const payments: readonly [user: string, amount: number, day: string][] = [
  ...['05-02', '05-03', '05-04'].map((day): [string, number, string] => ['asha', 2_000, day]),
  ...['05-02', '05-03', '05-04', '05-05', '05-06', '05-07'].map((day): [string, number, string] => ['bela', 800, day]),
  ...['05-08', '05-09'].map((day): [string, number, string] => ['chand', 5_000, day]),
];

const events = (): IncomingEvent[] =>
  payments.map(([user, amount, day]) => upiPayment(amount, { user, occurred: day }));

/** Pays 50 NC to whoever makes three payments of that much, and a voucher of 100 for six. */
const gameFrom = (from: number, value = 50): GameConfig =>
  makeGame({
    milestone_steps: [
      { step: 3, step_type: 'REWARD', reward: { reward_type: 'NC', value } },
      { step: 6, step_type: 'REWARD', reward: { reward_type: 'VOUCHER', value: 100 } },
    ],
    triggers: [paymentTrigger({ from })],
  });

test('--against says who gains and who loses', async () => {
  await using database = await testDatabase();
  await using engine = testEngine(database.url);
  // Version 1 takes payments of 500, version 2 from 5 May on of 1,000 only.
  await install(database.pool, { games: [gameHistory(gameFrom(500), ['2026-05-05T00:00:00Z', gameFrom(1_000)])] });
  await engine.take(events());

  const draft = gameFrom(1_000, 80);
  const alone = await simulation(database.url, { draft, against: { version: 1 } });
  // By version 1 alone, asha had 50 NC and bela 50 NC and a voucher; by the draft asha has 80 NC and bela nothing.
  expect(alone.compared).toMatchObject({ game_id: 'game', label: 'version 1 alone' });
  expect(alone.differences).toEqual([
    {
      reward_type: 'NC',
      gain: { players: 1, sum: 30, greatest: [{ user_id: 'asha', draft: 80, compared: 50, difference: 30 }] },
      loss: { players: 1, sum: 50, greatest: [{ user_id: 'bela', draft: 0, compared: 50, difference: -50 }] },
    },
    {
      reward_type: 'VOUCHER',
      gain: { players: 0, sum: 0, greatest: [] },
      loss: { players: 1, sum: 100, greatest: [{ user_id: 'bela', draft: 0, compared: 100, difference: -100 }] },
    },
  ]);

  const threaded = await simulation(database.url, { draft, against: { version: 1 } }, 3);
  const timeless = { seconds: 0, events_per_second: 0 };
  expect({ ...threaded, ...timeless }).toEqual({ ...alone, ...timeless });

  // As it was, bela's payments since 5 May did not count: no voucher that could be lost.
  const real = await simulation(database.url, { draft });
  expect(real.differences?.map(({ reward_type, gain, loss }) => [reward_type, gain.sum, loss.sum])).toEqual([
    ['NC', 30, 50],
  ]);
  expect(real.refusals).toEqual([
    {
      trigger_id: 'payment',
      condition: 'transaction_amount is at least 1000',
      events: 6,
      found: 800,
      found_events: 6,
    },
  ]);
});

test('a draft of another month is tried on this one by moving its window', async () => {
  await using database = await testDatabase();
  await using engine = testEngine(database.url);
  await install(database.pool, { games: [gameHistory(gameFrom(500))] });
  await engine.take(events());
  const draft = {
    ...gameFrom(500),
    game_id: 'june',
    game_window: { ...gameFrom(500).game_window, start: '2026-06-01T00:00:00Z', end: '2026-06-30T23:59:59Z' },
  };
  const [from, to] = [at('2026-05-01T00:00:00Z'), at('2026-06-01T00:00:00Z')];
  await expect(simulation(database.url, { draft, from, to })).rejects.toThrow(
    /lies outside the draft's window.*--shift/,
  );
  const report = await simulation(database.url, { draft, from, to, shift: true, against: { gameId: 'game' } });
  expect(report.window).toEqual({ start: '2026-05-01T00:00:00.000Z', end: '2026-05-31T00:00:00.000Z' });
  expect(report.draft.rewards).toEqual(report.compared?.rewards);
  expect(report.draft.rewards.map(({ sum }) => sum)).toEqual([100, 100]);
  // A range of which June's window, moved into May, does not hold the last day.
  expect(report.projection).toMatchObject({ window_covered: 1, rewards: null });
});

test('a part of the window is projected to the whole of it', async () => {
  await using database = await testDatabase();
  await using engine = testEngine(database.url);
  await engine.take(events());
  const report = await simulation(database.url, {
    draft: makeGame({
      game_window: { start: '2026-05-01T00:00:00Z', end: '2026-05-08T23:59:59Z' },
      milestone_steps: [2],
    }),
    from: undefined,
    to: at('2026-05-05T00:00:00Z'),
  });
  // Half of eight days: asha and bela have 20 NC each.
  expect(report.projection).toMatchObject({ window_covered: 0.5, rewards: [{ reward_type: 'NC', sum: 80 }] });
  expect(report.compared).toBeNull();
  expect(report.differences).toBeNull();
});

test('a range without history says what is stored', async () => {
  await using database = await testDatabase();
  const draft = gameFrom(500);
  await expect(simulation(database.url, { draft })).rejects.toThrow(
    /no event of the types payment_success.*inbox is empty/,
  );
  await using engine = testEngine(database.url);
  await engine.take(events());
  const other = { ...draft, triggers: [{ ...paymentTrigger(), event_type: 'unheard_of' }] } as GameConfig;
  await expect(simulation(database.url, { draft: other })).rejects.toThrow(
    'no event of the types unheard_of occurred from 2025-01-01T00:00:00.000Z to 2026-09-01T00:00:00.000Z, though events of other types did; ' +
      'the inbox holds events received from 2026-05-02 to 2026-05-09 (UTC); choose another range with --from and --to',
  );
  const future = { ...always, to: at('2100-01-01T00:00:00Z'), from: at('2099-12-01T00:00:00Z') };
  await expect(simulation(database.url, { draft, ...future })).rejects.toThrow(/still to come, so there is no history/);
  await expect(simulation(database.url, { draft, against: { gameId: 'gaem' } })).rejects.toThrow(
    /there is no game "gaem"/,
  );
});

test('a range of which days have been dropped is refused', async () => {
  await using database = await testDatabase();
  await using engine = testEngine(database.url);
  await engine.take(events());
  for (const day of ['20260502', '20260503']) await database.pool.query(`drop table milepost.inbox_${day}`);
  const draft = gameFrom(500);
  await expect(simulation(database.url, { draft })).rejects.toThrow(
    'events received from 2026-05-02 to 2026-05-03 are no longer stored: these days have been dropped from the inbox, and the simulation ' +
      'would miss them; choose --from 2026-05-04T00:00:00.000Z or later',
  );
  expect(await simulation(database.url, { draft, from: at('2026-05-04T00:00:00Z') })).toMatchObject({ events: 7 });
});

test('an event that cannot be judged is set aside, and the others of its player count', async () => {
  await using database = await testDatabase();
  await using engine = testEngine(database.url);
  const amounts = [10, 99_999_999_999, 20];
  await engine.take(amounts.map((amount) => upiPayment(amount)));
  const draft = makeGame({
    milestone_steps: [30],
    triggers: [
      {
        progression_config: {
          mode: 'increment_by_attribute',
          field: 'attributes.transaction_amount',
          scale: 1_000_000,
          rounding: 'down',
        },
      },
    ],
  });
  const report = await simulation(database.url, { draft });
  expect(report.draft.outcomes).toEqual([
    { outcome: 'applied', reason: null, events: 2 },
    { outcome: 'failed', reason: 'data_error', events: 1 },
  ]);
  expect(report.draft.steps[0]).toMatchObject({ players: 1 });
});
