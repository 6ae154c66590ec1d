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
