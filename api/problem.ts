// Errors as answers: application/problem+json (RFC 9457). Owns every status the API may fail with and what a caller is told. Never anything
// from inside: no stack, no SQL, no names of machines.
import { STATUS_CODES } from 'node:http';
import type { Middleware } from 'koa';
import { DatabaseAway } from '../src/db/failure.ts';
import type { Problem as InputProblem } from '../src/errors.ts';
import { limits } from '../src/limits.ts';
import type { Log } from '../src/log.ts';
import type { ApiState } from './state.ts';

/** A failure that the caller is told about. */
export class Problem extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly problems: readonly InputProblem[];

  /**
   * `detail` is for the caller's developers: what is wrong with this request, and the mend. `problems` names each thing that is wrong with a body,
   * by its path.
   */
  constructor(
    status: number,
    detail: string,
    headers: Readonly<Record<string, string>> = {},
    problems: readonly InputProblem[] = [],
  ) {
    super(detail);
    this.status = status;
    this.headers = headers;
    this.problems = problems;
  }
}

/** How the router leaves what no route serves. */
const UNSERVED: ReadonlyMap<number, string> = new Map([
  [404, 'there is nothing at this path'],
  [405, 'this path does not take this method; the header Allow lists those it takes'],
  [501, 'there is no such method here'],
]);

/** What is asked for cannot be had now; asking again is safe. */
export function unavailable(detail: string): Problem {
  return new Problem(503, `${detail}; repeat the request later`, {
    'Retry-After': String(limits.httpRetryAfterSeconds),
  });
}

/** Turns whatever is thrown further in into an answer; what nobody meant to throw is logged and answered with a bare 500. */
export function answerProblems(log: Log): Middleware<ApiState> {
  return async (ctx, next) => {
    try {
      await next();
      const unserved = UNSERVED.get(ctx.status);
      if (unserved !== undefined && ctx.body == null) throw new Problem(ctx.status, unserved);
    } catch (error) {
      const problem = problemOf(error);
      if (problem !== error) log.error({ err: error, request_id: ctx.state.requestId }, 'a request failed');
      ctx.status = problem.status;
      ctx.set(problem.headers);
      ctx.set('Cache-Control', 'no-store');
      ctx.body = JSON.stringify({
        type: 'about:blank',
        title: STATUS_CODES[problem.status],
        status: problem.status,
        detail: problem.message,
        ...(problem.problems.length > 0 ? { problems: problem.problems } : {}),
        request_id: ctx.state.requestId,
      });
      ctx.type = 'application/problem+json';
    }
  };
}

function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof DatabaseAway) return unavailable('the database cannot be reached');
  return new Problem(500, 'something went wrong inside; the request_id names the entry in the log');
}
