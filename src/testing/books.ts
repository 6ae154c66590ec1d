// The books: what the engine made of some events, in the model's words, so that the two can be compared. Read from a database here, and from
// memory by dry-run.ts.
import type pg from 'pg';
import { expect } from 'vitest';
import type { IncomingEvent } from '../event/event.ts';
import type { ClaimLine, CreditLine, ExpectedBooks, JoinLine, OutcomeLine, ProgressLine, Terms } from './model.ts';

export interface Books {
  outcomes: OutcomeLine[];
  joins: JoinLine[];
  credits: CreditLine[];
  progress: ProgressLine[];
  claims: (ClaimLine & Terms)[];
  /** What went into the outbox to be paid. */
  rewards: (ClaimLine & Terms)[];
}

/**
 * Fails unless the books say what the model says. A claim's terms need only be among the possible ones (they are pinned by arrival), but a
 * reward must be paid by the very terms of its claim.
 */
export function expectBooks(actual: Books, expected: ExpectedBooks): void {
  expect(ordered(actual.outcomes.map(withoutWorth)), 'outcomes').toEqual(ordered(expected.outcomes));
  expect(ordered(actual.joins), 'joins').toEqual(ordered(expected.joins));
  expect(ordered(actual.credits), 'credits').toEqual(ordered(expected.credits));
  expect(ordered(actual.progress), 'progress').toEqual(ordered(expected.progress));
  expect(ordered(actual.claims.map(withoutTerms)), 'claims').toEqual(
    ordered(expected.claims.map(({ possibleTerms, ...claim }) => claim)),
  );
  expect(ordered(actual.rewards.map(withoutTerms)), 'rewards').toEqual(ordered(expected.rewards));

  const possible = new Map(expected.claims.map(({ possibleTerms, ...claim }) => [keyOf(claim), possibleTerms]));
  const pinned = new Map<string, Terms>();
  for (const claim of actual.claims) {
    expect(possible.get(keyOf(withoutTerms(claim))), `terms of ${keyOf(claim)}`).toContainEqual(termsOf(claim));
    pinned.set(keyOf(withoutTerms(claim)), termsOf(claim));
  }
  for (const reward of actual.rewards) {
    expect(termsOf(reward), `terms of the reward for ${keyOf(reward)}`).toEqual(
      pinned.get(keyOf(withoutTerms(reward))),
    );
  }
}

/** That an event counted and yet added nothing depends on what was there before it. */
function withoutWorth({ reason, ...line }: OutcomeLine): OutcomeLine {
  const isWorth = (line.outcome === 'applied' || line.outcome === 'held') && reason !== 'joined';
  return { ...line, reason: isWorth ? null : reason };
}

function termsOf({ version, reward_type, amount }: Terms): Terms {
  return { version, reward_type, amount };
}

function withoutTerms({ version, reward_type, amount, ...claim }: ClaimLine & Terms): ClaimLine {
  return claim;
}

function keyOf(line: object): string {
  const entries = Object.entries(line).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(entries);
}

/** Sorted by everything in a line, so that two sets compare as lists. */
function ordered<Line extends object>(lines: readonly Line[]): Line[] {
  return lines
    .map((line): [string, Line] => [keyOf(line), line])
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, line]) => line);
}

/** Reads the books of a whole database, sorted, so that what is read before and after compares. */
export async function readBooks(pool: pg.Pool): Promise<Books> {
  const lines = async <Line extends object>(query: string): Promise<Line[]> => {
    const { rows } = await pool.query<{ line: Line }>(`select to_json(line) as line from (${query}) as line`);
    return ordered(rows.map(({ line }) => line));
  };
  const player = 'join milepost.player p using (bucket, player_id)';
  const game = 'join milepost.game g using (game_no)';
  const window = '(extract(epoch from window_start) * 1000)::bigint as window_start';
  return {
    // How the players came into their cohorts is not in the model's events.
    outcomes: await lines(
      `select p.user_id, producer, event_id, outcome, reason from milepost.event_key ${player} where reason is distinct from 'cohort_changed'`,
    ),
    joins: await lines(
      `select p.user_id, g.game_id, (extract(epoch from joined_at) * 1000)::bigint as joined_at, k.producer, k.event_id
         from milepost.game_join ${player} ${game} left join milepost.event_key k using (bucket, player_id, event_no)`,
    ),
    credits: await lines(
      `select p.user_id, g.game_id, ${window}, k.producer, k.event_id, trigger_id, amount, held, version
         from milepost.credit ${player} ${game} left join milepost.event_key k using (bucket, player_id, event_no)`,
    ),
    progress: await lines(
      `select p.user_id, g.game_id, ${window}, value, cleared from milepost.progress ${player} ${game}`,
    ),
    claims: await lines(
      `select p.user_id, g.game_id, ${window}, step, earning, step_type, status, version, reward_type, amount
         from milepost.claim ${player} ${game}`,
    ),
    // The claim's own columns come from the message: what a service is told, and not what we believe it is told.
    rewards: await lines(
      `select body ->> 'user_id' as user_id, body ->> 'game_id' as game_id,
              (extract(epoch from (body ->> 'window_start')::timestamptz) * 1000)::bigint as window_start,
              (body ->> 'step')::bigint as step, (body ->> 'earning')::int as earning, 'REWARD' as step_type, 'earned' as status,
              (body ->> 'version')::int as version, body ->> 'reward_type' as reward_type, (body ->> 'amount')::bigint as amount
         from milepost.outbox where destination <> 'projection'`,
    ),
  };
}

/** The events in the order in which a database took them. */
export async function readArrival(pool: pg.Pool, events: readonly IncomingEvent[]): Promise<IncomingEvent[]> {
  const { rows } = await pool.query<{ identity: string }>(
    `select json_build_array(p.user_id, producer, event_id)::text as identity
       from milepost.event_key join milepost.player p using (bucket, player_id) order by event_no`,
  );
  const places = new Map(rows.map(({ identity }, place) => [JSON.stringify(JSON.parse(identity)), place]));
  const placeOf = ({ event }: IncomingEvent) =>
    places.get(JSON.stringify([event.user_id, event.producer, event.event_id])) as number;
  return [...events].sort((a, b) => placeOf(a) - placeOf(b));
}
