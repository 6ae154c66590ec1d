// Who asks: verifies bearer tokens (JWT) and remembers verified ones. Owns the accepted algorithms and what a token must say. Never logs a token
// and keeps none: the memory holds digests.
import { hash } from 'node:crypto';
import { createRemoteJWKSet, customFetch, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import type { ParameterizedContext } from 'koa';
import { messageOf } from '../src/errors.ts';
import { isIdentifier } from '../src/ids.ts';
import { limits } from '../src/limits.ts';
import type { Log } from '../src/log.ts';
import type { Instant } from '../src/time.ts';
import type { Scope } from './contract/route.ts';
import { Problem, unavailable } from './problem.ts';
import type { ApiState, Caller } from './state.ts';

const ALGORITHMS = ['ES256', 'RS256', 'EdDSA'];

/** Finds the key that signed a token. Of keys that change, `edition` says which they are now: what an older one verified is verified again. */
export type TokenKeys = JWTVerifyGetKey & { edition?(): number };

/** What accepted tokens are checked against. */
export interface TokenRules {
  issuer: string;
  audience: string;
  /** `remoteKeys(url)`, or jose's createLocalJWKSet. */
  keys: TokenKeys;
}

/** The keys at an issuer's JWKS address: fetched when needed, again when an unknown key turns up, and again when they have grown old. */
export function remoteKeys(url: string, cacheMaxAge: number = limits.keysCacheMs): TokenKeys {
  let edition = 0;
  let text: string | undefined;
  const keys = createRemoteJWKSet(new URL(url), {
    timeoutDuration: limits.httpWaitMs,
    cacheMaxAge,
    // Unknown keys in tokens make nobody ask the issuer more often than this.
    cooldownDuration: Math.min(cacheMaxAge, limits.keysPauseMs),
    async [customFetch](address, options) {
      const response = await fetch(address, options);
      const found = await response.clone().text();
      if (response.ok && found !== text) {
        text = found;
        edition++;
      }
      return response;
    },
  });
  const look: JWTVerifyGetKey = (header, token) => keys(header, token);
  return Object.assign(look, {
    edition() {
      // A look now and then, for which nobody waits; what it finds counts from the next token on.
      if (text !== undefined && !keys.fresh && !keys.reloading && !keys.coolingDown) keys.reload().catch(() => {});
      return edition;
    },
  });
}

/** Requires a token with one of some scopes of a request, and remembers in its state who asks. A promise only where a token has to be verified. */
export type Auth = (ctx: ParameterizedContext<ApiState>, scopes: readonly Scope[]) => void | Promise<void>;

export function createAuth(rules: TokenRules, log: Log, clock: () => Instant): Auth {
  const verified = new Map<string, { caller: Caller; until: Instant; edition: number | undefined }>();

  function remembered(digest: string): Caller | undefined {
    const known = verified.get(digest);
    return known !== undefined && clock() < known.until && known.edition === rules.keys.edition?.()
      ? known.caller
      : undefined;
  }

  async function verifiedCaller(token: string, digest: string): Promise<Caller> {
    const payload = await verify(token);
    const caller = readCaller(payload);
    verified.delete(digest);
    // The oldest go first; a Map keeps the order of insertion.
    if (verified.size >= limits.cachedTokens) verified.delete(verified.keys().next().value as string);
    const until = Math.min((payload.exp as number) * 1_000, clock() + limits.tokenCacheMs);
    verified.set(digest, { caller, until, edition: rules.keys.edition?.() });
    return caller;
  }

  async function verify(token: string): Promise<JWTPayload> {
    const currentDate = new Date(clock());
    try {
      const { payload } = await jwtVerify(token, rules.keys, {
        issuer: rules.issuer,
        audience: rules.audience,
        algorithms: ALGORITHMS,
        requiredClaims: ['exp', 'sub'],
        currentDate,
      });
      return payload;
    } catch (error) {
      if (isTokensFault(error)) throw unauthorized(describe(error));
      log.error({ error: messageOf(error) }, 'the keys that verify tokens could not be fetched');
      throw unavailable('tokens cannot be verified now');
    }
  }

  function admitCaller(ctx: ParameterizedContext<ApiState>, scopes: readonly Scope[], caller: Caller): void {
    ctx.state.caller = caller;
    if (scopes.some((scope) => caller.scopes.has(scope))) return;
    const named = scopes.map((scope) => `"${scope}"`).join(' or ');
    throw new Problem(403, `this takes a token with the scope ${named}`, {
      'WWW-Authenticate': `Bearer realm="milepost", error="insufficient_scope", scope="${scopes.join(' ')}"`,
    });
  }

  return (ctx, scopes) => {
    const token = /^Bearer +([A-Za-z0-9._~+/=-]+)$/i.exec(ctx.req.headers.authorization ?? '')?.[1];
    if (token === undefined) {
      throw new Problem(401, 'send a token: Authorization: Bearer <token>', {
        'WWW-Authenticate': 'Bearer realm="milepost"',
      });
    }
    const digest = hash('sha256', token, 'base64');
    const known = remembered(digest);
    if (known !== undefined) return admitCaller(ctx, scopes, known);
    return verifiedCaller(token, digest).then((caller) => admitCaller(ctx, scopes, caller));
  };
}

function unauthorized(detail: string): Problem {
  return new Problem(401, detail, {
    'WWW-Authenticate': `Bearer realm="milepost", error="invalid_token", error_description="${detail}"`,
  });
}

/** Everything jose says about a token is the token's fault, but for its troubles with fetching the keys. */
function isTokensFault(error: unknown): error is errors.JOSEError {
  return (
    error instanceof errors.JOSEError &&
    !(error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid) &&
    error.code !== errors.JOSEError.code
  );
}

function describe(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return 'the token has expired';
  if (error instanceof errors.JWTClaimValidationFailed)
    return `the token is not accepted because of its claim ${error.claim}`;
  return 'the token is not valid';
}

function readCaller(payload: JWTPayload): Caller {
  const { sub: subject, scope, sources } = payload as JWTPayload & { scope?: unknown; sources?: unknown };
  // Anything else is nobody, and would be an error in the database.
  if (typeof subject !== 'string' || !isIdentifier(subject)) {
    throw unauthorized('the token is not accepted because of its claim sub');
  }
  const named = Array.isArray(sources) ? sources.filter((source) => typeof source === 'string') : undefined;
  return {
    subject,
    scopes: new Set(typeof scope === 'string' ? scope.split(' ') : []),
    sources: named ?? [subject],
  };
}
