import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRemoteJWKSet, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { limits } from '../src/limits.ts';
import { playerHash } from '../src/log.ts';
import { type Answer, testApi } from '../src/testing/api.ts';
import { silent } from '../src/testing/engine.ts';
import { at, gameHistory, makeGame } from '../src/testing/make.ts';
import { waitFor } from '../src/testing/wait.ts';
import { type Auth, createAuth, remoteKeys } from './auth.ts';
import { Problem } from './problem.ts';

const games = [gameHistory(makeGame())];
const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

function expectUnauthorized(answer: Answer, why: string): void {
  expect(answer.status, why).toBe(401);
  expect(answer.headers.get('content-type'), why).toBe('application/problem+json');
  expect(answer.headers.get('www-authenticate'), why).toMatch(/^Bearer realm="milepost"/);
  expect(answer.body, why).toMatchObject({ status: 401, title: 'Unauthorized' });
  expect(answer.text, why).not.toMatch(/jose|ERR_|at .*\.(ts|js)/);
}

test('a token that is right is let in', async () => {
  await using api = await testApi({ games });
  expect((await api.get('/api/games/active')).status).toBe(200);
  expect(
    (await api.call('/api/games/active', { headers: { Authorization: `bearer ${await api.token()}` } })).status,
  ).toBe(200);
});

test('a token that is wrong in any way is 401', async () => {
  await using api = await testApi({ games });
  const good = await api.token();
  const [header = '', payload = '', signature = ''] = good.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
  const other = await generateKeyPair('ES256');
  const sign = (alg: string, key: Parameters<SignJWT['sign']>[0]) =>
    new SignJWT(claims).setProtectedHeader({ alg, kid: 'k1' }).sign(key);
  const shared = new TextEncoder().encode('a secret that both sides might share, 32 bytes');
  const wrong: Record<string, string | Promise<string>> = {
    expired: api.token({ exp: at('05-10') / 1_000 - 1 }),
    'not yet valid': api.token({ nbf: at('05-11') / 1_000 }),
    'other issuer': api.token({ iss: 'somebody' }),
    'no issuer': api.token({ iss: undefined }),
    'other audience': api.token({ aud: 'another' }),
    'no audience': api.token({ aud: undefined }),
    'no expiry': api.token({ exp: undefined }),
    'no subject': api.token({ sub: undefined }),
    'empty subject': api.token({ sub: '' }),
    'subject that is no text': api.token({ sub: 7 }),
    'subject with NUL': api.token({ sub: 'U1\0' }),
    'subject with half a character': api.token({ sub: 'U\ud800' }),
    'overlong subject': api.token({ sub: 'ü'.repeat(65) }),
    'alg none': `${base64({ alg: 'none' })}.${payload}.`,
    'alg None with a signature': `${base64({ alg: 'None', kid: 'k1' })}.${payload}.${signature}`,
    'another key': sign('ES256', other.privateKey),
    'a symmetric key': sign('HS256', shared),
    'a pinned-out algorithm': sign('ES384', (await generateKeyPair('ES384')).privateKey),
    'changed payload': `${header}.${base64({ ...claims, sub: 'U2' })}.${signature}`,
    'cut signature': `${header}.${payload}.${signature.slice(0, -2)}`,
    'no signature': `${header}.${payload}`,
    'not a token': 'abc',
  };
  for (const [why, token] of Object.entries(wrong)) {
    const answer = await api.get('/api/games/active', { token: await token });
    expectUnauthorized(answer, why);
    expect(answer.headers.get('www-authenticate'), why).toContain('error="invalid_token"');
  }
  expect(
    (await api.get('/api/games/active', { token: await api.token({ exp: at('05-09') / 1_000 }) })).body.detail,
  ).toBe('the token has expired');
});

test.each(['ES384', 'PS256', 'Ed25519'])(
  'an algorithm that is not pinned is refused, though the key is right: %s',
  async (alg) => {
    const { privateKey, publicKey } = await generateKeyPair(alg);
    const token = new SignJWT({ scope: 'player' })
      .setProtectedHeader({ alg })
      .setIssuer('i')
      .setAudience('a')
      .setSubject('U1')
      .setExpirationTime(at('06-10') / 1_000)
      .sign(privateKey);
    const rules = { issuer: 'i', audience: 'a', keys: async () => publicKey };
    const enter = entrance(createAuth(rules, silent, () => at('05-10')));
    const entering = enter(await token);
    await expect(entering).rejects.toMatchObject({ status: 401 });
  },
);

test('without a usable Authorization header it is 401, without an error code', async () => {
  await using api = await testApi({ games });
  for (const header of [
    undefined,
    '',
    'Basic VTE6eA==',
    'Bearer',
    'Bearer ',
    `Bearer ${await api.token()} x`,
    'Bearer ü',
  ]) {
    const headers: Record<string, string> = header === undefined ? {} : { Authorization: encodeURI(header) };
    const answer = await api.call('/api/games/active', { headers });
    expectUnauthorized(answer, String(header));
  }
  const { headers } = await api.get('/api/games/active', null);
  expect(headers.get('www-authenticate')).toBe('Bearer realm="milepost"');
});

test('a token of the wrong scope is 403', async () => {
  await using api = await testApi({ games });
  const event = { event_id: 'e' };
  const refused: Answer[] = [
    await api.get('/api/games/active', { token: await api.token({ scope: 'producer' }) }),
    await api.get('/api/games/game', { token: await api.token({ scope: undefined }) }),
    await api.get('/api/games/game/history', { token: await api.token({ scope: ['player'] }) }),
    await api.get('/api/games/active', { token: await api.token({ scope: 'players' }) }),
    await api.send(event, { token: await api.token({ scope: 'player' }) }),
  ];
  for (const { status, headers, body } of refused) {
    expect(status).toBe(403);
    expect(headers.get('www-authenticate')).toMatch(/error="insufficient_scope", scope="(player bff|producer)"/);
    expect(body).toMatchObject({ status: 403, title: 'Forbidden' });
  }
  const both = await api.token({ scope: 'openid player producer' });
  expect((await api.get('/api/games/active', { token: both })).status).toBe(200);
});

describe('verified tokens', () => {
  test('are remembered only until they expire', async () => {
    await using api = await testApi({ games });
    const token = await api.token({ exp: at('05-10') / 1_000 + 60 });
    expect((await api.get('/api/games/active', { token })).status).toBe(200);
    api.time.now += 59_000;
    expect((await api.get('/api/games/active', { token })).status).toBe(200);
    api.time.now += 1_000;
    expectUnauthorized(await api.get('/api/games/active', { token }), 'expired while remembered');
  });

  /** An authenticator on its own, whose keys are looked up where a test can see it. */
  async function authenticator() {
    const { privateKey, publicKey } = await generateKeyPair('EdDSA');
    const seen = { lookups: 0, now: at('05-10') };
    let keys: (typeof publicKey)[] = [publicKey];
    const auth = createAuth(
      {
        issuer: 'i',
        audience: 'a',
        keys: async () => {
          seen.lookups++;
          const [key] = keys;
          if (key === undefined) throw new Error('no key');
          return key;
        },
      },
      silent,
      () => seen.now,
    );
    const enter = entrance(auth);
    const token = (sub: string) =>
      new SignJWT({ scope: 'player' })
        .setProtectedHeader({ alg: 'EdDSA' })
        .setIssuer('i')
        .setAudience('a')
        .setSubject(sub)
        .setExpirationTime(at('06-10') / 1_000)
        .sign(privateKey);
    return { enter, token, seen, takeBack: () => (keys = []) };
  }

  test('are verified once, and again after a few minutes: a key that was taken back stops counting', async () => {
    const { enter, token, seen, takeBack } = await authenticator();
    const mine = await token('U1');
    for (let round = 0; round < 5; round++) await enter(mine);
    expect(seen.lookups).toBe(1);
    takeBack();
    await enter(mine);
    seen.now += limits.tokenCacheMs;
    await expect(enter(mine)).rejects.toThrow(Problem);
  });

  test('are bounded in number: the oldest are forgotten', async () => {
    const { enter, token, seen } = await authenticator();
    const tokens = await Promise.all(Array.from({ length: limits.cachedTokens + 1 }, (_, index) => token(`U${index}`)));
    for (const each of tokens) await enter(each);
    await enter(tokens.at(-1) as string);
    expect(seen.lookups).toBe(limits.cachedTokens + 1);
    await enter(tokens[0] as string);
    expect(seen.lookups).toBe(limits.cachedTokens + 2);
  }, 60_000);
});

test('keys come from a JWKS address: a new one is found, and an issuer that is away is 503, not 401', async () => {
  const first = await generateKeyPair('RS256');
  const second = await generateKeyPair('RS256');
  const jwk = async (kid: string, key: typeof first.publicKey): Promise<JWK> => ({
    ...(await exportJWK(key)),
    kid,
    alg: 'RS256',
  });
  let keys: JWK[] = [await jwk('one', first.publicKey)];
  let status = 200;
  const issuer = createServer((_, response) => response.writeHead(status).end(JSON.stringify({ keys })));
  await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/jwks`;
  const token = (kid: string, key: typeof first.privateKey) =>
    new SignJWT({ scope: 'player' })
      .setProtectedHeader({ alg: 'RS256', kid })
      .setIssuer('i')
      .setAudience('a')
      .setSubject(kid)
      .setExpirationTime(Math.floor(Date.now() / 1_000) + 60)
      .sign(key);
  const enterWith = (source: ReturnType<typeof remoteKeys>) =>
    entrance(createAuth({ issuer: 'i', audience: 'a', keys: source }, silent, Date.now));

  const enter = enterWith(createRemoteJWKSet(new URL(url), { cooldownDuration: 0 }));
  await enter(await token('one', first.privateKey));
  await expect(enter(await token('two', second.privateKey))).rejects.toMatchObject({ status: 401 });
  keys = [...keys, await jwk('two', second.publicKey)];
  await enter(await token('two', second.privateKey));

  status = 500;
  await expect(enterWith(remoteKeys(url))(await token('one', first.privateKey))).rejects.toMatchObject({ status: 503 });
  issuer.close();
  issuer.closeAllConnections();
  await expect(enterWith(remoteKeys(url))(await token('one', first.privateKey))).rejects.toMatchObject({ status: 503 });
});

test('the log names requests and hashed callers, and holds no token', async () => {
  const lines: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => lines.push(line) });
  await using api = await testApi({ games, log });
  const token = await api.token({ sub: 'player-with-a-name' });
  await api.call('/api/games/active?after_event=evt_1', {
    headers: { Authorization: `Bearer ${token}`, 'X-Request-Id': 'my-request.1' },
  });
  await api.get('/api/games/active', { token: 'abc.def.ghi' });
  await api.get('/api/games/game/history', { token });
  await waitFor('three lines', () => lines.length >= 3);
  const entries = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'request');
  expect(entries).toMatchObject([
    {
      request_id: 'my-request.1',
      method: 'GET',
      route: '/api/games/active',
      status: 200,
      caller: playerHash('player-with-a-name'),
    },
    { route: '/api/games/active', status: 401 },
    { route: '/api/games/:game_id/history', status: 200 },
  ]);
  const all = lines.join('');
  for (const secret of [token, 'player-with-a-name', 'abc.def.ghi', 'evt_1', 'Bearer'])
    expect(all).not.toContain(secret);
});

test('a key that the issuer takes back stops counting when its keys are next looked at, also for tokens that were let in', async () => {
  const [first, second] = [await generateKeyPair('ES256'), await generateKeyPair('ES256')];
  const jwk = async (kid: string, key: typeof first.publicKey): Promise<JWK> => ({
    ...(await exportJWK(key)),
    ...{ kid, alg: 'ES256' },
  });
  let keys = [await jwk('one', first.publicKey), await jwk('two', second.publicKey)];
  let looks = 0;
  const issuer = createServer((_, response) => {
    looks++;
    response.end(JSON.stringify({ keys }));
  });
  await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/jwks`;
  // A minute later, as far as the keys are concerned: they are old at once.
  const rules = { issuer: 'i', audience: 'a', keys: remoteKeys(url, 0) };
  const enter = entrance(createAuth(rules, silent, Date.now));
  const token = (kid: string, key: typeof first.privateKey) =>
    new SignJWT({ scope: 'player' })
      .setProtectedHeader({ alg: 'ES256', kid })
      .setIssuer('i')
      .setAudience('a')
      .setSubject(kid)
      .setExpirationTime('1h')
      .sign(key);
  const [mine, other] = [await token('one', first.privateKey), await token('two', second.privateKey)];
  await enter(mine);
  await enter(other);
  keys = keys.slice(1);
  await waitFor('the key to stop counting', async () => {
    const refused = await Promise.resolve(enter(mine)).then(
      () => false,
      (error: Problem) => error.status === 401,
    );
    return refused;
  });
  await enter(other);
  expect(looks).toBeGreaterThan(1);
  issuer.close();
  issuer.closeAllConnections();
});

/** Asks for a player's route with a token, of an authenticator on its own. */
function entrance(auth: Auth): (token: string) => Promise<void> {
  return async (token) => {
    await auth({ req: { headers: { authorization: `Bearer ${token}` } }, state: {} } as never, ['player']);
  };
}
