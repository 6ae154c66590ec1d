// One log line and one measurement per request. A caller appears as a digest; tokens, queries and bodies appear nowhere.
import type { RouterContext } from '@koa/router';
import type { Middleware } from 'koa';
import { Histogram } from 'prom-client';
import { type Log, playerHash } from '../src/log.ts';
import { registry } from '../src/metrics.ts';
import type { ApiState, Caller } from './state.ts';

const seconds = new Histogram({
  name: 'milepost_http_request_seconds',
  help: 'Time from a request of the API to its answer, by route.',
  labelNames: ['method', 'route', 'status'],
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
  registers: [registry],
});

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Found once: finding a metric by its labels takes as long as all else here. Methods, patterns and statuses are few. */
const found = new Map<string, { observe(seconds: number): void }>();

function timesOf(method: string, route: string, status: number): { observe(seconds: number): void } {
  const key = `${method} ${route} ${status}`;
  const known = found.get(key) ?? seconds.labels(method, route, String(status));
  found.set(key, known);
  return known;
}

/** As long as a token is remembered, its caller is one object. */
const names = new WeakMap<Caller, string>();

function nameOf(caller: Caller): string {
  const known = names.get(caller) ?? playerHash(caller.subject);
  names.set(caller, known);
  return known;
}

export function accessLog(given: Log): Middleware<ApiState> {
  // A line's fields are named below and hold no secret: looking for some in each would cost more than to write it.
  const log = given.child({}, { redact: [] });
  return async (ctx, next) => {
    const startedAt = performance.now();
    await next();
    const ms = performance.now() - startedAt;
    const { method, status, state } = ctx;
    // A route's pattern, not its path: labels must be few.
    const route = String((ctx as unknown as RouterContext)._matchedRoute ?? 'none');
    timesOf(METHODS.has(method) ? method : 'other', route, status).observe(ms / 1_000);
    log.info(
      {
        request_id: state.requestId,
        method,
        route,
        status,
        ms: Math.round(ms * 10) / 10,
        ...(state.caller === undefined ? {} : { caller: nameOf(state.caller) }),
      },
      'request',
    );
  };
}
