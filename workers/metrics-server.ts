// Health and metrics of a process, on a port of their own that is not open to the public.
import { collectDefaultMetrics } from 'prom-client';
import { registry } from '../src/metrics.ts';
import { createHttpService, type HttpService } from './http-service.ts';
import type { Readiness } from './readiness.ts';

/** GET /metrics (Prometheus), /health/live and /health/ready. */
export function createMetricsServer(options: {
  host: string;
  port: number;
  ready: () => Promise<Readiness>;
}): HttpService {
  // Memory, the event loop and the like; once in a process.
  if (registry.getSingleMetric('process_cpu_seconds_total') === undefined)
    collectDefaultMetrics({ register: registry });
  return createHttpService({
    name: 'metrics',
    host: options.host,
    port: options.port,
    portVariable: 'METRICS_PORT',
    listener: async (request, response) => {
      const [path] = (request.url ?? '').split('?', 1);
      const { status, type, body } = await answer(request.method === 'GET' ? path : undefined, options.ready);
      response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' }).end(body);
    },
  });
}

async function answer(
  path: string | undefined,
  ready: () => Promise<Readiness>,
): Promise<{ status: number; type: string; body: string }> {
  switch (path) {
    case '/metrics':
      return { status: 200, type: registry.contentType, body: await registry.metrics() };
    case '/health/live':
      return { status: 200, type: 'application/json', body: JSON.stringify({ live: true }) };
    case '/health/ready': {
      const readiness = await ready();
      return { status: readiness.ready ? 200 : 503, type: 'application/json', body: JSON.stringify(readiness) };
    }
    default:
      return { status: 404, type: 'text/plain', body: 'GET /metrics, /health/live or /health/ready\n' };
  }
}
