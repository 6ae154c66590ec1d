// Cohorts in the database: what the engine writes about them, what it reads back, and what the projection and the books make of it.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type Db } from '../db/connect.ts';
import { verify } from '../engine/verify.ts';
import type { IncomingEvent } from '../event/event.ts';
import { factsOf, readPlayer } from '../games/facts.ts';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { install, silent, type TestEngine, testEngine } from '../testing/engine.ts';
import { at, type EventOptions, gameHistory, makeEvent, makeGame, upiPayment } from '../testing/make.ts';
import { COHORT_CHANGED } from './change.ts';
import { intervalsOf, statedAt } from './cohorts.ts';
import { readStatements } from './read.ts';

let database: TestDatabase;
let engine: TestEngine;
let api: Db;

beforeAll(async () => {
  database = await testDatabase();
  engine = testEngine(database.url);
  api = connect(database.url, { role: 'milepost_api', size: 3, log: silent });
  await install(database.pool, { games: [gameHistory(makeGame({ cohort_id: 'early', milestone_steps: [2] }))] });
});
afterAll(async () => {
  await api.close();
  await engine[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const changed = (user: string, cohortId: string, member: boolean, options: EventOptions & { until?: string } = {}) =>
  makeEvent({
    type: COHORT_CHANGED,
    user,
    attributes: { cohort_id: cohortId, member, until: options.until ?? null },
    ...options,
  });

async function words(...events: IncomingEvent[]): Promise<string[]> {
  const { results } = await engine.take(events);
  return results.map(({ outcome, reason }) => (reason === null ? outcome : `${outcome} (${reason})`));
}

const member = async (user: string, cohortId: string, day: string) =>
  statedAt(await readStatements(api, user, cohortId), cohortId, at(day));

async function rows<Row extends pg.QueryResultRow>(query: string, values: unknown[] = []): Promise<Row[]> {
  return (await database.pool.query<Row>(query, values)).rows;
}

test('a change is stored, counts for later events of its batch and of later batches, and is shown', async () => {
  expect(
    await words(
      upiPayment(1, { user: 'A', occurred: '05-12' }),
      changed('A', 'early', true, { occurred: '05-11' }),
      upiPayment(1, { user: 'A', occurred: '05-12' }),
    ),
  ).toEqual(['not_in_cohort (not_a_member)', 'applied (cohort_changed)', 'applied']);
  expect(
    await words(upiPayment(1, { user: 'A', occurred: '05-13' }), upiPayment(1, { user: 'A', occurred: '05-10' })),
  ).toEqual(['applied', 'not_in_cohort (not_a_member)']);
  const facts = factsOf(await readPlayer(api, 'A', 0));
  expect(facts?.memberships).toEqual([{ cohortId: 'early', from: at('05-11'), to: Number.POSITIVE_INFINITY }]);
});

test('a batch of changes alone refreshes the projection, a repeat of it does not', async () => {
  const refreshes = async () =>
    (await rows<{ count: number }>("select count(*)::int from milepost.outbox where destination = 'projection'"))[0]
      ?.count;
  const before = (await refreshes()) as number;
  const changes = [changed('R1', 'early', true), changed('R2', 'other', true), changed('R1', 'other', false)];
  await engine.take(changes);
  expect(await refreshes()).toBe(before + 1);
  const [message] = await rows<{ body: { players: unknown[] } }>(
    "select body from milepost.outbox where destination = 'projection' order by message_no desc limit 1",
  );
  expect(message?.body.players).toHaveLength(2);
  await engine.take(changes);
  expect(await refreshes()).toBe(before + 1);
});

test('opposite statements about one instant, in one batch or in two: not a member; the version rises with the change', async () => {
  await engine.take([changed('O', 'one', true), changed('O', 'one', false)]);
  await engine.take([changed('O', 'two', true)]);
  const version = async () =>
    (await readPlayer(api, 'O', 0)).find(({ name }) => name === 'memberships')?.version as number;
  const before = await version();
  await engine.take([changed('O', 'two', false)]);
  expect(await version()).toBe(before + 1);
  await engine.take([changed('O', 'two', true), changed('O', 'one', true)]);
  expect(await version()).toBe(before + 1);
  expect([await member('O', 'one', '05-10'), await member('O', 'two', '05-10')]).toEqual([false, false]);
});

test('any order, repetition and batching of changes leaves the same statements, and SQL makes the same intervals of them', async () => {
  const change = fc.record({
    day: fc.constantFrom('05-10', '05-11', '05-12', '05-13'),
    member: fc.boolean(),
    until: fc.option(fc.constantFrom('2026-05-12T12:00:00Z', '2026-05-14T12:00:00Z'), { nil: undefined }),
    cohort: fc.constantFrom('early', 'late'),
  });
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc
        .array(change, { minLength: 1, maxLength: 6 })
        .chain((set) =>
          fc.tuple(fc.constant(set), fc.shuffledSubarray([...set, ...set], { minLength: set.length * 2 })),
        ),
      fc.integer({ min: 1, max: 4 }),
      async ([set, delivered], size) => {
        const user = `P${++run}`;
        // What is not right (an end before its beginning) is refused and changes nothing.
        const events = new Map(
          set.map((each) => [
            each,
            changed(user, each.cohort, each.member, {
              occurred: each.day,
              ...(each.until === undefined ? {} : { until: each.until }),
            }),
          ]),
        );
        for (let from = 0; from < delivered.length; from += size) {
          await engine.take(delivered.slice(from, from + size).map((each) => events.get(each) as IncomingEvent));
        }
        const said = (cohort: string, instant: number): boolean[] =>
          set.flatMap((each) => {
            const until = each.until === undefined ? Number.POSITIVE_INFINITY : Date.parse(each.until);
            if (each.cohort !== cohort || until <= at(each.day)) return [];
            if (at(each.day) === instant) return [each.member];
            return until === instant ? [!each.member] : [];
          });
        const statements = await readStatements(api, user);
        const memberships = factsOf(await readPlayer(api, user, 0))?.memberships ?? [];
        expect(memberships.toSorted((a, b) => a.from - b.from)).toEqual(
          intervalsOf(statements).toSorted((a, b) => a.from - b.from),
        );
        for (const cohort of ['early', 'late']) {
          let expected = false;
          for (const day of ['05-10', '05-11', '05-12', '05-13', '05-14']) {
            const words = said(cohort, at(day));
            if (words.length > 0) expected = words.every((word) => word);
            const inside = memberships.some(
              ({ cohortId, from, to }) => cohortId === cohort && from <= at(day) && at(day) < to,
            );
            expect(inside, `${cohort} at ${day}`).toBe(expected);
          }
        }
      },
    ),
    { numRuns: 40 },
  );
});

test('many changes with batches of the same new players at the same time wait for each other and never deadlock', async () => {
  await using other = testEngine(database.url);
  const users = Array.from({ length: 200 }, (_, index) => `busy ${index}`);
  const entries = users.map((user) => changed(user, 'busy', true));
  await Promise.all([
    engine.take(entries),
    other.take(entries.toReversed()),
    engine.take(users.map((user) => makeEvent({ user }))),
    other.take(users.toReversed().map((user) => makeEvent({ user }))),
  ]);
  expect(await rows("select from milepost.cohort_membership where cohort_id = 'busy'")).toHaveLength(200);
});

test('a change that lies ahead is taken; one that is not right is rejected and changes nothing', async () => {
  expect(
    await words(
      changed('F', 'early', true, { occurred: '06-20', received: '05-10' }),
      changed('F', 'everyone', true),
      changed('F', 'early', true, { occurred: '05-10', until: '2026-05-10T00:00:00Z' }),
    ),
  ).toEqual(['applied (cohort_changed)', 'rejected (cohort_change_invalid)', 'rejected (cohort_change_invalid)']);
  expect(await readStatements(api, 'F')).toEqual([{ cohortId: 'early', from: at('06-20'), member: true }]);
  expect(await readStatements(api, 'nobody')).toEqual([]);
});

test('intervals of before, overlapping ones too, became statements that mean the same', async () => {
  await using own = await testDatabase();
  const { pool } = own;
  await pool.query(`
    drop table milepost.cohort_membership;
    create table milepost.cohort_membership (
      bucket smallint not null, player_id bigint not null, cohort_id text not null collate "C", valid_from timestamptz not null,
      valid_to timestamptz not null default 'infinity', revision smallint not null default 1,
      constraint cohort_membership_pkey primary key (bucket, player_id, cohort_id, valid_from),
      constraint cohort_membership_interval_check check (valid_from < valid_to))`);
  const interval = fc
    .tuple(fc.integer({ min: 1, max: 8 }), fc.constantFrom(1, 2, 5, Number.POSITIVE_INFINITY))
    .map(([from, length]) => ({ from, to: from + length }));
  const players = fc.sample(fc.uniqueArray(interval, { maxLength: 4, selector: ({ from }) => from }), 100);
  const dayOf = (number: number) =>
    Number.isFinite(number) ? `2026-05-${String(number).padStart(2, '0')}` : 'infinity';
  for (const [playerId, intervals] of players.entries()) {
    for (const { from, to } of intervals) {
      await pool.query("insert into milepost.cohort_membership values (1, $1, 'early', $2, $3)", [
        playerId,
        dayOf(from),
        dayOf(to),
      ]);
    }
  }
  await pool.query(await readFile(join(import.meta.dirname, '../../db/migrations/0008_cohort_statements.sql'), 'utf8'));
  for (const [playerId, intervals] of players.entries()) {
    const { rows: found } = await pool.query<{ day: number; member: boolean }>(
      'select extract(day from valid_from)::int as day, member from milepost.cohort_membership where player_id = $1',
      [playerId],
    );
    const told = found.map(({ day, member: word }) => ({ cohortId: 'early', from: day, member: word }));
    for (let day = 0; day <= 15; day++) {
      const inside = intervals.some(({ from, to }) => from <= day && day < to);
      expect(statedAt(told, 'early', day) ?? false, `${JSON.stringify(intervals)} on day ${day}`).toBe(inside);
    }
  }
});

async function differencesIn({ url }: TestDatabase) {
  const support = connect(url, { role: 'milepost_support', size: 1, log: silent });
  try {
    return await verify(support);
  } finally {
    await support.close();
  }
}

describe('the books', () => {
  test('agree after all that', async () => {
    expect(await differencesIn(database)).toEqual([]);
  });

  test('tell of a statement that an event made and that is gone, or says something else', async () => {
    await using own = await testDatabase();
    await using writer = testEngine(own.url);
    await writer.take([changed('V1', 'early', true), changed('V2', 'early', false), changed('V3', 'early', true)]);
    await own.pool.query(
      "delete from milepost.cohort_membership using milepost.player p where p.player_id = cohort_membership.player_id and p.user_id = 'V1'",
    );
    await own.pool.query('update milepost.cohort_membership set member = true');
    const differences = await differencesIn(own);
    expect(differences.map(({ check, user_id, found }) => [check, user_id, found]).sort()).toEqual([
      ['cohort_matches_events', 'V1', 'no statement'],
      ['cohort_matches_events', 'V2', 'a member'],
    ]);
  });
});
