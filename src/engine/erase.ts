// Erases a player on a person's request: everything that says who they are or what they did goes, the ledgers stay under a pseudonym and fold to the
// same as before. The name goes first, in one transaction with what remembers it by a digest; the rest follows in short transactions under the lock of
// the bucket, each of which leaves the books right. Each step looks for what is left, so an erasure that was broken off is gone on with.
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Db } from '../db/connect.ts';
import { type Tx, transaction } from '../db/transaction.ts';
import { type Definitions, loadDefinitions } from '../definitions/definitions.ts';
import { UserError } from '../errors.ts';
import { bucketOf } from '../ids.ts';
import { findParked, names } from '../inbox/parked.ts';
import { limits } from '../limits.ts';
import { formatInstant, type Instant } from '../time.ts';
import { type Folded, refold } from './refold.ts';

/** What an erasure is about. */
export interface ErasureCounts {
  /** What goes. */
  payloads: number;
  parked_messages: number;
  voucher_codes: number;
  /** What stays, under the pseudonym. */
  events: number;
  credits: number;
  claims: number;
  rewards: number;
}

export interface ErasurePlan {
  counts: ErasureCounts;
  /** What has to end first: rewards under way by their state, claims that wait for a decision. */
  open: { [what: string]: number };
  /** Rewards that a service refused: they are given up. */
  failed: number;
}

export interface Erasure {
  pseudonym: string;
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

/** A player under the pseudonym, and the name that is on its way out. */
interface Erased {
  bucket: number;
  playerId: string;
  pseudonym: string;
  userId: string;
}

/** What erasing a player would do. Undefined for one of whom there is nothing. */
export async function planErasure(db: Db, userId: string): Promise<ErasurePlan | undefined> {
  const bucket = bucketOf(userId);
  const { rows: players } = await db.pool.query<{ player_id: string; merges: number }>(
    'select player_id, merges from milepost.player where bucket = $1 and user_id = $2',
    [bucket, userId],
  );
  const playerId = players[0]?.player_id;
  if (playerId === undefined) return undefined;
  refuseMerged(players);
  const { rows } = await db.pool.query<ErasureCounts & { failed: number; open: ErasurePlan['open'] | null }>(
    `with sent as materialized (
       select o.state, o.message_key from milepost.outbox o where o.bucket = $1 and o.body ->> 'user_id' = $3
     )
     select (select count(*) from milepost.inbox where bucket = $1 and player_id = $2)::double precision as payloads,
            (select count(*) from milepost.voucher_code where bucket = $1 and claim_key in (select message_key from sent))::double precision as voucher_codes,
            (select count(*) from milepost.event_key where bucket = $1 and player_id = $2)::double precision as events,
            (select count(*) from milepost.credit where bucket = $1 and player_id = $2)::double precision as credits,
            (select count(*) from milepost.claim where bucket = $1 and player_id = $2)::double precision as claims,
            (select count(*) from sent)::double precision as rewards,
            (select count(*) from sent where state = 'failed')::double precision as failed,
            (select json_object_agg(what, entries) from (${OPEN}) as open) as open`,
    [bucket, playerId, userId],
  );
  const { failed, open, ...counts } = rows[0] as (typeof rows)[number];
  let parked = 0;
  for await (const numbers of pagesOfMentions(db, userId)) parked += numbers.length;
  return { counts: { ...counts, parked_messages: parked }, open: open ?? {}, failed };
}

/** Of a person of several players, what one has done is in the books of another: that is not erased yet. */
function refuseMerged([player]: readonly { merges: number }[]): void {
  if (player === undefined || player.merges === 0) return;
  throw new UserError(
    'this player is, or was, one person with another one (milepost players merge): that cannot be erased yet',
  );
}

/** What keeps a player ($1 bucket, $2 player_id, $3 user_id) from being erased: somebody still has to be told who is paid, or to decide. */
const OPEN = `
  select 'rewards ' || case o.state when 'leased' then 'pending' else o.state::text end as what, count(*) as entries
    from milepost.outbox o
   where o.bucket = $1 and o.body ->> 'user_id' = $3 and o.state in ('pending', 'leased', 'waiting', 'held', 'ambiguous')
   group by 1
  union all
  select 'claims ' || c.status, count(*)
    from milepost.claim c
   where c.bucket = $1 and c.player_id = $2 and c.status = 'held'
   group by 1`;

/**
 * Erases a player. `db` works as milepost_erase. Undefined: there is nobody of that name, and no erasure that was broken off.
 * @throws UserError while rewards are under way or held: they would be nobody's.
 */
export async function erase(db: Db, userId: string, options: EraseOptions): Promise<Erasure | undefined> {
  const { progress = () => {}, forget, settleMs = limits.erasureSettleMs } = options;
  const begun = await transaction(db, (tx) => begin(tx, userId, options));
  if (begun === undefined) return undefined;
  const { player, resumed } = begun;
  await forget?.([userId]);
  progress('payloads');
  await erasePayloads(db, player);
  progress('events');
  await eraseEventIds(db, player);
  progress('credits');
  await eraseCredits(db, player);
  progress('what people wrote, and messages that could not be read');
  await eraseTexts(db, player);
  if (forget !== undefined) {
    // Whoever had read the player before the name was gone has written it by now.
    progress('what Redis may have been told meanwhile');
    await delay(settleMs);
    await forget([userId]);
  }
  await transaction(db, (tx) =>
    tx.client.query(
      'update milepost.erasure set ended_at = clock_timestamp() where bucket = $1 and player_id = $2 and ended_at is null',
      [player.bucket, player.playerId],
    ),
  );
  return { pseudonym: player.pseudonym, resumed };
}

/** Takes the name off the player and their rewards, which have to bear the same, or finds whose erasure was broken off. From here on the name is a stranger's. */
async function begin(
  tx: Tx,
  userId: string,
  { by, reason }: EraseOptions,
): Promise<{ player: Erased; resumed: boolean } | undefined> {
  const { client } = tx;
  const bucket = bucketOf(userId);
  await lock(tx, bucket);
  const { rows: players } = await client.query<{ player_id: string; merges: number }>(
    'select player_id, merges from milepost.player where bucket = $1 and user_id = $2',
    [bucket, userId],
  );
  const playerId = players[0]?.player_id;
  const { rows: unfinished } = await client.query<{ player_id: string; user_id: string }>(
    `select e.player_id, p.user_id from milepost.erasure e join milepost.player p using (bucket, player_id)
      where e.bucket = $1 and e.digest = milepost.erased_digest($2) and e.ended_at is null`,
    [bucket, userId],
  );
  const left = unfinished[0];
  if (left !== undefined) {
    const player = { bucket, playerId: left.player_id, pseudonym: left.user_id, userId };
    return { player, resumed: true };
  }
  if (playerId === undefined) return undefined;
  refuseMerged(players);

  // A retry that has been ordered meanwhile is seen by what comes next.
  await client.query(
    `update milepost.outbox set state = 'cancelled' where bucket = $1 and body ->> 'user_id' = $2 and state = 'failed'`,
    [bucket, userId],
  );
  const { rows: open } = await client.query<{ what: string; entries: string }>(OPEN, [bucket, playerId, userId]);
  if (open.length > 0) {
    throw new UserError(
      'not yet: rewards of this player are still to be paid or decided on',
      open.map(({ what, entries }) => ({ path: what, message: entries })),
    );
  }
  const pseudonym = pseudonymIn(bucket);
  const player: Erased = { bucket, playerId, pseudonym, userId };
  await eraseRulings(tx, player);
  await eraseMessages(tx, player);
  await client.query('update milepost.player set user_id = $3 where bucket = $1 and player_id = $2', [
    bucket,
    playerId,
    pseudonym,
  ]);
  await client.query(
    // What has counted may have occurred a little ahead of our clock, in a window that begins only now.
    `insert into milepost.erased_user as e (bucket, digest, erased_at)
     select $1, milepost.erased_digest($2), greatest(clock_timestamp(), max(c.occurred_at))
       from milepost.credit c where c.bucket = $1 and c.player_id = $3
     on conflict (bucket, digest) do update set erased_at = excluded.erased_at, player_id = null`,
    [bucket, userId, playerId],
  );
  await client.query(
    `insert into milepost.erasure (bucket, player_id, digest, begun_at)
     values ($1, $2, milepost.erased_digest($3), clock_timestamp())`,
    [bucket, playerId, userId],
  );
  await client.query(
    `insert into milepost.audit (actor, scope, action, subject, reason, details)
     values ($1, 'support', 'erasePlayer', $2, milepost.erased_text($3, $4, $2), '{}')`,
    [by, pseudonym, reason, userId],
  );
  return { player, resumed: false };
}

/** A name that says nothing. The bucket is a function of the name, and rows stay where they are: names are drawn until one falls into the same bucket. */
function pseudonymIn(bucket: number): string {
  for (;;) {
    const name = `erased:${randomUUID()}`;
    if (bucketOf(name) === bucket) return name;
  }
}

async function lock(tx: Tx, bucket: number): Promise<void> {
  await tx.client.query('select pg_advisory_xact_lock(77001, $1)', [bucket]);
}

/** What a name is called from now on: events by their numbers. */
const ERASED = `'erased:' ||`;

/** The content hash of an event whose name is gone: repeats come to somebody else. */
const NO_HASH = '00000000-0000-0000-0000-000000000000';

/**
 * Rulings with the ids that they name, and in the same transaction whatever has those ids: what was ruled still names the same. Few, since they are
 * reversals and verdicts.
 */
async function eraseRulings({ client }: Tx, { bucket, playerId }: Erased): Promise<void> {
  const own = [bucket, playerId];
  await client.query(
    `with named as materialized (
       select k.event_id, min(k.event_no) as event_no from milepost.event_key k
        where k.bucket = $1 and k.player_id = $2
          and k.event_id in (select original_event_id from milepost.ruling where bucket = $1 and player_id = $2)
        group by k.event_id
     ), renamed as (
       update milepost.event_key k set event_id = ${ERASED} n.event_no, content_hash = $3 from named n
        where k.bucket = $1 and k.player_id = $2 and k.event_id = n.event_id
     )
     update milepost.ruling r
        set event_id = ${ERASED} r.event_no,
            original_event_id = case when r.original_event_id is not null
                                     then ${ERASED} coalesce((select n.event_no from named n where n.event_id = r.original_event_id), 0) end
      where r.bucket = $1 and r.player_id = $2`,
    [...own, NO_HASH],
  );
  // A payment that was ruled upon is called by the first ruling that names it; any other is nobody's business any more.
  await client.query(
    `with named as materialized (
       select payment_id, min(event_no) as event_no from milepost.ruling
        where bucket = $1 and player_id = $2 and payment_id is not null group by payment_id
     ), renamed as (
       update milepost.credit c set payment_id = ${ERASED} n.event_no from named n
        where c.bucket = $1 and c.player_id = $2 and c.payment_id = n.payment_id
     )
     update milepost.ruling r set payment_id = ${ERASED} n.event_no from named n
      where r.bucket = $1 and r.player_id = $2 and r.payment_id = n.payment_id`,
    own,
  );
}

/** What came in, and what could not be judged or said something else under a known id. */
async function erasePayloads(db: Db, { bucket, playerId }: Erased): Promise<void> {
  await transaction(db, async (tx) => {
    await tx.client.query('delete from milepost.event_failure where bucket = $1 and player_id = $2', [
      bucket,
      playerId,
    ]);
    await tx.client.query('delete from milepost.event_conflict where bucket = $1 and player_id = $2', [
      bucket,
      playerId,
    ]);
  });
  for (;;) {
    const { rows } = await db.pool.query<{ deleted: number }>('select milepost.inbox_erase($1, $2, $3) as deleted', [
      bucket,
      playerId,
      limits.erasedRows,
    ]);
    if ((rows[0]?.deleted ?? 0) < limits.erasedRows) return;
  }
}

/** The identities of events: their outcomes stay, and their numbers, by which ledgers know them. */
async function eraseEventIds(db: Db, { bucket, playerId }: Erased): Promise<void> {
  let after = ['', ''];
  for (;;) {
    const last = await transaction(db, async (tx) => {
      await lock(tx, bucket);
      const { rows } = await tx.client.query<{ event_id: string; producer: string; event_no: string }>(
        `select event_id, producer, event_no from milepost.event_key
          where bucket = $1 and player_id = $2 and (event_id, producer) > ($3, $4)
            and content_hash <> $5
          order by event_id, producer limit $6`,
        [bucket, playerId, ...after, NO_HASH, limits.erasedRows],
      );
      const columns = [
        rows.map((row) => row.event_id),
        rows.map((row) => row.producer),
        rows.map((row) => row.event_no),
      ];
      await tx.client.query(
        `update milepost.event_key k set event_id = ${ERASED} e.event_no, content_hash = $6
           from unnest($3::text[], $4::text[], $5::bigint[]) as e(event_id, producer, event_no)
          where k.bucket = $1 and k.player_id = $2 and k.event_id = e.event_id and k.producer = e.producer`,
        [bucket, playerId, ...columns, NO_HASH],
      );
      await tx.client.query(
        `update milepost.parked_resolution r set event_id = ${ERASED} e.event_no
           from unnest($1::text[], $2::text[], $3::bigint[]) as e(event_id, producer, event_no)
          where r.event_id = e.event_id and r.producer = e.producer`,
        columns,
      );
      return rows.at(-1);
    });
    if (last === undefined) return;
    after = [last.event_id, last.producer];
  }
}

/** Credits, one window after the other, with what progress remembers of them: both have to say the same at any moment. */
async function eraseCredits(db: Db, player: Erased): Promise<void> {
  const { bucket, playerId } = player;
  const { rows: windows } = await db.pool.query<{ game_no: number; window_start: Instant }>(
    `select distinct game_no, window_start from milepost.credit where bucket = $1 and player_id = $2 order by 1, 2`,
    [bucket, playerId],
  );
  let definitions = await loadDefinitions(db);
  for (const { game_no, window_start } of windows) {
    while (!(await transaction(db, (tx) => eraseWindow(tx, player, game_no, window_start, definitions)))) {
      definitions = await loadDefinitions(db);
    }
  }
}

interface CreditNames {
  event_no: string;
  trigger_id: string;
  transaction_id: string | null;
  distinct_value: string | null;
}

/** False: a game has changed meanwhile. */
async function eraseWindow(
  tx: Tx,
  { bucket, playerId }: Erased,
  gameNo: number,
  start: Instant,
  definitions: Definitions,
): Promise<boolean> {
  const { client } = tx;
  await lock(tx, bucket);
  const { rows: epochs } = await client.query<{ epoch: string }>('select epoch from milepost.definitions');
  if (Number(epochs[0]?.epoch ?? 0) !== definitions.epoch) return false;
  const window = [bucket, playerId, gameNo, formatInstant(start)];
  const { rows: credits } = await client.query<CreditNames>(
    `select event_no, trigger_id, transaction_id, distinct_value from milepost.credit
      where bucket = $1 and player_id = $2 and game_no = $3 and window_start = $4 and event_id is distinct from ${ERASED} event_no`,
    window,
  );
  if (credits.length === 0) return true;
  const transactions = namesFor(credits.map(({ transaction_id }) => transaction_id));
  const values = namesFor(credits.map(({ distinct_value }) => distinct_value));
  await client.query(
    `update milepost.credit c
        set event_id = ${ERASED} c.event_no, transaction_id = e.transaction_id, distinct_value = e.distinct_value,
            payment_id = case when c.payment_id in (select r.payment_id from milepost.ruling r where r.bucket = $1 and r.player_id = $2)
                              then c.payment_id end
       from unnest($5::bigint[], $6::text[], $7::text[], $8::text[]) as e(event_no, trigger_id, transaction_id, distinct_value)
      where c.bucket = $1 and c.player_id = $2 and c.game_no = $3 and c.window_start = $4
        and c.event_no = e.event_no and c.trigger_id = e.trigger_id`,
    [
      ...window,
      credits.map((credit) => credit.event_no),
      credits.map((credit) => credit.trigger_id),
      credits.map(({ transaction_id }) => transactions(transaction_id)),
      credits.map(({ distinct_value }) => values(distinct_value)),
    ],
  );
  let folded: Folded | undefined;
  await refold(client, definitions, () => {}, {
    part: { bucket, after: String(BigInt(playerId) - 1n), to: playerId, window: { gameNo, start } },
    folded: (fold) => {
      folded = fold;
    },
  });
  // Its numbers are the same. What else it remembers are the values by their new names.
  await client.query(
    `update milepost.progress set state = $5, version = version + 1, updated_at = clock_timestamp()
      where bucket = $1 and player_id = $2 and game_no = $3 and window_start = $4 and state is distinct from $5::jsonb`,
    [...window, folded === undefined || folded.state === null ? null : JSON.stringify(folded.state)],
  );
  await client.query(
    `update milepost.rebuild_change set progress_before = progress_before - 'state', progress_after = progress_after - 'state'
      where bucket = $1 and player_id = $2 and game_no = $3 and window_start = $4`,
    window,
  );
  return true;
}

/** Names that say nothing, in the order of what they stand for: of equal events, the fold takes the one whose value comes first. */
function namesFor(values: readonly (string | null)[]): (value: string | null) => string | null {
  const known = [...new Set(values)].filter((value) => value !== null);
  const written = known.map((value) => [JSON.stringify(value), value] as const).sort(([a], [b]) => (a < b ? -1 : 1));
  const names = new Map(written.map(([, value], place) => [value, `erased:${String(place + 1).padStart(9, '0')}`]));
  return (value) => (value === null ? null : (names.get(value) as string));
}

/** What services were told and have answered. What was paid, when and under which key stays, for reconciliation. */
async function eraseMessages({ client }: Tx, { bucket, userId, pseudonym }: Erased): Promise<void> {
  const { rows } = await client.query<{ message_no: string; message_key: string | null }>(
    `update milepost.outbox
        set body = jsonb_set(body, '{user_id}', to_jsonb($3::text)) - 'paid' - 'trace',
            last_error = case when last_error is not null then 'erased' end,
            answer = case when answer is not null
                          then jsonb_strip_nulls(jsonb_build_object('transaction_id', answer -> 'transaction_id', 'voucher_id', answer -> 'voucher_id')) end
      where bucket = $1 and body ->> 'user_id' = $2
     returning message_no, message_key`,
    [bucket, userId, pseudonym],
  );
  const numbers = rows.map((row) => row.message_no);
  await client.query(
    `update milepost.dispatch_attempt set request = '{}', answer = null, error = case when error is not null then 'erased' end
      where bucket = $1 and message_no = any ($2::bigint[])`,
    [bucket, numbers],
  );
  for (const table of ['outbox_retry', 'outbox_conclusion']) {
    await client.query(
      `update milepost.${table} set error = case when error is not null then 'erased' end, reason = milepost.erased_text(reason, $3, $4)
        where bucket = $1 and message_no = any ($2::bigint[])`,
      [bucket, numbers, userId, pseudonym],
    );
  }
  await client.query('delete from milepost.voucher_code where bucket = $1 and claim_key = any ($2::uuid[])', [
    bucket,
    rows.map((row) => row.message_key),
  ]);
}

/** Texts that name the player, of tables that know no players: what support did, and what could not be read. */
async function eraseTexts(db: Db, { userId, pseudonym }: Erased): Promise<void> {
  await transaction(db, async ({ client }) => {
    // In a JSON document an id may be written otherwise than it is.
    const quoted = JSON.stringify(userId).slice(1, -1);
    const erased = (column: string, id = '$1') => `milepost.erased_text(${column}, ${id}, $2)`;
    await client.query(
      `update milepost.audit
          set subject = ${erased('subject')}, reason = ${erased('reason')}, details = ${erased('details::text', '$3')}::jsonb
        where position($1 in subject) > 0 or position($1 in reason) > 0 or position($3 in details::text) > 0`,
      [userId, pseudonym, quoted],
    );
    await client.query(
      `update milepost.reprocess_run set wanted = ${erased('wanted::text', '$3')}::jsonb, reason = ${erased('reason')}
        where position($1 in reason) > 0 or position($3 in wanted::text) > 0`,
      [userId, pseudonym, quoted],
    );
  });
  for await (const numbers of pagesOfMentions(db, userId)) {
    await transaction(db, ({ client }) =>
      client.query('delete from milepost.parked_message where parked_no = any ($1::bigint[])', [numbers]),
    );
  }
}

/** Messages that could not be read and name a player. */
async function* pagesOfMentions(db: Db, userId: string): AsyncGenerator<string[]> {
  let last = '0';
  for (;;) {
    const rows = await findParked(db, { mentions: userId, resolved: true }, limits.reprocessedEvents, last);
    if (rows.length === 0) return;
    last = rows.at(-1)?.parked_no as string;
    const numbers = rows.filter((row) => names(row, userId)).map((row) => row.parked_no);
    if (numbers.length > 0) yield numbers;
  }
}
