// What an event would do if it came now: judged by the very functions that judge events, on a player's state that was read and is thrown away. Pure;
// nothing is written and nothing is locked, so what comes meanwhile may make the answer wrong.
import type { Verdicts } from '../cohorts/resolver.ts';
import type { Definitions } from '../definitions/definitions.ts';
import { isMember, judge, type Timeline, versionInForce } from '../games/decide.ts';
import type { Claim, ClaimChange, Player, Progress, Verdict } from '../games/games.ts';
import { isReversal, reversalsOf } from '../games/ruling.ts';
import { trialDraw } from '../rewards/draw.ts';
import type { EventResult } from './batch.ts';
import { decide } from './decide.ts';
import type { Decision, OpenedEvent } from './effect.ts';

/** What the event would do in one window of a game. */
export interface GamePreview extends Pick<Verdict, 'outcome' | 'reason'> {
  timeline: Timeline;
  /** Whether the player is a member of the game, or has progress in it. Of a game that does not run now it is not known of members. */
  isTheirs: boolean;
  /** The steps it would reach, and what would become of those that had been reached. */
  claims: readonly Claim[];
  changes: readonly ClaimChange[];
  /** The progress of the window, before and after; undefined where it does not count, or where there is none before. */
  before: Progress | undefined;
  after: Progress | undefined;
}

export interface Preview {
  /** What the event would be answered. */
  result: EventResult;
  /** Every game that looks at the event's type, or that a reversal reaches into; none for an event that has been judged already. */
  games: GamePreview[];
}

/** Judges an event that was looked up, not opened. The player in it is used up. What would be drawn is not told: nothing here has the real key. */
export function preview(opened: OpenedEvent, definitions: Definitions, verdicts: Verdicts): Preview {
  const before = structuredClone(opened.player);
  const { decision, results } = decide([opened], definitions, verdicts, 'new', trialDraw);
  const [result] = results as [EventResult];
  const [judged] = decision.judged;
  if (judged === undefined || (judged.outcome === 'rejected' && judged.reason === 'occurred_in_future')) {
    return { result, games: [] };
  }
  if (isReversal(opened.incoming.event)) {
    return { result, games: reversedGames(decision, before, opened.player, definitions) };
  }
  // What cohorts were asked for the event, deciding has added; everything else is as it was.
  const { memberships } = opened.player;
  const subject = {
    event: opened.incoming.event,
    eventNo: judged.eventNo,
    receivedAt: opened.receivedAt,
    rulings: reversalsOf(opened.incoming.event, opened.player),
  };
  const timelines = definitions.gamesByEventType.get(subject.event.event_type) ?? [];
  const { occurred_at: at } = subject.event;
  const isTheirs = (timeline: Timeline): boolean =>
    isMember({ memberships }, versionInForce(timeline, at).config.cohort_id, at) ||
    before.progress.some(({ gameNo }) => gameNo === timeline.gameNo);
  return {
    result,
    games: timelines.flatMap((timeline): GamePreview[] => {
      const player: Player = { ...structuredClone(before), memberships: [...memberships] };
      const verdict = judge(timeline, subject, player);
      if (verdict === undefined) return [];
      const credit = 'credits' in verdict ? verdict.credits[0] : undefined;
      const isCredited = ({ gameNo, windowStart }: Progress): boolean =>
        credit !== undefined && gameNo === credit.gameNo && windowStart === credit.windowStart;
      return [
        {
          ...{ timeline, isTheirs: isTheirs(timeline), claims: [], changes: [], ...verdict },
          ...{ before: before.progress.find(isCredited), after: player.progress.find(isCredited) },
        },
      ];
    }),
  };
}

/** What a reversal would take back, by window. */
function reversedGames(
  { corrections, claims, changes }: Decision,
  before: Player,
  after: Player,
  { games }: Definitions,
): GamePreview[] {
  const windows = Map.groupBy(corrections, ({ credit }) => `${credit.gameNo}:${credit.windowStart}`);
  return [...windows.values()].flatMap(([corrected]): GamePreview[] => {
    const isHere = (row: { gameNo: number; windowStart: number }): boolean =>
      row.gameNo === corrected?.credit.gameNo && row.windowStart === corrected.credit.windowStart;
    const timeline = games.find(({ gameNo }) => gameNo === corrected?.credit.gameNo);
    if (timeline === undefined) return [];
    return [
      {
        ...{ timeline, isTheirs: true, outcome: 'reversed', reason: null },
        claims: claims.map(({ claim }) => claim).filter(isHere),
        changes: changes.map(({ change }) => change).filter(({ claim }) => isHere(claim)),
        ...{ before: before.progress.find(isHere), after: after.progress.find(isHere) },
      },
    ];
  });
}
