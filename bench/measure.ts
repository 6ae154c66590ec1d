// One measurement: a load, taken in one way, on a database of its own. Owns the clock, the processor time, and the check that the work was done.
import assert from 'node:assert/strict';
import { connect, type Db } from '../src/db/connect.ts';
import { type BenchServer, log } from './server.ts';
import type { Way } from './way.ts';
import { type Delivery, expectedOf, type Lane, lanesOf } from './workload.ts';

export interface Measured {
  eventsPerSecond: number;
  /** Processor time per 1,000 events, in ms. */
  nodeMs: number;
  /** Undefined where it cannot be told. */
  postgresMs: number | undefined;
  /** The database as it was left; the next measurement drops it. */
  databaseUrl: string;
}

/** Runs a load on a database of its own, one connection per lane, and checks the rows it left: a figure counts only when the work was done. */
export async function measure(
  server: BenchServer,
  way: Way,
  load: readonly Delivery[],
  connections: number,
): Promise<Measured> {
  const url = await server.freshDatabase();
  // One more than lanes: a wake-up has a connection of its own, as in the ingesting process.
  const db = connect(url, { role: 'milepost_ingest', size: connections + 1, log });
  let measured: Omit<Measured, 'databaseUrl'>;
  try {
    measured = await run(server, way, load, lanesOf(load, connections), db);
  } finally {
    await db.close();
  }
  await check(url, way, load);
  return { ...measured, databaseUrl: url };
}

async function run(
  server: BenchServer,
  way: Way,
  load: readonly Delivery[],
  lanes: readonly Lane[],
  db: Db,
): Promise<Omit<Measured, 'databaseUrl'>> {
  const clients = await Promise.all(lanes.map(() => db.pool.connect()));
  for (const client of clients) client.release();
  const postgresBefore = await server.cpuMs();
  const nodeBefore = process.cpuUsage();
  const began = performance.now();
  await Promise.all(lanes.map((lane) => way.lane(db, lane)));
  const seconds = (performance.now() - began) / 1_000;
  const node = process.cpuUsage(nodeBefore);
  const postgresAfter = await server.cpuMs();
  const postgresMs =
    postgresBefore === undefined || postgresAfter === undefined ? undefined : postgresAfter - postgresBefore;
  const thousands = load.length / 1_000;
  return {
    eventsPerSecond: load.length / seconds,
    nodeMs: (node.user + node.system) / 1_000 / thousands,
    postgresMs: postgresMs === undefined ? undefined : postgresMs / thousands,
  };
}

async function check(url: string, way: Way, load: readonly Delivery[]): Promise<void> {
  const expected = expectedOf(load);
  const owner = connect(url, { role: 'login', size: 1, log });
  const counted = async (text: string): Promise<number> => Number((await owner.pool.query(text)).rows[0].count);
  try {
    assert.equal(await counted('select count(*) from milepost.event_key'), expected.events, 'event keys');
    assert.equal(await counted('select count(*) from milepost.inbox'), expected.events, 'inbox rows');
    assert.equal(await counted('select count(*) from milepost.credit'), expected.credits, 'credits');
    if (!way.decides) return;
    assert.equal(await counted('select sum(value) as count from milepost.progress'), expected.worth, 'progress');
    const paid = await counted(`select count(*) from milepost.outbox where destination = 'neucoin'`);
    assert.equal(paid, await counted('select count(*) from milepost.claim'), 'rewards, one per claim');
  } finally {
    await owner.close();
  }
}
