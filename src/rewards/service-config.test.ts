import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { UserError } from '../errors.ts';
import { parseService, readServices, secretsOf } from './service-config.ts';

const page = readFileSync(new URL('../../docs/services.md', import.meta.url), 'utf8');
const [, example = ''] = /```jsonc\n(.*?)```/s.exec(page) ?? [];

type Draft = { [field: string]: never } & Record<string, never>;

/** What is wrong with the example once it is changed, as `path: message`. */
function problemsWith(change: (service: Draft) => void): string[] {
  const service = JSON.parse(example.replaceAll(/\/\/ .*$/gm, '')) as Draft;
  change(service);
  try {
    parseService(JSON.stringify(service), 'file');
    return [];
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return error.problems.map(({ path, message }) => `${path}: ${message.replace(/ \(line.*\)$/, '')}`);
  }
}

const set = (path: string, value: unknown) => (service: Draft) => {
  const keys = path.split('.');
  const last = keys.pop() as string;
  const at = keys.reduce((part: Record<string, unknown>, key) => part[key] as Record<string, unknown>, service);
  if (value === undefined) delete at[last];
  else at[last] = value;
};

test('the example of the page is right, and names its secrets', () => {
  const service = parseService(example, 'docs/services.md');
  expect(secretsOf(service)).toEqual([
    'MILEPOST_SECRET_LOUNGE_HMAC',
    'MILEPOST_SECRET_LOUNGE_TOKEN',
    'MILEPOST_SECRET_LOUNGE_URL',
  ]);
  expect(problemsWith(() => {})).toEqual([]);
});

test.each<[string, unknown, string]>([
  ['payy', {}, '$.payy: unknown key "payy" (did you mean "pay"?)'],
  ['pay.boddy', {}, '$.pay.boddy: unknown key "boddy" (did you mean "body"?)'],
  ['service_id', 'Lounge', '$.service_id: must be lower-case letters'],
  ['url', 'ftp://x', '$.url'],
  ['url', 'http://169.254.169.254/latest', '$.url: 169.254.169.254 is an address of the machine'],
  ['headers.Authorization', { secret: 'TOKEN' }, '$.headers.Authorization'],
  ['headers.Idempotency-Key', 'x', '$.headers["Idempotency-Key"]: is there already'],
  ['headers.Content-Type', 'x', '$.headers["Content-Type"]: is written by Milepost'],
  ['timeout_ms', 60_000, '$.timeout_ms'],
  ['pay.path', 'passes', '$.pay.path: must begin with "/"'],
  ['pay.path', '/passes/{ky}', '$.pay.path: nothing is called {ky} (did you mean "key"?)'],
  ['pay.body.customer', '{paid.pass_id}', '$.pay.body: nothing is called {paid.pass_id}'],
  [
    'take_back.body.pass',
    '{paid.passid}',
    '$.take_back.body: nothing is called {paid.passid} (did you mean "paid.pass_id"?)',
  ],
  ['pay.answers', [{ status: [200], means: 'retry' }], '$.pay.answers: no answer means done'],
  ['pay.answers.0.means', 'don', '$.pay.answers[0].means'],
  ['pay.answers.0.where', { 'a..b': 1 }, '$.pay.answers[0].where["a..b"]: is not a path'],
  ['pay.answers.1.keep', { x: 'y' }, '$.pay.answers[1].keep: unknown key "keep"'],
  ['lookup.answers.0.keep', {}, '$.lookup.answers: keeps no "pass_id"'],
  ['lookup.answers.1.means', 'refused', '$.lookup.answers[1].means'],
  ['take_back', undefined, '$.lookup_take_back: has no meaning without "take_back"'],
])('%s = %o is refused', (path, value, problem) => {
  expect(problemsWith(set(path, value))).toEqual(expect.arrayContaining([expect.stringContaining(problem)]));
});

test('a folder is read in the order of its names; what is wrong in all of it is told at once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'milepost-services-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  expect(await readServices(join(folder, 'none'))).toEqual([]);
  await writeFile(join(folder, 'b.jsonc'), example);
  await writeFile(join(folder, 'a.json'), example.replace('"lounge_pass"', '"another"'));
  await writeFile(join(folder, 'notes.txt'), 'nothing');
  expect((await readServices(folder)).map(({ service_id }) => service_id)).toEqual(['another', 'lounge_pass']);
  await writeFile(join(folder, 'c.jsonc'), example);
  await writeFile(join(folder, 'd.jsonc'), '{');
  const refused = (await readServices(folder).catch((error: unknown) => error)) as UserError;
  expect(refused.problems.map(({ path }) => path)).toEqual([
    `${join(folder, 'c.jsonc')} $.service_id`,
    `${join(folder, 'd.jsonc')} $`,
  ]);
});
