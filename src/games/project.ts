// The projection: players' facts in Redis, one hash per player, one field per fact as `<version> <JSON>`. It can be thrown away at any time and
// must never hold an older fact over a newer one: a script compares versions, so refreshes may come twice and in any order. Of a game that
// repeats, windows older than all that a refresh brings are let go.
import { hash } from 'node:crypto';
import type { Db } from '../db/connect.ts';
import { messageOf } from '../errors.ts';
import { limits } from '../limits.ts';
import type { RedisClient } from '../redis.ts';
import {
  AS_OF,
  type Field,
  factsOf,
  JOINS,
  MEMBERSHIPS,
  type PlayerFacts,
  readPlayers,
  type WantedFields,
} from './facts.ts';

// KEYS: the player's hash. ARGV: its expiry in seconds, then name, version and JSON of each field. A refresh brings two windows of a game when
// there are that many, so one older than two is never brought again, but by a refresh that is late; the next one then lets it go.
const STORE = `
local windows, oldest = {}, {}
for at = 2, #ARGV, 3 do
  local known = redis.call('HGET', KEYS[1], ARGV[at])
  local version = known and tonumber(string.match(known, '^%d+'))
  if not version or version < tonumber(ARGV[at + 1]) then
    redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1] .. ' ' .. ARGV[at + 2])
  end
  local game, start = string.match(ARGV[at], '^(%d+):(-?%d+)$')
  if game then
    windows[game] = (windows[game] or 0) + 1
    oldest[game] = math.min(oldest[game] or tonumber(start), tonumber(start))
  end
end
if redis.call('HLEN', KEYS[1]) > (#ARGV - 1) / 3 then
  for _, name in ipairs(redis.call('HKEYS', KEYS[1])) do
    local game, start = string.match(name, '^(%d+):(-?%d+)$')
    if game and windows[game] and windows[game] > 1 and tonumber(start) < oldest[game] then
      redis.call('HDEL', KEYS[1], name)
    end
  end
end
redis.call('EXPIRE', KEYS[1], ARGV[1])
`;

const STORE_DIGEST = hash('sha1', STORE);

/** The key of a player's hash. The number is that of the facts' form: another form lives beside this one, and this one expires. */
export function playerKey(userId: string): string {
  return `milepost:facts:5:${userId}`;
}

/**
 * Reads these players, [bucket, player_id], from PostgreSQL and stores them. Rejects when either side fails; what was stored by then stays,
 * and doing it again is harmless.
 */
export async function projectPlayers(
  db: Db,
  redis: RedisClient,
  players: readonly (readonly [bucket: number, playerId: number | string])[],
): Promise<void> {
  const fields = await readPlayers(db, players);
  // Commands of one turn are pipelined by the client, which also knows the nodes of a cluster.
  await Promise.all([...fields].map(([userId, facts]) => storePlayer(redis, userId, facts)));
}

/** Stores a player's fields where they are newer than what is there. */
export async function storePlayer(redis: RedisClient, userId: string, fields: readonly Field[]): Promise<void> {
  const values = fields.flatMap(({ name, version, fact }) => [name, version, fact ?? 'null']);
  const call = [1, playerKey(userId), limits.projectionSeconds, ...values] as const;
  // Not a command defined on the client: a pipeline that was begun before the definition would not know it, and ioredis then mistakes whose
  // answer is whose (redis/ioredis#1931).
  try {
    await redis.evalsha(STORE_DIGEST, ...call);
  } catch (error) {
    // Redis has not seen the script since it was started, or since its scripts were flushed.
    if (!messageOf(error).startsWith('NOSCRIPT')) throw error;
    await redis.eval(STORE, ...call);
  }
}

/**
 * A player's facts as projected, with those windows of the wanted ones that the player has progress in; undefined when nothing is there. Asks once,
 * and once more where a join says which window is wanted.
 */
export async function readProjection(
  redis: RedisClient,
  userId: string,
  wanted: WantedFields,
): Promise<PlayerFacts | undefined> {
  const known = wanted([]);
  const facts = factsOf(await readFields(redis, userId, [AS_OF, MEMBERSHIPS, JOINS, ...known]));
  if (facts === undefined || facts.joins.length === 0) return facts;

  const further = wanted(facts.joins).filter((name) => !known.includes(name));
  if (further.length === 0) return facts;
  const fields = await readFields(redis, userId, [MEMBERSHIPS, JOINS, ...further]);
  const own = factsOf(fields);
  // Whatever is there now is newer, never older; gone is the whole hash or nothing.
  return own === undefined ? undefined : { ...facts, games: new Map([...facts.games, ...own.games]) };
}

/** Lets Redis forget players; the next read, or refresh, of each fills it in again. */
export async function forgetPlayers(redis: RedisClient, userIds: readonly string[]): Promise<void> {
  await Promise.all(userIds.map((userId) => redis.del(playerKey(userId))));
}

/** Everything that Redis holds of a player. */
export async function readStored(redis: RedisClient, userId: string): Promise<Field[]> {
  return Object.entries(await redis.hgetall(playerKey(userId))).map(([name, value]) => fieldOf(name, value));
}

async function readFields(redis: RedisClient, userId: string, names: readonly string[]): Promise<Field[]> {
  const values = await redis.hmget(playerKey(userId), ...names);
  return names.flatMap((name, index): Field[] => {
    const value = values[index] ?? null;
    if (value === null) return [];
    return [fieldOf(name, value)];
  });
}

function fieldOf(name: string, value: string): Field {
  const space = value.indexOf(' ');
  return { name, version: Number(value.slice(0, space)), fact: value.slice(space + 1) };
}
