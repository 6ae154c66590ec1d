// Administration of games: rights, revisions, what is answered and what is refused, against the real database under the roles of production.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { GameConfig } from '../src/games/config.ts';
import { type Answer, type TestApi, testApi } from '../src/testing/api.ts';
import { makeGame, paymentTrigger, upiPayment } from '../src/testing/make.ts';

let api: TestApi;
let owner: string;

beforeAll(async () => {
  api = await testApi();
  api.time.now = Date.now();
  owner = await api.token({ sub: 'asha', scope: 'owner' });
});
afterAll(() => api[Symbol.asyncDispose]());

const day = 86_400_000;
const start = new Date(Date.now() - 10 * day).toISOString();
const end = new Date(Date.now() + 50 * day).toISOString();

/** A game of its own event type, in which an event is worth this much. */
function gameOf(game_id: string, worth = 1): GameConfig {
  return makeGame({
    game_id,
    game_window: { start, end },
    triggers: [{ ...paymentTrigger({ worth }), event_type: `paid_in_${game_id}` }],
  });
}

/** A request of the owner. `seen` is the revision that they saw. */
function ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  return api.call(`/api/admin/games${path}`, {
    method,
    headers: { Authorization: `Bearer ${owner}`, 'Content-Type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
}

const seen = (revision: number) => (revision === 0 ? { 'If-None-Match': '*' } : { 'If-Match': `"${revision}"` });

async function activated(game_id: string): Promise<string> {
  const { status } = await ask('POST', `/${game_id}/versions`, { config: gameOf(game_id), reason: 'new' }, seen(0));
  expect(status).toBe(201);
  return game_id;
}

describe('who may', () => {
  const routes: [string, string][] = [
    ['GET', ''],
    ['GET', '/summer'],
    ['GET', '/summer/versions/1'],
    ['GET', '/summer/budgets'],
    ['POST', '/validate'],
    ['POST', '/summer/versions'],
    ['POST', '/summer/pause'],
    ['POST', '/summer/resume'],
    ['POST', '/summer/end'],
    ['POST', '/summer/rollback'],
  ];

  test.each(routes)('%s %s takes a token with the scope of an owner', async (method, path) => {
    expect((await api.call(`/api/admin/games${path}`, { method })).status).toBe(401);
    for (const scope of ['player', 'producer', 'player producer', '']) {
      const token = await api.token({ scope });
      const { status, body } = await ask(method, path, method === 'GET' ? undefined : {}, {
        Authorization: `Bearer ${token}`,
      });
      expect({ status, detail: body.detail }).toEqual({
        status: 403,
        detail: 'this takes a token with the scope "owner"',
      });
    }
  });
});

describe('a game’s life', () => {
  test('from its first version to its end, each change with who, when and why', async () => {
    const text = `{"config": ${JSON.stringify(gameOf('summer'), null, 1)}, "reason": "the beginning"}`;
    const first = await ask('POST', '/summer/versions', text, seen(0));
    expect(first.status).toBe(201);
    expect(first.headers.get('etag')).toBe('"1"');
    expect(first.headers.get('location')).toBe('/api/admin/games/summer/versions/1');
    expect(first.body).toEqual({
      game_id: 'summer',
      version: 1,
      in_force_from: start,
      changed: true,
      revision: 1,
      before: null,
      differences: [],
      remarks: [],
    });

    const from = new Date(Date.now() + 5 * day).toISOString();
    const second = await ask(
      'POST',
      '/summer/versions',
      { config: gameOf('summer', 2), from, reason: 'more of it' },
      seen(1),
    );
    expect(second.body).toMatchObject({
      version: 2,
      in_force_from: from,
      before: 1,
      differences: [{ path: '$.triggers[0].progression_config', sentence: 'trigger payment adds 2 instead of 1' }],
    });
    const back = await ask('POST', '/summer/rollback', { to_version: 1, from, reason: 'too much' }, seen(2));
    expect(back.body).toMatchObject({ version: 3, remarks: [expect.stringContaining('version 2, which was to be')] });
    const paused = await ask('POST', '/summer/pause', { reason: 'sent twice' }, seen(3));
    expect(paused.headers.get('etag')).toBe('"4"');
    expect(paused.body).toMatchObject({ game_id: 'summer', change_no: 1, status: 'paused', revision: 4, remarks: [] });
    expect((await ask('POST', '/summer/resume', { at: from, reason: 'mended' }, seen(4))).status).toBe(200);
    expect((await ask('POST', '/summer/end', { at: end, reason: 'the end' }, seen(5))).status).toBe(200);

    const { status, headers, body } = await ask('GET', '/summer');
    expect(status).toBe(200);
    expect(headers.get('etag')).toBe('"6"');
    expect(body).toMatchObject({ game_id: 'summer', revision: 6, version: 1, archetype: 'NUMERIC_COUNTER' });
    expect(body.config).toEqual(gameOf('summer'));
    const signed = (reason: string) => ({
      in_force_from: expect.stringMatching(/Z$/),
      made_at: expect.stringMatching(/Z$/),
      made_by: 'asha',
      reason,
    });
    expect(body.timeline).toEqual({
      versions: [
        { version: 1, state: 'in_force', ...signed('the beginning') },
        { version: 2, state: 'cancelled', ...signed('more of it') },
        { version: 3, state: 'planned', ...signed('too much') },
      ],
      statuses: [
        { change_no: 1, status: 'paused', state: expect.any(String), ...signed('sent twice') },
        { change_no: 2, status: 'active', state: 'planned', ...signed('mended') },
        { change_no: 3, status: 'ended', state: 'planned', ...signed('the end') },
      ],
    });

    const version = await ask('GET', '/summer/versions/1');
    expect(version.body).toMatchObject({ version: 1, made_by: 'asha', config: gameOf('summer') });
    // As it was sent, to the letter.
    expect(version.body.source_text).toBe(JSON.stringify(gameOf('summer'), null, 1));
    const list = await ask('GET', '');
    expect(list.body.games).toContainEqual(expect.objectContaining({ game_id: 'summer', revision: 6, versions: 3 }));
  });

  test('what is in force already is not activated again', async () => {
    const game = await activated('same');
    const again = await ask('POST', `/${game}/versions`, { config: gameOf(game), reason: 'again' }, seen(1));
    expect(again.status).toBe(200);
    expect(again.body).toMatchObject({ version: 1, changed: false, revision: 1 });
    expect(again.headers.get('location')).toBeNull();
  });
});

describe('a revision that was seen', () => {
  let game: string;
  let names = 0;
  beforeEach(async () => {
    game = await activated(`revised_${++names}`);
  });
  const pause = (headers: Record<string, string>) => ask('POST', `/${game}/pause`, { reason: 'because' }, headers);

  test('is required', async () => {
    for (const path of ['versions', 'pause', 'resume', 'end', 'rollback']) {
      const { status, body } = await ask('POST', `/${game}/${path}`, { reason: 'because' });
      expect(status).toBe(428);
      expect(body.detail).toContain(
        'say which revision of the game you have seen: send the ETag of the game as If-Match',
      );
    }
  });

  test.each([
    [{ 'If-Match': '1' }],
    [{ 'If-Match': 'W/"1"' }],
    [{ 'If-Match': '*' }],
    [{ 'If-Match': '"1", "2"' }],
    [{ 'If-None-Match': '"1"' }],
    [{ 'If-Match': '"1"', 'If-None-Match': '*' }],
  ])('is one number in quotes: %j', async (headers) => {
    expect(await pause(headers)).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining('do not name one revision') },
    });
  });

  test('and is not the newest is refused, with the newest', async () => {
    expect((await pause(seen(1))).status).toBe(200);
    const stale = await ask('POST', `/${game}/resume`, { reason: 'because' }, seen(1));
    expect(stale).toMatchObject({ status: 412, body: { detail: expect.stringContaining('its revision is 2') } });
    expect(stale.headers.get('etag')).toBe('"2"');
    expect((await pause(seen(0))).status).toBe(412);
    expect(
      (await ask('POST', '/not_there/versions', { config: gameOf('not_there'), reason: 'x' }, seen(4))).status,
    ).toBe(412);
  });

  test('by two at once serves one of them', async () => {
    const both = await Promise.all([pause(seen(1)), ask('POST', `/${game}/end`, { reason: 'because' }, seen(1))]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 412]);
    expect((await ask('GET', `/${game}`)).body.revision).toBe(2);
  });
});

describe('what is not right', () => {
  const right = { config: gameOf('wrong'), reason: 'because' };
  test.each<[string, unknown, number, { path: string; message: string }]>([
    ['no reason', { config: gameOf('wrong') }, 400, { path: '$.reason', message: 'missing; text is required' }],
    ['a blank reason', { ...right, reason: ' ' }, 400, { path: '$.reason', message: 'must say why, for the record' }],
    [
      'a long reason',
      { ...right, reason: 'x'.repeat(501) },
      400,
      { path: '$.reason', message: 'at most 500 characters' },
    ],
    ['an unknown key', { ...right, form: '' }, 400, { path: '$.form', message: 'did you mean "from"?' }],
    ['no config', { reason: 'because' }, 400, { path: '$.config', message: 'missing; an object is required' }],
    [
      'a time without offset',
      { ...right, from: '2026-06-01T00:00:00' },
      400,
      { path: '$.from', message: 'with its offset' },
    ],
    [
      'a config that is not right',
      { ...right, config: { ...gameOf('wrong'), cohort: 'x' } },
      422,
      { path: '$.config.cohort', message: 'unknown key "cohort" (did you mean "cohort_id"?)' },
    ],
    [
      'a field that no source declares',
      JSON.stringify(right).replace('attributes.transaction_amount', 'attributes.transaction_amuont'),
      422,
      {
        path: '$.config.triggers[0].rule.conditions[0].field',
        message: 'did you mean "attributes.transaction_amount"?',
      },
    ],
    [
      'the config of another game',
      { ...right, config: gameOf('another') },
      422,
      { path: '$.config.game_id', message: 'must be that of the path, "wrong"; found "another"' },
    ],
  ])('%s is named by its path', async (_what, body, status, { path, message }) => {
    const answer = await ask('POST', '/wrong/versions', body, seen(0));
    expect(answer.status, answer.text).toBe(status);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.body.problems).toContainEqual({ path, message: expect.stringContaining(message) });
  });

  test('nothing of it was activated', async () => {
    expect((await ask('GET', '/wrong')).status).toBe(404);
  });

  test('a change in a window that has begun is refused with its path', async () => {
    const game = await activated('begun');
    const config = { ...gameOf(game), milestone_steps: makeGame({ milestone_steps: [4] }).milestone_steps };
    expect(await ask('POST', `/${game}/versions`, { config, reason: 'because' }, seen(1))).toMatchObject({
      status: 409,
      body: {
        detail: 'config: begun cannot change like this while its window runs',
        problems: [
          {
            path: '$.config.milestone_steps[0].step',
            message: 'may not change from 3 to 4 in a window that has begun',
          },
        ],
      },
    });
  });

  test('a change that would change nothing, and one after the end', async () => {
    const game = await activated('over');
    const body = { reason: 'because' };
    const refused = { status: 409, body: { detail: 'over is active already; nothing was changed' } };
    expect(await ask('POST', `/${game}/resume`, body, seen(1))).toMatchObject(refused);
    const at = new Date(Date.now() - day).toISOString();
    expect((await ask('POST', `/${game}/end`, { ...body, at }, seen(1))).status).toBe(200);
    for (const path of ['pause', 'resume', 'end']) {
      const { status, body: problem } = await ask('POST', `/${game}/${path}`, body, seen(2));
      expect({ status, detail: problem.detail }).toEqual({
        status: 409,
        detail: expect.stringMatching(/^over has ended on .* \(asha: because\); an end is final$/),
      });
    }
  });

  test('a game or version that does not exist', async () => {
    await activated('monsoon');
    const { status, body } = await ask('GET', '/monsooon');
    expect({ status, detail: body.detail }).toEqual({
      status: 404,
      detail: expect.stringContaining('there is no game "monsooon" (did you mean "monsoon"?)'),
    });
    expect((await ask('POST', '/monsooon/pause', { reason: 'because' }, seen(1))).status).toBe(404);
    for (const path of ['/mon%00soon', '/mon%00soon/versions/1']) expect((await ask('GET', path)).status).toBe(404);
    for (const version of ['2', '0', 'x', '1e0']) {
      expect((await ask('GET', `/monsoon/versions/${version}`)).status).toBe(404);
    }
    expect(await ask('POST', '/monsoon/rollback', { to_version: 7, reason: 'because' }, seen(1))).toMatchObject({
      status: 409,
      body: { detail: 'monsoon has no version 7: there is version 1 only' },
    });
  });

  test('the past of what has been judged, until it is meant', async () => {
    const game = await activated('judged');
    await api.engine.take([
      upiPayment(100, { type: `paid_in_${game}`, user: 'U8', occurred: Date.now() - 2 * day }),
      upiPayment(100, { type: `paid_in_${game}`, user: 'U9', occurred: Date.now() - 2 * day }),
    ]);
    const body = {
      config: gameOf(game, 2),
      from: new Date(Date.now() - 3 * day).toISOString(),
      reason: 'because',
    };
    const refused = await ask('POST', `/${game}/versions`, body, seen(1));
    expect(refused.status).toBe(409);
    expect(refused.body.detail).toMatch(/: 2 events of 2 players that occurred since then .* gave 2 credits/);
    expect(refused.body.detail).toMatch(/If that is meant, send "into_the_past": true$/);
    const meant = await ask('POST', `/${game}/versions`, { ...body, into_the_past: true }, seen(1));
    expect(meant).toMatchObject({ status: 201, body: { remarks: [expect.stringContaining('not looked at again')] } });
  });
});

describe('POST /api/admin/games/validate', () => {
  test('tells what is wrong, by path, and stores nothing', async () => {
    const { status, body } = await ask('POST', '/validate', { ...gameOf('draft'), cohort_id: '' });
    expect(status).toBe(200);
    expect(body).toEqual({
      valid: false,
      problems: [{ path: '$.cohort_id', message: expect.stringContaining('at least 1') }, expect.anything()],
      game_id: null,
      against: null,
      differences: [],
      remarks: [],
    });
    expect((await ask('GET', '/draft')).status).toBe(404);
  });

  test('tells what is new, and what it changes in the version in force', async () => {
    expect((await ask('POST', '/validate', gameOf('draft'))).body).toEqual({
      valid: true,
      problems: [],
      game_id: 'draft',
      against: null,
      differences: [],
      remarks: [],
    });
    const game = await activated('drafted');
    expect((await ask('POST', '/validate', gameOf(game, 5))).body).toMatchObject({
      valid: true,
      against: 1,
      differences: [{ sentence: 'trigger payment adds 5 instead of 1' }],
    });
  });

  test('tells what would be refused now although the file is right: in a window that has begun, and after the end', async () => {
    const game = await activated('remarked');
    const config = { ...gameOf(game), milestone_steps: makeGame({ milestone_steps: [4] }).milestone_steps };
    const why = '$.milestone_steps[0].step may not change from 3 to 4 in a window that has begun';
    expect((await ask('POST', '/validate', config)).body).toMatchObject({
      valid: true,
      problems: [],
      remarks: [`to activate it now would be refused: ${why}`],
    });
    expect((await ask('POST', '/validate', gameOf(game, 2))).body).toMatchObject({ valid: true, remarks: [] });
    const at = new Date(Date.now() - day).toISOString();
    expect((await ask('POST', `/${game}/end`, { at, reason: 'because' }, seen(1))).status).toBe(200);
    expect((await ask('POST', '/validate', gameOf(game, 2))).body).toMatchObject({
      valid: true,
      remarks: [expect.stringMatching(/^to activate it now would be refused: remarked has ended on/)],
    });
  });

  test('takes JSON', async () => {
    expect((await ask('POST', '/validate', 'no json')).status).toBe(400);
    expect((await ask('POST', '/validate', '{}', { 'Content-Type': 'text/plain' })).status).toBe(415);
  });
});

describe('budgets', () => {
  test('of the version in force, with what is taken of them', async () => {
    const config = { ...gameOf('thrifty'), budgets: [{ budget_id: 'coins', period: 'day', limit: { amount: 90 } }] };
    expect((await ask('POST', '/thrifty/versions', { config, reason: 'new' }, seen(0))).status).toBe(201);
    const { rows } = await api.database.pool.query("select game_no from milepost.game where game_id = 'thrifty'");
    await api.database.pool.query(
      `insert into milepost.budget_period values ($1, 'coins', '2026-05-01T18:30:00Z', 60, 2), ($1, 'former', '2026-05-01T18:30:00Z', 5, 1)`,
      [rows[0].game_no],
    );
    const none = { claims: 0, amount: 0 };
    const nothing = { paid: none, downgraded: 0, held: none, skipped: none, let_through: none };
    const { status, body } = await ask('GET', '/thrifty/budgets');
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        game_id: 'thrifty',
        version: 1,
        budgets: [
          {
            budget_id: 'coins',
            period: 'day',
            limit: { amount: 90, claims: null },
            when_exhausted: 'hold',
            downgrade_to: null,
            periods: [{ start: '2026-05-01T18:30:00.000Z', taken: { claims: 2, amount: 60 }, ...nothing }],
          },
          {
            budget_id: 'former',
            period: null,
            limit: null,
            when_exhausted: null,
            downgrade_to: null,
            periods: [{ start: '2026-05-01T18:30:00.000Z', taken: { claims: 1, amount: 5 }, ...nothing }],
          },
        ],
      },
    });
  });

  test('of a game that there is not', async () => {
    expect((await ask('GET', '/nowhere/budgets')).status).toBe(404);
  });
});
