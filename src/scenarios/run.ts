// Runs a scenario through the very decision that judges live events, and says where what is found differs from what is expected. Pure.

import { type Condition, failing } from '../condition/condition.ts';
import { describeCondition, explainFailure } from '../condition/words.ts';
import { createDefinitions } from '../definitions/definitions.ts';
import type { EventResult, Outcome } from '../engine/batch.ts';
import type { CanonicalEvent, Json } from '../event/event.ts';
import { archetypes } from '../games/archetypes/archetype.ts';
import { type Timeline, versionInForce, windowFor } from '../games/decide.ts';
import { emptyStanding } from '../games/fold.ts';
import type { Player, Progress } from '../games/games.ts';
import type { Window } from '../games/window.ts';
import { didYouMean } from '../spelling.ts';
import type { Zone } from '../time-zone.ts';
import { formatLocal } from './moment.ts';
import { ofNewest } from './opening.ts';
import { meanings, type ScenarioReason } from './outcome.ts';
import { createRehearsal, type Rehearsal } from './rehearsal.ts';
import type { ExpectedVerdict, StepState } from './scenario.ts';
import type { Look, Stage, StagedEvent } from './stage.ts';

/** Something found that is not what was expected. */
export interface Difference {
  /** Where it is expected, such as `$.then.progress`. */
  path: string;
  expected: string;
  found: string;
}

/** What became of an event, and why. */
export interface EventReport {
  path: string;
  /** By the clocks of the game's zone. */
  at: string;
  event_type: string;
  player: string;
  outcome: Outcome;
  reason: string | null;
  replayed: boolean;
  /** By how much it raised its player's progress. */
  adds: number;
  /** In words; null when it simply counted. */
  why: string | null;
}

/** How a player stands in the end. */
export interface Standing {
  player: string;
  at: string;
  /** From when to when it lasts; null when the player has none at that time. */
  window: { start: string; end: string } | null;
  progress: number;
  cleared: number;
  shown: number;
  detail: Json;
  steps: Record<string, StepState>;
  rewards: string[];
  /** How the progress comes about, in sentences. */
  explained: string[];
}

export interface ScenarioResult {
  passed: boolean;
  differences: Difference[];
  events: EventReport[];
  standings: Standing[];
}

export function runScenario(stage: Stage): ScenarioResult {
  const { timeline } = stage;
  const rehearsal = createRehearsal(createDefinitions(1, [timeline]), stage.beginning);
  const differences: Difference[] = [];

  // One by one, so that it is seen what each adds; how events are batched changes nothing.
  const events = stage.events.map((staged) => {
    const { event } = staged.incoming;
    const player = rehearsal.playerOf(event.user_id);
    const before = totalOf(player);
    const opening = staged.opens === undefined ? undefined : ofNewest(staged.incoming, staged.opens, rehearsal);
    const [result] = rehearsal.process([opening ?? staged.incoming]).results as [EventResult];
    const report = reportOf(staged, result, totalOf(player) - before, timeline);
    differences.push(...differencesIn(staged, report));
    return report;
  });

  const standings = stage.looks.map((look) => {
    const standing = standingOf(look, rehearsal, timeline);
    differences.push(...unexpected(look, standing));
    return standing;
  });
  return { passed: differences.length === 0, differences, events, standings };
}

// ---- events

function totalOf({ progress }: Player): number {
  return progress.reduce((total, { all }) => total + all.value, 0);
}

function reportOf({ incoming, path }: StagedEvent, result: EventResult, adds: number, timeline: Timeline): EventReport {
  const { event } = incoming;
  const { outcome, reason, replayed } = result;
  const { zone } = versionInForce(timeline, event.occurred_at);
  return {
    path,
    at: formatLocal(event.occurred_at, zone),
    event_type: event.event_type,
    player: event.user_id,
    outcome,
    reason,
    replayed,
    adds,
    why: replayed
      ? 'it was known already, and nothing changes'
      : whyOf(event, reason as ScenarioReason | null, timeline),
  };
}

function whyOf(event: CanonicalEvent, reason: ScenarioReason | null, timeline: Timeline): string | null {
  if (reason === null) return null;
  const { config, triggersByType, zone } = versionInForce(timeline, event.occurred_at);
  const rules = (triggersByType.get(event.event_type) ?? []).map(({ trigger_id, rule }) => [trigger_id, rule] as const);
  const joining = config.join?.event_type === event.event_type ? config.join.rule : undefined;
  switch (reason) {
    case 'no_game':
      return `${meanings[reason]}${didYouMean(
        event.event_type,
        config.triggers.map(({ event_type }) => event_type),
      )}`;
    case 'condition_failed':
      return [...rules, ['joining', joining] as const]
        .flatMap(([name, rule]) => unmet(name, rule, event, zone))
        .join(' · ');
    case 'not_joined':
      return [meanings[reason], ...unmet('joining', joining, event, zone)].join(': ');
    default:
      return meanings[reason];
  }
}

/** What a rule asks for that an event does not meet, as a list of one; empty where it meets it. */
function unmet(name: string, rule: Condition | undefined, event: CanonicalEvent, zone: Zone): string[] {
  const failed = rule && failing(rule, event, zone);
  if (failed === undefined) return [];
  const failure = explainFailure(failed, event, zone);
  return [
    `${name} asks that ${describeCondition(failed)}${'found' in failure ? `; found ${JSON.stringify(failure.found)}` : ''}`,
  ];
}

function differencesIn({ expected, path }: StagedEvent, report: EventReport): Difference[] {
  if (expected === undefined) return [];
  const wanted = Object.keys(expected) as (keyof ExpectedVerdict)[];
  return wanted.flatMap((key): Difference[] => {
    const [want, found] = [expected[key], report[key]];
    if (want === undefined || want === found) return [];
    const because = key === 'outcome' && report.reason !== null ? ` (${report.reason})` : '';
    const where = `${path}.expect`;
    return [
      { path: where, expected: `${key} ${String(want ?? 'none')}`, found: `${String(found ?? 'none')}${because}` },
    ];
  });
}

// ---- players

function standingOf({ player: userId, at }: Look, rehearsal: Rehearsal, timeline: Timeline): Standing {
  const game = versionInForce(timeline, at);
  const player = rehearsal.playerOf(userId);
  const joins = player.joins.map((join) => join.at);
  const window = windowFor(game, at, joins);
  const progress = window && player.progress.find(({ windowStart }) => windowStart === window.start);
  const { all, cleared }: Pick<Progress, 'all' | 'cleared'> = progress ?? {
    all: emptyStanding(game),
    cleared: emptyStanding(game),
  };
  const strategy = archetypes[game.config.game_archetype];
  const seen: Window = window ?? game;
  const view = strategy.view(game, all, seen, at);
  const own = rehearsal.claims.filter((one) => one.player === player && one.claim.windowStart === window?.start);
  const stateOf = (step: number): StepState =>
    own.findLast(({ claim }) => claim.step === step)?.claim.status ?? 'locked';
  const paid = rehearsal.rewards.filter(
    ({ user_id, window_start }) => user_id === userId && Date.parse(window_start) === window?.start,
  );
  return {
    player: userId,
    at: formatLocal(at, game.zone),
    window:
      window === undefined
        ? null
        : { start: formatLocal(window.start, game.zone), end: formatLocal(window.end, game.zone) },
    progress: all.value,
    cleared: cleared.value,
    shown: view.current,
    detail: view.detail,
    steps: Object.fromEntries(game.config.milestone_steps.map(({ step }) => [String(step), stateOf(step)])),
    rewards: paid.map(({ reward_type, amount }) => `${reward_type} ${amount}`),
    explained: strategy.explain(game, all, seen),
  };
}

function unexpected({ path, expectation }: Look, standing: Standing): Difference[] {
  const { steps = {}, rewards, detail, ...wanted } = expectation;
  const differences: Difference[] = [];
  for (const key of ['progress', 'cleared', 'shown'] as const) {
    const want = wanted[key];
    if (want === undefined || want === standing[key]) continue;
    differences.push({ path: `${path}.${key}`, expected: String(want), found: String(standing[key]) });
  }
  for (const [step, want] of Object.entries(steps)) {
    const found = standing.steps[step] ?? 'locked';
    if (found !== want) differences.push({ path: `${path}.steps[${JSON.stringify(step)}]`, expected: want, found });
  }
  if (rewards !== undefined && rewards.join() !== standing.rewards.join()) {
    differences.push({ path: `${path}.rewards`, expected: listed(rewards), found: listed(standing.rewards) });
  }
  for (const [key, want] of Object.entries(detail ?? {})) {
    const found = Object.hasOwn(Object(standing.detail), key)
      ? (standing.detail as { [key: string]: Json })[key]
      : undefined;
    if (contains(found, want as Json)) continue;
    differences.push({
      path: `${path}.detail.${key}`,
      expected: JSON.stringify(want),
      found: JSON.stringify(found) ?? 'nothing',
    });
  }
  return differences;
}

function listed(rewards: readonly string[]): string {
  return rewards.length === 0 ? 'none' : rewards.join(', ');
}

/** Whether `found` has all that is wanted: of an object the keys, of a list the entries that are written. */
function contains(found: Json | undefined, wanted: Json): boolean {
  if (Array.isArray(wanted)) {
    return Array.isArray(found) && wanted.every((want) => found.some((entry) => contains(entry, want)));
  }
  if (typeof wanted === 'object' && wanted !== null) {
    if (typeof found !== 'object' || found === null || Array.isArray(found)) return false;
    return Object.entries(wanted).every(([key, want]) => Object.hasOwn(found, key) && contains(found[key], want));
  }
  return found === wanted;
}
