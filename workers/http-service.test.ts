import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { UserError } from '../src/errors.ts';
import { limits } from '../src/limits.ts';
import { waitFor } from '../src/testing/wait.ts';
import { createHttpService, type HttpService } from './http-service.ts';

const started: HttpService[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((service) => service.stop()));
});

async function serve(listener: RequestListener): Promise<HttpService> {
  const service = createHttpService({ name: 'test', host: '127.0.0.1', port: 0, portVariable: 'TEST_PORT', listener });
  await service.start();
  started.push(service);
  return service;
}

test('answers once started, and says where', async () => {
  const service = await serve((_, response) => response.end('hello'));
  expect(service.url()).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(await (await fetch(service.url())).text()).toBe('hello');
});

test('a port in use is told with the variable that sets it', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  const service = createHttpService({
    name: 'api',
    host: '127.0.0.1',
    port,
    portVariable: 'HTTP_PORT',
    listener: () => {},
  });
  await expect(service.start()).rejects.toThrow(
    new UserError(`api: 127.0.0.1:${port} is in use: stop what listens there, or set HTTP_PORT`),
  );
  await service.stop();
  other.close();
});

test('a stop finishes what is in flight, takes nothing new, and may be asked for twice', async () => {
  const arrived = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const service = await serve(async (_, response) => {
    arrived.resolve();
    await release.promise;
    response.end('finished');
  });
  const url = service.url();
  const answer = fetch(url);
  await arrived.promise;
  let stopped = false;
  const stopping = Promise.all([service.stop(), service.stop()]).then(() => {
    stopped = true;
  });
  await expect(fetch(url)).rejects.toThrow();
  expect(stopped).toBe(false);
  release.resolve();
  const response = await answer;
  expect(response.headers.get('connection')).toBe('close');
  expect(await response.text()).toBe('finished');
  await stopping;
});

test('a stop does not wait for idle connections, used before or not', async () => {
  const service = await serve((_, response) => response.end('hello'));
  const { port, hostname } = new URL(service.url());
  await (await fetch(service.url())).text();
  const silent = connect(Number(port), hostname);
  await new Promise<void>((resolve) => silent.once('connect', resolve));
  const ended = new Promise<void>((resolve) => silent.once('close', () => resolve()));
  const startedAt = performance.now();
  await service.stop();
  // Not for as long as it gives whoever has asked for something.
  expect(performance.now() - startedAt).toBeLessThan(limits.giveUpMs / 2);
  silent.destroy();
  await ended;
});

test('a stop before the start is harmless', async () => {
  const service = createHttpService({ name: 'x', host: '127.0.0.1', port: 0, portVariable: 'X', listener: () => {} });
  await service.stop();
});

test('a connection that is kept open while stopping is closed after its answer', async () => {
  let stop: Promise<void> | undefined;
  const service = await serve((_, response) => {
    stop ??= service.stop();
    response.end('last');
  });
  const { port, hostname } = new URL(service.url());
  const socket = connect(Number(port), hostname);
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk;
  });
  await waitFor('the end of the connection', () => socket.readableEnded);
  expect(received).toMatch(/connection: close/i);
  await stop;
});
