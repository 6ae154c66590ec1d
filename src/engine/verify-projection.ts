// Compares the projection with PostgreSQL, a bounded number of players at a time. Reads only. What Redis does not hold is no fault (the next read
// fills it in), and a fact may lie behind only as long as a refresh that names its player has not been delivered.
import type { Db } from '../db/connect.ts';
import { AS_OF, type Field, readPlayers } from '../games/facts.ts';
import { readStored } from '../games/project.ts';
import { limits } from '../limits.ts';
import type { RedisClient } from '../redis.ts';

export const projectionChecks = [
  /** Equal versions are equal facts. */
  'projected_facts_match',
  /** An older fact is refreshed. */
  'projected_facts_are_refreshed',
  /** Redis never knows more than was committed: it does after a restore from backup, until it is flushed. */
  'projected_facts_were_committed',
] as const;
export type ProjectionCheck = (typeof projectionChecks)[number];

export interface ProjectionDifference {
  check: ProjectionCheck;
  user_id: string;
  subject: string;
  expected: string;
  found: string;
}

type Player = [bucket: number, playerId: string];

/** Compares every player, in the order of their numbers; `progress` is told how many have been compared. */
export async function compareProjection(
  db: Db,
  redis: RedisClient,
  report: (difference: ProjectionDifference) => void,
  progress: (players: number) => void = () => {},
): Promise<void> {
  let after: Player = [-1, '0'];
  for (let compared = 0; ; progress(compared)) {
    const { rows } = await db.pool.query<{ bucket: number; player_id: string; user_id: string }>(
      `select bucket, player_id, user_id from milepost.player where (bucket, player_id) > ($1, $2)
        order by bucket, player_id limit $3`,
      [...after, limits.refreshPlayers],
    );
    const last = rows.at(-1);
    if (last === undefined) return;
    after = [last.bucket, last.player_id];
    compared += rows.length;
    const players = new Map(
      rows.map(({ user_id, bucket, player_id }): [string, Player] => [user_id, [bucket, player_id]]),
    );
    // What is behind may have been refreshed while it was looked at: it is looked at once more.
    const behind = (await differencesOf(db, redis, players, report)).filter((userId) => players.has(userId));
    if (behind.length > 0)
      await lookAgain(db, redis, new Map(behind.map((id) => [id, players.get(id) as Player])), report);
  }
}

/** Reports what can be no matter of time, and returns the players with facts that are behind. Redis is read first: what it holds was committed by then. */
async function differencesOf(
  db: Db,
  redis: RedisClient,
  players: ReadonlyMap<string, Player>,
  report: (difference: ProjectionDifference) => void,
): Promise<string[]> {
  const stored = await readAll(redis, players);
  const facts = await readPlayers(db, [...players.values()]);
  const behind: string[] = [];
  for (const [user_id, fields] of stored) {
    if (fields.size === 0) continue;
    let isBehind = false;
    for (const { name, version, fact } of facts.get(user_id) ?? []) {
      if (name === AS_OF) continue;
      const known = fields.get(name);
      if (known === undefined || known.version < version) isBehind = true;
      else if (known.version > version) {
        const [expected, found] = [`version ${version}`, `version ${known.version}`];
        report({ check: 'projected_facts_were_committed', user_id, subject: name, expected, found });
      } else if (known.fact !== (fact ?? 'null')) {
        const [expected, found] = [String(fact), String(known.fact)];
        report({ check: 'projected_facts_match', user_id, subject: `${name}, version ${version}`, expected, found });
      }
    }
    if (isBehind) behind.push(user_id);
  }
  return behind;
}

/**
 * Reports facts that are behind though no refresh is due. In this order: the facts, the refreshes that are due, and then Redis. A refresh that would
 * bring these facts is among the due ones, or has brought them by the time Redis is read.
 */
async function lookAgain(
  db: Db,
  redis: RedisClient,
  players: ReadonlyMap<string, Player>,
  report: (difference: ProjectionDifference) => void,
): Promise<void> {
  const facts = await readPlayers(db, [...players.values()]);
  const { rows } = await db.pool.query<{ player: string }>(
    `select distinct (named ->> 0) || ',' || (named ->> 1) as player
       from milepost.outbox o cross join lateral jsonb_array_elements(o.body -> 'players') as named
      where o.destination = 'projection' and o.state in ('pending', 'leased')`,
  );
  const due = new Set(rows.map(({ player }) => player));
  const stored = await readAll(redis, players);
  for (const [user_id, fields] of stored) {
    if (fields.size === 0 || due.has((players.get(user_id) as Player).join())) continue;
    for (const { name, version } of facts.get(user_id) ?? []) {
      const known = fields.get(name)?.version ?? 'nothing';
      if (name === AS_OF || (known !== 'nothing' && known >= version)) continue;
      const found = known === 'nothing' ? 'nothing, and no refresh is due' : `version ${known}, and no refresh is due`;
      report({ check: 'projected_facts_are_refreshed', user_id, subject: name, expected: `version ${version}`, found });
    }
  }
}

async function readAll(
  redis: RedisClient,
  players: ReadonlyMap<string, Player>,
): Promise<Map<string, Map<string, Field>>> {
  // Commands of one turn are pipelined by the client.
  return new Map(
    await Promise.all(
      [...players.keys()].map(async (userId): Promise<[string, Map<string, Field>]> => {
        const fields = await readStored(redis, userId);
        return [userId, new Map(fields.map((field) => [field.name, field]))];
      }),
    ),
  );
}
