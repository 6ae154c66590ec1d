// Liveness and readiness on the public port, for balancers. No token, nothing from inside.
import type Router from '@koa/router';
import type { Readiness } from '../workers/readiness.ts';
import type { ApiState } from './state.ts';

export function healthRoutes(router: Router<ApiState>, ready: () => Promise<Readiness>): void {
  router.get('/health/live', (ctx) => {
    ctx.body = { live: true };
  });
  router.get('/health/ready', async (ctx) => {
    const readiness = await ready();
    ctx.status = readiness.ready ? 200 : 503;
    ctx.body = readiness;
  });
}
