// A token issuer for development: a key pair kept in a folder, its public half as a key set, and tokens for whoever asks. Never for production:
// whoever can read the folder can be anybody.
import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JSONWebKeySet,
  type JWK,
  SignJWT,
} from 'jose';

export interface DevelopmentIssuer {
  /** The public keys, for verifying (jose's createLocalJWKSet). */
  jwks: JSONWebKeySet;
  /** A signed token. `scope` as in the claim: names with spaces between. `sources` limits a producer. Valid for an hour unless told otherwise. */
  issueToken(token: {
    sub: string;
    scope: string;
    sources?: readonly string[];
    expiresInSeconds?: number;
  }): Promise<string>;
}

const ALGORITHM = 'ES256';
const FILE = 'development-key.json';

/** Opens the issuer whose key is in `folder`; the first time, the key is made. Tokens outlive a restart. */
export async function openDevelopmentIssuer(
  folder: string,
  names: { issuer: string; audience: string },
): Promise<DevelopmentIssuer> {
  const privateJwk = await keyIn(folder);
  const key = await importJWK(privateJwk, ALGORITHM);
  const { d: _secret, ...publicJwk } = privateJwk;
  return {
    jwks: { keys: [publicJwk] },
    issueToken({ sub, scope, sources, expiresInSeconds = 3_600 }) {
      return new SignJWT({ scope, ...(sources === undefined ? {} : { sources }) })
        .setProtectedHeader({ alg: ALGORITHM, kid: privateJwk.kid as string, typ: 'JWT' })
        .setIssuer(names.issuer)
        .setAudience(names.audience)
        .setSubject(sub)
        .setIssuedAt()
        .setExpirationTime(Math.floor(Date.now() / 1_000) + expiresInSeconds)
        .sign(key);
    },
  };
}

async function keyIn(folder: string): Promise<JWK> {
  const file = join(folder, FILE);
  await mkdir(folder, { recursive: true });
  const known = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (known !== undefined) return JSON.parse(known);

  const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
  const jwk = await exportJWK(privateKey);
  const draft = `${file}.${randomUUID()}`;
  await writeFile(
    draft,
    JSON.stringify({ ...jwk, alg: ALGORITHM, use: 'sig', kid: await calculateJwkThumbprint(jwk) }),
    {
      mode: 0o600,
    },
  );
  // Linking fails where another process was faster; then its key counts.
  await link(draft, file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await rm(draft);
  return JSON.parse(await readFile(file, 'utf8'));
}
