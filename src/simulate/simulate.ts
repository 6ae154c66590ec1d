// Tries a draft on the stored history: reads it once, judges it by the draft and by the game that it is compared with, and counts. Reads top to
// bottom: scene → replay → report. Writes nothing: every transaction is read-only, under a role without rights to write.
import type { Db } from '../db/connect.ts';
import { databaseClock } from '../inbox/store.ts';
import { limits } from '../limits.ts';
import type { Gains } from './gains.ts';
import { checkNotDropped, nothingStored } from './history.ts';
import { createReplay } from './replay.ts';
import { type Report, reportOf } from './report.ts';
import { type Request, setScene } from './scene.ts';

export interface Progress {
  events: number;
  /** Of all buckets. */
  share: number;
  seconds: number;
}

/**
 * Simulates a draft. `db` works as milepost_support.
 * @throws UserError when there is no such history: nothing stored in the range, days dropped, a range beside the draft's window; UnknownGame.
 */
export async function simulate(db: Db, request: Request, onProgress: (progress: Progress) => void): Promise<Report> {
  const began = performance.now();
  const now = await databaseClock(db);
  const scene = await setScene(db, request, now);
  await checkNotDropped(db, scene.wanted.from, scene.wanted.to);

  const replay = createReplay(scene);
  const seconds = (): number => (performance.now() - began) / 1_000;
  await eachBucket(async (bucket, done) => {
    await replay.bucket(db, bucket, (events) => onProgress({ events, share: done(), seconds: seconds() }));
  });
  if (replay.draft.events === 0) throw await nothingStored(db, scene.wanted);

  const report = { scene, replay, names: await namesOf(db, replay.gains) };
  return reportOf({ ...report, seconds: seconds() });
}

/** Works through all buckets, a few side by side. `done` says which share of them has ended. */
async function eachBucket(work: (bucket: number, done: () => number) => Promise<void>): Promise<void> {
  let next = 0;
  let ended = 0;
  const lane = async (): Promise<void> => {
    for (let bucket = next++; bucket < limits.buckets; bucket = next++) {
      await work(bucket, () => ended / limits.buckets);
      ended++;
    }
  };
  await Promise.all(Array.from({ length: limits.simulatedBuckets }, lane));
}

/** The user ids of the players whom the report names, by bucket and player_id. */
async function namesOf(db: Db, gains: Gains): Promise<ReadonlyMap<string, string>> {
  const players = Object.values(gains).flatMap(({ gain, loss }) => [...gain.greatest, ...loss.greatest]);
  const { rows } = await db.pool.query<{ bucket: number; player_id: string; user_id: string }>(
    `select p.bucket, p.player_id, p.user_id
       from unnest($1::smallint[], $2::bigint[]) as wanted(bucket, player_id)
       join milepost.player p using (bucket, player_id)`,
    [players.map(({ bucket }) => bucket), players.map(({ playerId }) => playerId)],
  );
  return new Map(rows.map(({ bucket, player_id, user_id }) => [`${bucket} ${player_id}`, user_id]));
}
