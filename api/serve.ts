// Binds a route of the contract to its handler: who may ask, reading what is asked, sending what is answered. A handler gets what the contract says,
// checked, and can answer only what the contract says. Whoever puts a route here need not think of tokens, bounds or headers again.
import type Router from '@koa/router';
import type { Context } from 'koa';
import type { z } from 'zod';
import type { Json } from '../src/event/event.ts';
import { isIdentifier } from '../src/ids.ts';
import { limits } from '../src/limits.ts';
import { type Audit, isAudited } from './audit.ts';
import type { Auth } from './auth.ts';
import { contract } from './contract/contract.ts';
import type { BodyOf, HeadersOf, ParamsOf, QueryOf, Reply, Route } from './contract/route.ts';
import { isKnown, tagOf } from './fresh.ts';
import { Problem } from './problem.ts';
import type { RateLimits } from './rates.ts';
import { parseBody, queryText, readJson } from './request.ts';
import type { ApiState, Caller } from './state.ts';

/** A request to a route. */
export interface Asked<R extends Route> {
  params: ParamsOf<R>;
  query: QueryOf<R>;
  headers: HeadersOf<R>;
  /** Reads the body: its value, and its text as it was written. */
  body(): Promise<{ value: BodyOf<R>; text: string; bytes: Buffer }>;
  caller: Caller;
  /** The player whose data is asked for: the token's, or the one whom a service names. */
  player: string;
  /** Only for what the contract has no words for, such as a caller who leaves. */
  ctx: Context;
}

export type Serve = <R extends Route, const A extends Reply<R>>(
  route: R,
  handler: (asked: Asked<R>) => Promise<A>,
) => void;

/** What serves routes on a router. `missing` names those of the contract that have no handler. */
export function createServing(
  router: Router<ApiState>,
  { auth, limit, audit }: { auth: Auth; limit: RateLimits; audit: Audit },
): { serve: Serve; missing(): string[] } {
  const served = new Set<Route>();

  return {
    serve(route, handler) {
      served.add(route);
      const path = route.path.replaceAll(/\{(\w+)\}/g, ':$1');
      router[route.method](path, async (ctx) => {
        // Nearly always there is nothing to wait for, and a promise that is none costs a turn of the loop.
        const verifying = route.scopes.length === 0 ? undefined : auth(ctx, route.scopes);
        if (verifying !== undefined) await verifying;
        const counting = limited(ctx, route, limit);
        if (counting !== undefined) await counting;
        const asked = new Incoming(ctx, route, audit);
        if (isAudited(route) && route.body === undefined) await asked.record(undefined);
        send(ctx, route, await handler(asked));
      });
    },
    missing: () => contract.filter((route) => !served.has(route)).map(({ method, path }) => `${method} ${path}`),
  };
}

/** Counts a request by whom it is for or from. Not so those of owners and support, who are few, and on record. */
function limited(ctx: Context, { scopes }: Route, limit: RateLimits): Promise<void> | undefined {
  if (scopes.includes('producer')) return limit('producer', callerOf(ctx).subject);
  return scopes.includes('player') ? limit('player', playerOf(ctx, callerOf(ctx))) : undefined;
}

/**
 * A request as it came. A class with methods, since a function that is written into each request's object is put among the old objects at once, and
 * keeps the whole request alive until a full collection (measured: scavenges of 9 ms in place of 1).
 */
class Incoming<R extends Route> implements Asked<R> {
  readonly params: ParamsOf<R>;
  readonly query: QueryOf<R>;
  readonly headers: HeadersOf<R>;
  readonly ctx: Context;
  readonly #route: R;
  readonly #audit: Audit;

  constructor(ctx: Context, route: R, audit: Audit) {
    const query =
      ctx.querystring === '' ? parseNothing(route.query) : parse(route.query, (name) => queryText(ctx, name));
    this.params = parse(route.params, (name) => ctx.params[name]) as ParamsOf<R>;
    this.query = query as QueryOf<R>;
    this.headers = parse(route.headers, (name) => ctx.get(name) || undefined) as HeadersOf<R>;
    this.ctx = ctx;
    this.#route = route;
    this.#audit = audit;
  }

  async body(): Promise<{ value: BodyOf<R>; text: string; bytes: Buffer }> {
    const { body } = this.#route;
    const { bytes, value } = await readJson(this.ctx);
    const text = bytes.toString('utf8');
    const checked = body?.isChecked ? (parseBody(text, body.schema) as Json) : value;
    if (isAudited(this.#route)) await this.record(checked);
    return { value: checked as BodyOf<R>, text, bytes };
  }

  get caller(): Caller {
    return callerOf(this.ctx);
  }

  get player(): string {
    return playerOf(this.ctx, this.caller);
  }

  /** Puts the request on record, as it must be before its handler can do anything: at once, or when the body that says why has been read. */
  record(body: unknown): Promise<void> {
    const { caller, params = {}, query, ctx } = this;
    return this.#audit({ route: this.#route, caller, params, query, body, requestId: ctx.state.requestId });
  }
}

/** Reads each part that a schema names. What it does not name is not looked at. */
function parse(schema: z.ZodObject | undefined, textOf: (name: string) => string | undefined): unknown {
  if (schema === undefined) return undefined;
  const given = Object.fromEntries(Object.keys(schema.shape).map((name) => [name, textOf(name)]));
  const { success, data, error } = schema.safeParse(given);
  if (success) return data;
  const [issue] = error.issues;
  const name = String(issue?.path[0] ?? '');
  throw new Problem(400, `${name} ${issue?.message}`.trim());
}

/** What comes of a schema where nothing is given, which is how most reads ask. Kept: the answer is always the same. */
const ofNothing = new WeakMap<z.ZodObject, unknown>();

function parseNothing(schema: z.ZodObject | undefined): unknown {
  if (schema === undefined) return undefined;
  if (!ofNothing.has(schema))
    ofNothing.set(
      schema,
      parse(schema, () => undefined),
    );
  return ofNothing.get(schema);
}

function callerOf(ctx: Context): Caller {
  const { caller } = ctx.state as ApiState;
  if (caller === undefined) throw new Error('this route is for everybody and knows no caller');
  return caller;
}

/** Only a service reads for others; whom it names, it writes as in a URL, since a header holds no other letters than ASCII's. */
function playerOf(ctx: Context, { subject, scopes }: Caller): string {
  const header = ctx.get('X-Player-Id');
  if (!scopes.has('bff')) {
    if (header === '' || header === encodeURIComponent(subject)) return subject;
    throw new Problem(403, 'a player\'s token reads that player alone; X-Player-Id takes a token with the scope "bff"');
  }
  const player = decoded(header);
  if (player !== undefined && isIdentifier(player)) return player;
  const mend = `X-Player-Id: 1 to ${limits.identifierBytes} bytes, percent-encoded as in a URL`;
  throw new Problem(400, `a service names the player it reads for: send ${mend}`);
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined; // no such encoding; the caller is told what a right one looks like
  }
}

function send<R extends Route>(ctx: Context, route: R, reply: Reply<R>): void {
  const { status, headers = {}, body } = reply as { status: number; headers?: Record<string, string>; body?: unknown };
  const answer = route.answers[status];
  if (answer === undefined) throw new Error(`${route.method} ${route.path} has no answer ${status} in the contract`);
  ctx.status = status;
  if (route.scopes.some((scope) => scope === 'player')) {
    ctx.res.setHeader('Cache-Control', 'private, no-cache');
    ctx.res.setHeader('Vary', 'Authorization, X-Player-Id');
  }
  ctx.set(headers);
  if (body === undefined) return;
  if (answer.type !== undefined) {
    if (answer.type !== '*/*') ctx.type = answer.type;
    ctx.body = body;
    return;
  }
  const text = JSON.stringify(body);
  if (route.isTagged && status === 200) {
    const tag = tagOf(text);
    ctx.res.setHeader('ETag', tag);
    if (isKnown(ctx.req.headers['if-none-match'] ?? '', tag)) {
      ctx.status = 304;
      return;
    }
  }
  ctx.type = 'application/json';
  ctx.body = text;
}
