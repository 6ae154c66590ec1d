import pg from 'pg';
import { expect, test } from 'vitest';
import { testDatabase } from './database.ts';
import { startHalfOpenProxy } from './half-open-proxy.ts';

test('passes everything on until it is asked to cut; then the COMMIT applies and its client never hears of it', async () => {
  await using database = await testDatabase();
  await database.pool.query('create table public.note (text text)');
  await using proxy = await startHalfOpenProxy(database.url);
  const write = async (text: string) => {
    const client = new pg.Client({ connectionString: proxy.url });
    client.on('error', () => {});
    await client.connect();
    try {
      await client.query('begin');
      await client.query('insert into public.note values ($1)', [text]);
      await client.query('commit');
    } finally {
      await client.end();
    }
  };

  await write('x'.repeat(100_000));
  const cut = proxy.cutNextCommit();
  await expect(write('cut')).rejects.toThrow(/terminated|ECONNRESET|closed/);
  await cut;
  await write('after');
  const { rows } = await database.pool.query('select left(text, 5) as text from public.note');
  expect(rows.map(({ text }) => text)).toEqual(['xxxxx', 'cut', 'after']);
});
