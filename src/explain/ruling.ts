// What a reversal or a verdict did: what it names, what that counts since, and what became of steps and rewards. Pure. Owns how that is said; it never
// decides.
import type { Definitions } from '../definitions/definitions.ts';
import { formatDate } from '../definitions/moment.ts';
import type { PlayerState } from '../engine/effect.ts';
import type { CanonicalEvent } from '../event/event.ts';
import { versionInForce, windowFor } from '../games/decide.ts';
import type { Claim, ClaimRuling, Player, Ruling } from '../games/games.ts';
import { isVerdict, readReversal, readVerdict } from '../games/ruling.ts';
import { formatInstant, type Instant } from '../time.ts';
import { type Changed, countedInWords, nameOfRuling } from './changed.ts';
import { type Correction, eventInWords } from './event-name.ts';
import type { Ledger } from './past.ts';
import { claimInWords } from './reward.ts';
import { type GameTrace, progressInWords, progressOf } from './trace.ts';

export interface RulingTrace {
  kind: Ruling['kind'];
  /** What it names; all null where it is about a claim, or names nothing. */
  original_event_id: string | null;
  payment_id: string | null;
  /** How much of the amount it takes back, in major units; null for all. */
  amount: number | null;
  /** What it is about, and what came of that as a whole, in words that can be sent on. */
  answer: string;
  /** Where it changed something. */
  games: { game_id: string; window_start: string; progress: GameTrace['progress']; answer: string }[];
}

/** A ruling that has been decided upon once more. */
export interface RuledOn {
  event: CanonicalEvent;
  eventNo: number;
  judgedNo: number;
  outcome: string;
  reason: string | null;
  /** The player as the ruling found them, and as it left them. */
  before: PlayerState;
  after: PlayerState;
  /** The event that ended its wait. */
  resolvedBy: string | null;
  /** Of the reversal of a correction: the claims that it has left as they were, since what takes the place of what it takes back reaches their steps. */
  spared: readonly Claim[];
  /** Identities of what occurred before it may be gone; undefined: of nothing. */
  forgottenBefore: Instant | undefined;
  /** What it corrects, if that is what it is for. */
  correction: Correction;
}

type Reading = { ruling: Ruling } | { claim: ClaimRuling } | { problem: string };

export function traceRuling(ruled: RuledOn, changed: Changed, ledger: Ledger, definitions: Definitions): RulingTrace {
  const { event, eventNo } = ruled;
  const reading: Reading = isVerdict(event) ? readVerdict(event, eventNo) : readReversal(event, eventNo);
  const ruling = 'ruling' in reading ? reading.ruling : undefined;
  const reversal = isVerdict(event) ? undefined : ruling;
  return {
    kind: ruling?.kind ?? ('claim' in reading ? reading.claim.kind : 'reversed'),
    original_event_id: ruling?.originalEventId ?? null,
    payment_id: ruling?.paymentId ?? null,
    amount: ruling?.amount ?? null,
    answer:
      'problem' in reading
        ? `It was not accepted as a ${isVerdict(event) ? 'verdict' : 'reversal'}: ${reading.problem}.`
        : reversal === undefined
          ? verdictInWords(reading, ruled, definitions)
          : reversalInWords(reversal, ruled, changed, ledger),
    games: gamesOf(ruled, changed, definitions),
  };
}

/** What a ruling names. */
export function originalInWords({ originalEventId, paymentId }: Ruling): string {
  return originalEventId === null ? `the payment ${paymentId}` : `the event ${originalEventId}`;
}

function reversalInWords(ruling: Ruling, ruled: RuledOn, changed: Changed, ledger: Ledger): string {
  const { outcome, reason, correction } = ruled;
  const { corrects } = correction;
  const name = corrects === null ? originalInWords(ruling) : `the event ${corrects.event_id} from ${corrects.producer}`;
  const about = ruling.amount === null ? `It takes back ${name}` : `It takes back ${ruling.amount} of ${name}`;
  if (outcome === 'waiting') {
    const forgotten =
      ruled.forgottenBefore === undefined
        ? ''
        : ` (or came before ${formatInstant(ruled.forgottenBefore)} and counted nothing: that is not known any more)`;
    return `${about}, which has not come yet${forgotten}. It waits: what comes of that will count without what is taken back.`;
  }
  if (reason === 'already_reversed') {
    const earlier = ruledBefore(ruling, ruled, ledger);
    const by = earlier.length === 0 ? '' : `, by ${earlier.join(' and ')}`;
    return `${about}, of which nothing was left: it had been taken back before${by}.`;
  }
  if (ruled.resolvedBy !== null) {
    const counted = reason === null ? '' : ' That counted nothing.';
    return `${about}. It came first, and waited until the event ${ruled.resolvedBy} came.${counted}`;
  }
  if (reason === 'nothing_counted') {
    return `${about}, of which nothing had counted${changed.ruled.length === 0 ? '' : ' then'}.`;
  }
  const more = [...Map.groupBy(changed.ruled, ({ event_id }) => event_id).values()].flatMap(([credit]) => {
    const { before, transaction_amount, event_id } = credit as Changed['ruled'][number];
    const left = before.remaining ?? transaction_amount;
    if (ruling.amount === null || left === null || ruling.amount <= left) return [];
    const of = event_id === null ? 'it' : `the event ${event_id}`;
    return ` That is more than the ${left} that were left of ${of}: no more than these are taken back.`;
  });
  return `${about}.${more.join('')}`;
}

/** The reversals that had taken back what this one names, in words. */
function ruledBefore(
  { originalEventId, paymentId }: Ruling,
  { judgedNo }: RuledOn,
  { credits, rulings }: Ledger,
): string[] {
  const numbers = credits
    .filter((credit) =>
      originalEventId === null ? credit.paymentId === paymentId : credit.eventId === originalEventId,
    )
    .flatMap(({ corrections }) => corrections.filter((correction) => correction.judgedNo < judgedNo))
    .map(({ rulingNo }) => rulingNo);
  return rulings
    .filter(({ eventNo }) => numbers.includes(eventNo))
    .map(nameOfRuling)
    .map(({ event_id, producer }) => eventInWords(event_id, producer));
}

function verdictInWords(
  reading: { ruling: Ruling } | { claim: ClaimRuling },
  { outcome, reason }: RuledOn,
  { games }: Definitions,
): string {
  const kind = 'claim' in reading ? reading.claim.kind : reading.ruling.kind;
  const [does, held] = kind === 'released' ? ['releases', 'released'] : ['voids', 'voided'];
  if ('claim' in reading) {
    const { gameId, step, windowStart } = reading.claim;
    const zone = games.find((each) => each.gameId === gameId)?.versions.at(-1)?.zone;
    const from = zone === undefined ? formatInstant(windowStart) : formatDate(windowStart, zone);
    const reward = `the reward of step ${step} in ${gameId}, of the window that began on ${from}`;
    return outcome === 'applied'
      ? `It ${does} ${reward}, which its budget had not enough left for.`
      : `It changed nothing: ${reward} does not wait over its budget, so that it cannot be ${held}.`;
  }
  const name = originalInWords(reading.ruling);
  if (outcome === 'applied') return `It ${does} ${name}, which fraud and risk management had flagged.`;
  return reason === 'original_unknown'
    ? `It was not accepted: ${name} is not known of this player.`
    : `It changed nothing: of ${name} nothing is held, so that it cannot be ${held}.`;
}

function gamesOf(
  { before, after, spared }: RuledOn,
  { ruled, transitions, claims }: Changed,
  { games }: Definitions,
): RulingTrace['games'] {
  const several = new Set(ruled.map(({ event_id }) => event_id)).size > 1;
  const counts = (credits: Changed['ruled']): string =>
    credits
      .filter(({ kind, before: { amount } }) => kind !== 'released' || amount === 0)
      .map(({ event_id, before: { amount: was }, amount, ...credit }) =>
        countedInWords({ ...credit, event_id: several ? event_id : null, before: was }, amount),
      )
      .join('; ');
  const now = ruled.filter(({ came_first }) => !came_first);
  const entries = [...now, ...transitions, ...claims];
  const windows = Map.groupBy(entries, ({ game_id, window_start }) => `${game_id} ${window_start}`);
  const changed = [...windows.values()].map(([entry]) => {
    const { game_id, window_start } = entry as (typeof entries)[number];
    const isHere = (each: { game_id: string; window_start: string }): boolean =>
      each.game_id === game_id && each.window_start === window_start;
    const progress = progressAt(games, before, after, game_id, window_start);
    const counted = counts(now.filter(isHere));
    return {
      game_id,
      window_start,
      progress,
      answer: [
        ...(counted === '' ? [] : [`Since then ${counted}.`]),
        ...(progress === null ? [] : [progressInWords(progress)]),
        ...claims.filter(isHere).map(({ step }) => `With it the player reached step ${step}.`),
        ...spared
          .filter(({ gameId, windowStart }) => isHere({ game_id: gameId, window_start: formatInstant(windowStart) }))
          .map(
            ({ step }) => `Step ${step} stays as it was claimed: what the event was corrected to reaches it as well.`,
          ),
        ...[...claims, ...transitions].filter(isHere).flatMap(claimInWords),
      ].join(' '),
    };
  });
  const later = ruled.filter(({ came_first }) => came_first);
  return [
    ...changed,
    ...[...Map.groupBy(later, ({ game_id }) => game_id)].map(([game_id, credits]) => {
      const came = [...new Set(credits.map(({ event_id }) => event_id ?? 'it'))].join(' and ');
      const { window_start } = credits[0] as Changed['ruled'][number];
      const answer = `When ${came} counted, it was without what had been taken back: ${counts(credits)}.`;
      return { game_id, window_start, progress: null, answer };
    }),
  ];
}

function progressAt(
  games: Definitions['games'],
  before: Player,
  after: Player,
  gameId: string,
  windowStart: string,
): GameTrace['progress'] {
  const timeline = games.find((each) => each.gameId === gameId);
  if (timeline === undefined) return null;
  const start = Date.parse(windowStart);
  // Steps and shape are the same in all versions that a window has seen.
  const game = versionInForce(timeline, start);
  const standing = (player: Player) =>
    player.progress.find((progress) => progress.gameNo === game.gameNo && progress.windowStart === start);
  return progressOf(game, windowFor(game, start, [start]) ?? game, standing(before), standing(after));
}
