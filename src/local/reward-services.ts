// Stand-ins for the NeuCoin and the voucher service, which speak the contracts of docs/rewards.md, and for a partner's, which speaks one of its own
// (docs/services.md): they apply each key once, keep books, and can be told to misbehave. For tests and the local demonstration; never to be reached by anything that pays real rewards.
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

const serviceNames = ['neucoin', 'voucher', 'partner'] as const;
type ServiceName = (typeof serviceNames)[number];
const operations = ['pay', 'take_back'] as const;
type Operation = (typeof operations)[number];

const fault = z.strictObject({
  service: z.enum(serviceNames),
  /** Payments, what takes them back, or questions about either. */
  on: z.enum(['pay', 'lookup', 'take_back', 'lookup_take_back']).default('pay'),
  /** Whether what was asked for is applied first. */
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

/** A payment that was applied, or one that was taken back. */
export interface Booking {
  service: ServiceName;
  operation: Operation;
  key: string;
  user_id: string;
  amount: number;
  reference: unknown;
  /** The id the caller was given. */
  transaction_id: string;
  /** The key of the payment that was taken back; null for a payment. */
  takes_back: string | null;
  /** How often the key was posted since the start of this process, whatever came of it. */
  calls: number;
}

export interface RewardServices {
  neucoinUrl: string;
  voucherUrl: string;
  partnerUrl: string;
  /** What was paid and taken back, in the order in which it was. */
  books(): Booking[];
  /** Payments, or what takes them back, posted so far to one service, whatever came of them. */
  calls(service: ServiceName, operation?: Operation): number;
  setFaults(faults: readonly Fault[]): void;
  /**
   * Lets the time be over for which keys are remembered: a payment under one of them pays again. Who asks for the key is still told of it. What was
   * asked before is not done any more: a request does not take a day.
   */
  forgetKeys(): void;
  stop(): Promise<void>;
}

/** What is asked for, of whatever service. */
interface Request {
  key: string;
  user_id: string;
  amount: number;
  /** The payment that is to be taken back, by its key and by the id its caller was given; null for a payment. */
  paid: { key: string; transaction_id: string } | null;
  reference: unknown;
}

/** One collection of a service. */
interface Collection {
  path: string;
  /** Reads a posted body; throws a ZodError where it is not right. */
  read(body: unknown): Request;
  receipt(entry: Entry): object;
  /** How it says no. */
  refusal(code: string, message: string): object;
}

const common = {
  idempotency_key: z.string().min(1),
  user_id: z.string().min(1),
  reference: z.unknown(),
};
const sum = { amount: z.number(), currency: z.string() };
const amountIn = (currency: string, body: { amount: number; currency: string }): number =>
  body.currency === currency ? body.amount : Number.NaN;

const plain: Collection['refusal'] = (code, message) => ({ code, message });
const nested: Collection['refusal'] = (code, message) => ({ error: { code, detail: message } });

const pass = z.object({
  external_id: z.string().min(1),
  customer: z.string().min(1),
  units: z.number(),
  campaign: z.string(),
});
const revocation = z.object({
  external_id: z.string().min(1),
  customer: z.string().min(1),
  pass: z.string(),
  of: z.string(),
});

const payment = z.object({ ...common, ...sum });
const debit = payment.extend({ credit: z.object({ idempotency_key: z.string(), transaction_id: z.string() }) });
const cancellation = z.object({
  ...common,
  voucher: z.object({ idempotency_key: z.string(), voucher_id: z.string() }),
});

const collections: Record<ServiceName, Record<Operation, Collection>> = {
  neucoin: {
    pay: {
      path: '/v1/credits',
      read: (posted) => {
        const { idempotency_key: key, user_id, reference, ...body } = payment.parse(posted);
        return { key, user_id, amount: amountIn('NC', body), paid: null, reference };
      },
      receipt: ({ transaction_id, amount }) => ({ transaction_id, status: 'credited', amount }),
      refusal: plain,
    },
    take_back: {
      path: '/v1/debits',
      read: (posted) => {
        const { idempotency_key: key, user_id, reference, credit, ...body } = debit.parse(posted);
        const paid = { key: credit.idempotency_key, transaction_id: credit.transaction_id };
        return { key, user_id, amount: amountIn('NC', body), paid, reference };
      },
      receipt: ({ transaction_id, amount }) => ({ transaction_id, status: 'debited', amount }),
      refusal: plain,
    },
  },
  partner: {
    pay: {
      path: '/passes',
      read: (posted) => {
        const { external_id: key, customer: user_id, units: amount, campaign } = pass.parse(posted);
        return { key, user_id, amount, paid: null, reference: { campaign } };
      },
      receipt: ({ transaction_id, amount, key }) => ({
        data: { id: transaction_id, state: 'ACTIVE', units: amount, pin: codeOf(key) },
      }),
      refusal: nested,
    },
    take_back: {
      path: '/revocations',
      read: (posted) => {
        const { external_id: key, customer: user_id, pass: transaction_id, of } = revocation.parse(posted);
        return { key, user_id, amount: 0, paid: { key: of, transaction_id }, reference: null };
      },
      receipt: ({ transaction_id }) => ({ data: { id: transaction_id, state: 'REVOKED' } }),
      refusal: nested,
    },
  },
  voucher: {
    pay: {
      path: '/v1/vouchers',
      read: (posted) => {
        const { idempotency_key: key, user_id, reference, ...body } = payment.parse(posted);
        return { key, user_id, amount: amountIn('INR', body), paid: null, reference };
      },
      receipt: ({ transaction_id, amount, key }) => ({
        voucher_id: transaction_id,
        status: 'issued',
        amount,
        code: codeOf(key),
      }),
      refusal: plain,
    },
    take_back: {
      path: '/v1/cancellations',
      read: (posted) => {
        const { idempotency_key: key, user_id, reference, voucher } = cancellation.parse(posted);
        const paid = { key: voucher.idempotency_key, transaction_id: voucher.voucher_id };
        // All of it: the books give it the amount of what was issued.
        return { key, user_id, amount: 0, paid, reference };
      },
      receipt: ({ transaction_id, takes_back }) => ({
        cancellation_id: transaction_id,
        voucher_id: transactionIdOf('voucher', 'pay', String(takes_back)),
        status: 'cancelled',
      }),
      refusal: plain,
    },
  },
};

/** A line of the books. */
interface Entry extends Omit<Booking, 'calls'> {
  /** Of the body, to tell a repeat from something else under the same key. */
  digest: string;
}

/** What a service says of a payment that it does not know. */
const unknown: Record<ServiceName, string> = {
  neucoin: 'CREDIT_UNKNOWN',
  voucher: 'VOUCHER_UNKNOWN',
  partner: 'PASS_UNKNOWN',
};

const BODY_BYTES = 64 * 1_024;

/**
 * Starts both services on one port. With `dataDir` the books are kept in a file and found again by the next start; `refusals` names users
 * whose payments are refused, with the code, `takeBackRefusals` those of whom nothing is taken back (both may be changed at any time); with
 * `token`, calls must carry it.
 */
export async function startRewardServices(
  options: {
    host?: string;
    port?: number;
    dataDir?: string;
    faults?: readonly Fault[];
    refusals?: Readonly<Record<string, string>>;
    takeBackRefusals?: Readonly<Record<string, string>>;
    token?: string;
  } = {},
): Promise<RewardServices> {
  const { token } = options;
  const refusals: Record<Operation, Readonly<Record<string, string>>> = {
    pay: options.refusals ?? {},
    take_back: options.takeBackRefusals ?? {},
  };
  const books = await openBooks(options.dataDir);
  const calls = new Map<string, number>();
  const posted = {
    neucoin: { pay: 0, take_back: 0 },
    voucher: { pay: 0, take_back: 0 },
    partner: { pay: 0, take_back: 0 },
  };
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
    on: z.output<typeof fault>['on'],
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

  /** How often keys have been forgotten. */
  let period = 0;

  async function post(context: Context, service: ServiceName, operation: Operation): Promise<void> {
    posted[service][operation] += 1;
    const began = period;
    const no = (status: number, code: string, message: string): void => {
      context.status = status;
      context.body = collections[service][operation].refusal(code, message);
    };
    const body = await readJson(context.req);
    let request: Request;
    try {
      request = collections[service][operation].read(body);
    } catch (error) {
      if (!(error instanceof z.ZodError)) throw error;
      return no(400, 'BODY_INVALID', z.prettifyError(error));
    }
    const { key } = request;
    if (context.get('idempotency-key') !== key) return no(400, 'KEY_MISSING', 'header and body must name one key');
    const id = idOf(service, operation, key);
    calls.set(id, (calls.get(id) ?? 0) + 1);
    if (await befallen(context, service, operation, 'before')) return;
    if (began !== period) return void context.req.destroy();

    const known = books.remembered(service, operation, key);
    const { idempotency_key: _, ...terms } = body as { [field: string]: unknown };
    const digest = createHash('sha256').update(JSON.stringify(terms)).digest('hex');
    if (known !== undefined && known.digest !== digest)
      return no(409, 'KEY_REUSED', 'this key was used for something else');
    if (known === undefined) {
      const refusal = refusalOf(service, operation, request);
      if (refusal !== undefined) return no(422, refusal, `not done: ${refusal}`);
    }
    const entry = known ?? entryOf(service, operation, request, digest);
    await books.enter(entry);
    if (await befallen(context, service, operation, 'after')) return;
    context.status = known === undefined ? 201 : 200;
    context.body = collections[service][operation].receipt(entry);
  }

  function entryOf(service: ServiceName, operation: Operation, request: Request, digest: string): Entry {
    const { key, user_id, amount, paid, reference } = request;
    const issued = service !== 'neucoin' && paid !== null ? books.find(service, 'pay', paid.key) : undefined;
    return {
      service,
      operation,
      key,
      user_id,
      amount: issued?.amount ?? amount,
      reference: reference ?? null,
      transaction_id: transactionIdOf(service, operation, key),
      takes_back: paid?.key ?? null,
      digest,
    };
  }

  function refusalOf(service: ServiceName, operation: Operation, request: Request): string | undefined {
    const { user_id, amount, paid } = request;
    const told = refusals[operation][user_id];
    if (told !== undefined) return told;
    const cancels = service !== 'neucoin' && operation === 'take_back';
    if (!cancels && !(Number.isSafeInteger(amount) && amount > 0)) return 'AMOUNT_INVALID';
    if (paid === null) return undefined;
    const payment = books.find(service, 'pay', paid.key);
    if (payment === undefined || payment.user_id !== user_id || payment.transaction_id !== paid.transaction_id)
      return unknown[service];
    const taken = books.takenBack(service, paid.key);
    if (cancels) return taken.length > 0 ? 'ALREADY_CANCELLED' : undefined;
    const left = taken.reduce((sum, entry) => sum - entry.amount, payment.amount);
    return amount > left ? 'CREDIT_EXCEEDED' : undefined;
  }

  async function lookup(context: Context, service: ServiceName, operation: Operation, key: string): Promise<void> {
    const on = operation === 'pay' ? 'lookup' : 'lookup_take_back';
    if (await befallen(context, service, on, 'before')) return;
    const known = books.find(service, operation, key);
    if (known === undefined) {
      context.status = 404;
      context.body = collections[service][operation].refusal('KEY_UNKNOWN', 'nothing was done under this key');
      return;
    }
    context.body = collections[service][operation].receipt(known);
  }

  const router = new Router();
  for (const service of serviceNames) {
    for (const operation of operations) {
      const path = `/${service}${collections[service][operation].path}`;
      router.post(path, (context) => post(context, service, operation));
      router.get(`${path}/:key`, (context) => lookup(context, service, operation, String(context.params.key)));
    }
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
    return books.entries().map(({ digest: _, ...entry }) => ({
      ...entry,
      calls: calls.get(idOf(entry.service, entry.operation, entry.key)) ?? 0,
    }));
  }

  return {
    neucoinUrl: `${base}/neucoin`,
    voucherUrl: `${base}/voucher`,
    partnerUrl: `${base}/partner`,
    books: bookings,
    calls: (service, operation = 'pay') => posted[service][operation],
    setFaults,
    forgetKeys() {
      period += 1;
      server.closeAllConnections();
      books.forget();
    },
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

function idOf(service: ServiceName, operation: Operation, key: string): string {
  return `${service} ${operation} ${key}`;
}

function transactionIdOf(service: ServiceName, operation: Operation, key: string): string {
  const kind = operation === 'pay' ? service : `${service}_back`;
  return `${kind}_${createHash('sha256').update(key).digest('hex').slice(0, 16)}`;
}

/** The books: in memory, and in a file that is only appended to. */
async function openBooks(dataDir: string | undefined) {
  const entries = new Map<string, Entry>();
  const takenBack = new Map<string, Entry[]>();
  /** What was done under keys that had been forgotten. */
  const again: Entry[] = [];
  const forgotten = new Set<string>();
  const written = new Map<string, Promise<void>>();
  const file = dataDir === undefined ? undefined : join(dataDir, 'reward-books.ndjson');
  if (dataDir !== undefined && file !== undefined) {
    await mkdir(dataDir, { recursive: true });
    for (const entry of await readEntries(file)) remember(entry);
  }

  function remember(entry: Entry): void {
    entries.set(idOf(entry.service, entry.operation, entry.key), entry);
    if (entry.takes_back === null) return;
    const paid = idOf(entry.service, 'pay', entry.takes_back);
    takenBack.set(paid, [...(takenBack.get(paid) ?? []), entry]);
  }

  return {
    entries: () => [...entries.values(), ...again],
    find: (service: ServiceName, operation: Operation, key: string) => entries.get(idOf(service, operation, key)),
    /** What a repeat is answered with. */
    remembered(service: ServiceName, operation: Operation, key: string): Entry | undefined {
      const id = idOf(service, operation, key);
      return forgotten.has(id) ? undefined : entries.get(id);
    },
    forget(): void {
      for (const id of entries.keys()) forgotten.add(id);
    },
    /** What was taken back of a payment. */
    takenBack: (service: ServiceName, paidKey: string): readonly Entry[] =>
      takenBack.get(idOf(service, 'pay', paidKey)) ?? [],
    /** Resolves when the entry is in the file; entering it again only waits for that. */
    async enter(entry: Entry): Promise<void> {
      const id = idOf(entry.service, entry.operation, entry.key);
      if (!entries.has(id) || forgotten.delete(id)) {
        if (entries.has(id)) again.push(entry);
        remember(entry);
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
  return (
    whole
      .split('\n')
      .filter((line) => line !== '')
      // Before payments could be taken back, nothing said what a line is.
      .map((line) => ({ operation: 'pay', takes_back: null, ...JSON.parse(line) }) as Entry)
  );
}
