// What is in the books because of an event: what it counted and what rulings have made of that since, what it ruled about others, the steps that it
// reached or changed. Reads only.
import { sql } from 'kysely';
import type { Db } from '../db/connect.ts';
import type { Definitions } from '../definitions/definitions.ts';
import type { ClaimStatus } from '../games/games.ts';
import type { StoredEvent } from '../inbox/stored.ts';
import { rowsOf } from '../players/kin.ts';
import { formatInstant } from '../time.ts';
import { type Debt, isOfClaim } from './debts.ts';
import { type EventName, eventInWords } from './event-name.ts';
import type { Ledger, LedgerCredit, LedgerRuling } from './past.ts';
import { type ClaimEntry, type ClaimRow, claimColumns, claimEntry, statusInWords } from './reward.ts';

export interface Changed {
  credits: {
    game_id: string;
    window_start: string;
    trigger_id: string;
    amount: number;
    held: boolean;
    version: number;
    /** What rulings have made of it, in their order; the last one holds. */
    corrections: CorrectionEntry[];
  }[];
  /** What it has ruled about others. */
  ruled: (CorrectionEntry & {
    event_id: string | null;
    payment_id: string | null;
    game_id: string;
    window_start: string;
    trigger_id: string;
    /** What the event was of, in major units; null where it had no amount. */
    transaction_amount: number | null;
    /** What it counted, what was left of that amount (null: all) and whether it was held, before. */
    before: { amount: number; remaining: number | null; held: boolean };
  })[];
  joined: { game_id: string; joined_at: string }[];
  /** The steps that were reached with it. */
  claims: ClaimEntry[];
  /** Claims of other events whose status it changed. */
  transitions: Transition[];
  /** Claims of other events that ended, or were released, by what was ruled about this one. */
  undone: ClaimEntry[];
}

/** What a ruling made of a credit. */
export interface CorrectionEntry {
  /** The events that say so: one ruling, or all that were there before the event. */
  by: EventName[];
  kind: 'reversed' | 'released' | 'voided';
  /** The ruling was there before the event. */
  came_first: boolean;
  corrected_at: string;
  amount: number;
  /** What is left of the event's own amount, in major units; null while nothing of it was taken back. */
  remaining: number | null;
  held: boolean;
}

export interface Transition extends ClaimEntry {
  from: ClaimStatus;
  to: ClaimStatus;
  changed_at: string;
}

export async function readChanged(
  db: Db,
  { bucket, player_id, event_no: no }: StoredEvent,
  ledger: Ledger,
  debts: readonly Debt[],
  definitions: Definitions,
): Promise<Changed> {
  const eventNo = Number(no);
  const gameIds = new Map(definitions.games.map(({ gameNo, gameId }) => [gameNo, gameId]));
  const nameOf = ({ gameNo, windowStart, triggerId }: LedgerCredit) => ({
    game_id: gameIds.get(gameNo) ?? String(gameNo),
    window_start: formatInstant(windowStart),
    trigger_id: triggerId,
  });
  const own = ledger.credits.filter((credit) => credit.eventNo === eventNo);
  const { members } = ledger.kin;
  const players = rowsOf(members);
  const columns = claimColumns(members);
  const rulings = [...new Set(own.flatMap(({ corrections }) => corrections.map(({ rulingNo }) => rulingNo)))];
  const { rows } = await sql<{ joined: Changed['joined']; claims: ClaimRow[]; transitions: TransitionRow[] }>`
    select
      (select coalesce(json_agg(json_build_object('game_id', g.game_id, 'joined_at', j.joined_at)), '[]')
         from milepost.game_join j join milepost.game g using (game_no)
        where j.bucket = ${bucket} and j.player_id = ${player_id} and j.event_no = ${no}) as joined,
      (select coalesce(json_agg(${columns} order by g.game_id, c.step), '[]')
         from ${players}
         join milepost.claim c using (bucket, player_id)
         join milepost.game g using (game_no)
        where c.event_no = ${no}) as claims,
      (select coalesce(json_agg(json_build_object('event_no', t.event_no, 'from', t.from_status, 'to', t.to_status, 'changed_at', t.changed_at,
                                                  'claim', ${columns}) order by t.transition_no), '[]')
         from ${players}
         join milepost.claim_transition t using (bucket, player_id)
         join milepost.claim c using (bucket, player_id, game_no, window_start, step, earning)
         join milepost.game g using (game_no)
        where t.event_no = any (${[eventNo, ...rulings]}::bigint[])) as transitions`.execute(db.query);
  const { joined, claims, transitions } = rows[0] as (typeof rows)[number];
  const entries = await Promise.all(claims.map((claim) => claimEntry(db, claim, debts, definitions)));
  const changes = await Promise.all(
    transitions.map(async ({ event_no, from, to, changed_at, claim }) => {
      const entry = await claimEntry(db, claim, debts, definitions);
      return { event_no, transition: { ...entry, from, to, changed_at: formatInstant(Date.parse(changed_at)) } };
    }),
  );
  const isOwn = (claim: ClaimEntry): boolean => entries.some((entry) => isOfClaim(entry, claim));
  const undone = changes.flatMap(({ event_no, transition: { from: _, to: __, changed_at: ___, ...claim } }) =>
    event_no === eventNo || isOwn(claim) ? [] : claim,
  );
  return {
    credits: own.map((credit) => ({
      ...nameOf(credit),
      amount: credit.amount,
      held: credit.held,
      version: credit.version,
      corrections: credit.corrections.map((_, index) => correctionEntry(ledger, credit, index)),
    })),
    ruled: ledger.credits.flatMap((credit) =>
      credit.corrections.flatMap(({ rulingNo }, index) => {
        if (rulingNo !== eventNo) return [];
        const {
          amount,
          held,
          eventId: event_id,
          paymentId: payment_id,
          transactionAmount: transaction_amount,
        } = credit;
        const before = credit.corrections[index - 1] ?? { amount, remaining: null, held };
        return {
          ...nameOf(credit),
          event_id,
          payment_id,
          transaction_amount,
          before: { amount: before.amount, remaining: before.remaining, held: before.held },
          ...correctionEntry(ledger, credit, index),
        };
      }),
    ),
    joined: joined.map((join) => ({ ...join, joined_at: formatInstant(Date.parse(join.joined_at)) })),
    claims: entries,
    transitions: changes.flatMap(({ event_no, transition }) => (event_no === eventNo ? transition : [])),
    // What one ruling released and another took back is one claim.
    undone: undone.filter((claim, index) => undone.findIndex((other) => isOfClaim(other, claim)) === index),
  };
}

interface TransitionRow {
  event_no: number;
  from: ClaimStatus;
  to: ClaimStatus;
  changed_at: string;
  claim: ClaimRow;
}

function correctionEntry({ rulings }: Ledger, credit: LedgerCredit, index: number): CorrectionEntry {
  const correction = credit.corrections[index] as LedgerCredit['corrections'][number];
  const ruling = rulings.find(({ eventNo }) => eventNo === correction.rulingNo);
  if (ruling === undefined) throw new Error(`there is no ruling ${correction.rulingNo}`);
  const first = ruling.judgedNo < credit.judgedNo;
  return {
    by: (first ? rulings.filter((each) => cameBefore(each, credit)) : [ruling]).map(nameOfRuling),
    kind: ruling.kind,
    came_first: first,
    corrected_at: formatInstant(correction.correctedAt),
    amount: correction.amount,
    remaining: correction.remaining,
    held: correction.held,
  };
}

/** What names a ruling's event. */
export function nameOfRuling({ eventId, producer }: Pick<LedgerRuling, 'eventId' | 'producer'>): EventName {
  return { event_id: eventId, producer };
}

/** Whether a reversal had taken something of a credit back before that came. */
function cameBefore({ kind, judgedNo, originalEventId, paymentId }: LedgerRuling, credit: LedgerCredit): boolean {
  const names = originalEventId === null ? paymentId === credit.paymentId : originalEventId === credit.eventId;
  return kind === 'reversed' && judgedNo < credit.judgedNo && names;
}

/** What has been ruled about an event, ruling by ruling. */
export function ruledInWords({ credits }: Changed, gameId?: string): string[] {
  const all = credits
    .filter(({ game_id }) => gameId === undefined || game_id === gameId)
    .flatMap(({ corrections, ...credit }) =>
      corrections.flatMap((correction, index) => {
        // That it counted nothing from the first is its outcome.
        if (correction.came_first && correction.amount === 0) return [];
        const { amount: before } = corrections[index - 1] ?? credit;
        return { ...correction, words: countedInWords({ ...credit, event_id: null, before }, correction.amount) };
      }),
    );
  return [...Map.groupBy(all, ({ by }) => JSON.stringify(by)).values()].map((parts) => {
    const { by, kind, came_first, remaining } = parts[0] as (typeof parts)[number];
    const counts = `${parts.map(({ words }) => words).join('; ')}.`;
    const rulings = by.map(({ event_id, producer }) => eventInWords(event_id, producer)).join(' and ');
    const when = came_first ? 'had been taken back before it came' : 'was taken back since';
    switch (kind) {
      case 'released':
        return `It was released since, by ${rulings}.`;
      case 'voided':
        return `It was voided since, by ${rulings}: ${counts}`;
      default:
        return remaining === null || remaining === 0
          ? `All of it ${when}, by ${rulings}: ${counts}`
          : `A part of it ${when}, by ${rulings}, and ${remaining} of its amount are left: ${counts}`;
    }
  });
}

/** `in summer payment counts 0 instead of 1` */
export function countedInWords(
  {
    game_id,
    trigger_id,
    event_id,
    before,
  }: { game_id: string; trigger_id: string; event_id: string | null; before: number },
  now: number,
): string {
  const what = `in ${game_id} ${trigger_id}${event_id === null ? '' : ` of ${event_id}`}`;
  return now === before ? `${what} counts ${now} all the same` : `${what} counts ${now} instead of ${before}`;
}

/** What the books hold, in a line. */
export function booksInWords({ credits, ruled, claims, joined, transitions }: Changed): string {
  const entries = [
    ...credits.map(({ game_id, trigger_id, amount, corrections }) => {
      const now = corrections.at(-1)?.amount ?? amount;
      return `+${amount} in ${game_id} by ${trigger_id}${now === amount ? '' : `, of which ${now} are left`}`;
    }),
    ...ruled.map(({ game_id, trigger_id, event_id, before, amount }) => {
      return `${trigger_id} of ${event_id ?? 'an event'} counts ${amount} instead of ${before.amount} in ${game_id}`;
    }),
    ...joined.map(({ game_id }) => `joined ${game_id}`),
    ...claims.map(({ game_id, step, status, amount }) => {
      return `step ${step} of ${game_id}, ${statusInWords(status, amount !== null)}`;
    }),
    ...transitions.map(({ game_id, step, to, amount }) => {
      return `step ${step} of ${game_id}, since ${statusInWords(to, amount !== null)}`;
    }),
  ];
  return entries.length === 0 ? 'The books hold nothing that it changed.' : `The books hold: ${entries.join('; ')}.`;
}
