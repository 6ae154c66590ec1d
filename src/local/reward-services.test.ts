import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startRewardServices } from './reward-services.ts';

const credit = (key: string, fields: object = {}) => ({
  method: 'POST',
  headers: { 'idempotency-key': key },
  body: JSON.stringify({
    idempotency_key: key,
    user_id: 'U1',
    amount: 10,
    currency: 'NC',
    reference: { step: 3 },
    ...fields,
  }),
});

async function start(options: Parameters<typeof startRewardServices>[0] = {}) {
  const services = await startRewardServices(options);
  onTestFinished(() => services.stop());
  return services;
}

test('pays a key once and answers a repeat alike', async () => {
  const services = await start();
  const credits = `${services.neucoinUrl}/v1/credits`;
  const answers = await Promise.all(Array.from({ length: 20 }, () => fetch(credits, credit('k1'))));
  expect(answers.map(({ status }) => status).sort()).toEqual([...Array(19).fill(200), 201]);
  expect(new Set(await Promise.all(answers.map((answer) => answer.text()))).size).toBe(1);
  expect((await fetch(credits, credit('k1', { amount: 11 }))).status).toBe(409);
  expect((await fetch(credits, credit('k2', { amount: 0.5 }))).status).toBe(422);
  expect((await fetch(`${credits}/k2`)).status).toBe(404);
  const books = await (await fetch(new URL('/books', services.neucoinUrl))).json();
  expect(books).toEqual(services.books());
  expect(books).toMatchObject([{ service: 'neucoin', key: 'k1', user_id: 'U1', amount: 10, calls: 21 }]);
});

/** Of the payment under the key k1. */
const takenBack = async (service: 'neucoin' | 'voucher', url: string, key: string, amount = 10) => {
  const answered = async (answer: Response) => (await answer.json()) as { [field: string]: unknown };
  const paid = await answered(await fetch(`${url}/v1/${service === 'neucoin' ? 'credits' : 'vouchers'}/k1`));
  const body =
    service === 'neucoin'
      ? { amount, currency: 'NC', credit: { idempotency_key: 'k1', transaction_id: paid.transaction_id } }
      : { voucher: { idempotency_key: 'k1', voucher_id: paid.voucher_id } };
  const answer = await fetch(`${url}/v1/${service === 'neucoin' ? 'debits' : 'cancellations'}`, {
    method: 'POST',
    headers: { 'idempotency-key': key },
    body: JSON.stringify({ idempotency_key: key, user_id: 'U1', ...body, reference: { step: 3 } }),
  });
  return [answer.status, (await answered(answer)).code];
};

test('takes back what was paid, once and no more than that', async () => {
  const takeBackRefusals: Record<string, string> = {};
  const { neucoinUrl, voucherUrl, books, calls } = await start({ takeBackRefusals });
  await fetch(`${neucoinUrl}/v1/credits`, credit('k1'));
  expect(await takenBack('neucoin', neucoinUrl, 'd1', 4)).toEqual([201, undefined]);
  expect(await takenBack('neucoin', neucoinUrl, 'd1', 4)).toEqual([200, undefined]);
  expect(await takenBack('neucoin', neucoinUrl, 'd1', 5)).toEqual([409, 'KEY_REUSED']);
  expect(await takenBack('neucoin', neucoinUrl, 'd2', 7)).toEqual([422, 'CREDIT_EXCEEDED']);
  takeBackRefusals.U1 = 'INSUFFICIENT_BALANCE';
  expect(await takenBack('neucoin', neucoinUrl, 'd2', 6)).toEqual([422, 'INSUFFICIENT_BALANCE']);
  delete takeBackRefusals.U1;
  expect(await takenBack('neucoin', neucoinUrl, 'd2', 6)).toEqual([201, undefined]);

  await fetch(`${voucherUrl}/v1/vouchers`, credit('k1', { currency: 'INR', amount: 50 }));
  expect(await takenBack('voucher', voucherUrl, 'c1')).toEqual([201, undefined]);
  expect(await takenBack('voucher', voucherUrl, 'c2')).toEqual([422, 'ALREADY_CANCELLED']);
  expect((await fetch(`${voucherUrl}/v1/cancellations/c2`)).status).toBe(404);
  expect(books().map(({ service, operation, amount, takes_back }) => [service, operation, amount, takes_back])).toEqual(
    [
      ['neucoin', 'pay', 10, null],
      ['neucoin', 'take_back', 4, 'k1'],
      ['neucoin', 'take_back', 6, 'k1'],
      ['voucher', 'pay', 50, null],
      ['voucher', 'take_back', 50, 'k1'],
    ],
  );
  expect([calls('neucoin'), calls('neucoin', 'take_back')]).toEqual([1, 6]);
});

test('finds its books again, also when the last line was cut short', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'milepost-books-'));
  onTestFinished(() => rm(dataDir, { recursive: true }));
  const first = await startRewardServices({ dataDir });
  await fetch(`${first.neucoinUrl}/v1/credits`, credit('k1'));
  await first.stop();
  await appendFile(join(dataDir, 'reward-books.ndjson'), '{"service":"neucoin","key":"k2","us');

  const second = await start({ dataDir });
  expect((await fetch(`${second.neucoinUrl}/v1/credits`, credit('k1'))).status).toBe(200);
  expect((await fetch(`${second.neucoinUrl}/v1/credits`, credit('k2'))).status).toBe(201);
  expect(second.books().map(({ key }) => key)).toEqual(['k1', 'k2']);
  const lines = (await readFile(join(dataDir, 'reward-books.ndjson'), 'utf8')).trim().split('\n');
  expect(lines.map((line) => JSON.parse(line).key)).toEqual(['k1', 'k2']);
});

test('misbehaves as told, by count and not by chance', async () => {
  const services = await start();
  const credits = `${services.neucoinUrl}/v1/credits`;
  const faults = [{ service: 'neucoin', how: 'status', when: 'after', status: 503, one_in: 3 }];
  const told = await fetch(new URL('/faults', credits), { method: 'PUT', body: JSON.stringify(faults) });
  expect(told.status).toBe(204);
  const statuses = [];
  for (let call = 1; call <= 6; call++) statuses.push((await fetch(credits, credit(`k${call}`))).status);
  expect(statuses).toEqual([201, 201, 503, 201, 201, 503]);
  expect(services.books()).toHaveLength(6);
  const wrong = await fetch(new URL('/faults', credits), {
    method: 'PUT',
    body: '[{"service":"neucoin","how":"explode"}]',
  });
  expect([wrong.status, await wrong.json()]).toMatchObject([
    400,
    { code: 'BODY_INVALID', message: expect.stringContaining('how') },
  ]);
});
