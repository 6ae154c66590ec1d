// What became of a player's event, for an app that has sent it and waits: looked up for many at once. And outcomes in words.
import type { Db } from '../db/connect.ts';
import { reading } from '../db/failure.ts';
import { arrayOf, arrayOfText } from '../db/sql-function.ts';
import { bucketOf } from '../ids.ts';
import { limits } from '../limits.ts';
import { formatInstant, type Instant } from '../time.ts';

/** An event by its id, or by the payment it is about. */
export type EventName = { eventId: string } | { paymentId: string };

export interface EventOutcome {
  eventId: string;
  outcome: string;
  reason: string | null;
}

interface Row {
  place: number;
  event_id: string;
  event_no: string;
  outcome: string;
  reason: string | null;
}

/** Whether an event has changed something of the player's; a reversal with a reason took nothing back. */
export function counts({ outcome, reason }: Pick<EventOutcome, 'outcome' | 'reason'>): boolean {
  return outcome === 'applied' || outcome === 'held' || (outcome === 'reversed' && reason === null);
}

/** One answer for each who asks, in their order; undefined for an event that has not been judged. Of several events one that counts, or else the newest. */
export async function readOutcomes(
  db: Db,
  asked: readonly { userId: string; event: EventName }[],
  now: Instant,
): Promise<(EventOutcome | undefined)[]> {
  const { rows } = await reading(() =>
    db.pool.query<Row>({
      name: 'inbox_outcomes',
      text: `select * from milepost.inbox_outcomes(p_bucket => $1::smallint[], p_user_id => $2::text[], p_event_id => $3::text[],
             p_payment_id => $4::text[], p_since => $5::timestamptz, p_newest => $6::integer)`,
      values: [
        arrayOf(asked.map(({ userId }) => bucketOf(userId))),
        arrayOfText(asked.map(({ userId }) => userId)),
        arrayOfText(asked.map(({ event }) => ('eventId' in event ? event.eventId : null))),
        arrayOfText(asked.map(({ event }) => ('paymentId' in event ? event.paymentId : null))),
        formatInstant(now - limits.paymentMs),
        limits.paymentEvents,
      ],
    }),
  );
  const found = new Map<number, Row>();
  for (const row of rows) {
    const best = found.get(row.place);
    if (best === undefined || isBetter(row, best)) found.set(row.place, row);
  }
  return asked.map((_, index) => {
    const row = found.get(index + 1);
    return row === undefined ? undefined : { eventId: row.event_id, outcome: row.outcome, reason: row.reason };
  });
}

function isBetter(row: Row, best: Row): boolean {
  const [counted, bestCounted] = [counts(row), counts(best)];
  return counted === bestCounted ? BigInt(row.event_no) > BigInt(best.event_no) : counted;
}

const REASONS: Readonly<Record<string, string>> = {
  capped: 'It counted, and added nothing: the most that may be added was reached before.',
  repeated_value: 'It counted, and added nothing: the same had counted before.',
  transaction_counted: 'It counted, and added nothing: another event of the same transaction counts.',
  joined: 'With it the player joined the game.',
  window_closed: 'It arrived after the game had closed.',
  not_a_member: 'The player was not among those the game is for when it happened.',
  not_joined: 'The player had not joined the game when it happened.',
  before_window: 'It happened before the game began.',
  after_window: 'It happened after the game was over.',
  player_erased: 'It belongs to a time before the player was erased.',
  paused: 'It happened while the game was paused.',
  ended: 'It happened after the game had been ended.',
  no_game: 'No game counts such events.',
  condition_failed: 'It is not what the game counts.',
  worth_nothing: 'It is worth nothing in the game.',
  already_joined: 'The player had joined the game before.',
  occurred_in_future: 'Its time lies in the future.',
  identity_gone: 'It happened too long ago to tell whether it has counted already.',
  frm_flagged: 'It was not accepted.',
  judged_before: 'It was judged by rules, or for a group of players, that have changed since.',
  opened: 'With it the player opened a fortune cookie.',
  no_cookie: 'There was no such fortune cookie.',
  cookie_held: 'The fortune cookie waited for a release.',
  cookie_taken_back: 'The fortune cookie had been taken back.',
  already_opened: 'The fortune cookie had been opened before.',
  not_openable: 'The fortune cookie could not be opened yet.',
  data_error: 'It could not be read; it is being looked into.',
  reversed_before: 'It had been taken back before it came.',
  nothing_counted: 'It took nothing back: what it is about had not counted.',
  original_gone: 'It took nothing back: what it is about never came, or counted nothing.',
  not_held: 'It changed nothing: what it is about was not held.',
  released: 'What was held was released.',
  voided: 'What was held was taken away.',
  cohort_changed: 'It said who belongs to a group of players.',
  already_reversed: 'It took nothing back: what it is about had been taken back before.',
};

const OUTCOMES: Readonly<Record<string, string>> = {
  applied: 'It counted.',
  held: 'It counted; what it earns waits for a release.',
  reversed: 'What it is about was taken back.',
  waiting: 'It waits for the event that it is about.',
};

/** An outcome as a player may be told. */
export function outcomeInWords(outcome: string, reason: string | null): string {
  return (reason === null ? undefined : REASONS[reason]) ?? OUTCOMES[outcome] ?? 'It did not count.';
}
