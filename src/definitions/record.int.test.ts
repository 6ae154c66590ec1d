import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type Db } from '../db/connect.ts';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { install, silent } from '../testing/engine.ts';
import { gameHistory, makeGame, paymentTrigger } from '../testing/make.ts';
import { gameAt, readGamesAt, readRecord, readRecords } from './record.ts';

let database: TestDatabase;
let owner: Db;

beforeAll(async () => {
  database = await testDatabase();
  owner = connect(database.url, { role: 'milepost_owner', size: 1, log: silent });
});
afterAll(async () => {
  await owner.close();
  await database[Symbol.asyncDispose]();
});

const day = 86_400_000;
const start = Date.parse('2026-06-01T00:00:00Z');

test('the list of games says what their records say of that instant, and reads no version but the one in force', async () => {
  const worth = (amount: number) => makeGame({ game_id: 'listed', triggers: [paymentTrigger({ worth: amount })] });
  await install(database.pool, {
    games: [
      {
        // The third takes the place of the second before that is in force; the fourth is planned.
        ...gameHistory(worth(1), [start + 5 * day, worth(2)], [start + 3 * day, worth(3)], [start + 9 * day, worth(4)]),
        statuses: [
          { changeNo: 1, status: 'paused', from: start + 6 * day },
          { changeNo: 2, status: 'active', from: start + 2 * day },
          { changeNo: 3, status: 'ended', from: start + 8 * day },
        ],
      },
      gameHistory(makeGame({ game_id: 'another' })),
    ],
  });
  for (const days of [-400, 0, 2, 3, 5, 6, 8, 9, 400]) {
    const at = start + days * day;
    const records = await readRecords(owner);
    expect(await readGamesAt(owner, at)).toEqual(records.map((record) => gameAt(record, at)));
  }
  await database.pool.query(
    "update milepost.game_version set config = '{}' where version in (1, 2, 4) and game_no = 1",
  );
  await expect(readRecord(owner, 'listed')).rejects.toThrow('version 1 of listed cannot be read');
  expect(await readGamesAt(owner, start + 4 * day)).toMatchObject([
    { gameId: 'another', inForce: { version: 1 } },
    { gameId: 'listed', inForce: { version: 3 }, status: 'active', versions: 4 },
  ]);
});
