// An independent model of the milestone game: from a set of events it computes what the books must say. Written from the documented rules and
// deliberately naive; it shares no code with what it checks, so that one mistake is not made twice. It knows no order, batch or repetition.

/** An event of the set, with the time the broker received it. Times are milliseconds since 1970. */
export interface ModelEvent {
  event: {
    event_id: string;
    event_type: string;
    event_version: string;
    producer: string;
    user_id: string;
    occurred_at: number;
    correlation: object;
    attributes: object;
  };
  receivedAt: number | undefined;
}

export type ModelCondition =
  | { operator: 'and' | 'or' | 'not'; conditions: readonly ModelCondition[] }
  | { field: string; op: string; value?: unknown };

/** A game as its owner writes it, as far as the model reads it. */
export interface ModelConfig {
  game_id: string;
  cohort_id: string;
  game_window: { start: string; end: string };
  milestone_steps: readonly {
    step: number;
    step_type: string;
    reward?: { reward_type: string; value: number };
  }[];
  triggers: readonly {
    trigger_id: string;
    event_type: string;
    rule: ModelCondition;
    progression_config: { mode: string; value?: number };
  }[];
  frm?: 'hold' | 'ignore' | 'reject';
}

/** Everything that decides what the books say. */
export interface History {
  /** Each game's versions, oldest first; of several in force at an instant the newest counts, and the first one is in force from the beginning. */
  games: readonly { versions: readonly { config: ModelConfig; inForceFrom: number }[] }[];
  memberships: readonly { userId: string; cohortId: string; from: number; to: number }[];
  events: readonly ModelEvent[];
}

export interface OutcomeLine {
  user_id: string;
  producer: string;
  event_id: string;
  outcome: string;
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

/** The version that judged the crossing event, and what it pays: pinned by arrival, so the model knows only which are possible. */
export interface Terms {
  version: number;
  reward_type: string | null;
  amount: number | null;
}

export interface ExpectedBooks {
  outcomes: OutcomeLine[];
  credits: CreditLine[];
  progress: ProgressLine[];
  claims: (ClaimLine & { possibleTerms: Terms[] })[];
  /** Claims whose reward is owed: reached by what no hold touches. */
  rewards: ClaimLine[];
}

const HOUR = 3_600_000;
const best = ['applied', 'held', 'rejected', 'late', 'not_in_cohort', 'outside_window', 'no_match'];

/** The books after a set of events. Throws when two events have one identity: then it is no set. */
export function expectedBooks(history: History): ExpectedBooks {
  const outcomes: OutcomeLine[] = [];
  const credits: CreditLine[] = [];
  const memberships = Map.groupBy(history.memberships, ({ userId }) => userId);
  for (const one of history.events) {
    const { user_id, producer, event_id } = one.event;
    const verdicts = verdictsOn(one, history.games, memberships.get(user_id) ?? []);
    for (const verdict of verdicts) credits.push(...verdict.credits);
    const words = verdicts.map((verdict) => verdict.outcome);
    const outcome = isFromTheFuture(one) ? 'rejected' : (best.find((word) => words.includes(word)) ?? 'no_match');
    outcomes.push({ user_id, producer, event_id, outcome });
  }
  const identities = outcomes.map(({ user_id, producer, event_id }) => JSON.stringify([user_id, producer, event_id]));
  if (new Set(identities).size !== identities.length) throw new Error('the model takes a set: an event is in it twice');

  // One group of credits for each player, game and window.
  const groups = Map.groupBy(credits, (one) => JSON.stringify([one.user_id, one.game_id, one.window_start]));
  const progress = [...groups.values()].map(progressOf);
  const claims = [...groups.values()].flatMap((group) => claimsOf(group, history));
  const rewards = claims
    .filter(({ step_type, status }) => step_type === 'REWARD' && status === 'earned')
    .map(({ possibleTerms, ...claim }) => claim);
  return { outcomes, credits, progress, claims, rewards };
}

interface Verdict {
  outcome: string;
  credits: CreditLine[];
}

function receiptOf({ event, receivedAt }: ModelEvent): number {
  if (receivedAt === undefined) throw new Error(`the model needs the time at which ${event.event_id} was received`);
  return receivedAt;
}

function isFromTheFuture(one: ModelEvent): boolean {
  return one.event.occurred_at - receiptOf(one) > 5 * 60 * 1_000;
}

function verdictsOn(one: ModelEvent, games: History['games'], memberships: History['memberships']): Verdict[] {
  if (isFromTheFuture(one)) return [];
  return games.flatMap(({ versions }) => verdictOf(one, versions, memberships) ?? []);
}

function verdictOf(
  one: ModelEvent,
  versions: History['games'][number]['versions'],
  memberships: History['memberships'],
): Verdict | undefined {
  const { event } = one;
  let version = 1;
  for (let number = 2; number <= versions.length; number++) {
    if ((versions[number - 1] as { inForceFrom: number }).inForceFrom <= event.occurred_at) version = number;
  }
  const { config } = versions[version - 1] as { config: ModelConfig };
  const none = (outcome: string): Verdict => ({ outcome, credits: [] });

  const ofType = config.triggers.filter((trigger) => trigger.event_type === event.event_type);
  if (ofType.length === 0) return undefined;
  const first = Date.parse(config.game_window.start);
  const last = lastInstant(config.game_window.end);
  if (event.occurred_at < first || event.occurred_at > last) return none('outside_window');
  if (receiptOf(one) > last + 72 * HOUR) return none('late');
  const matching = ofType.filter((trigger) => satisfies(event, trigger.rule));
  if (matching.length === 0) return none('no_match');
  const belongs = memberships.some(
    (member) =>
      member.userId === event.user_id &&
      member.cohortId === config.cohort_id &&
      member.from <= event.occurred_at &&
      event.occurred_at < member.to,
  );
  if (config.cohort_id !== 'everyone' && !belongs) return none('not_in_cohort');
  const flag = lookUp(event, 'attributes.frm_flag');
  const flagged = !(flag === null || flag === false || flag === '');
  const frm = config.frm ?? 'hold';
  if (flagged && frm === 'reject') return none('rejected');
  const held = flagged && frm === 'hold';
  return {
    outcome: held ? 'held' : 'applied',
    credits: matching.map((trigger) => ({
      user_id: event.user_id,
      game_id: config.game_id,
      window_start: first,
      producer: event.producer,
      event_id: event.event_id,
      trigger_id: trigger.trigger_id,
      amount: trigger.progression_config.value as number,
      held,
      version,
    })),
  };
}

/** The last millisecond of a window: an end that is written to the second lasts that whole second. */
function lastInstant(end: string): number {
  return end.includes('.') ? Date.parse(end) : Date.parse(end) + 999;
}

function lookUp(event: ModelEvent['event'], field: string): unknown {
  let found: unknown = event;
  for (const key of field.split('.')) {
    found =
      found !== null && typeof found === 'object' ? Object.getOwnPropertyDescriptor(found, key)?.value : undefined;
  }
  return found === undefined ? null : found;
}

function satisfies(event: ModelEvent['event'], condition: ModelCondition): boolean {
  if ('operator' in condition) {
    const held = condition.conditions.filter((inner) => satisfies(event, inner)).length;
    if (condition.operator === 'and') return held === condition.conditions.length;
    return condition.operator === 'or' ? held > 0 : held === 0;
  }
  const found = lookUp(event, condition.field);
  const wanted = condition.value;
  const order = (holds: (a: number) => boolean) => typeof found === 'number' && holds(found);
  switch (condition.op) {
    case 'eq':
      return found === wanted;
    case 'ne':
      return found !== wanted;
    case 'gt':
      return order((a) => a > (wanted as number));
    case 'gte':
      return order((a) => a >= (wanted as number));
    case 'lt':
      return order((a) => a < (wanted as number));
    case 'lte':
      return order((a) => a <= (wanted as number));
    case 'between': {
      const [low, high] = wanted as [number, number];
      return order((a) => low <= a && a <= high);
    }
    case 'in':
      return (wanted as unknown[]).includes(found);
    case 'not_in':
      return !(wanted as unknown[]).includes(found);
    case 'exists':
      return (wanted === false) === (found === null);
    case 'starts_with':
      return typeof found === 'string' && found.indexOf(wanted as string) === 0;
    default:
      throw new Error(`the model does not know the operator ${condition.op}`);
  }
}

function progressOf(group: readonly CreditLine[]): ProgressLine {
  const { user_id, game_id, window_start } = group[0] as CreditLine;
  const sum = (lines: readonly CreditLine[]) => lines.reduce((total, { amount }) => total + amount, 0);
  return { user_id, game_id, window_start, value: sum(group), cleared: sum(group.filter(({ held }) => !held)) };
}

function claimsOf(group: readonly CreditLine[], history: History): (ClaimLine & { possibleTerms: Terms[] })[] {
  const { user_id, game_id, window_start, value, cleared } = progressOf(group);
  const versions = history.games.find((game) => game.versions[0]?.config.game_id === game_id)?.versions ?? [];
  // Any event that counted may have been the one that crossed a step, so any of their versions may be pinned on it.
  const judges = [...new Set(group.map(({ version }) => version))];
  const steps = versions[(judges[0] as number) - 1]?.config.milestone_steps ?? [];
  return steps
    .filter(({ step }) => step <= value)
    .map(({ step, step_type }) => {
      const possibleTerms = judges.map((version): Terms => {
        const reward = versions[version - 1]?.config.milestone_steps.find((one) => one.step === step)?.reward;
        return { version, reward_type: reward?.reward_type ?? null, amount: reward?.value ?? null };
      });
      const open = step_type === 'FORTUNE_COOKIE' ? 'unopened' : 'earned';
      const status = step <= cleared ? open : 'held';
      return { user_id, game_id, window_start, step, earning: 1, step_type, status, possibleTerms };
    });
}
