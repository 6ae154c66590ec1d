import { randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { connect } from '../db/connect.ts';
import { createLog } from '../log.ts';
import { createSealer } from '../seal.ts';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import {
  allEnded,
  attemptRows,
  type Owed,
  outboxRows,
  owe,
  owePaidBack,
  testServices,
  testWorker,
  wakeWorkers,
} from '../testing/dispatch.ts';
import { waitFor } from '../testing/wait.ts';
import { readVoucherCode } from './voucher-code.ts';

const sealer = createSealer([{ id: '2026', key: randomBytes(32) }]);
const claimOf = ({ userId }: Owed) => ({
  userId,
  gameId: 'game',
  windowStart: Date.UTC(2026, 4, 1),
  step: 3,
  earning: 1,
});

async function issued(voucherUrl: string, { key }: Owed): Promise<{ code: string }> {
  return (await (await fetch(`${voucherUrl}/v1/vouchers/${key}`)).json()) as { code: string };
}

async function everything(database: TestDatabase): Promise<string> {
  return JSON.stringify([
    await outboxRows(database.pool),
    await attemptRows(database.pool),
    (await database.pool.query("select key_id, encode(sealed, 'escape') as sealed from milepost.voucher_code")).rows,
  ]);
}

test('a code that came back is read by its player, and stands nowhere else', async () => {
  await using database = await testDatabase();
  await using services = await testServices();
  let logged = '';
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      logged += chunk;
      done();
    },
  });
  const [mine, theirs] = (await owe(database.pool, { destination: 'voucher', count: 2 })) as [Owed, Owed];
  await using worker = await testWorker(database.url, services, {
    voucherCodes: sealer,
    log: pino({ level: 'trace' }, stream),
  });
  await waitFor('the vouchers', () => allEnded(database.pool));
  await worker.idle();
  const db = connect(database.url, { role: 'milepost_api', size: 1, log: createLog({ level: 'silent' }) });
  const { code } = await issued(services.voucherUrl, mine);
  expect(await readVoucherCode(db, sealer, claimOf(mine))).toEqual({ kind: 'code', code });
  expect(await readVoucherCode(db, sealer, { ...claimOf(mine), earning: 2 })).toEqual({ kind: 'none' });

  expect(await everything(database)).not.toContain(code);
  expect(logged).not.toContain(code);
  expect(await outboxRows(database.pool)).toMatchObject([
    { answer: { masked_code: expect.stringMatching(/^\*{4}.{4}$/) } },
    { answer: { masked_code: expect.stringMatching(/^\*{4}.{4}$/) } },
  ]);

  // Whoever can write the rows cannot make one player's code readable as another's.
  await database.pool.query(
    `update milepost.voucher_code v set sealed = o.sealed, key_id = o.key_id from milepost.voucher_code o
      where v.claim_key = $1 and o.claim_key = $2`,
    [mine.key, theirs.key],
  );
  await expect(readVoucherCode(db, sealer, claimOf(mine))).rejects.toThrow();
  await db.close();
});

test('a worker that dies before it settles loses no code: the repeat brings it again', async () => {
  await using database = await testDatabase();
  await using services = await testServices({
    faults: [{ service: 'voucher', how: 'reset', when: 'after', one_in: 2 }],
  });
  const owed = await owe(database.pool, { destination: 'voucher', count: 6 });
  await using worker = await testWorker(database.url, services, { voucherCodes: sealer });
  await waitFor('the vouchers', () => allEnded(database.pool));
  await worker.idle();
  expect(services.books().some(({ calls }) => calls > 1)).toBe(true);
  const db = connect(database.url, { role: 'milepost_api', size: 1, log: createLog({ level: 'silent' }) });
  for (const one of owed) {
    const { code } = await issued(services.voucherUrl, one);
    expect(await readVoucherCode(db, sealer, claimOf(one))).toEqual({ kind: 'code', code });
  }
  await db.close();
});

test('the code of a voucher that was cancelled is not shown any more', async () => {
  await using database = await testDatabase();
  await using services = await testServices();
  const [owed] = (await owe(database.pool, { destination: 'voucher' })) as [Owed];
  await using worker = await testWorker(database.url, services, { voucherCodes: sealer });
  await waitFor('the voucher', () => allEnded(database.pool));
  await owePaidBack(database.pool, owed.key);
  await wakeWorkers(database.pool, ['voucher']);
  await waitFor('its cancellation', () => allEnded(database.pool));
  await worker.idle();
  const db = connect(database.url, { role: 'milepost_api', size: 1, log: createLog({ level: 'silent' }) });
  expect(await readVoucherCode(db, sealer, claimOf(owed))).toEqual({ kind: 'taken_back' });
  await db.close();
});

test('a voucher that was issued before codes were kept has none', async () => {
  await using database = await testDatabase();
  await using services = await testServices();
  const [owed] = (await owe(database.pool, { destination: 'voucher' })) as [Owed];
  await using worker = await testWorker(database.url, services);
  await waitFor('the voucher', () => allEnded(database.pool));
  await worker.idle();
  const db = connect(database.url, { role: 'milepost_api', size: 1, log: createLog({ level: 'silent' }) });
  expect(await readVoucherCode(db, sealer, claimOf(owed))).toEqual({ kind: 'none' });
  await db.close();
});

test('only the role of the read API may read codes at all', async () => {
  await using database = await testDatabase();
  for (const role of ['milepost_support', 'milepost_owner', 'milepost_ingest', 'milepost_worker'] as const) {
    const db = connect(database.url, { role, size: 1, log: createLog({ level: 'silent' }) });
    await expect(db.pool.query('select * from milepost.voucher_code')).rejects.toThrow('permission denied');
    await db.close();
  }
});
