// The report of a simulation, from what was counted: a document for programs, which the command line also words for people. Pure arithmetic.
import type { RewardType } from '../event/message.ts';
import type { GameConfig } from '../games/config.ts';
import { versionInForce } from '../games/decide.ts';
import type { Game } from '../games/game.ts';
import { limits } from '../limits.ts';
import { formatInstant } from '../time.ts';
import type { Gains, Side } from './gains.ts';
import { type Refusal, topRefusals } from './refusals.ts';
import type { Counts } from './replay.ts';
import { type Scene, timelineOf } from './scene.ts';
import { type Tally, typesIn } from './tally.ts';

export interface Report {
  game_id: string;
  /** By occurred_at: from the first instant on, before the second. */
  range: { from: string; to: string };
  /** The draft's; `end` is the first instant after it. */
  window: { start: string; end: string };
  time_zone: string;
  event_types: string[];
  events: number;
  players: number;
  draft: GameReport;
  /** What the draft is compared with; null where there is nothing. */
  compared: ({ game_id: string; label: string } & GameReport) | null;
  /** Null where nothing is compared. */
  differences: DifferenceReport[] | null;
  /** Why events did not count in the draft. */
  refusals: Refusal[];
  projection: Projection;
  seconds: number;
  events_per_second: number;
}

export interface GameReport {
  /** Players of whom an event counted. */
  players_counted: number;
  /** The most frequent first. */
  outcomes: { outcome: string; reason: string | null; events: number }[];
  steps: StepReport[];
  /** Only the types that the game pays. */
  rewards: RewardReport[];
}

export interface StepReport {
  step: number;
  title: string | null;
  step_type: GameConfig['milestone_steps'][number]['step_type'];
  reward_type: RewardType | null;
  value: number | null;
  /** Players who reached it. */
  players: number;
  /** Of those of whom an event counted. */
  share: number;
  /** A game of several windows: once per window. */
  claims: number;
  /** Of the claims, those that FRM holds. */
  held: number;
}

export interface RewardReport {
  reward_type: RewardType;
  count: number;
  sum: number;
  held_count: number;
  held_sum: number;
  /** Over the players who are paid anything of the type; null when there are none. */
  per_player: Distribution | null;
}

export interface Distribution {
  players: number;
  p50: number;
  p90: number;
  p99: number;
  max: number;
  /** From the first value to the last, both included. */
  histogram: { from: number; to: number; players: number }[];
}

export interface DifferenceReport {
  reward_type: RewardType;
  gain: SideReport;
  loss: SideReport;
}

export interface SideReport {
  players: number;
  sum: number;
  greatest: { user_id: string; draft: number; compared: number; difference: number }[];
}

export interface Projection {
  /** How much of the window the range covers, from 0 to 1. */
  window_covered: number;
  formula: string;
  limit: string;
  /** Null when the whole window is covered, or nothing of it. */
  rewards: { reward_type: RewardType; sum: number }[] | null;
}

export interface Made {
  scene: Scene;
  counts: Counts;
  /** User ids by bucket and player_id. */
  names: ReadonlyMap<string, string>;
  seconds: number;
}

export function reportOf({ scene, counts, names, seconds }: Made): Report {
  const { draft, compared, wanted } = scene;
  const game = timelineOf(draft).versions[0] as Game;
  const { events, players } = counts.draft;
  return {
    game_id: draft.gameId,
    range: { from: formatInstant(wanted.from), to: formatInstant(wanted.to) },
    window: { start: formatInstant(game.start), end: formatInstant(game.end) },
    time_zone: game.config.time_zone,
    event_types: [...wanted.eventTypes],
    events,
    players,
    draft: gameReport(game, counts.draft),
    compared:
      compared === undefined || counts.compared === undefined
        ? null
        : {
            game_id: compared.gameId,
            label: compared.label,
            ...gameReport(versionInForce(timelineOf(compared), wanted.to - 1), counts.compared),
          },
    differences: counts.compared === undefined ? null : differencesOf(counts.gains, names),
    refusals: topRefusals(counts.refusals, limits.simulatedRefusals),
    projection: project(game, wanted, counts.draft),
    seconds: Number(seconds.toFixed(3)),
    events_per_second: Math.round(events / seconds),
  };
}

function gameReport({ config }: Game, tally: Tally): GameReport {
  return {
    players_counted: tally.playersCounted,
    outcomes: [...tally.outcomes]
      .map(([key, events]) => {
        const [outcome = '', reason = null] = key.split(' ');
        return { outcome, reason, events };
      })
      .sort((a, b) => b.events - a.events || (a.outcome < b.outcome ? -1 : 1)),
    steps: config.milestone_steps.map((step): StepReport => {
      const { players, claims, held } = tally.steps.get(step.step) ?? { players: 0, claims: 0, held: 0 };
      return {
        step: step.step,
        title: step.title ?? null,
        step_type: step.step_type,
        reward_type: step.step_type === 'REWARD' ? step.reward.reward_type : null,
        value: step.step_type === 'REWARD' ? step.reward.value : null,
        players,
        share: tally.playersCounted === 0 ? 0 : players / tally.playersCounted,
        claims,
        held,
      };
    }),
    rewards: typesIn(promised(config), tally.paid, tally.held).map((type) => ({
      reward_type: type,
      count: tally.paid.get(type)?.count ?? 0,
      sum: tally.paid.get(type)?.sum ?? 0,
      held_count: tally.held.get(type)?.count ?? 0,
      held_sum: tally.held.get(type)?.sum ?? 0,
      per_player: distribution(tally.playersByPay.get(type) ?? new Map()),
    })),
  };
}

/** The types that a game pays. */
function promised({ milestone_steps }: GameConfig): Map<RewardType, true> {
  return new Map(
    milestone_steps.flatMap((step) => (step.step_type === 'REWARD' ? [[step.reward.reward_type, true] as const] : [])),
  );
}

/** How a quantity is spread over players, given how many players have how much. Percentiles are values that a player has (nearest rank). */
export function distribution(playersByValue: ReadonlyMap<number, number>): Distribution | null {
  const sorted = [...playersByValue].sort(([a], [b]) => a - b);
  const players = sorted.reduce((sum, [, count]) => sum + count, 0);
  if (players === 0) return null;
  const percentile = (share: number): number => {
    let seen = 0;
    for (const [value, count] of sorted) {
      seen += count;
      if (seen >= share * players) return value;
    }
    return (sorted.at(-1) as [number, number])[0];
  };
  return {
    players,
    p50: percentile(0.5),
    p90: percentile(0.9),
    p99: percentile(0.99),
    max: (sorted.at(-1) as [number, number])[0],
    histogram: histogram(sorted),
  };
}

/** A bar per value; where there are too many values, bars of equal width. */
function histogram(sorted: readonly [value: number, players: number][]): Distribution['histogram'] {
  if (sorted.length <= limits.simulatedBars)
    return sorted.map(([value, players]) => ({ from: value, to: value, players }));
  const min = (sorted[0] as [number, number])[0];
  const max = (sorted.at(-1) as [number, number])[0];
  const width = Math.ceil((max - min + 1) / limits.simulatedBars);
  const bars: Distribution['histogram'] = [];
  for (let from = min; from <= max; from += width) bars.push({ from, to: Math.min(from + width - 1, max), players: 0 });
  for (const [value, players] of sorted)
    (bars[Math.floor((value - min) / width)] as { players: number }).players += players;
  return bars;
}

function differencesOf(gains: Gains, names: ReadonlyMap<string, string>): DifferenceReport[] {
  const side = ({ players, sum, greatest }: Side): SideReport => ({
    players,
    sum,
    greatest: greatest.map(({ bucket, playerId, draft, compared }) => ({
      user_id: names.get(`${bucket} ${playerId}`) ?? '',
      draft,
      compared,
      difference: draft - compared,
    })),
  });
  return [...gains]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([type, { gain, loss }]) => ({ reward_type: type, gain: side(gain), loss: side(loss) }));
}

/** What the whole window would cost if it went on as the part that the range covers. */
function project({ start, end }: Game, { from, to }: Scene['wanted'], { paid }: Tally): Projection {
  const covered = (Math.min(to, end) - Math.max(from, start)) / (end - start);
  const known = covered > 0 && covered < 1;
  return {
    window_covered: Math.max(0, covered),
    formula: 'sum so far / share of the window covered by the range',
    limit:
      'linear, while a step pays a player once per window: too low while most players are still on their way, too high once most have ' +
      'reached the last step; unusual days in the range are carried on as if all days were so',
    rewards: known
      ? typesIn(paid).map((type) => ({ reward_type: type, sum: Math.round((paid.get(type)?.sum ?? 0) / covered) }))
      : null,
  };
}
