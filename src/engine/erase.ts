// Erases a person on request: everything that says who they are or what they did goes, under each of the players that they are one with, and the ledgers
// stay under pseudonyms and fold to the same as before. The names go first, in one transaction with what remembers them by a digest; the rest follows in
// short transactions under the locks of the buckets, each of which leaves the books right. Each step looks for what is left, so an erasure that was broken
// off is gone on with.
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import type { Db } from '../db/connect.ts';
import { type Tx, transaction } from '../db/transaction.ts';
import { UserError } from '../errors.ts';
import { bucketOf } from '../ids.ts';
import { limits } from '../limits.ts';
import { isPseudonym, pseudonymIn } from '../players/pseudonym.ts';
import {
  bucketsOf,
  columnsOf,
  type Erased,
  eraseCredits,
  eraseEventIds,
  eraseMentions,
  eraseMessages,
  erasePayloads,
  eraseRecordedIds,
  eraseRulings,
  eraseRulingsOfOthers,
  eraseTexts,
  findOthers,
  lockBuckets,
  type Named,
  OWN,
  type Person,
  pagesOfMentions,
} from './erase-rows.ts';

/** What an erasure is about, of all players of the person together. */
export interface ErasureCounts {
  /** What goes. */
  payloads: number;
  parked_messages: number;
  voucher_codes: number;
  /** Cookies that were earned and never opened: nobody can open them any more. */
  unopened_cookies: number;
  /** What stays, under the pseudonym. */
  events: number;
  credits: number;
  claims: number;
  rewards: number;
}

export interface ErasurePlan {
  /** The players that go: who counts for the person first. */
  accounts: string[];
  counts: ErasureCounts;
  /** What has to end first: rewards under way by their state, claims and events that wait for a decision. */
  open: { [what: string]: number };
  /** Rewards that a service refused: they are given up. */
  failed: number;
}

export interface Erasure {
  /** Of the player that was asked for. */
  pseudonym: string;
  /** Of all players of the person, in the order of the plan. */
  pseudonyms: string[];
  /** Cookies that were earned and never opened. */
  unopened_cookies: number;
  /** Whether one that had been broken off was gone on with. */
  resumed: boolean;
}

export interface EraseOptions {
  by: string;
  reason: string;
  /** Hears what is being done. */
  progress?: (doing: string) => void;
  /** Lets Redis forget players. */
  forget?: ((userIds: readonly string[]) => Promise<void>) | undefined;
  /** Another time than the limit; for tests. */
  settleMs?: number;
}

/** What erasing a player would do. Undefined for one of whom there is nothing. */
export async function planErasure(db: Db, userId: string): Promise<ErasurePlan | undefined> {
  const person = isPseudonym(userId) ? undefined : await findPerson(db.pool, userId);
  if (person === undefined) return undefined;
  const { rows } = await db.pool.query<ErasureCounts & { failed: number; open: ErasurePlan['open'] | null }>(
    `with own as materialized (${OWN}), sent as materialized (
       select o.bucket, o.state, o.message_key from own join milepost.outbox o on o.bucket = own.bucket and o.body ->> 'user_id' = own.user_id
     )
     select (select count(*) from own join milepost.inbox using (bucket, player_id))::double precision as payloads,
            (select count(*) from sent s join milepost.voucher_code v on v.bucket = s.bucket and v.claim_key = s.message_key)::double precision as voucher_codes,
            (${UNOPENED})::double precision as unopened_cookies,
            (select count(*) from own join milepost.event_key using (bucket, player_id))::double precision as events,
            (select count(*) from own join milepost.credit using (bucket, player_id))::double precision as credits,
            (select count(*) from own join milepost.claim using (bucket, player_id))::double precision as claims,
            (select count(*) from sent)::double precision as rewards,
            (select count(*) from sent where state = 'failed')::double precision as failed,
            (select json_object_agg(what, entries) from (${OPEN}) as open) as open`,
    columnsOf(person),
  );
  const { failed, open, ...counts } = rows[0] as (typeof rows)[number];
  const parked = new Set<string>();
  for (const { userId } of person) {
    for await (const numbers of pagesOfMentions(db, userId)) for (const number of numbers) parked.add(number);
  }
  const accounts = person.map(({ userId }) => userId);
  return { accounts, counts: { ...counts, parked_messages: parked.size }, open: open ?? {}, failed };
}

/** Cookies of a person (own) that nobody has opened. */
const UNOPENED = `select count(*) from own join milepost.claim c using (bucket, player_id) where c.status = 'unopened'`;

/** What keeps a person (own) from being erased: somebody still has to be told who is paid, or to decide. */
const OPEN = `
  select 'rewards ' || case o.state when 'leased' then 'pending' else o.state::text end as what, count(*) as entries
    from own join milepost.outbox o on o.bucket = own.bucket and o.body ->> 'user_id' = own.user_id
   where o.state in ('pending', 'leased', 'waiting', 'held', 'ambiguous')
   group by 1
  union all
  select 'claims ' || c.status, count(*)
    from own join milepost.claim c using (bucket, player_id)
   where c.status = 'held'
   group by 1
  union all
  select 'flagged events', count(distinct c.event_no)
    from own join milepost.credit c using (bucket, player_id)
    left join lateral (
      select k.amount, k.held from milepost.credit_correction k
       where k.bucket = c.bucket and k.player_id = c.player_id and k.game_no = c.game_no and k.window_start = c.window_start
         and k.event_no = c.event_no and k.trigger_id = c.trigger_id
       order by k.correction_no desc limit 1
    ) as now on true
   where c.held and coalesce(now.held, true) and coalesce(now.amount, c.amount) > 0
  having count(*) > 0`;

/** All players that are one person with a user; undefined where the user is not known. */
async function findPerson(client: Pick<pg.ClientBase, 'query'>, userId: string): Promise<Person<Named> | undefined> {
  const { rows } = await client.query<Named>(
    `select p.bucket, p.player_id as "playerId", p.user_id as "userId"
       from milepost.accounts_of($1, $2) as p left join milepost.player_owner o using (bucket, player_id)
      order by o.owner_id is not null, p.user_id`,
    [bucketOf(userId), userId],
  );
  return isPerson(rows) ? rows : undefined;
}

function isPerson<Player extends Named>(players: readonly Player[]): players is Person<Player> {
  return players.length > 0;
}

/**
 * Erases a person, named by any of its players. `db` works as milepost_erase. Undefined: there is nobody of that name, and no erasure that was broken off.
 * @throws UserError while rewards are under way, or something is held: it would be nobody's.
 */
export async function erase(db: Db, userId: string, options: EraseOptions): Promise<Erasure | undefined> {
  const { progress = () => {}, forget, settleMs = limits.erasureSettleMs } = options;
  if (isPseudonym(userId)) return undefined;
  let locked = [bucketOf(userId)];
  let begun = await transaction(db, (tx) => begin(tx, userId, locked, options));
  while (begun !== undefined && 'wanted' in begun) {
    // The end of the transaction has given the locks back: all are taken again, in order.
    locked = begun.wanted;
    begun = await transaction(db, (tx) => begin(tx, userId, locked, options));
  }
  if (begun === undefined) return undefined;
  const { person, resumed } = begun;
  const names = person.map(({ userId }) => userId);
  await forget?.(names);
  progress('payloads');
  for (const player of person) await erasePayloads(db, player);
  await eraseMentions(db, person);
  progress('events');
  for (const player of person) await eraseEventIds(db, player);
  progress('credits');
  await eraseCredits(db, person);
  progress('what people wrote, and messages that could not be read');
  for (const player of person) await eraseTexts(db, player);
  if (forget !== undefined) {
    // Whoever had read the player before the name was gone has written it by now.
    progress('what Redis may have been told meanwhile');
    await delay(settleMs);
    await forget(names);
  }
  const unopened = await transaction(db, async ({ client }) => {
    const { rows } = await client.query<{ cookies: number }>(
      `with own as (${OWN}), ended as (
         update milepost.erasure e set ended_at = clock_timestamp(), user_id = null
           from own where e.bucket = own.bucket and e.player_id = own.player_id and e.ended_at is null
       )
       select (${UNOPENED})::double precision as cookies`,
      columnsOf(person),
    );
    return rows[0]?.cookies ?? 0;
  });
  const pseudonyms = person.map(({ pseudonym }) => pseudonym);
  const asked = person.find((player) => player.userId === userId) ?? person[0];
  return { pseudonym: asked.pseudonym, pseudonyms, unopened_cookies: unopened, resumed };
}

/** Who is erased; or the buckets that have to be locked for it, where others are as well. */
type Begun = { person: Person<Erased>; resumed: boolean } | { wanted: number[] };

/**
 * Takes the names off the players of a person and off their rewards, which have to bear the same; or finds whose erasure was broken off. From here on the names are strangers'.
 */
async function begin(
  tx: Tx,
  userId: string,
  locked: readonly number[],
  { by, reason }: EraseOptions,
): Promise<Begun | undefined> {
  const { client } = tx;
  await lockBuckets(tx, locked);
  const left = await findUnfinished(client, userId);
  if (left !== undefined) return { person: left, resumed: true };
  const found = await findPerson(client, userId);
  if (found === undefined) return undefined;
  const others = await findOthers(tx, found);
  // Who is one person with whom changes only under these locks.
  const wanted = bucketsOf([...found, ...others]);
  if (wanted.some((bucket) => !locked.includes(bucket))) return { wanted };

  const own = columnsOf(found);
  // A retry that has been ordered meanwhile is seen by what comes next.
  await client.query(
    `with own as (${OWN})
     update milepost.outbox o set state = 'cancelled' from own
      where o.bucket = own.bucket and o.body ->> 'user_id' = own.user_id and o.state = 'failed'`,
    own,
  );
  const { rows: open } = await client.query<{ what: string; entries: string }>(`with own as (${OWN}) ${OPEN}`, own);
  if (open.length > 0) {
    throw new UserError(
      'not yet: something of this player is still to be paid or decided on',
      open.map(({ what, entries }) => ({ path: what, message: entries })),
    );
  }
  const [counting, ...merged] = found.map((player): Erased => ({ ...player, pseudonym: pseudonymIn(player.bucket) }));
  const person: Person<Erased> = [counting as Erased, ...merged];
  await eraseRecordedIds(tx, person);
  await eraseRulingsOfOthers(tx, person, others);
  await eraseRulings(tx, person);
  await eraseMessages(tx, person);
  for (const { bucket, playerId, pseudonym } of person) {
    await client.query('update milepost.player set user_id = $3 where bucket = $1 and player_id = $2', [
      bucket,
      playerId,
      pseudonym,
    ]);
  }
  await client.query(
    // What has counted may have occurred a little ahead of our clock, in a window that begins only now.
    `with own as (${OWN})
     insert into milepost.erased_user as e (bucket, digest, erased_at)
     select own.bucket, milepost.erased_digest(own.user_id), greatest(clock_timestamp(), counted.last)
       from own cross join (select max(c.occurred_at) as last from own join milepost.credit c using (bucket, player_id)) as counted
     on conflict (bucket, digest) do update set erased_at = excluded.erased_at, player_id = null`,
    own,
  );
  await client.query(
    `with own as (${OWN})
     insert into milepost.erasure (bucket, player_id, digest, begun_at, user_id)
     select bucket, player_id, milepost.erased_digest(user_id), clock_timestamp(), user_id from own`,
    own,
  );
  const asked = person.find((player) => player.userId === userId) ?? person[0];
  await client.query(
    `insert into milepost.audit (actor, scope, action, subject, reason, details) values ($1, 'support', 'erasePlayer', $2, $3, $4)`,
    [
      by,
      asked.pseudonym,
      await withoutNames(tx, reason, person),
      JSON.stringify({ players: person.map(({ pseudonym }) => pseudonym) }),
    ],
  );
  return { person, resumed: false };
}

/** The person of whom a name was on its way out, when that was broken off. */
async function findUnfinished(client: pg.ClientBase, userId: string): Promise<Person<Erased> | undefined> {
  const { rows } = await client.query<Erased>(
    `select m.bucket, m.player_id as "playerId", p.user_id as pseudonym, coalesce(e.user_id, $2) as "userId"
       from milepost.erasure named
      cross join lateral milepost.person_of(named.bucket, named.player_id) as m
       join milepost.erasure e on e.bucket = m.bucket and e.player_id = m.player_id and e.ended_at is null
       join milepost.player p on p.bucket = m.bucket and p.player_id = m.player_id
       left join milepost.player_owner o on o.bucket = m.bucket and o.player_id = m.player_id
      where named.bucket = $1 and named.digest = milepost.erased_digest($2) and named.ended_at is null
      order by o.owner_id is not null, p.user_id`,
    [bucketOf(userId), userId],
  );
  return isPerson(rows) ? rows : undefined;
}

/** A text with pseudonyms in the place of the names of a person. */
async function withoutNames(tx: Tx, text: string, person: Person<Erased>): Promise<string> {
  let erased = text;
  for (const { userId, pseudonym } of person) {
    const { rows } = await tx.client.query<{ text: string }>('select milepost.erased_text($1, $2, $3) as text', [
      erased,
      userId,
      pseudonym,
    ]);
    erased = rows[0]?.text ?? '';
  }
  return erased;
}
