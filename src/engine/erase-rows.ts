// What an erasure takes out of the tables, step by step: names, ids, texts and payloads, and no amount, status or number of a ledger. Each step leaves the
// books right and looks for what is left, so that it may be repeated.
import type { Db } from '../db/connect.ts';
import { type Tx, transaction } from '../db/transaction.ts';
import { type Definitions, loadDefinitions } from '../definitions/definitions.ts';
import { findParked, names } from '../inbox/parked.ts';
import { limits } from '../limits.ts';
import { readKin } from '../players/kin.ts';
import { formatInstant, type Instant } from '../time.ts';
import { type Folded, refold } from './refold.ts';

/** A player, and the name that is on its way out. */
export interface Named {
  bucket: number;
  playerId: string;
  userId: string;
}

/** And the name that takes its place. */
export interface Erased extends Named {
  pseudonym: string;
}

/** The players of one person. Who counts for all of them comes first. */
export type Person<Player extends Named> = readonly [Player, ...Player[]];

/** Players as rows (bucket, player_id, user_id), from the parameters $1, $2 and $3: their columns. */
export const OWN = 'select * from unnest($1::smallint[], $2::bigint[], $3::text[]) as own(bucket, player_id, user_id)';

export function columnsOf(players: readonly Named[]): [buckets: number[], playerIds: string[], userIds: string[]] {
  return [
    players.map(({ bucket }) => bucket),
    players.map(({ playerId }) => playerId),
    players.map(({ userId }) => userId),
  ];
}

export function bucketsOf(players: readonly Named[]): number[] {
  return [...new Set(players.map(({ bucket }) => bucket))];
}

/** Locks buckets in the order in which batches do. */
export async function lockBuckets(tx: Tx, buckets: readonly number[]): Promise<void> {
  await tx.client.query(
    'select pg_advisory_xact_lock(77001, l.bucket) from (select b.bucket from unnest($1::integer[]) as b(bucket) order by 1) as l',
    [buckets],
  );
}

/** What a name is called from now on: events by their numbers. */
const ERASED = `'erased:' ||`;

/** The content hash of an event whose name is gone: repeats come to somebody else. */
const NO_HASH = '00000000-0000-0000-0000-000000000000';

interface EventRow {
  bucket: number;
  player_id: string;
  event_no: string;
}

/** Who has been one person with any of a person's players, over any number of others, and is not now. */
export async function findOthers(tx: Tx, person: Person<Named>): Promise<Named[]> {
  const [{ bucket, playerId, userId }] = person;
  const { members } = await readKin(tx, { bucket, player_id: playerId, user_id: userId });
  return members
    .map((member) => ({ bucket: member.bucket, playerId: member.player_id, userId: member.user_id }))
    .filter((member) => person.every((own) => own.playerId !== member.playerId));
}

/**
 * What rulings of others say of a person: those on what one of its players did, which came while they were one person with the other. What such a ruling
 * changed stays; its own id, too, so that a repeat is one.
 */
export async function eraseRulingsOfOthers(tx: Tx, person: Person<Erased>, others: readonly Named[]): Promise<void> {
  if (others.length === 0) return;
  const [otherBuckets, otherIds] = columnsOf(others);
  const parties = [...columnsOf(person), otherBuckets, otherIds];
  const those = `with own as materialized (${OWN}), others as materialized (
    select * from unnest($4::smallint[], $5::bigint[]) as others(bucket, player_id))`;
  // What they have of the same name is theirs.
  for (const renamed of [
    `update milepost.ruling r set original_event_id = ${ERASED} k.event_no
       from others, own join milepost.event_key k using (bucket, player_id)
      where r.bucket = others.bucket and r.player_id = others.player_id and r.original_event_id = k.event_id
        and not exists (select from others join milepost.event_key theirs using (bucket, player_id) where theirs.event_id = k.event_id)`,
    `update milepost.ruling r set payment_id = ${ERASED} r.event_no
       from others
      where r.bucket = others.bucket and r.player_id = others.player_id
        and r.payment_id in (select c.payment_id from own join milepost.credit c using (bucket, player_id))
        and not exists (select from others join milepost.credit theirs using (bucket, player_id) where theirs.payment_id = r.payment_id)`,
  ]) {
    const { rows } = await tx.client.query<EventRow>(
      `${those} ${renamed} returning r.bucket, r.player_id, r.event_no`,
      parties,
    );
    for (const event of rows) await erasePayload(tx, event);
  }
}

/** What a single event said, to whoever it was delivered. */
async function erasePayload({ client }: Tx, { bucket, player_id, event_no }: EventRow): Promise<void> {
  await client.query('select milepost.inbox_erase($1, $2, 2, array[$3]::bigint[])', [bucket, player_id, event_no]);
  for (const table of ['event_conflict', 'event_failure']) {
    await client.query(`delete from milepost.${table} where bucket = $1 and player_id = $2 and event_no = $3`, [
      bucket,
      player_id,
      event_no,
    ]);
  }
}

/**
 * Rulings with the ids that they name, and in the same transaction whatever has those ids: what was ruled still names the same, under whichever player of
 * the person it stands. Few, since they are reversals, verdicts and merges.
 */
export async function eraseRulings({ client }: Tx, person: Person<Erased>): Promise<void> {
  const own = columnsOf(person);
  await client.query(
    `with own as materialized (${OWN})
     update milepost.player_merge m set reason = 'erased' from own
      where (own.bucket, own.player_id) in ((m.bucket, m.player_id), (m.into_bucket, m.into_player_id))`,
    own,
  );
  await client.query(
    `with own as materialized (${OWN}), named as materialized (
       select k.event_id, min(k.event_no) as event_no from own join milepost.event_key k using (bucket, player_id)
        where k.event_id in (select r.original_event_id from own join milepost.ruling r using (bucket, player_id))
        group by k.event_id
     ), renamed as (
       update milepost.event_key k set event_id = ${ERASED} n.event_no, content_hash = $4 from own cross join named n
        where k.bucket = own.bucket and k.player_id = own.player_id and k.event_id = n.event_id
     )
     update milepost.ruling r
        set event_id = ${ERASED} r.event_no,
            original_event_id = case when r.original_event_id is not null
                                     then ${ERASED} coalesce((select n.event_no from named n where n.event_id = r.original_event_id), 0) end
       from own
      where r.bucket = own.bucket and r.player_id = own.player_id`,
    [...own, NO_HASH],
  );
  // A payment that was ruled upon is called by the first ruling that names it; any other is nobody's business any more.
  await client.query(
    `with own as materialized (${OWN}), named as materialized (
       select payment_id, min(event_no) as event_no from own join milepost.ruling using (bucket, player_id)
        where payment_id is not null group by payment_id
     ), renamed as (
       update milepost.credit c set payment_id = ${ERASED} n.event_no from own cross join named n
        where c.bucket = own.bucket and c.player_id = own.player_id and c.payment_id = n.payment_id
     )
     update milepost.ruling r set payment_id = ${ERASED} n.event_no from own cross join named n
      where r.bucket = own.bucket and r.player_id = own.player_id and r.payment_id = n.payment_id`,
    own,
  );
}

/** What came in, and what could not be judged or said something else under a known id. */
export async function erasePayloads(db: Db, { bucket, playerId }: Named): Promise<void> {
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

/**
 * Events of other players that name one of a person: merges, also of long ago or refused, and what could not be judged. They are gone as the person's own
 * are.
 */
export async function eraseMentions(db: Db, person: Person<Erased>): Promise<void> {
  const { rows: merges } = await db.pool.query<EventRow>(
    `with own as materialized (${OWN})
     select m.by_bucket as bucket, m.by_player_id as player_id, m.event_no
       from own join milepost.player_mention m using (bucket, player_id)
      where (m.by_bucket, m.by_player_id) not in (select bucket, player_id from own)`,
    columnsOf(person),
  );
  // Also what came for one of them, while it was one person with somebody else.
  const { rows: failed } = await db.pool.query<EventRow>(
    `with own as materialized (${OWN})
     select f.bucket, f.player_id, f.event_no
       from milepost.event_failure f
       join own on position(trim(both '"' from to_json(own.user_id)::text) in f.event) > 0
      cross join lateral (select milepost.failed_event(f.event) -> 'event' as event offset 0) as e
      where own.user_id in (e.event ->> 'user_id', e.event -> 'attributes' ->> 'merged_user_id')`,
    columnsOf(person),
  );
  for (const event of [...merges, ...failed]) {
    const { bucket, player_id, event_no } = event;
    // Identities are not found by number at once: looked for before the lock.
    const { rows: keys } = await db.pool.query<{ event_id: string; producer: string }>(
      'select event_id, producer from milepost.event_key where bucket = $1 and player_id = $2 and event_no = $3',
      [bucket, player_id, event_no],
    );
    await transaction(db, async (tx) => {
      await lockBuckets(tx, [bucket]);
      await erasePayload(tx, event);
      for (const { event_id, producer } of keys) {
        await tx.client.query(
          `update milepost.event_key set event_id = ${ERASED} event_no, content_hash = $5
            where bucket = $1 and player_id = $2 and event_id = $3 and producer = $4`,
          [bucket, player_id, event_id, producer, NO_HASH],
        );
      }
    });
  }
}

/** The identities of events: their outcomes stay, and their numbers, by which ledgers know them. */
export async function eraseEventIds(db: Db, { bucket, playerId }: Named): Promise<void> {
  let after = ['', ''];
  for (;;) {
    const last = await transaction(db, async (tx) => {
      await lockBuckets(tx, [bucket]);
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
export async function eraseCredits(db: Db, person: Person<Erased>): Promise<void> {
  const own = columnsOf(person);
  await transaction(db, async (tx) => {
    await lockBuckets(tx, bucketsOf(person));
    // What a player had reached before it was merged is nobody's progress any more.
    await tx.client.query(
      `with own as (${OWN})
       update milepost.progress p set state = null from own join milepost.player_owner o using (bucket, player_id)
        where p.bucket = own.bucket and p.player_id = own.player_id and p.state is not null`,
      own,
    );
    // That of others tells what they had had together.
    const [buckets, playerIds] = columnsOf([...person, ...(await findOthers(tx, person))]);
    await tx.client.query(
      `update milepost.rebuild_change c set progress_before = progress_before - 'state', progress_after = progress_after - 'state'
         from unnest($1::smallint[], $2::bigint[]) as k(bucket, player_id) where c.bucket = k.bucket and c.player_id = k.player_id`,
      [buckets, playerIds],
    );
  });
  const { rows: windows } = await db.pool.query<{ game_no: number; window_start: Instant }>(
    `with own as (${OWN}) select distinct game_no, window_start from own join milepost.credit using (bucket, player_id) order by 1, 2`,
    own,
  );
  let definitions = await loadDefinitions(db);
  for (const { game_no, window_start } of windows) {
    while (!(await transaction(db, (tx) => eraseWindow(tx, person, game_no, window_start, definitions)))) {
      definitions = await loadDefinitions(db);
    }
  }
}

interface CreditNames {
  bucket: number;
  player_id: string;
  event_no: string;
  trigger_id: string;
  transaction_id: string | null;
  distinct_value: string | null;
}

/** False: a game has changed meanwhile. */
async function eraseWindow(
  tx: Tx,
  person: Person<Erased>,
  gameNo: number,
  start: Instant,
  definitions: Definitions,
): Promise<boolean> {
  const { client } = tx;
  await lockBuckets(tx, bucketsOf(person));
  const { rows: epochs } = await client.query<{ epoch: string }>('select epoch from milepost.definitions');
  if (Number(epochs[0]?.epoch ?? 0) !== definitions.epoch) return false;
  const own = columnsOf(person);
  const window = [gameNo, formatInstant(start)];
  const { rows: credits } = await client.query<CreditNames>(
    `with own as (${OWN})
     select bucket, player_id, event_no, trigger_id, transaction_id, distinct_value from own join milepost.credit c using (bucket, player_id)
      where game_no = $4 and window_start = $5 and event_id is distinct from ${ERASED} event_no`,
    [...own, ...window],
  );
  if (credits.length === 0) return true;
  const transactions = namesFor(credits.map(({ transaction_id }) => transaction_id));
  const values = namesFor(credits.map(({ distinct_value }) => distinct_value));
  await client.query(
    `with own as (${OWN})
     update milepost.credit c
        set event_id = ${ERASED} c.event_no, transaction_id = e.transaction_id, distinct_value = e.distinct_value,
            payment_id = case when c.payment_id in (select r.payment_id from own join milepost.ruling r using (bucket, player_id))
                              then c.payment_id end
       from unnest($6::smallint[], $7::bigint[], $8::bigint[], $9::text[], $10::text[], $11::text[])
         as e(bucket, player_id, event_no, trigger_id, transaction_id, distinct_value)
      where c.bucket = e.bucket and c.player_id = e.player_id and c.game_no = $4 and c.window_start = $5
        and c.event_no = e.event_no and c.trigger_id = e.trigger_id`,
    [
      ...own,
      ...window,
      credits.map((credit) => credit.bucket),
      credits.map((credit) => credit.player_id),
      credits.map((credit) => credit.event_no),
      credits.map((credit) => credit.trigger_id),
      credits.map(({ transaction_id }) => transactions(transaction_id)),
      credits.map(({ distinct_value }) => values(distinct_value)),
    ],
  );
  const [{ bucket, playerId }] = person;
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
    [bucket, playerId, ...window, folded === undefined || folded.state === null ? null : JSON.stringify(folded.state)],
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
export async function eraseMessages({ client }: Tx, person: Person<Erased>): Promise<void> {
  const own = columnsOf(person);
  const { rows } = await client.query<{ bucket: number; message_no: string; message_key: string | null }>(
    `with own as (${OWN})
     update milepost.outbox o
        set body = jsonb_set(body, '{user_id}', to_jsonb(new.pseudonym)) - 'paid' - 'trace',
            last_error = case when last_error is not null then 'erased' end,
            answer = case when answer is not null
                          then jsonb_strip_nulls(jsonb_build_object('transaction_id', answer -> 'transaction_id', 'voucher_id', answer -> 'voucher_id')) end
       from own join unnest($2::bigint[], $4::text[]) as new(player_id, pseudonym) using (player_id)
      where o.bucket = own.bucket and o.body ->> 'user_id' = own.user_id
     returning o.bucket, o.message_no, o.message_key`,
    [...own, person.map(({ pseudonym }) => pseudonym)],
  );
  const messages = [rows.map((row) => row.bucket), rows.map((row) => row.message_no)];
  const MESSAGES = 'unnest($1::smallint[], $2::bigint[]) as m(bucket, message_no)';
  await client.query(
    `update milepost.dispatch_attempt a set request = '{}', answer = null, error = case when error is not null then 'erased' end
       from ${MESSAGES} where a.bucket = m.bucket and a.message_no = m.message_no`,
    messages,
  );
  for (const table of ['outbox_retry', 'outbox_conclusion']) {
    for (const { userId, pseudonym } of person) {
      await client.query(
        `update milepost.${table} t set error = case when error is not null then 'erased' end, reason = milepost.erased_text(reason, $3, $4)
           from ${MESSAGES} where t.bucket = m.bucket and t.message_no = m.message_no`,
        [...messages, userId, pseudonym],
      );
    }
  }
  await client.query(
    `delete from milepost.voucher_code v using unnest($1::smallint[], $2::uuid[]) as m(bucket, claim_key)
      where v.bucket = m.bucket and v.claim_key = m.claim_key`,
    [messages[0], rows.map((row) => row.message_key)],
  );
}

/** The tables of texts that know no players: what support did. */
const RECORDS = [
  { table: 'audit', key: 'audit_no', subject: true, document: 'details' },
  { table: 'reprocess_run', key: 'run_no', subject: false, document: 'wanted' },
] as const;

/**
 * Ids of events, payments and transactions in the records of what support did: in each record that names a player of the person or, by itself or in a list,
 * one of these ids. It has to come while the books still have the ids. One that a record says is the player's and that is not known, as of a correction
 * that was refused, goes from that record.
 */
export async function eraseRecordedIds({ client }: Tx, person: Person<Erased>): Promise<void> {
  for (const { table, key, subject, document } of RECORDS) {
    const about = subject ? 'a.subject' : "''::text";
    const corrected = subject ? "case when a.action = 'correctEvent' then a.subject end" : 'null::text';
    const { rows } = await client.query<{ id: string; event_no: string; records: string[] }>(
      `with own as materialized (${OWN}), known as materialized (
         select id, min(event_no) as event_no from (
           select event_id as id, event_no from own join milepost.event_key using (bucket, player_id)
           union all
           select unnest(array[event_id, payment_id, transaction_id]), event_no from own join milepost.credit using (bucket, player_id)
           union all
           select unnest(array[original_event_id, payment_id]), event_no from own join milepost.ruling using (bucket, player_id)
         ) as ids where id is not null and id not like 'erased:%' group by id
       ), record as not materialized (
         select a.${key} as no, ${about} as subject, ${corrected} as corrected, coalesce(a.reason, '') as reason, a.${document} as document from milepost.${table} a
       ), said as materialized (
         select r.no, ids.id
           from record r
           join own on position(trim(both '"' from to_json(own.user_id)::text) in r.document::text) > 0
          cross join lateral unnest(array[
            r.document, r.document -> 'query', r.document -> 'events', r.document -> 'wanted' -> 'events'
          ]) as about(player)
          cross join lateral unnest(
            array[r.corrected, player ->> 'event_id', player ->> 'payment_id', player ->> 'transaction_id', player ->> 'paymentId', player ->> 'transactionId']
            || array(select jsonb_array_elements_text(player -> 'eventIds') where jsonb_typeof(player -> 'eventIds') = 'array')
          ) as ids(id)
          where own.user_id in (player ->> 'user_id', player ->> 'userId') and ids.id is not null and ids.id not like 'erased:%'
       ), tied as materialized (
         select r.no from record r join known on known.id = r.subject
         union
         select r.no from record r cross join lateral jsonb_path_query(r.document, 'strict $.**') as part(value)
           join known on known.id = part.value #>> '{}'
         union
         select r.no from record r
           join own on position(own.user_id in r.subject) > 0 or position(own.user_id in r.reason) > 0
                    or position(trim(both '"' from to_json(own.user_id)::text) in r.document::text) > 0
       )
       select id, min(event_no) as event_no, array_agg(no) as records from (
         select known.id, known.event_no, r.no
           from tied join record r using (no)
           join known on position(known.id in r.subject) > 0 or position(known.id in r.reason) > 0
                      or position(trim(both '"' from to_json(known.id)::text) in r.document::text) > 0
         union
         select said.id, coalesce(known.event_no, 0), said.no from said left join known using (id)
       ) as found group by id`,
      columnsOf(person),
    );
    for (const { id, event_no, records } of rows) {
      const erased = (column: string) => `milepost.erased_text(${column}, $1, ${ERASED} $2::text)`;
      await client.query(
        `update milepost.${table}
            set ${subject ? `subject = ${erased('subject')}, ` : ''}reason = ${erased('reason')},
                ${document} = milepost.erased_json(${document}, $1, ${ERASED} $2::text)
          where ${key} = any ($3::bigint[])`,
        [id, event_no, records],
      );
    }
  }
}

/** Texts that name the player, of tables that know no players: what support did, and what could not be read. */
export async function eraseTexts(db: Db, player: Erased): Promise<void> {
  const { userId, pseudonym } = player;
  await transaction(db, async (tx) => {
    // What has been asked for meanwhile.
    await eraseRecordedIds(tx, [player]);
    // In a JSON document an id may be written otherwise than it is.
    const quoted = JSON.stringify(userId).slice(1, -1);
    for (const { table, subject, document } of RECORDS) {
      const erased = (column: string) => `milepost.erased_text(${column}, $1, $2)`;
      await tx.client.query(
        `update milepost.${table}
            set ${subject ? `subject = ${erased('subject')}, ` : ''}reason = ${erased('reason')}, ${document} = milepost.erased_json(${document}, $1, $2)
          where ${subject ? 'position($1 in subject) > 0 or ' : ''}position($1 in reason) > 0 or position($3 in ${document}::text) > 0`,
        [userId, pseudonym, quoted],
      );
    }
  });
  for await (const numbers of pagesOfMentions(db, userId)) {
    await transaction(db, ({ client }) =>
      client.query('delete from milepost.parked_message where parked_no = any ($1::bigint[])', [numbers]),
    );
  }
}

/** Messages that could not be read and name a player. */
export async function* pagesOfMentions(db: Db, userId: string): AsyncGenerator<string[]> {
  let last = '0';
  for (;;) {
    const rows = await findParked(db, { mentions: userId, resolved: true }, limits.reprocessedEvents, last);
    if (rows.length === 0) return;
    last = rows.at(-1)?.parked_no as string;
    const numbers = rows.filter((row) => names(row, userId)).map((row) => row.parked_no);
    if (numbers.length > 0) yield numbers;
  }
}
