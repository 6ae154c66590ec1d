// A request before anybody acts on it: its id, and the bounds on its target, query and body. Bytes are read here and nowhere else.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Context, Middleware } from 'koa';
import type { z } from 'zod';
import { messageOf, UserError } from '../src/errors.ts';
import type { Json } from '../src/event/event.ts';
import { parseExact } from '../src/event/exact-json.ts';
import { parseJsonc } from '../src/jsonc.ts';
import { limits } from '../src/limits.ts';
import { Problem } from './problem.ts';
import type { ApiState } from './state.ts';

const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;

/** Names the request, sets the headers every answer has, and refuses overlong targets. */
export const admit: Middleware<ApiState> = ({ req, res, state }, next) => {
  const given = req.headers['x-request-id'];
  state.requestId = typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
  res.setHeader('X-Request-Id', state.requestId);
  res.setHeader('X-Content-Type-Options', 'nosniff');
  res.setHeader('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'");
  res.setHeader('Referrer-Policy', 'no-referrer');
  res.setHeader('Cache-Control', 'no-store');
  return next();
};

/** Refuses a target (path and query) over its bound. */
export const boundTarget: Middleware<ApiState> = (ctx, next) => {
  if (ctx.url.length > limits.httpTargetBytes) {
    throw new Problem(414, `path and query may have ${limits.httpTargetBytes} characters`);
  }
  return next();
};

/** A query parameter that may be there once. */
export function queryText(ctx: Context, name: string): string | undefined {
  const value = ctx.query[name];
  if (Array.isArray(value)) throw new Problem(400, `query parameter "${name}" is given ${value.length} times`);
  return value;
}

/** A JSON body: its bytes as they came, and its value. */
export async function readJson(ctx: Context): Promise<{ bytes: Buffer; value: Json }> {
  if (ctx.request.is('application/json') === false || ctx.request.type === '') {
    throw new Problem(415, 'the body must be JSON: send Content-Type: application/json');
  }
  if (ctx.get('Content-Encoding') !== '' && ctx.get('Content-Encoding') !== 'identity') {
    throw new Problem(415, 'the body must not be compressed: send it without Content-Encoding');
  }
  const bytes = await readBytes(ctx.req, ctx.request.length);
  try {
    return { bytes, value: parseExact(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) };
  } catch (error) {
    if (error instanceof RangeError) throw new Problem(400, 'the body is nested too deeply');
    throw new Problem(400, `the body is not JSON in UTF-8: ${messageOf(error)}`);
  }
}

/** The value of a body that people write: each thing that is not right is named by its path. */
export function parseBody<S extends z.ZodType>(text: string, schema: S): z.output<S> {
  try {
    return parseJsonc(text, schema, 'the body');
  } catch (error) {
    if (error instanceof UserError) throw new Problem(400, error.message, {}, error.problems);
    throw error;
  }
}

/** Reads the body up to its bound. The rest of a longer one is not read: the connection closes with the answer. */
async function readBytes(request: IncomingMessage, announced: number | undefined): Promise<Buffer> {
  const tooLong = new Problem(413, `the body may have ${limits.httpBodyBytes} bytes`, { Connection: 'close' });
  if (announced !== undefined && announced > limits.httpBodyBytes) throw tooLong;
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      length += chunk.length;
      if (length > limits.httpBodyBytes) throw tooLong;
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof Problem ? error : new Problem(400, 'the body ended before it was complete');
  }
  return Buffer.concat(chunks, length);
}
