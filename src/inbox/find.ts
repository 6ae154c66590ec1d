// Finds what the inbox knows of an event, for support: its identities, payloads, credits, failures and conflicts.
import { sql } from 'kysely';
import type { Db } from '../db/connect.ts';
import { limits } from '../limits.ts';
import type { Instant } from '../time.ts';

export interface FoundEvent {
  producer: string;
  event_id: string;
  user_id: string;
  outcome: string;
  reason: string | null;
  received_at: Instant;
  occurred_at: Instant | null;
  event_type: string | null;
  source: string | null;
  origin: string | null;
  payload: unknown;
  /** What it was worth. */
  credits: { game_id: string; trigger_id: string; amount: number; held: boolean; version: number }[];
  /** The steps that it reached. */
  claims: { game_id: string; step: number; status: string; reward_type: string | null; amount: number | null }[];
  /** The last error, if it failed once. */
  error: string | null;
  /** Deliveries under its identity with another content. */
  conflicts: number;
}

/** Everything stored under an event id, one entry per producer and player. event_key leads with the bucket, so this is one probe per bucket. */
export async function findEvents(db: Db, eventId: string): Promise<FoundEvent[]> {
  const buckets = Array.from({ length: limits.buckets }, (_, bucket) => bucket);
  const { rows } = await sql<FoundEvent>`
    select k.producer, k.event_id, p.user_id, k.outcome, k.reason, k.received_at,
           i.occurred_at, i.event_type, i.source, i.origin, i.payload, f.error,
           (select count(*)::integer from milepost.event_conflict c
             where c.bucket = k.bucket and c.player_id = k.player_id and c.event_no = k.event_no) as conflicts,
           (select coalesce(json_agg(json_build_object('game_id', g.game_id, 'trigger_id', c.trigger_id, 'amount', c.amount,
                                                       'held', c.held, 'version', c.version)
                                    order by g.game_id, c.window_start, c.trigger_id), '[]')
              from milepost.credit c join milepost.game g using (game_no)
             where c.bucket = k.bucket and c.player_id = k.player_id and c.event_no = k.event_no) as credits,
           (select coalesce(json_agg(json_build_object('game_id', g.game_id, 'step', c.step, 'status', c.status,
                                                       'reward_type', c.reward_type, 'amount', c.amount) order by g.game_id, c.step, c.earning), '[]')
              from milepost.claim c join milepost.game g using (game_no)
             where c.bucket = k.bucket and c.player_id = k.player_id and c.event_no = k.event_no) as claims
      from milepost.event_key k
      join milepost.player p on p.bucket = k.bucket and p.player_id = k.player_id
      left join milepost.inbox i
        on i.bucket = k.bucket and i.player_id = k.player_id and i.received_at = k.received_at and i.event_no = k.event_no
      left join milepost.event_failure f on f.bucket = k.bucket and f.player_id = k.player_id and f.event_no = k.event_no
     where k.bucket = any (${buckets}) and k.event_id = ${eventId}
     order by k.received_at, k.event_no`.execute(db.query);
  return rows;
}
