// One log line and one measurement per request. A caller appears as a digest; tokens, queries and bodies appear nowhere.
import type { RouterContext } from '@koa/router';
import type { Middleware } from 'koa';
import { Histogram } from 'prom-client';
import { type Log, playerHash } from '../src/log.ts';
import { registry } from '../src/metrics.ts';
import type { ApiState } from './state.ts';

const seconds = new Histogram({
  name: 'milepost_http_request_seconds',
  help: 'Time from a request of the API to its answer, by route.',
  labelNames: ['method', 'route', 'status'],
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
  registers: [registry],
});

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

export function accessLog(log: Log): Middleware<ApiState> {
  return async (ctx, next) => {
    const startedAt = performance.now();
    await next();
    const ms = performance.now() - startedAt;
    const { method, status, state } = ctx;
    // A route's pattern, not its path: labels must be few.
    const route = String((ctx as unknown as RouterContext)._matchedRoute ?? 'none');
    seconds.observe({ method: METHODS.has(method) ? method : 'other', route, status: String(status) }, ms / 1_000);
    log.info(
      {
        request_id: state.requestId,
        method,
        route,
        status,
        ms: Math.round(ms * 10) / 10,
        ...(state.caller === undefined ? {} : { caller: playerHash(state.caller.subject) }),
      },
      'request',
    );
  };
}
