// The usual way: one transaction per event, row by row, with plain parameterised statements. The same tables and the same decision as the engine's,
// so that only the way of writing differs. Generous where it can be: players are not looked up, memberships are not read, nothing is refreshed.
import type { Db } from '../src/db/connect.ts';
import { transaction } from '../src/db/transaction.ts';
import { loadDefinitions } from '../src/definitions/definitions.ts';
import type { IncomingEvent } from '../src/event/event.ts';
import type { Normaliser } from '../src/event/normalise.ts';
import { formatOrigin } from '../src/event/origin.ts';
import { judge, type Timeline } from '../src/games/decide.ts';
import type { Player } from '../src/games/games.ts';
import { standingsOf } from '../src/games/standing.ts';
import { payReward } from '../src/rewards/decide.ts';
import { formatInstant, type Instant } from '../src/time.ts';
import { normalised, type Way } from './way.ts';
import { type Delivery, windowStart } from './workload.ts';

export function perEventWay(normaliser: Normaliser): Way {
  return {
    decides: true,
    async lane(db, lane) {
      const { games } = await loadDefinitions(db);
      for (const [offset, delivery] of lane.deliveries.entries()) {
        await writeEvent(db, games[0] as Timeline, offset, delivery, normalised(normaliser, lane, delivery, offset));
      }
    },
  };
}

/** Takes in one event: its key, then its player's progress under a row lock, then everything the decision says, row by row. */
async function writeEvent(
  db: Db,
  timeline: Timeline,
  eventNo: number,
  delivery: Delivery,
  incoming: IncomingEvent,
): Promise<void> {
  const { bucket, playerNo, timestamp: receivedAt } = delivery;
  const { event } = incoming;
  await transaction(db, async ({ client }) => {
    const received = formatInstant(receivedAt);
    const key = await client.query(
      `insert into milepost.event_key (bucket, event_id, producer, player_id, event_no, content_hash, outcome, received_at)
       values ($1, $2, $3, $4, $5, $6, 'applied', $7) on conflict do nothing`,
      [bucket, event.event_id, event.producer, playerNo, eventNo, incoming.contentHash, received],
    );
    if (key.rowCount === 0) return;
    await client.query(
      `insert into milepost.inbox
         (bucket, player_id, received_at, event_no, occurred_at, event_type, event_version, source, origin, payload)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
      [
        ...[
          bucket,
          playerNo,
          received,
          eventNo,
          formatInstant(event.occurred_at),
          event.event_type,
          event.event_version,
        ],
        ...[incoming.source, formatOrigin(incoming.origin), incoming.payload],
      ],
    );
    const window = formatInstant(windowStart);
    const { rows } = await client.query<ProgressRow>(
      `select value, cleared, claimed from milepost.progress
        where bucket = $1 and player_id = $2 and game_no = $3 and window_start = $4 for update`,
      [bucket, playerNo, timeline.gameNo, window],
    );
    const player = playerOf(delivery, event.user_id, timeline, rows[0]);
    const verdict = judge(timeline, { event, eventNo, receivedAt, rulings: [] }, player);
    if (verdict === undefined || !('credits' in verdict)) return;

    const now = formatInstant(Date.now());
    for (const credit of verdict.credits) {
      await client.query(
        `insert into milepost.credit
           (bucket, player_id, game_no, window_start, event_no, trigger_id, amount, held, version, occurred_at, payment_id, transaction_id,
            event_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
        [
          ...[
            bucket,
            playerNo,
            credit.gameNo,
            window,
            eventNo,
            credit.triggerId,
            credit.amount,
            credit.held,
            credit.version,
          ],
          ...[
            formatInstant(event.occurred_at),
            event.correlation.payment_id,
            event.correlation.canonical_transaction_id,
            event.event_id,
          ],
        ],
      );
    }
    for (const { all, cleared, claimed } of player.progress) {
      await client.query(
        `insert into milepost.progress as p (bucket, player_id, game_no, window_start, value, cleared, claimed, version, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, 1, $8)
         on conflict (bucket, player_id, game_no, window_start) do update
           set value = excluded.value, cleared = excluded.cleared, claimed = excluded.claimed, version = p.version + 1,
               updated_at = excluded.updated_at`,
        [bucket, playerNo, timeline.gameNo, window, all.value, cleared.value, claimed, now],
      );
    }
    for (const claim of verdict.claims) {
      const { reward } = claim;
      const message =
        reward === null
          ? undefined
          : payReward({ ...claim, reward, budgets: [], userId: event.user_id }, bucket, Date.parse(now));
      await client.query(
        `insert into milepost.claim
           (bucket, player_id, game_no, window_start, step, earning, step_type, status, version, event_no, reward_type, amount, message_key,
            claimed_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
        [
          ...[
            bucket,
            playerNo,
            claim.gameNo,
            window,
            claim.step,
            claim.earning,
            claim.stepType,
            claim.status,
            claim.version,
          ],
          ...[eventNo, reward?.rewardType, reward?.amount, message?.messageKey, now],
        ],
      );
      if (message === undefined) continue;
      await client.query(
        `insert into milepost.outbox (bucket, destination, message_key, body, next_attempt_at, created_at)
         values ($1, $2, $3, $4, $5, $5)`,
        [bucket, message.destination, message.messageKey, message.body, now],
      );
    }
  });
}

interface ProgressRow {
  value: string;
  cleared: string;
  claimed: string[];
}

/** The player as the decision sees them; a member of the cohort, as all players of the load are. */
function playerOf(
  { bucket, playerNo }: Delivery,
  userId: string,
  { gameNo, versions }: Timeline,
  row: ProgressRow | undefined,
): Player {
  const member = (cohortId: string): Player['memberships'][number] => ({
    cohortId,
    from: windowStart,
    to: Number.POSITIVE_INFINITY as Instant,
  });
  const progress = (known: NonNullable<typeof row>): Player['progress'][number] => ({
    gameNo,
    windowStart,
    ...standingsOf(Number(known.value), Number(known.cleared), null),
    claimed: known.claimed.map(Number),
    ended: {},
    kept: [],
    changed: false,
  });
  return {
    bucket,
    playerId: playerNo,
    userId,
    progress: row === undefined ? [] : [progress(row)],
    claims: [],
    memberships: versions.map(({ config }) => member(config.cohort_id)),
    joins: [],
    credits: [],
    rulings: [],
  };
}
