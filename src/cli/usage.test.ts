// The command line as its users meet it first: help, mistakes, an environment that is not right. Nothing here needs a service.
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { expect, onTestFinished, test } from 'vitest';
import { milepost, startMilepost } from '../testing/milepost.ts';

// A process takes a second to start where others are busy.
const timeout = 60_000;
const nowhere = 'postgres://milepost:secret@127.0.0.1:1/none';

test('without a command it says what there is; asked for help, it gives it', { timeout }, async () => {
  const bare = await milepost([]);
  expect(bare).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining('Begin with') });
  const help = await milepost(['--help']);
  expect(help).toEqual({ status: 0, stdout: bare.stderr, stderr: '' });
  expect(await milepost(['--version'])).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
  });
});

test.each([
  'start',
  'migrate',
  'ingest',
  'ingest pause',
  'ingest resume',
  'ingest paused',
  'games validate',
  'games test',
  'games diff',
  'games activate',
  'games pause',
  'games resume',
  'games end',
  'games rollback',
  'games history',
  'games show',
  'games list',
  'cohorts add',
  'explain',
  'players export',
  'players erase',
  'players merge',
  'players unmerge',
  'inbox show',
  'inbox list',
  'inbox parked',
  'inbox reprocess',
  'inbox runs',
  'inbox correct',
  'services validate',
  'rewards list',
  'rewards show',
  'rewards retry',
  'rewards resolve',
  'holds list',
  'holds release',
  'holds void',
  'circuits list',
  'circuits open',
  'circuits close',
  'verify',
  'topics create',
  'token',
  'stand-in',
])('the help of %s shows it by an example', { timeout }, async (command) => {
  const { status, stdout } = await milepost([...command.split(' '), '--help']);
  expect(status).toBe(0);
  expect(stdout).toMatch(new RegExp(`^Examples\\n {2}.*milepost ${command}`, 'm'));
});

test.each([
  [['gmaes'], "error: unknown command 'gmaes'\n(Did you mean games?)"],
  [['games', 'list', '--jsn'], "error: unknown option '--jsn'\n(Did you mean --json?)"],
  [['games', 'validate'], "error: missing required argument 'files'"],
  [['start', '--role', 'cook'], "argument 'cook' is invalid. Allowed choices are ingest, worker, api."],
  [['start', '--sample', 'many'], 'error: --sample "many" is no number of events: write a whole number'],
  [['stand-in', '--port', 'x'], 'error: --port "x" is no port'],
  [['topics', 'create', '--partitions', '0'], 'error: --partitions "0": write a whole number from 1 to 256'],
  [['cohorts', 'add', 'a cohort', '-'], 'error: "a cohort" is no cohort: letters, digits'],
  [['cohorts', 'add', 'everyone', '-'], 'error: everyone is reserved'],
  [['cohorts', 'add', 'early', '-', '--from', '2026-05-01'], 'error: --from "2026-05-01" is no instant: write'],
  [['cohorts', 'add', 'early', 'nowhere.txt'], 'error: nowhere.txt cannot be read: there is no such file'],
  [
    ['games', 'pause', 'summer', '--at', 'tomorrow'],
    'error: --at "tomorrow" is no instant: write date, time and offset',
  ],
  [['games', 'end', 'summer', '--reason', ' '], 'error: --reason is empty: say why, for the record'],
  [['games', 'rollback', 'summer'], "error: required option '--to <version>' not specified"],
  [['games', 'rollback', 'summer', '--to', '0'], 'error: --to "0": write a whole number from 1 on'],
  [
    ['games', 'resume', 'summer', '--expect-revision', '-1'],
    'error: --expect-revision "-1": write a whole number from 0',
  ],
  [['rewards', 'list', '--older-than', 'long'], 'error: --older-than "long": write a time such as 30m, 2h or 7d'],
  [['rewards', 'show', 'x'], 'error: "x" is no key of a reward: milepost rewards list shows them'],
  [['rewards', 'retry', '--reason', 'x'], 'error: name the keys to be tried again, or a filter'],
  [
    ['holds', 'release', '--reason', 'x'],
    'error: name what is held by the ids that milepost holds list shows, or by a filter',
  ],
  [['holds', 'void', 'x', '--reason', ' '], 'error: --reason is empty: say why, for the record'],
  [['rewards', 'retry', 'x'], "error: required option '--reason <text>' not specified"],
  [
    ['inbox', 'list', '--outcome', 'lost'],
    "argument 'lost' is invalid. Allowed choices are applied, held, reversed, late",
  ],
  [['inbox', 'list', '--limit', '2000'], 'error: --limit 2000: a list holds at most 1000; narrow it down'],
  [['inbox', 'reprocess', '--reason', 'x'], 'error: name events by their ids, or those of an outcome'],
  [['inbox', 'reprocess', 'evt_1'], 'error: --reason is missing: say why, for the record (or --dry-run'],
  [
    ['inbox', 'reprocess', '--outcome', 'waiting', '--reason', 'x'],
    'error: --outcome waiting: a reversal that waits is answered by the event that it names',
  ],
  [
    ['inbox', 'reprocess', '--outcome', 'applied', '--reason', 'x'],
    'error: --outcome applied: what has changed something is not judged again',
  ],
  [
    ['inbox', 'reprocess', '--outcome', 'parked', 'late', '--reason', 'x'],
    'error: --outcome parked takes --with-reason',
  ],
  [['inbox', 'reprocess', '--resume', '1', '--dry-run'], 'error: --resume stands alone: the run knows'],
  [['circuits', 'open', 'neucoins', '--reason', 'x'], 'error: there is no service "neucoins"; there is neucoin'],
  [['ingest', 'nowhere.ndjson'], 'error: nowhere.ndjson cannot be read: there is no such file'],
  [['ingest', 'src'], 'error: src cannot be read: it is a folder'],
  [
    ['ingest', '-', '--source', 'upi_swich'],
    'error: there is no source "upi_swich" (did you mean "upi_switch"?); there is',
  ],
])('wrong usage is 2, and is told in words: %j', { timeout }, async (args, message) => {
  const { status, stdout, stderr } = await milepost(args, { env: { KAFKA_BROKERS: '127.0.0.1:1' } });
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain(message);
});

test.each([
  [
    { DATABASE_URL: 'mysql://root:secret@db/x' },
    'DATABASE_URL must be an address that begins with postgres:// or postgresql://',
  ],
  [{ METRICS_PORT: '94640' }, 'METRICS_PORT must be a whole number from 0 to 65535; found "94640"'],
  [{ KAFKA_BROKERS: 'kafka' }, 'KAFKA_BROKERS must be addresses such as host:9092,host:9092; found "kafka"'],
  [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent; found "loud"'],
  [
    { DATABASE_URL: nowhere },
    'KAFKA_BROKERS is not set: the role ingest reads from Kafka; name its brokers (host:port,host:port)',
  ],
])('a variable that is missing or wrong is named in one sentence: %j', { timeout }, async (env, sentence) => {
  expect(await milepost(['start', '--role', 'ingest'], { env })).toEqual({
    status: 2,
    stdout: '',
    stderr: `error: ${sentence}\n`,
  });
});

test.each([
  ['worker', { DATABASE_URL: nowhere }, 'NEUCOIN_URL is not set: with DATABASE_URL, the role worker needs it'],
  ['api', { DATABASE_URL: nowhere }, 'JWT_JWKS_URL is not set: with DATABASE_URL, the role api needs it'],
])('%s asks for what it needs before it looks for the database', { timeout }, async (role, env, sentence) => {
  const { status, stderr } = await milepost(['start', '--role', role], { env });
  expect({ status, stderr }).toEqual({ status: 2, stderr: `error: ${sentence}\n` });
});

test('several variables that are not right are told at once', { timeout }, async () => {
  const { stderr } = await milepost(['games', 'list'], { env: { HTTP_PORT: 'x', KAFKA_TLS: 'yes' } });
  expect(stderr.split('\n')).toEqual([
    'error: the environment is not right',
    '  KAFKA_TLS: must be one of true, false; found "yes"',
    '  HTTP_PORT: must be a whole number from 0 to 65535; found "x"',
    '',
  ]);
});

test.each([[['games', 'list']], [['migrate']], [['ingest', '-']], [['start', '--role', 'api']]])(
  'a database out of reach is 3, without a stack trace: %j',
  { timeout },
  async (args) => {
    const env = { DATABASE_URL: nowhere, JWT_JWKS_URL: 'http://127.0.0.1:1/', METRICS_PORT: '0', HTTP_PORT: '0' };
    expect(await milepost(args, { env, input: '{}\n' })).toEqual({
      status: 3,
      stdout: '',
      stderr: 'error: the database cannot be used: connect ECONNREFUSED 127.0.0.1:1; check DATABASE_URL\n',
    });
  },
);

test('who stops reading its output does not make it fail', { timeout }, async () => {
  await using running = startMilepost(['games', 'validate', 'game-configs/upi_fs_milestone_may_2026.json']);
  running.stopReading();
  expect(await running.ended).toMatchObject({ status: 0, stderr: '' });
});

test('the stand-ins say which of their ports is taken, and end', { timeout }, async () => {
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.close();
  });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  for (const first of [port, port - 1]) {
    const { status, stderr } = await milepost(['stand-in', '--port', String(first)], {
      env: { MILEPOST_HOME: tmpdir() },
    });
    expect(status).toBe(2);
    expect(stderr).toMatch(/^error: 127\.0\.0\.1:\d+ is in use: stop what listens there, or choose another port\n$/);
  }
});
