// What a player owes since rewards that had been paid were taken back by policy `offset`, and which later rewards were lowered by which debt. Reads
// only. What is owed is one sum per type of reward; that the oldest debt is made up for first is how it is told.
import { type RawBuilder, sql } from 'kysely';
import type { Db } from '../db/connect.ts';
import { formatInstant, type Instant } from '../time.ts';
import type { PlayerName } from './past.ts';

/** A claim, as debts name it. */
export interface ClaimName {
  game_id: string;
  window_start: string;
  step: number;
  earning: number;
}

/** A reward that has to be made up for. */
export interface Debt extends ClaimName {
  reward_type: string;
  amount: number;
  /** The event that took the reward back, and its producer where that is on record; null where it is not on record any more. */
  event_id: string | null;
  producer: string | null;
  /** It counts once the reward has been paid: `waiting` until then, `void` if it never was. `settled`: all of it has been made up for. */
  state: 'owed' | 'settled' | 'waiting' | 'void';
  /** When it arose: the reward had been taken back, and had been paid. Null while it does not count. */
  since: string | null;
  /** What has not been made up for. */
  left: number;
  /** The later rewards that were lowered by it, when, and the event that earned them. */
  made_up_by: (ClaimName & { amount: number; at: string; event_id: string | null })[];
}

/** The id of the event of a number, of the player of a row: one that ruled, that counted, or whose payload is still stored. */
export function eventIdOf(row: 'c' | 'd', eventNo: RawBuilder<unknown>): RawBuilder<unknown> {
  const isIt = (table: string) =>
    sql`${sql.ref(`${table}.bucket`)} = ${sql.ref(`${row}.bucket`)} and ${sql.ref(`${table}.player_id`)} = ${sql.ref(`${row}.player_id`)}
        and ${sql.ref(`${table}.event_no`)} = ${eventNo}`;
  return sql`coalesce(
    (select r.event_id from milepost.ruling r where ${isIt('r')}),
    (select e.event_id from milepost.credit e where ${isIt('e')} limit 1),
    (select i.event_id from milepost.inbox i where ${isIt('i')} limit 1))`;
}

/** The producer of the event of a number, if that ruled. */
export function rulerOf(row: 'c' | 'd', eventNo: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`(select r.producer from milepost.ruling r
               where r.bucket = ${sql.ref(`${row}.bucket`)} and r.player_id = ${sql.ref(`${row}.player_id`)} and r.event_no = ${eventNo})`;
}

/** All debts of a player, the oldest first. */
export async function readDebts(
  db: Db,
  { bucket, player_id }: Pick<PlayerName, 'bucket' | 'player_id'>,
): Promise<Debt[]> {
  const { rows } = await sql<EntryRow>`
    select d.reward_type, d.amount, g.game_id, d.window_start, d.step, d.earning, d.entered_at,
           ${eventIdOf('d', sql`d.event_no`)} as event_id, ${rulerOf('d', sql`d.event_no`)} as producer,
           d.after_key is not null as waits, o.state, o.settled_at, (o.body ->> 'amount')::bigint as paid
      from milepost.debt_entry d
      join milepost.game g using (game_no)
      left join milepost.outbox o on o.bucket = d.bucket and o.message_key = d.after_key
     where d.bucket = ${bucket} and d.player_id = ${player_id}
     order by d.entry_no`.execute(db.query);
  const entries = rows.map((row) => ({ ...row, amount: Number(row.amount), name: nameOf(row) }));
  const debts = entries.filter(({ amount }) => amount > 0).map(debtOf);
  const inOrder = debts.toSorted((a, b) => a.at - b.at);
  for (const { reward_type, amount, name, event_id, entered_at } of entries) {
    let rest = Math.max(0, -amount);
    for (const { debt } of inOrder) {
      const part = debt.reward_type === reward_type && debt.state === 'owed' ? Math.min(rest, debt.left) : 0;
      if (part === 0) continue;
      debt.left -= part;
      rest -= part;
      if (debt.left === 0) debt.state = 'settled';
      debt.made_up_by.push({ ...name, amount: part, at: formatInstant(entered_at), event_id });
    }
  }
  return debts.map(({ debt }) => debt);
}

function debtOf(entry: Omit<EntryRow, 'amount'> & { amount: number; name: ClaimName }): { at: Instant; debt: Debt } {
  const { reward_type, event_id, producer, entered_at, waits, state: payment, settled_at, paid, name } = entry;
  const counts = !waits || payment === 'done';
  const since = counts ? Math.max(entered_at, (waits ? settled_at : null) ?? entered_at) : null;
  // Not more than was paid: a budget may have lowered it.
  const amount = since === null || paid === null ? entry.amount : Math.min(entry.amount, Number(paid));
  const unpaid = payment === 'cancelled' || payment === 'skipped';
  const state: Debt['state'] = since !== null ? 'owed' : unpaid ? 'void' : 'waiting';
  const left = state === 'void' ? 0 : amount;
  const counting = { state, since: since === null ? null : formatInstant(since), left };
  return {
    at: since ?? Number.POSITIVE_INFINITY,
    debt: { ...name, reward_type, amount, event_id, producer, ...counting, made_up_by: [] },
  };
}

interface EntryRow {
  reward_type: string;
  amount: string;
  game_id: string;
  window_start: Instant;
  step: string;
  earning: number;
  entered_at: Instant;
  event_id: string | null;
  producer: string | null;
  waits: boolean;
  state: string | null;
  settled_at: Instant | null;
  paid: string | null;
}

function nameOf({
  game_id,
  window_start,
  step,
  earning,
}: Pick<EntryRow, 'game_id' | 'window_start' | 'step' | 'earning'>): ClaimName {
  return { game_id, window_start: formatInstant(window_start), step: Number(step), earning };
}

export function isOfClaim(a: ClaimName, b: ClaimName): boolean {
  return a.game_id === b.game_id && a.window_start === b.window_start && a.step === b.step && a.earning === b.earning;
}
