// `npm run schema`: migrates a database made for it and writes down what came out: src/db/tables.ts (types) and db/schema.sql (for reading).
// With --check it only compares, and shows where the files in the clone differ.
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import pg from 'pg';
import { migrate } from '../db/migrate.ts';
import { describeSchema } from '../db/schema.ts';
import { startPostgres } from '../local/postgres.ts';
import { checkGenerated, writeGenerated } from './generated.ts';

const root = join(import.meta.dirname, '../..');
const run = promisify(execFile);
const { values: options } = parseArgs({ options: { check: { type: 'boolean', default: false } } });

const folder = await mkdtemp(join(tmpdir(), 'milepost-schema-'));
// As root, PostgreSQL runs under another account, which must be able to get into the folder.
await chmod(folder, 0o755);
try {
  const files = await onServer(folder, (serverUrl) => onDatabase(serverUrl, generate));
  if (!options.check) await writeGenerated(files);
  else if (!(await checkGenerated(files, { of: 'the migrations and functions', command: 'npm run schema' }))) {
    process.exitCode = 1;
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** What the files should hold, by path in the clone. */
async function generate(url: string): Promise<Map<string, string>> {
  await migrate(url);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return new Map([
      ['db/schema.sql', await describeSchema(client)],
      ['src/db/tables.ts', await describeTables(url)],
    ]);
  } finally {
    await client.end();
  }
}

/** The tables as types for kysely, formatted as our own files are. */
async function describeTables(url: string): Promise<string> {
  const file = join(folder, 'tables.ts');
  await runTool('kysely-codegen', 'dist/cli/bin.js', [
    `--url=${url}`,
    `--out-file=${file}`,
    '--dialect=postgres',
    '--default-schema=milepost',
    '--include-pattern=milepost.*',
    '--exclude-pattern=milepost.inbox_2*',
    // Instants are read as milliseconds and written as ISO text (src/db/connect.ts).
    '--type-mapping={"timestamptz":"ColumnType<number, string, string>"}',
    '--log-level=error',
  ]);
  // Outside the clone Biome would not find its configuration, nor look at a file in a temporary folder.
  return runTool(
    '@biomejs/biome',
    'bin/biome',
    ['check', '--write', '--stdin-file-path=src/db/tables.ts'],
    await readFile(file, 'utf8'),
  );
}

async function runTool(name: string, script: string, args: readonly string[], input = ''): Promise<string> {
  const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`);
  const running = run(process.execPath, [join(dirname(manifest), script), ...args], { cwd: root });
  running.child.stdin?.end(input);
  const { stdout } = await running.catch((error: Error & { stdout: string; stderr: string }) => {
    throw new Error(`${name} failed:\n${error.stderr || error.stdout || error.message}`);
  });
  return stdout;
}

async function onServer<T>(dir: string, work: (serverUrl: string) => Promise<T>): Promise<T> {
  const given = process.env.TEST_DATABASE_URL;
  if (given) return work(given);
  const server = await startPostgres({
    dataDir: join(dir, 'postgres'),
    settings: { fsync: 'off', max_connections: '20' },
  });
  try {
    return await work(server.url);
  } finally {
    await server.stop();
  }
}

/** Works on a database of its own beside the given one. */
async function onDatabase<T>(serverUrl: string, work: (url: string) => Promise<T>): Promise<T> {
  const name = `milepost_schema_${process.pid}`;
  const server = new pg.Client({ connectionString: serverUrl });
  await server.connect();
  try {
    await server.query(`create database ${name}`);
    const url = new URL(serverUrl);
    url.pathname = `/${name}`;
    return await work(url.href);
  } finally {
    await server.query(`drop database if exists ${name} with (force)`);
    await server.end();
  }
}
