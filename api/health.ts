// Liveness and readiness on the public port, for balancers. No token, nothing from inside.
import type { Readiness } from '../workers/readiness.ts';
import { live, ready } from './contract/service.ts';
import type { Serve } from './serve.ts';

export function healthRoutes(serve: Serve, look: () => Promise<Readiness>): void {
  serve(live, async () => ({ status: 200, body: { live: true } }));

  serve(ready, async () => {
    const readiness = await look();
    return { status: readiness.ready ? 200 : 503, body: readiness };
  });
}
