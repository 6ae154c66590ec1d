// Stand-ins for the NeuCoin and the voucher service: they speak the contracts of docs/rewards.md, pay each key once, keep books, and can be told to
// misbehave. For tests and the local demonstration; never to be reached by anything that pays real rewards.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { appendFile, mkdir, readFile, truncate } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Router from '@koa/router';
import Koa, { type Context } from 'koa';
import { z } from 'zod';

const serviceNames = ['neucoin', 'voucher'] as const;
type ServiceName = (typeof serviceNames)[number];

const fault = z.strictObject({
  service: z.enum(serviceNames),
  /** Payments, or questions about them. */
  on: z.enum(['pay', 'lookup']).default('pay'),
  /** Whether a payment is applied first. */
  when: z.enum(['before', 'after']).default('before'),
  /** `slow` waits `delay_ms` and goes on; the others end the call. */
  how: z.enum(['status', 'slow', 'hang', 'reset', 'garbage', 'redirect']),
  status: z.int().min(400).max(599).default(500),
  retry_after_seconds: z.int().min(0).optional(),
  delay_ms: z.int().min(0).default(0),
  /** It befalls every so-many-th call. */
  one_in: z.int().min(1).default(1),
});

/** A way to misbehave; which calls it befalls is counted, not drawn. */
export type Fault = z.input<typeof fault>;

/** A payment that was applied. */
export interface Booking {
  service: ServiceName;
  key: string;
  user_id: string;
  amount: number;
  reference: unknown;
  /** The id the caller was given. */
  transaction_id: string;
  /** How often the key was posted since the start of this process, whatever came of it. */
  calls: number;
}

export interface RewardServices {
  neucoinUrl: string;
  voucherUrl: string;
  /** What was paid, in the order in which it was. */
  books(): Booking[];
  /** Payments posted so far to one service, whatever came of them. */
  calls(service: ServiceName): number;
  setFaults(faults: readonly Fault[]): void;
  stop(): Promise<void>;
}

const payment = z.object({
  idempotency_key: z.string().min(1),
  user_id: z.string().min(1),
  amount: z.number(),
  currency: z.string(),
  reference: z.unknown(),
});
type Payment = z.infer<typeof payment>;

const contracts: Record<ServiceName, { path: string; currency: string; receipt: (booking: Entry) => object }> = {
  neucoin: {
    path: '/v1/credits',
    currency: 'NC',
    receipt: ({ transaction_id, amount }) => ({ transaction_id, status: 'credited', amount }),
  },
  voucher: {
    path: '/v1/vouchers',
    currency: 'INR',
    receipt: ({ transaction_id, amount, key }) => ({
      voucher_id: transaction_id,
      status: 'issued',
      amount,
      code: codeOf(key),
    }),
  },
};

/** A line of the books. */
interface Entry extends Omit<Booking, 'calls'> {
  /** Of the body, to tell a repeat from another payment under the same key. */
  digest: string;
}

const BODY_BYTES = 64 * 1_024;

/**
 * Starts both services on one port. With `dataDir` the books are kept in a file and found again by the next start; `refusals` names users
 * whose payments are refused, with the code; with `token`, calls must carry it.
 */
export async function startRewardServices(
  options: {
    host?: string;
    port?: number;
    dataDir?: string;
    faults?: readonly Fault[];
    refusals?: Readonly<Record<string, string>>;
    token?: string;
  } = {},
): Promise<RewardServices> {
  const { refusals = {}, token } = options;
  const books = await openBooks(options.dataDir);
  const calls = new Map<string, number>();
  const posted = { neucoin: 0, voucher: 0 };
  let faults: { rule: z.output<typeof fault>; seen: number }[] = [];
  setFaults(options.faults ?? []);

  function setFaults(given: unknown): void {
    faults = z
      .array(fault)
      .parse(given)
      .map((rule) => ({ rule, seen: 0 }));
  }

  /** Lets the faults of this moment happen; true when one of them has ended the call. */
  async function befallen(
    context: Context,
    service: ServiceName,
    on: 'pay' | 'lookup',
    when: 'before' | 'after',
  ): Promise<boolean> {
    for (const each of faults) {
      const { rule } = each;
      if (rule.service !== service || rule.on !== on || rule.when !== when) continue;
      each.seen += 1;
      if (each.seen % rule.one_in !== 0) continue;
      await delay(rule.delay_ms);
      if (rule.how === 'slow') continue;
      await misbehave(context, rule);
      return true;
    }
    return false;
  }

  async function pay(context: Context, service: ServiceName): Promise<void> {
    posted[service] += 1;
    const parsed = payment.safeParse(await readJson(context.req));
    if (!parsed.success) return refuse(context, 400, 'BODY_INVALID', z.prettifyError(parsed.error));
    const { idempotency_key: key, ...body } = parsed.data;
    if (context.get('idempotency-key') !== key)
      return refuse(context, 400, 'KEY_MISSING', 'header and body must name one key');
    const callsKey = `${service} ${key}`;
    calls.set(callsKey, (calls.get(callsKey) ?? 0) + 1);
    if (await befallen(context, service, 'pay', 'before')) return;

    const known = books.find(service, key);
    const digest = createHash('sha256').update(JSON.stringify(body)).digest('hex');
    if (known !== undefined && known.digest !== digest)
      return refuse(context, 409, 'KEY_REUSED', 'this key has paid something else');
    if (known === undefined) {
      const refusal = refusalOf(service, parsed.data);
      if (refusal !== undefined) return refuse(context, 422, refusal, `not paid: ${refusal}`);
    }
    const entry = known ?? {
      service,
      key,
      user_id: body.user_id,
      amount: body.amount,
      reference: body.reference ?? null,
      transaction_id: `${service}_${createHash('sha256').update(key).digest('hex').slice(0, 16)}`,
      digest,
    };
    await books.enter(entry);
    if (await befallen(context, service, 'pay', 'after')) return;
    context.status = known === undefined ? 201 : 200;
    context.body = contracts[service].receipt(entry);
  }

  function refusalOf(service: ServiceName, { user_id, amount, currency }: Payment): string | undefined {
    if (refusals[user_id] !== undefined) return refusals[user_id];
    return Number.isSafeInteger(amount) && amount > 0 && currency === contracts[service].currency
      ? undefined
      : 'AMOUNT_INVALID';
  }

  async function lookup(context: Context, service: ServiceName, key: string): Promise<void> {
    if (await befallen(context, service, 'lookup', 'before')) return;
    const known = books.find(service, key);
    if (known === undefined) return refuse(context, 404, 'KEY_UNKNOWN', 'nothing was paid under this key');
    context.body = contracts[service].receipt(known);
  }

  const router = new Router();
  for (const service of serviceNames) {
    const path = `/${service}${contracts[service].path}`;
    router.post(path, (context) => pay(context, service));
    router.get(`${path}/:key`, (context) => lookup(context, service, String(context.params.key)));
  }
  router.get('/books', (context) => {
    context.body = bookings();
  });
  router.put('/faults', async (context) => {
    const given = z.array(fault).safeParse(await readJson(context.req));
    if (!given.success) return refuse(context, 400, 'BODY_INVALID', z.prettifyError(given.error));
    setFaults(given.data);
    context.status = 204;
  });

  const app = new Koa();
  app.silent = true;
  app.use((context, next) => {
    const paying = serviceNames.some((service) => context.path.startsWith(`/${service}/`));
    if (token === undefined || !paying || context.get('authorization') === `Bearer ${token}`) return next();
    return refuse(context, 401, 'TOKEN_INVALID', 'the bearer token is not the expected one');
  });
  app.use(router.routes());
  const server = createServer(app.callback());
  const host = options.host ?? '127.0.0.1';
  server.listen(options.port ?? 0, host);
  await once(server, 'listening');
  const base = `http://${host}:${(server.address() as AddressInfo).port}`;

  function bookings(): Booking[] {
    return books
      .entries()
      .map(({ digest: _, ...entry }) => ({ ...entry, calls: calls.get(`${entry.service} ${entry.key}`) ?? 0 }));
  }

  return {
    neucoinUrl: `${base}/neucoin`,
    voucherUrl: `${base}/voucher`,
    books: bookings,
    calls: (service) => posted[service],
    setFaults,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function refuse(context: Context, status: number, code: string, message: string): void {
  context.status = status;
  context.body = { code, message };
}

async function misbehave(context: Context, rule: z.output<typeof fault>): Promise<void> {
  switch (rule.how) {
    case 'status':
      if (rule.retry_after_seconds !== undefined) context.set('retry-after', String(rule.retry_after_seconds));
      return refuse(context, rule.status, 'TOLD_TO_FAIL', 'a fault that was asked for');
    case 'garbage':
      context.body = '<html>502 Bad Gateway';
      return;
    case 'redirect':
      context.redirect('http://169.254.169.254/latest/meta-data/');
      context.status = 307;
      return;
    case 'reset':
      context.respond = false;
      context.req.socket.resetAndDestroy();
      return;
    case 'hang':
      context.respond = false;
      await once(context.req.socket, 'close');
      return;
  }
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    return undefined; // the caller's schema says what is wrong
  }
}

function codeOf(key: string): string {
  return createHash('sha256').update(`code ${key}`).digest('hex').slice(0, 16).toUpperCase();
}

/** The books: in memory, and in a file that is only appended to. */
async function openBooks(dataDir: string | undefined) {
  const entries = new Map<string, Entry>();
  const written = new Map<string, Promise<void>>();
  const file = dataDir === undefined ? undefined : join(dataDir, 'reward-books.ndjson');
  const keyOf = (service: ServiceName, key: string) => `${service} ${key}`;
  if (dataDir !== undefined && file !== undefined) {
    await mkdir(dataDir, { recursive: true });
    for (const entry of await readEntries(file)) entries.set(keyOf(entry.service, entry.key), entry);
  }
  return {
    entries: () => [...entries.values()],
    find: (service: ServiceName, key: string) => entries.get(keyOf(service, key)),
    /** Resolves when the entry is in the file; entering it again only waits for that. */
    async enter(entry: Entry): Promise<void> {
      const id = keyOf(entry.service, entry.key);
      if (!entries.has(id)) {
        entries.set(id, entry);
        if (file !== undefined) written.set(id, appendFile(file, `${JSON.stringify(entry)}\n`));
      }
      await written.get(id);
      written.delete(id);
    },
  };
}

/** What stands in the file; a last line that a crash cut short was never answered for, and is removed. */
async function readEntries(file: string): Promise<Entry[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (whole.length < text.length) await truncate(file, Buffer.byteLength(whole));
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Entry);
}
