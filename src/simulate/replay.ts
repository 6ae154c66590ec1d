// Replays stored events, bucket by bucket: each player's through the draft and, in the same pass, through the game that it is compared with.
import type { Db } from '../db/connect.ts';
import { createDefinitions, type Definitions } from '../definitions/definitions.ts';
import { addGain, createGains, type Gains } from './gains.ts';
import { type Run, readBucket } from './history.ts';
import { type Judgement, judgePlayer } from './judge.ts';
import { createRefusals, type Refusals } from './refusals.ts';
import type { Scene } from './scene.ts';
import { createTally, type Tally } from './tally.ts';

export interface Replay {
  draft: Tally;
  compared: Tally | undefined;
  gains: Gains;
  refusals: Refusals;
  /** Judges a bucket's history. `onPage` is told how many events have been judged in all. */
  bucket(db: Db, bucket: number, onPage: (events: number) => void): Promise<void>;
}

export function createReplay({ draft: draftTimeline, compared: other, wanted }: Scene): Replay {
  const draft = createTally();
  const compared = other && createTally();
  const gains = createGains();
  const refusals = createRefusals(draftTimeline);
  const draftDefinitions = createDefinitions(0, [draftTimeline]);
  const otherDefinitions = other && createDefinitions(0, [other.timeline]);

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

  async function bucket(db: Db, number: number, onPage: (events: number) => void): Promise<void> {
    let way: Way | undefined;
    await readBucket(db, number, wanted, (runs) => {
      for (const run of runs) {
        if (way?.run.playerId !== run.playerId) {
          if (way !== undefined) end(way);
          way = begin(run);
        }
        way.draft.take(run.events);
        way.compared?.take(run.events);
      }
      onPage(draft.events);
    });
    if (way !== undefined) end(way);
  }

  return { draft, compared, gains, refusals, bucket };
}
