// What a person owes since rewards that had been paid were taken back by policy `offset`, and which later rewards were lowered by which debt, whichever
// of its players either stands under. Reads only. What is owed is one sum per type of reward; that the oldest debt is made up for first is how it is told.
import { type RawBuilder, sql } from 'kysely';
import type { Db } from '../db/connect.ts';
import { type PlayerName, rowsOf } from '../players/kin.ts';
import { formatInstant, type Instant } from '../time.ts';

/** A claim, as debts name it. */
export interface ClaimName {
  game_id: string;
  window_start: string;
  step: number;
  earning: number;
  /** The account of the person that it stands under; left out: the one that is told of. */
  account?: string | undefined;
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

/** The id of the event of a number, of any of some players (`rowsOf`): one that ruled, that counted, or whose payload is still stored. */
export function eventIdOf(eventNo: RawBuilder<unknown>, players: RawBuilder<unknown>): RawBuilder<unknown> {
  const found = (table: string) => sql`(
    select e.event_id from ${players} join ${sql.table(`milepost.${table}`)} e using (bucket, player_id) where e.event_no = ${eventNo} limit 1)`;
  return sql`coalesce(${found('ruling')}, ${found('credit')}, ${found('inbox')})`;
}

/** The producer of the event of a number, of any of some players, if that ruled. */
export function rulerOf(eventNo: RawBuilder<unknown>, players: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`(select r.producer from ${players} join milepost.ruling r using (bucket, player_id) where r.event_no = ${eventNo} limit 1)`;
}

/** All debts of a person, the oldest first, as told of one of its players. */
export async function readDebts(db: Db, person: readonly PlayerName[], told: PlayerName): Promise<Debt[]> {
  const { rows } = await sql<EntryRow>`
    with person as (
      select * from unnest(${person.map(({ bucket }) => bucket)}::smallint[], ${person.map(({ player_id }) => player_id)}::bigint[],
                           ${person.map(({ user_id }) => user_id)}::text[]) as own(bucket, player_id, user_id)
    )
    select d.reward_type, d.amount, g.game_id, d.window_start, d.step, d.earning, d.entered_at,
           case when own.user_id <> ${told.user_id} then own.user_id end as account,
           ${eventIdOf(sql`d.event_no`, rowsOf(person))} as event_id, ${rulerOf(sql`d.event_no`, rowsOf(person))} as producer,
           d.after_key is not null as waits, o.state, o.settled_at, (o.body ->> 'amount')::bigint as paid
      from person own
      join milepost.debt_entry d on d.bucket = own.bucket and d.player_id = own.player_id
      join milepost.game g using (game_no)
      left join milepost.outbox o on o.bucket = d.bucket and o.message_key = d.after_key
     order by d.entry_no`.execute(db.query);
  const entries = rows.map((row) => ({ ...row, amount: Number(row.amount), name: claimOf(row) }));
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
  account: string | null;
  entered_at: Instant;
  event_id: string | null;
  producer: string | null;
  waits: boolean;
  state: string | null;
  settled_at: Instant | null;
  paid: string | null;
}

function claimOf({ game_id, window_start, step, earning, account }: EntryRow): ClaimName {
  return nameOf({
    ...{ game_id, window_start: formatInstant(window_start), step: Number(step), earning },
    account: account ?? undefined,
  });
}

/** The name alone. */
export function nameOf({ game_id, window_start, step, earning, account }: ClaimName): ClaimName {
  return { game_id, window_start, step, earning, ...(account === undefined ? {} : { account }) };
}

export function isOfClaim(a: ClaimName, b: ClaimName): boolean {
  const isOfSame = a.step === b.step && a.earning === b.earning && a.account === b.account;
  return isOfSame && a.game_id === b.game_id && a.window_start === b.window_start;
}
