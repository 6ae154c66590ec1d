// Tries a draft on the stored history: reads it once, judges it by the draft and by the game that it is compared with, and counts. Reads top to
// bottom: scene → replay, on several threads → report. Writes nothing: every transaction that reads the history is read-only, under a role without
// rights to write.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { connect, type Db } from '../db/connect.ts';
import { databaseClock } from '../inbox/store.ts';
import { limits } from '../limits.ts';
import type { Log } from '../log.ts';
import { agendaIn, agendaMemory } from './agenda.ts';
import type { Gains } from './gains.ts';
import { checkNotDropped, nothingStored } from './history.ts';
import { type Counts, mergeCounts, replay } from './replay.ts';
import { type Report, reportOf } from './report.ts';
import { type Request, setScene } from './scene.ts';
import type { Errand } from './thread.ts';

export interface Progress {
  events: number;
  /** Of all buckets. */
  share: number;
  seconds: number;
}

export interface Options {
  log: Log;
  /** How many threads judge, this one included. limits.simulatedThreads unless said. */
  threads?: number;
  onProgress?: (progress: Progress) => void;
}

const LOOK_EVERY_MS = 200;

/**
 * Simulates a draft on the database of that address, as milepost_support.
 * @throws UserError when there is no such history: nothing stored in the range, days dropped, a range beside the draft's window; UnknownGame.
 */
export async function simulate(url: string, request: Request, options: Options): Promise<Report> {
  const { log, threads = limits.simulatedThreads, onProgress } = options;
  const db = connect(url, { role: 'milepost_support', size: 1, log, name: 'milepost simulate' });
  try {
    const began = performance.now();
    const seconds = (): number => (performance.now() - began) / 1_000;
    const scene = await setScene(db, request, await databaseClock(db));
    await checkNotDropped(db, scene.wanted.from, scene.wanted.to);

    const memory = agendaMemory();
    const agenda = agendaIn(memory);
    const look = setInterval(() => onProgress?.({ ...agenda.soFar(), seconds: seconds() }), LOOK_EVERY_MS);
    let counts: Counts;
    try {
      counts = await onThreads(threads - 1, { url, scene, memory }, () => replay(db, scene, agenda));
    } finally {
      // Where one thread has failed, this one need not go on.
      agenda.stop();
      clearInterval(look);
    }
    if (counts.draft.events === 0) throw await nothingStored(db, scene.wanted);
    return reportOf({ scene, counts, names: await namesOf(db, counts.gains), seconds: seconds() });
  } finally {
    await db.close();
  }
}

/** Replays on this thread and on others beside it. When one fails, the others are stopped. */
async function onThreads(others: number, errand: Errand, here: () => Promise<Counts>): Promise<Counts> {
  const entry = new URL('./thread.ts', import.meta.url);
  const workers = Array.from({ length: others }, () => new Worker(entry, { workerData: errand }));
  try {
    const counted = workers.map(async (worker) => (await once(worker, 'message'))[0] as Counts);
    return mergeCounts(await Promise.all([here(), ...counted]));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

/** The user ids of the players whom the report names, by bucket and player_id. */
async function namesOf(db: Db, gains: Gains): Promise<ReadonlyMap<string, string>> {
  const players = [...gains.values()].flatMap(({ gain, loss }) => [...gain.greatest, ...loss.greatest]);
  const { rows } = await db.pool.query<{ bucket: number; player_id: string; user_id: string }>(
    `select p.bucket, p.player_id, p.user_id
       from unnest($1::smallint[], $2::bigint[]) as wanted(bucket, player_id)
       join milepost.player p using (bucket, player_id)`,
    [players.map(({ bucket }) => bucket), players.map(({ playerId }) => playerId)],
  );
  return new Map(rows.map(({ bucket, player_id, user_id }) => [`${bucket} ${player_id}`, user_id]));
}
