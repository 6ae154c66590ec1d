// A read of a player's games from PostgreSQL and then from Redis: proves where each answer came from, and that they are the same.
import { expect } from 'vitest';
import { playerKey } from '../games/project.ts';
import type { Answer, TestApi } from './api.ts';

/** The answer from Redis, which is that from PostgreSQL but for the time at which the facts were read. */
export async function fromBoth(api: TestApi, path: string, user = 'U1'): Promise<Answer> {
  await api.redis.del(playerKey(user));
  const first = await api.get(path, user);
  await api.project([user]);
  const statements = await countStatements(api, 'player_facts');
  const second = await api.get(path, user);
  // A window that is named may be older than what Redis holds.
  expect(statements()).toBe(path.includes('window=') ? 1 : 0);
  expect(withoutTime(second)).toBe(withoutTime(first));
  expect(second.status).toBe(first.status);
  return second;
}

function withoutTime({ text }: Answer): string {
  return text.slice(text.indexOf('\n\n')).replace(/"as_of":"[^"]*"/g, '');
}

/** Counts the statements of the API's own pool that hold a text, from now on. */
export async function countStatements(api: TestApi, text: string): Promise<() => number> {
  let count = 0;
  const { pool } = api.db;
  const clients = await Promise.all(Array.from({ length: pool.options.max }, () => pool.connect()));
  for (const client of clients) {
    const query = client.query.bind(client) as (...args: unknown[]) => unknown;
    client.query = ((...args: unknown[]) => {
      const [first] = args;
      const statement = typeof first === 'string' ? first : (first as { text: string }).text;
      if (statement.includes(text)) count++;
      return query(...args);
    }) as typeof client.query;
    client.release();
  }
  return () => count;
}
