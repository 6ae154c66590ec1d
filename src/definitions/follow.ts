// Definitions that follow the database's, for whoever reads and does not decide: shared by a process, at most one look per second, whatever the
// number of readers. While the database is away, the last ones known stay in use.
import type { Db } from '../db/connect.ts';
import { reading } from '../db/failure.ts';
import { messageOf } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Log } from '../log.ts';
import { type Definitions, loadDefinitions } from './definitions.ts';

export interface FollowedDefinitions {
  /** Those of two seconds ago at the latest, or older ones while the database is away. Rejects when there are none yet and none to be had. */
  current(): Promise<Definitions>;
  /** Whether there are some, however old. */
  areKnown(): boolean;
  /** Resolves when no look is under way. */
  idle(): Promise<void>;
}

export function followDefinitions(db: Db, log: Log): FollowedDefinitions {
  let known: Definitions | undefined;
  let looking: Promise<void> | undefined;
  let nextLookAt = 0;
  /** By performance.now(): when the last look ended well. */
  let knownAt = 0;
  let problem: unknown;

  async function look(): Promise<void> {
    try {
      const row = await reading(() => db.query.selectFrom('definitions').select('epoch').executeTakeFirstOrThrow());
      if (known?.epoch !== Number(row.epoch)) known = await reading(() => loadDefinitions(db, known));
      problem = undefined;
      knownAt = performance.now();
    } catch (error) {
      if (problem === undefined) log.warn({ error: messageOf(error) }, 'the definitions could not be read');
      problem = error;
    } finally {
      looking = undefined;
    }
  }

  return {
    async current() {
      if (performance.now() >= nextLookAt && looking === undefined) {
        nextLookAt = performance.now() + limits.definitionsCheckMs;
        looking = look();
      }
      // Who asks first after a quiet time waits for the look, but not for a database that is away.
      const isOld = performance.now() - knownAt > 2 * limits.definitionsCheckMs;
      if (known === undefined || (isOld && problem === undefined)) await looking;
      if (known === undefined) throw problem;
      return known;
    },
    areKnown: () => known !== undefined,
    async idle() {
      await looking;
    },
  };
}
