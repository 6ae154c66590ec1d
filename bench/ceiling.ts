// The ceiling: what this machine and this PostgreSQL can take in at all. The same messages normalised, then the same event keys, inbox rows and credit
// rows in the same tables, set-based, in one statement per batch and one transaction, without any decision: no players, no look-ups, no progress.
import type { Db } from '../src/db/connect.ts';
import { arrayOf, arrayOfJson, arrayOfText } from '../src/db/sql-function.ts';
import { transaction } from '../src/db/transaction.ts';
import type { IncomingEvent } from '../src/event/event.ts';
import type { Normaliser } from '../src/event/normalise.ts';
import { formatOrigin } from '../src/event/origin.ts';
import { batches, normalised, type Way } from './way.ts';
import { type Delivery, windowStart, workload } from './workload.ts';

// All columns come as data, as they must to whoever has not decided what is in them. What repeats is known beforehand, so that the ceiling writes
// exactly the engine's rows and pays nothing for finding out; the keys of repeats are offered all the same.
const TEXT = `
with keys as (
  insert into milepost.event_key (bucket, event_id, producer, player_id, event_no, content_hash, outcome, reason, received_at)
  select k.bucket, k.event_id, k.producer, k.player_id, k.event_no, k.content_hash, k.outcome, k.reason, milepost.instant_of(k.received_at)
    from (
      select unnest($1::smallint[]) as bucket, unnest($2::text[]) as event_id, unnest($3::text[]) as producer,
             unnest($4::bigint[]) as player_id, unnest($5::bigint[]) as event_no, unnest($6::uuid[]) as content_hash,
             unnest($7::milepost.event_outcome[]) as outcome, unnest($8::text[]) as reason, unnest($9::bigint[]) as received_at
    ) as k
  on conflict do nothing
), payloads as (
  insert into milepost.inbox
    (bucket, player_id, received_at, event_no, event_id, occurred_at, event_type, event_version, source, origin, payload)
  select i.bucket, i.player_id, milepost.instant_of(i.received_at), i.event_no, i.event_id, milepost.instant_of(i.occurred_at), i.event_type,
         i.event_version, i.source, i.origin, i.payload
    from (
      select unnest($10::smallint[]) as bucket, unnest($11::bigint[]) as player_id, unnest($12::bigint[]) as received_at,
             unnest($13::bigint[]) as event_no, unnest($35::text[]) as event_id, unnest($14::bigint[]) as occurred_at, unnest($15::text[]) as event_type,
             unnest($16::text[]) as event_version, unnest($17::text[]) as source, unnest($18::text[]) as origin,
             unnest(string_to_array($19, e'\\x1e')::json[]) as payload
    ) as i
), credits as (
  insert into milepost.credit
    (bucket, player_id, game_no, window_start, event_no, trigger_id, amount, held, version, occurred_at, payment_id, transaction_id,
     event_id)
  select c.bucket, c.player_id, c.game_no, milepost.instant_of(c.window_start), c.event_no, c.trigger_id, c.amount, c.held, c.version,
         milepost.instant_of(c.occurred_at), c.payment_id, c.transaction_id, c.event_id
    from (
      select unnest($20::smallint[]) as bucket, unnest($21::bigint[]) as player_id, unnest($22::integer[]) as game_no,
             unnest($23::bigint[]) as window_start, unnest($24::bigint[]) as event_no, unnest($25::text[]) as trigger_id,
             unnest($26::bigint[]) as amount, unnest($27::boolean[]) as held, unnest($28::integer[]) as version,
             unnest($29::bigint[]) as occurred_at, unnest($30::text[]) as payment_id, unnest($31::text[]) as transaction_id,
             unnest($36::text[]) as event_id
    ) as c
)
insert into milepost.source_position (topic, partition, next_offset, updated_at) values ($32, $33, $34, now())
on conflict (topic, partition) do update set next_offset = excluded.next_offset, updated_at = excluded.updated_at`;

export function ceilingWay(normaliser: Normaliser): Way {
  return {
    decides: false,
    async lane(db, lane) {
      for (const { offset, batch } of batches(lane)) {
        const received = batch.map((delivery, index) => ({
          delivery,
          incoming: normalised(normaliser, lane, delivery, offset + index),
        }));
        await writeBatch(db, lane.partition, offset, received);
      }
    },
  };
}

/** A message beside the event it was normalised to. */
interface Received {
  delivery: Delivery;
  incoming: IncomingEvent;
}

async function writeBatch(db: Db, partition: number, offset: number, batch: readonly Received[]): Promise<void> {
  const all = batch.map(({ delivery, incoming }, index) => ({
    ...delivery,
    incoming,
    event: incoming.event,
    eventNo: offset + index,
  }));
  const fresh = all.filter(({ repeat }) => !repeat);
  const credits = fresh.flatMap(({ worth, ...row }) => (worth === undefined ? [] : [{ ...row, ...worth }]));
  const values = [
    arrayOf(all.map(({ bucket }) => bucket)),
    arrayOfText(all.map(({ event }) => event.event_id)),
    arrayOfText(all.map(({ event }) => event.producer)),
    arrayOf(all.map(({ playerNo }) => playerNo)),
    arrayOf(all.map(({ eventNo }) => eventNo)),
    arrayOf(all.map(({ incoming }) => incoming.contentHash)),
    arrayOf(all.map(() => 'applied')),
    arrayOf(all.map(() => 'null')),
    arrayOf(all.map(({ timestamp }) => timestamp)),
    arrayOf(fresh.map(({ bucket }) => bucket)),
    arrayOf(fresh.map(({ playerNo }) => playerNo)),
    arrayOf(fresh.map(({ timestamp }) => timestamp)),
    arrayOf(fresh.map(({ eventNo }) => eventNo)),
    arrayOf(fresh.map(({ event }) => event.occurred_at)),
    arrayOfText(fresh.map(({ event }) => event.event_type)),
    arrayOfText(fresh.map(({ event }) => event.event_version)),
    arrayOfText(fresh.map(({ incoming }) => incoming.source)),
    arrayOfText(fresh.map(({ incoming }) => formatOrigin(incoming.origin))),
    arrayOfJson(fresh.map(({ incoming }) => incoming.payload)),
    arrayOf(credits.map(({ bucket }) => bucket)),
    arrayOf(credits.map(({ playerNo }) => playerNo)),
    arrayOf(credits.map(() => 1)),
    arrayOf(credits.map(() => windowStart)),
    arrayOf(credits.map(({ eventNo }) => eventNo)),
    arrayOfText(credits.map(({ triggerId }) => triggerId)),
    arrayOf(credits.map(({ amount }) => amount)),
    arrayOf(credits.map(() => false)),
    arrayOf(credits.map(() => 1)),
    arrayOf(credits.map(({ event }) => event.occurred_at)),
    arrayOfText(credits.map(({ event }) => event.correlation.payment_id)),
    arrayOfText(credits.map(({ event }) => event.correlation.canonical_transaction_id)),
    workload.topic,
    partition,
    offset + batch.length,
    arrayOfText(fresh.map(({ event }) => event.event_id)),
    arrayOfText(credits.map(({ event }) => event.event_id)),
  ];
  await transaction(db, (tx) => tx.client.query({ name: 'ceiling', text: TEXT, values }));
}
