// Replays stored events, bucket by bucket: each player's through the draft and, in the same pass, through the game that it is compared with.
import type { Db } from '../db/connect.ts';
import { createDefinitions, type Definitions } from '../definitions/definitions.ts';
import { addGain, createGains, type Gains, mergeGains } from './gains.ts';
import { type Run, readBucket } from './history.ts';
import { type Judgement, judgePlayer } from './judge.ts';
import { createRefusals, type RefusalCount } from './refusals.ts';
import { type Scene, timelineOf } from './scene.ts';
import { createTally, mergeTally, type Tally } from './tally.ts';

/** What a replay counts: data alone, which a thread can send back. */
export interface Counts {
  draft: Tally;
  compared: Tally | undefined;
  gains: Gains;
  refusals: RefusalCount[];
}

/** The buckets that are still to be replayed, shared by all threads, and how far they are. */
export interface Agenda {
  /** Takes a bucket that nobody has taken; undefined when there is none left. */
  take(): number | undefined;
  /** Notes events that were judged. */
  judged(events: number): void;
  /** Notes that a bucket is done. */
  done(): void;
}

/** Replays the buckets that it gets, one after the other, and counts. */
export async function replay(db: Db, scene: Scene, agenda: Agenda): Promise<Counts> {
  const draftTimeline = timelineOf(scene.draft);
  const draftDefinitions = createDefinitions(0, [draftTimeline]);
  const otherDefinitions = scene.compared && createDefinitions(0, [timelineOf(scene.compared)]);
  const draft = createTally();
  const compared = otherDefinitions && createTally();
  const gains = createGains();
  const refusals = createRefusals(draftTimeline);

  /** A player in both games. */
  interface Way {
    run: Run;
    draft: Judgement;
    compared: Judgement | undefined;
  }

  function begin(run: Run): Way {
    return {
      run,
      draft: judgePlayer(draftDefinitions, draft, run, refusals.add),
      compared: compared && judgePlayer(otherDefinitions as Definitions, compared, run),
    };
  }

  function end({ run, draft: ours, compared: theirs }: Way): void {
    const paid = ours.end();
    if (theirs !== undefined) addGain(gains, run, paid, theirs.end());
  }

  async function replayBucket(number: number): Promise<void> {
    let way: Way | undefined;
    await readBucket(db, number, scene.wanted, (runs) => {
      let events = 0;
      for (const run of runs) {
        if (way?.run.playerId !== run.playerId) {
          if (way !== undefined) end(way);
          way = begin(run);
        }
        way.draft.take(run.events);
        way.compared?.take(run.events);
        events += run.events.length;
      }
      agenda.judged(events);
    });
    if (way !== undefined) end(way);
  }

  for (let bucket = agenda.take(); bucket !== undefined; bucket = agenda.take()) {
    await replayBucket(bucket);
    agenda.done();
  }
  return { draft, compared, gains, refusals: refusals.counts() };
}

/** The counts of all threads as one: no player is in two of them. */
export function mergeCounts([first, ...others]: [Counts, ...Counts[]]): Counts {
  for (const other of others) {
    mergeTally(first.draft, other.draft);
    if (first.compared !== undefined && other.compared !== undefined) mergeTally(first.compared, other.compared);
    mergeGains(first.gains, other.gains);
    first.refusals.push(...other.refusals);
  }
  return first;
}
