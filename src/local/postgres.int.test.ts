import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startPostgres } from './postgres.ts';

// Left closed to other accounts on purpose: run as root, the server must reach its folder all the same.
let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'milepost-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function ask(url: string, sql: string): Promise<unknown> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows[0];
  } finally {
    await client.end();
  }
}

test('a second start goes on with the data of the first, also after a kill', async () => {
  const dataDir = join(folder, 'data');
  const first = await startPostgres({ dataDir, settings: { work_mem: '5MB' } });
  expect(
    await ask(
      first.url,
      `select current_database(), current_setting('timezone'), current_setting('server_encoding'), current_setting('work_mem'),
              current_setting('server_version_num')::int / 10000`,
    ),
  ).toEqual(['milepost', 'UTC', 'UTF8', '5MB', 18]);
  await ask(first.url, 'create table kept as select 1 as stops');
  await first.stop();

  const second = await startPostgres({ dataDir });
  await ask(second.url, 'update kept set stops = 2');
  await second.kill();

  const third = await startPostgres({ dataDir });
  expect(await ask(third.url, 'select stops from kept')).toEqual([2]);
  await third.stop();
});

test('the password is its own, and only the server’s account can read it', async () => {
  const dataDir = join(folder, 'data');
  const server = await startPostgres({ dataDir });
  const passwordFile = join(dataDir, 'milepost.password');
  expect((await stat(passwordFile)).mode & 0o777).toBe(0o600);
  expect(new URL(server.url).password).toBe(await readFile(passwordFile, 'utf8'));
  const wrong = new URL(server.url);
  wrong.password = 'guess';
  await expect(ask(wrong.href, 'select 1')).rejects.toThrow('password authentication failed');
  await server.stop();
});

test('two servers on one folder: the second is refused, and says which process holds it', async () => {
  const dataDir = join(folder, 'data');
  const server = await startPostgres({ dataDir });
  const port = new URL(server.url).port;
  await expect(startPostgres({ dataDir })).rejects.toThrow(
    new RegExp(`\\(process \\d+, port ${port}\\) is already running on ${dataDir}.*kill -INT \\d+`),
  );
  await server.stop();
});

test('a pid file whose number belongs to somebody else by now does not keep the server from starting', async () => {
  const dataDir = join(folder, 'data');
  await (await startPostgres({ dataDir })).stop();
  await writeFile(join(dataDir, 'postmaster.pid'), `${process.pid}\n${dataDir}\n1\n5432\n\n127.0.0.1\n\nready\n`);
  await (await startPostgres({ dataDir })).stop();
});

test('a folder of something else, or of another version, is left alone', async () => {
  const foreign = join(folder, 'photos');
  await mkdir(foreign);
  await writeFile(join(foreign, 'beach.jpg'), '');
  await expect(startPostgres({ dataDir: foreign })).rejects.toThrow(`${foreign} holds something else`);

  const older = join(folder, 'older');
  await mkdir(older);
  await writeFile(join(older, 'PG_VERSION'), '17\n');
  await writeFile(join(older, 'milepost.password'), 'secret');
  await expect(startPostgres({ dataDir: older })).rejects.toThrow(`${older} was made by PostgreSQL 17, this is 18`);
});

test('a place where no folder can be made is named', async () => {
  const file = join(folder, 'a-file');
  await writeFile(file, '');
  await expect(startPostgres({ dataDir: join(file, 'below', 'data') })).rejects.toThrow(
    /no place for PostgreSQL's data: .*a-file/,
  );
});

test('a setting that PostgreSQL refuses is quoted from its log', async () => {
  const start = startPostgres({ dataDir: join(folder, 'data'), settings: { work_mem: 'plenty' } });
  await expect(start).rejects.toThrow(/PostgreSQL did not start: it ended with exit code 1[\s\S]*work_mem.*plenty/);
});
