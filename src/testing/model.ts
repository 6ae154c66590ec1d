// An independent model of the games: from a set of events it computes what the books must say. Written from the documented rules and
// deliberately naive; it shares no code with what it checks, so that one mistake is not made twice. Batches and repeats do not exist for it.
// Order exists for it only where the rules say that arrival counts:
//   - joining: whether an event finds its player joined, and which of two joins counts;
//   - logical transactions: what `first` is, and, as `first` and `max` may take back what had counted, which steps had been reached on the way.
import { gameStretch, graceOf, type Stretch, windowOfJoin, windowsOf } from './model/calendar.ts';
import { type ModelConfig, type WrittenConfig, withDefaults } from './model/config.ts';
import { fieldValue, type Happening, satisfies } from './model/rule.ts';
import { type ModelCredit, type ModelStanding, standingOf } from './model/standing.ts';
import { worthOf } from './model/worth.ts';

/** An event of the set, with the time the broker received it. */
export interface ModelEvent {
  event: Happening;
  receivedAt: number | undefined;
}

/** A game over time: its versions, oldest first (of several in force at an instant the newest counts), and its changes of status likewise. */
export interface ModelGame {
  versions: readonly { config: WrittenConfig; inForceFrom: number }[];
  statuses?: readonly { status: string; from: number }[];
}

/** Everything that decides what the books say. */
export interface History {
  games: readonly ModelGame[];
  memberships: readonly { userId: string; cohortId: string; from: number; to: number }[];
  events: readonly ModelEvent[];
}

export interface OutcomeLine {
  user_id: string;
  producer: string;
  event_id: string;
  outcome: string;
  /** Null when it was counted: whether that added something depends on what was there before. */
  reason: string | null;
}

export interface CreditLine {
  user_id: string;
  game_id: string;
  window_start: number;
  producer: string;
  event_id: string;
  trigger_id: string;
  amount: number;
  held: boolean;
  version: number;
}

export interface ProgressLine {
  user_id: string;
  game_id: string;
  window_start: number;
  value: number;
  cleared: number;
}

export interface ClaimLine {
  user_id: string;
  game_id: string;
  window_start: number;
  step: number;
  earning: number;
  step_type: string;
  status: string;
}

export interface JoinLine {
  user_id: string;
  game_id: string;
  joined_at: number;
  producer: string;
  event_id: string;
}

/** The version that judged the crossing event, and what it pays: pinned by arrival, so the model knows only which are possible. */
export interface Terms {
  version: number;
  reward_type: string | null;
  amount: number | null;
}

export interface ExpectedBooks {
  outcomes: OutcomeLine[];
  joins: JoinLine[];
  credits: CreditLine[];
  progress: ProgressLine[];
  claims: (ClaimLine & { possibleTerms: Terms[] })[];
  /** Claims whose reward is owed: reached by what no hold touches. */
  rewards: ClaimLine[];
}

const outcomes = ['applied', 'held', 'rejected', 'late', 'not_in_cohort', 'outside_window', 'no_match'];
/** Of equal outcomes, the better reasons; what is not listed is as good as any other that is not. */
const reasons = ['joined', null, 'not_joined', 'paused', 'worth_nothing', 'already_joined', 'ended', 'after_window'];
/** The verdict that stands for the event; of equal ones the first. */
function bestOf(verdicts: readonly Verdict[]): Verdict | undefined {
  const placeIn = <T>(list: readonly T[], word: T): number => {
    const place = list.indexOf(word);
    return place < 0 ? list.length : place;
  };
  const ranks = ({ outcome, reason, absent }: Verdict): number[] => [
    placeIn(outcomes, outcome),
    absent === true ? 1 : 0,
    placeIn(reasons, reason),
  ];
  return verdicts.toSorted((a, b) => {
    const [one, other] = [ranks(a), ranks(b)];
    const differs = one.findIndex((rank, index) => rank !== other[index]);
    return differs < 0 ? 0 : (one[differs] as number) - (other[differs] as number);
  })[0];
}

/** The books after a set of events that arrived in this order, as listed unless said. Throws when two events have one identity: then it is no set. */
export function expectedBooks(
  { games, memberships, events }: History,
  arrival: readonly ModelEvent[] = events,
): ExpectedBooks {
  const books: ExpectedBooks = { outcomes: [], joins: [], credits: [], progress: [], claims: [], rewards: [] };
  const credits: Credit[] = [];
  const identities = new Set(arrival.map((one) => identityOf(one.event)));
  if (identities.size !== arrival.length) throw new Error('the model takes a set: an event is in it twice');
  if (arrival.length !== events.length || !events.every((one) => identities.has(identityOf(one.event)))) {
    throw new Error('what arrived is not what happened');
  }

  arrival.forEach((one, place) => {
    const { user_id, producer, event_id } = one.event;
    const identity = { user_id, producer, event_id };
    if (isFromTheFuture(one)) {
      books.outcomes.push({ ...identity, outcome: 'rejected', reason: 'occurred_in_future' });
      return;
    }
    const verdicts = games.flatMap((game) => {
      const { game_id } = (game.versions[0] as { config: WrittenConfig }).config;
      const own = memberships.filter(({ userId }) => userId === user_id);
      const joins = books.joins.filter((join) => join.user_id === user_id && join.game_id === game_id);
      const verdict = verdictOf(
        one,
        game,
        own,
        joins.map(({ joined_at }) => joined_at),
      );
      if (verdict?.reason === 'joined') books.joins.push({ ...identity, game_id, joined_at: one.event.occurred_at });
      for (const credit of verdict?.credits ?? []) {
        credits.push({ ...credit, ...identity, game_id, game, arrival: place });
      }
      return verdict ?? [];
    });
    const { outcome, reason } = bestOf(verdicts) ?? { outcome: 'no_match', reason: 'no_game' };
    books.outcomes.push({ ...identity, outcome, reason });
  });

  for (const { user_id, producer, event_id, game_id, window, trigger_id, amount, held, version } of credits) {
    const window_start = window.from;
    books.credits.push({ user_id, producer, event_id, game_id, window_start, trigger_id, amount, held, version });
  }
  // One group of credits for each player, game and window.
  const groups = Map.groupBy(credits, (one) => JSON.stringify([one.user_id, one.game_id, one.window.from]));
  for (const group of groups.values()) {
    const { user_id, game_id, window } = group[0] as Credit;
    const key = { user_id, game_id, window_start: window.from };
    const { all, cleared } = standingsOf(group);
    books.progress.push({ ...key, value: all.value, cleared: Math.min(cleared.value, all.value) });
    books.claims.push(...claimsOf(group).map((claim) => ({ ...key, ...claim })));
  }
  books.rewards = books.claims
    .filter(({ step_type, status }) => step_type === 'REWARD' && status === 'earned')
    .map(({ possibleTerms, ...claim }) => claim);
  return books;
}

interface Credit extends ModelCredit {
  user_id: string;
  producer: string;
  event_id: string;
  game_id: string;
  game: ModelGame;
  window: Stretch;
  version: number;
}

type Judged = Omit<Credit, 'user_id' | 'producer' | 'event_id' | 'game_id' | 'game' | 'arrival'>;

interface Verdict {
  outcome: string;
  reason: string | null;
  credits?: Judged[];
  /** The game was over, or had not begun. */
  absent?: boolean;
}

function identityOf({ user_id, producer, event_id }: Happening): string {
  return JSON.stringify([user_id, producer, event_id]);
}

function receiptOf({ event, receivedAt }: ModelEvent): number {
  if (receivedAt === undefined) throw new Error(`the model needs the time at which ${event.event_id} was received`);
  return receivedAt;
}

function isFromTheFuture(one: ModelEvent): boolean {
  return one.event.occurred_at - receiptOf(one) > 5 * 60 * 1_000;
}

function verdictOf(
  one: ModelEvent,
  { versions, statuses = [] }: ModelGame,
  memberships: History['memberships'],
  joins: readonly number[],
): Verdict | undefined {
  const { event } = one;
  const at = event.occurred_at;
  let version = 1;
  for (let number = 2; number <= versions.length; number++) {
    if ((versions[number - 1] as { inForceFrom: number }).inForceFrom <= at) version = number;
  }
  const config = withDefaults((versions[version - 1] as { config: WrittenConfig }).config);
  const zone = config.time_zone;
  const ofType = config.triggers.filter((trigger) => trigger.event_type === event.event_type);
  const asksToJoin = config.join?.event_type === event.event_type;
  if (ofType.length === 0 && !asksToJoin) return undefined;

  const game = gameStretch(config.game_window);
  if (at < game.from) return { outcome: 'outside_window', reason: 'before_window', absent: true };
  if (at >= game.until) return { outcome: 'outside_window', reason: 'after_window', absent: true };
  let status = 'active';
  for (const change of statuses) if (change.from <= at) status = change.status;
  if (status !== 'active') return { outcome: 'outside_window', reason: status, absent: status === 'ended' };

  const isMember =
    config.cohort_id === 'everyone' ||
    memberships.some(({ cohortId, from, to }) => cohortId === config.cohort_id && from <= at && at < to);
  const isTooLate = (until: number) => receiptOf(one) >= until + graceOf(config.game_window);
  if (asksToJoin && (config.join?.rule === undefined || satisfies(event, config.join.rule, zone))) {
    if (isTooLate(game.until)) return { outcome: 'late', reason: 'window_closed' };
    if (!isMember) return { outcome: 'not_in_cohort', reason: 'not_a_member' };
    if (canJoin(config, at, joins)) return { outcome: 'applied', reason: 'joined' };
    // One more event of the kind that joins may be what a trigger counts.
    if (ofType.length === 0) return { outcome: 'no_match', reason: 'already_joined' };
  }

  const joinedBefore = joins.filter((join) => join <= at);
  let window: Stretch | undefined;
  if (config.game_window.from_join === undefined) {
    window = windowsOf(config.game_window, zone).find(({ from, until }) => from <= at && at < until) as Stretch;
  } else {
    window = joinedBefore.length === 0 ? undefined : windowOfJoin(config.game_window, zone, Math.max(...joinedBefore));
    if (window !== undefined && at >= window.until) return { outcome: 'outside_window', reason: 'after_window' };
  }
  if (window !== undefined && isTooLate(window.until)) return { outcome: 'late', reason: 'window_closed' };
  const matching = ofType.filter((trigger) => satisfies(event, trigger.rule, zone));
  if (matching.length === 0) return { outcome: 'no_match', reason: 'condition_failed' };
  if (!isMember) return { outcome: 'not_in_cohort', reason: 'not_a_member' };
  if (window === undefined || (config.join !== undefined && joinedBefore.length === 0)) {
    return { outcome: 'not_in_cohort', reason: 'not_joined' };
  }
  const flag = fieldValue(event, 'attributes.frm_flag', zone);
  const flagged = !(flag === null || flag === false || flag === '');
  if (flagged && config.frm === 'reject') return { outcome: 'rejected', reason: 'frm_flagged' };
  const held = flagged && config.frm === 'hold';

  const credits = matching.flatMap(({ trigger_id, progression_config }): Judged[] => {
    const { amount, distinct } = worthOf(progression_config, event, zone);
    if (amount === 0) return [];
    const transaction = fieldValue(event, 'correlation.canonical_transaction_id', zone) as string | null;
    return [{ trigger_id, amount, distinct, held, occurred_at: at, transaction, config, window, version }];
  });
  if (credits.length === 0) return { outcome: 'no_match', reason: 'worth_nothing' };
  return { outcome: held ? 'held' : 'applied', reason: null, credits };
}

/** One join is enough for a game; where each begins a window, as many as do not overlap. */
function canJoin({ game_window, time_zone }: ModelConfig, at: number, joins: readonly number[]): boolean {
  if (game_window.from_join === undefined) return !joins.some((join) => join <= at);
  const own = windowOfJoin(game_window, time_zone, at);
  return joins.every((join) => {
    const other = windowOfJoin(game_window, time_zone, join);
    return other.until <= own.from || own.until <= other.from;
  });
}

/** Of all credits of a window, and of those that are not held. */
function standingsOf(group: readonly Credit[]): { all: ModelStanding; cleared: ModelStanding } {
  const { config, window } = group[0] as Credit;
  const free = group.filter(({ held }) => !held);
  return { all: standingOf(group, config, window), cleared: standingOf(free, config, window) };
}

type Claimed = Omit<ClaimLine, 'user_id' | 'game_id' | 'window_start'> & { possibleTerms: Terms[] };

function claimsOf(group: readonly Credit[]): Claimed[] {
  const { config, game } = group[0] as Credit;
  const reached = new Set<number>();
  const cleared = new Set<number>();
  for (const credits of momentsOf(group)) {
    const standings = standingsOf(credits);
    for (const step of standings.all.steps) reached.add(step);
    // What was once released is not held again.
    for (const step of standings.all.steps) if (standings.cleared.steps.has(step)) cleared.add(step);
  }
  // Any event that counted may have been the one that crossed a step, so any of their versions may be pinned on it.
  const judges = [...new Set(group.map(({ version }) => version))];
  return config.milestone_steps
    .filter(({ step }) => reached.has(step))
    .map(({ step, step_type }) => {
      const possibleTerms = judges.map((version): Terms => {
        const steps = game.versions[version - 1]?.config.milestone_steps;
        const reward = steps?.find((one) => one.step === step)?.reward;
        return { version, reward_type: reward?.reward_type ?? null, amount: reward?.value ?? null };
      });
      const open = step_type === 'FORTUNE_COOKIE' ? 'unopened' : 'earned';
      return { step, earning: 1, step_type, status: cleared.has(step) ? open : 'held', possibleTerms };
    });
}

/**
 * The sets of credits that are looked at for claims: the whole, as progress only grows. Where one event of a logical transaction may take the
 * place of another it may shrink, and what was claimed on the way stays claimed: there, the set after each event that arrived.
 */
function momentsOf(group: readonly Credit[]): Credit[][] {
  const mayShrink = (group[0] as Credit).game.versions.some(
    ({ config }) => config.evaluation_scope === 'LOGICAL_TRANSACTION' && config.transaction_policy !== 'sum',
  );
  if (!mayShrink) return [[...group]];
  const arrivals = [...new Set(group.map(({ arrival }) => arrival))];
  return arrivals.map((last) => group.filter(({ arrival }) => arrival <= last));
}
