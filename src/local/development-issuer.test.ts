import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDevelopmentIssuer } from './development-issuer.ts';

const names = { issuer: 'milepost-development', audience: 'milepost' };
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'milepost-issuer-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('issues tokens that its own key set verifies', async () => {
  const issuer = await openDevelopmentIssuer(join(folder, 'home'), names);
  const token = await issuer.issueToken({ sub: 'U1', scope: 'player producer', sources: ['tests'] });
  const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(issuer.jwks), {
    ...names,
    algorithms: ['ES256'],
  });
  expect(payload).toMatchObject({ sub: 'U1', scope: 'player producer', sources: ['tests'] });
  expect((payload.exp as number) - (payload.iat as number)).toBe(3_600);
  expect(protectedHeader.kid).toBe(issuer.jwks.keys[0]?.kid);
});

test('keeps its key: a token outlives a restart, and two who open it at once share it', async () => {
  const [first, other] = await Promise.all([
    openDevelopmentIssuer(folder, names),
    openDevelopmentIssuer(folder, names),
  ]);
  expect(other.jwks).toEqual(first.jwks);
  const token = await first.issueToken({ sub: 'U1', scope: 'player' });
  const again = await openDevelopmentIssuer(folder, names);
  await jwtVerify(token, createLocalJWKSet(again.jwks), names);
  expect(await readdir(folder)).toEqual(['development-key.json']);
});

test('shows the public half alone, and keeps the private one to its owner', async () => {
  const issuer = await openDevelopmentIssuer(folder, names);
  const file = join(folder, 'development-key.json');
  const { d } = JSON.parse(await readFile(file, 'utf8'));
  expect(d).toMatch(/^[\w-]{43}$/);
  expect(JSON.stringify(issuer.jwks)).not.toContain(d);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});
