// One trace from a producer's Kafka record to the call of the reward service, as a collector receives it; and nothing of it where traces are off.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { messageFromKafka } from '../src/event/from-kafka.ts';
import { createNormaliser } from '../src/event/normalise.ts';
import { canonicalSource } from '../src/event/source.ts';
import { startTracing } from '../src/opentelemetry.ts';
import { testDatabase } from '../src/testing/database.ts';
import { allEnded, attemptRows, testServices, testWorker, wakeWorkers } from '../src/testing/dispatch.ts';
import { install, testEngine } from '../src/testing/engine.ts';
import { gameHistory, makeGame, upiPayment } from '../src/testing/make.ts';
import { eventText } from '../src/testing/topic.ts';
import { waitFor } from '../src/testing/wait.ts';
import { tracer, useTracer } from '../src/tracing.ts';

interface ExportedSpan {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  links: { spanId: string }[];
  attributes: { key: string; value: Record<string, unknown> }[];
  status: { code?: number; message?: string };
}

const PRODUCER = { trace: '4bf92f3577b34da6a3ce929d0e0e4736', span: '00f067aa0ba902b7' };
const game = gameHistory(makeGame({ milestone_steps: [1] }));

afterEach(() => useTracer(undefined));

/** A collector that keeps what it is sent. */
async function startCollector() {
  const spans: ExportedSpan[] = [];
  const tokens: unknown[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { resourceSpans } = JSON.parse(Buffer.concat(chunks).toString()) as {
      resourceSpans: { scopeSpans: { spans: ExportedSpan[] }[] }[];
    };
    spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)));
    tokens.push(request.headers.authorization);
    response.writeHead(200, { 'Content-Type': 'application/json' }).end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return { spans, tokens, endpoint: `http://127.0.0.1:${port}/v1/traces` };
}

/** An event that makes a reward due, as it comes from Kafka. */
function fromKafka(id: string, user: string, trace?: string) {
  const normaliser = createNormaliser([{ ...canonicalSource, topics: ['t'] }]);
  const value = Buffer.from(eventText(id, user));
  const message = messageFromKafka(
    { offset: 7n, timestamp: Date.parse('2026-05-10T12:00:01Z'), value, trace },
    't',
    0,
    Date.now(),
  );
  const normalised = normaliser.normalise('t', message);
  if (normalised.kind !== 'event') throw new Error(normalised.parked.detail);
  return normalised.event;
}

async function pay(events: ReturnType<typeof fromKafka>[], faults: Parameters<typeof testServices>[0] = {}) {
  const database = await testDatabase();
  onTestFinished(() => database[Symbol.asyncDispose]());
  await using services = await testServices(faults);
  await using engine = testEngine(database.url);
  await install(database.pool, { games: [game] });
  const { results } = await engine.take(events);
  expect(results.map(({ outcome }) => outcome)).toEqual(events.map(() => 'applied'));
  await using worker = await testWorker(database.url, services);
  await wakeWorkers(database.pool, ['neucoin', 'voucher']);
  await waitFor('the rewards', () => allEnded(database.pool));
  await worker.idle();
  const { rows } = await database.pool.query("select body from milepost.outbox where destination <> 'projection'");
  return { bodies: rows.map(({ body }) => body), attempts: await attemptRows(database.pool), books: services.books() };
}

test('a trace leads from the producer’s record to the call of the service, and to each step of the batch', async () => {
  const collector = await startCollector();
  const stop = startTracing({
    endpoint: collector.endpoint,
    headers: { authorization: 'Bearer collector' },
    share: 1,
    role: 'test',
    version: '0',
  });
  const paid = await pay([
    fromKafka('traced', 'U-secret-1', `00-${PRODUCER.trace}-${PRODUCER.span}-01`),
    fromKafka('untraced', 'U-secret-2', 'no traceparent'),
  ]);
  expect(paid.books).toHaveLength(2);
  await stop();
  expect(tracer()).toBeUndefined();

  const named = (name: string) => collector.spans.filter((span) => span.name === name);
  const [batch] = named('milepost.batch');
  expect(named('milepost.batch')).toHaveLength(1);
  expect(batch?.links).toMatchObject([{ spanId: PRODUCER.span }]);
  for (const step of ['prepare', 'open', 'decide', 'apply', 'commit']) {
    expect(named(`milepost.${step}`)).toMatchObject([{ traceId: batch?.traceId, parentSpanId: batch?.spanId }]);
  }
  const [traced, untraced] = ['traced', 'untraced'].map((id) =>
    named('milepost.event').find(({ attributes }) =>
      attributes.some(({ key, value }) => key === 'milepost.event_id' && value.stringValue === id),
    ),
  );
  expect(traced).toMatchObject({
    traceId: PRODUCER.trace,
    parentSpanId: PRODUCER.span,
    links: [{ spanId: batch?.spanId }],
  });
  expect(untraced).toMatchObject({ traceId: batch?.traceId, parentSpanId: batch?.spanId });
  const deliveries = named('milepost.deliver');
  expect(deliveries.map(({ parentSpanId }) => parentSpanId).sort()).toEqual([traced?.spanId, untraced?.spanId].sort());
  expect(deliveries.find(({ traceId }) => traceId === PRODUCER.trace)?.kind).toBe(3); // client
  for (const { startTimeUnixNano, endTimeUnixNano } of collector.spans) {
    expect(BigInt(endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(startTimeUnixNano));
  }
  expect(JSON.stringify(collector.spans)).not.toContain('U-secret');
  expect(new Set(collector.tokens)).toEqual(new Set(['Bearer collector']));
});

test('what a service is sent is the same with traces and without, and where a call fails its span says so', async () => {
  const sent = async (faults: Parameters<typeof testServices>[0]) => {
    const { bodies, attempts } = await pay([fromKafka('e1', 'U1')], faults);
    return { bodies, requests: attempts.map(({ request }) => request) };
  };
  const without = await sent({});
  expect(without.bodies).toEqual([expect.not.objectContaining({ trace: expect.anything() })]);

  const collector = await startCollector();
  const stop = startTracing({ endpoint: collector.endpoint, share: 1, role: 'test', version: '0' });
  const traced = await sent({ faults: [{ service: 'neucoin', how: 'status', status: 503, one_in: 2 }] });
  await stop();
  expect(traced.bodies).toEqual([expect.objectContaining({ trace: expect.stringMatching(/^00-/) })]);
  expect(new Set(traced.requests.map((request) => JSON.stringify(request)))).toEqual(
    new Set(without.requests.map((request) => JSON.stringify(request))),
  );
  const failed = collector.spans.filter(({ name, status }) => name === 'milepost.deliver' && status.code === 2);
  for (const { status } of failed) expect(status.message).toBe('server_error');
  expect(failed.length).toBe(traced.requests.length - 1);
});

test('a batch that fails ends its spans with the error', async () => {
  const collector = await startCollector();
  const stop = startTracing({ endpoint: collector.endpoint, share: 1, role: 'test', version: '0' });
  await using database = await testDatabase();
  await using engine = testEngine(database.url);
  await install(database.pool, { games: [game] });
  await engine.take([{ ...upiPayment(1), payload: '{"attributes":' }]); // PostgreSQL refuses it
  await stop();
  expect(collector.spans.filter(({ name }) => name === 'milepost.batch')).toMatchObject([{ status: { code: 2 } }]);
});

test('a share of 0 sends nothing but what a producer has decided to follow', async () => {
  const collector = await startCollector();
  const stop = startTracing({ endpoint: collector.endpoint, share: 0, role: 'test', version: '0' });
  await pay([fromKafka('e1', 'U1', `00-${PRODUCER.trace}-${PRODUCER.span}-01`), fromKafka('e2', 'U2')]);
  await stop();
  expect(collector.spans.map(({ name }) => name).sort()).toEqual(['milepost.deliver', 'milepost.event']);
});

test('where traces are off, nothing that sends them is loaded', async () => {
  const loaded = async (module: string): Promise<string> => {
    const script = `
      await import(${JSON.stringify(join(import.meta.dirname, '..', module))});
      const { createRequire } = await import('node:module');
      console.log(Object.keys(createRequire(import.meta.url).cache).filter((file) => /opentelemetry.(sdk|exporter)/.test(file)).length);
      process.exit();`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
    return stdout.trim();
  };
  expect(await loaded('src/cli/start.ts')).toBe('0');
  expect(Number(await loaded('src/opentelemetry.ts'))).toBeGreaterThan(0);
});
