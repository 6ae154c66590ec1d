// What an event would do if it came now: judged by the very functions that judge events, on a player's state that was read and is thrown away. Pure;
// nothing is written and nothing is locked, so what comes meanwhile may make the answer wrong.
import type { Verdicts } from '../cohorts/resolver.ts';
import type { Definitions } from '../definitions/definitions.ts';
import { judge, type Timeline } from '../games/decide.ts';
import type { Player, Progress, Verdict } from '../games/games.ts';
import { reversalsOf } from '../games/ruling.ts';
import { trialDraw } from '../rewards/draw.ts';
import type { EventResult } from './batch.ts';
import { decide } from './decide.ts';
import type { OpenedEvent } from './effect.ts';

/** What one game would make of the event. */
export interface GamePreview {
  timeline: Timeline;
  verdict: Verdict;
  /** The progress of the window it counts in, before and after; undefined where it does not count, or where there is none before. */
  before: Progress | undefined;
  after: Progress | undefined;
}

export interface Preview {
  /** What the event would be answered. */
  result: EventResult;
  /** Every game that looks at the event's type; none for an event that has been judged already. */
  games: GamePreview[];
}

/** Judges an event that was looked up, not opened. The player in it is used up. What would be drawn is not told: nothing here has the real key. */
export function preview(opened: OpenedEvent, definitions: Definitions, verdicts: Verdicts): Preview {
  const before = structuredClone(opened.player);
  const { decision, results } = decide([opened], definitions, verdicts, false, trialDraw);
  const [result] = results as [EventResult];
  const [judged] = decision.judged;
  if (judged === undefined || (judged.outcome === 'rejected' && judged.reason === 'occurred_in_future')) {
    return { result, games: [] };
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
  return {
    result,
    games: timelines.flatMap((timeline): GamePreview[] => {
      const player: Player = { ...structuredClone(before), memberships: [...memberships] };
      const verdict = judge(timeline, subject, player);
      if (verdict === undefined) return [];
      const credit = 'credits' in verdict ? verdict.credits[0] : undefined;
      const isCredited = ({ gameNo, windowStart }: Progress): boolean =>
        credit !== undefined && gameNo === credit.gameNo && windowStart === credit.windowStart;
      return [{ timeline, verdict, before: before.progress.find(isCredited), after: player.progress.find(isCredited) }];
    }),
  };
}
