import { afterEach, expect, test, vi } from 'vitest';
import type { Db } from '../db/connect.ts';
import { DatabaseAway } from '../db/failure.ts';
import { limits } from '../limits.ts';
import { createFactsLoader } from './load.ts';

afterEach(() => void vi.useRealTimers());

/** A loader on a database whose statements end when a test says so. */
function given() {
  const statements: { userIds: string[]; until: string | null; end: () => void }[] = [];
  const query = ({ values }: { values: [string, string, unknown, string | null] }) => {
    const { promise, resolve } = Promise.withResolvers<{ rows: [] }>();
    const userIds = values[1].slice(1, -1).replaceAll('"', '').split(',');
    statements.push({ userIds, until: values[3], end: () => resolve({ rows: [] }) });
    return promise;
  };
  const loader = createFactsLoader({ pool: { query } } as unknown as Db, () => 0);
  return { loader, statements };
}

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));
const everything = { games: null };

test('of a crowd a few statements run at a time, each for so many players, and nobody is read twice', async () => {
  const { loader, statements } = given();
  const players = Array.from({ length: 5 * limits.readPlayers }, (_, number) => `U${number}`);
  const loaded = Promise.all([...players, ...players, ...players].map((userId) => loader.load(userId, everything)));
  let ended = 0;
  for (; ended < 5; ended++) {
    await nextTurn();
    expect(statements.length - ended).toBe(Math.min(limits.readStatements, 5 - ended));
    statements[ended]?.end();
  }
  await loaded;
  for (const { userIds } of statements) expect(userIds).toHaveLength(limits.readPlayers);
  expect(statements.flatMap(({ userIds }) => userIds)).toEqual(players);
});

test('a player is in one statement at a time; who asks meanwhile gets the next, all of them one', async () => {
  const { loader, statements } = given();
  const first = loader.load('U1', everything);
  await nextTurn();
  const later = Promise.all(Array.from({ length: 200 }, () => loader.load('U1', everything)));
  const other = loader.load('U2', everything);
  await nextTurn();
  expect(statements.map(({ userIds }) => userIds)).toEqual([['U1'], ['U2']]);
  statements[1]?.end();
  await other;
  await nextTurn();
  expect(statements).toHaveLength(2);
  statements[0]?.end();
  await first;
  await nextTurn();
  expect(statements.map(({ userIds }) => userIds)).toEqual([['U1'], ['U2'], ['U1']]);
  statements[2]?.end();
  await later;
});

test('readers of different windows do not share a statement', async () => {
  const { loader, statements } = given();
  const loaded = Promise.all([
    loader.load('U1', everything),
    loader.load('U2', { games: [1], until: 86_400_000 }),
    loader.load('U3', everything),
  ]);
  await nextTurn();
  expect(statements).toMatchObject([
    { userIds: ['U1', 'U3'], until: null },
    { userIds: ['U2'], until: expect.stringContaining('1970-01-02') },
  ]);
  for (const { end } of statements) end();
  await loaded;
});

test('only so many wait; the next is refused at once', async () => {
  const { loader, statements } = given();
  const loaded = Array.from({ length: limits.waitingReads }, () => loader.load('U1', everything));
  await expect(loader.load('U1', everything)).rejects.toThrow(DatabaseAway);
  await nextTurn();
  statements[0]?.end();
  await Promise.all(loaded);
});

test('a database that is silent holds nobody longer than a request may wait, wherever in the queue; who gave up is not read', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const { loader, statements } = given();
  const players = Array.from({ length: 10 * limits.readPlayers }, (_, number) => `U${number}`);
  const ends = Promise.allSettled(players.map((userId) => loader.load(userId, everything)));
  await nextTurn();
  await vi.advanceTimersByTimeAsync(limits.httpWaitMs);
  for (const end of await ends) expect(end).toMatchObject({ status: 'rejected', reason: expect.any(DatabaseAway) });
  await nextTurn();
  expect(statements.length).toBeLessThanOrEqual(limits.readStatements);
});
