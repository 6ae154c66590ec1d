import { expect, test } from 'vitest';
import { registry } from '../src/metrics.ts';
import { createMetricsServer } from './metrics-server.ts';
import type { Readiness } from './readiness.ts';

test('serves metrics, liveness and readiness, and nothing else', async () => {
  const readiness: Readiness = {
    ready: true,
    degraded: true,
    lagging: true,
    checks: { database: 'up', migrations: 'present', redis: 'down' },
  };
  const service = createMetricsServer({ host: '127.0.0.1', port: 0, ready: async () => readiness });
  await service.start();
  const get = async (path: string, method = 'GET') => {
    const response = await fetch(service.url() + path, { method });
    return { status: response.status, type: response.headers.get('content-type'), body: await response.text() };
  };
  const metrics = await get('/metrics');
  expect(metrics).toMatchObject({ status: 200, type: registry.contentType });
  const declared = registry.getMetricsAsArray().map(({ name }) => name);
  expect([...metrics.body.matchAll(/^# HELP (\S+)/gm)].map(([, name]) => name).toSorted()).toEqual(declared.toSorted());
  expect(declared).toContain('process_resident_memory_bytes');
  expect(await get('/health/live')).toMatchObject({ status: 200, body: '{"live":true}' });
  expect(await get('/health/ready?verbose')).toMatchObject({ status: 200, body: JSON.stringify(readiness) });
  readiness.ready = false;
  expect((await get('/health/ready')).status).toBe(503);
  expect((await get('/')).status).toBe(404);
  expect((await get('/metrics', 'POST')).status).toBe(404);
  await service.stop();
});
