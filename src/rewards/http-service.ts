// A reward service over HTTP: one request, its time-out, and what each kind of answer means. What a service's bodies look like is told by its
// contract (neucoin.ts, voucher.ts). It never follows a redirect, never reads an answer without bounds, and of an answer keeps only the
// fields the contract picks: the rest may hold what must not be stored or logged.
import { Pool } from 'undici';
import { z } from 'zod';
import { messageOf } from '../errors.ts';
import type { Json } from '../event/event.ts';
import type { RewardMessage } from '../event/message.ts';
import { limits } from '../limits.ts';
import type { Delivery, RetryReason } from '../outbox/delivery.ts';
import type { Lookup, RewardService } from './service.ts';

/** What the answer of a service says about a payment. */
export type Receipt =
  | { kind: 'done'; answer: Json }
  /** The key is used for something else than was asked. */
  | { kind: 'ambiguous'; answer: Json; error: string };

/** How one service is spoken to. */
export interface HttpContract {
  /** The collection that payments are posted to; `<path>/<key>` is one payment. */
  path: string;
  /** The body of a payment: a pure function that must not change while messages are under way. */
  request(message: RewardMessage, key: string): { [field: string]: Json };
  /** Reads the answer to a payment or a look-up; undefined when it cannot be understood. */
  receipt(answer: unknown, message: RewardMessage): Receipt | undefined;
  /** The codes with which the service says that it did not pay and never will. */
  refusals: ReadonlySet<string>;
}

export interface HttpServiceOptions {
  /** Where the service is; a path in it is kept. */
  url: string;
  token?: string | undefined;
  timeoutMs: number;
  /** Calls at once. */
  concurrency?: number | undefined;
}

interface Answer {
  status: number;
  retryAfter: string | undefined;
  /** The parsed body; undefined when it is not JSON. */
  body: unknown;
}

type Problem = { kind: 'retry'; request: Json; reason: RetryReason; error: string; retryAfterMs?: number };

class CallTimeout extends Error {}

const refusal = z.object({ code: z.string(), message: z.string().optional() });

export function createHttpService(contract: HttpContract, options: HttpServiceOptions): RewardService {
  const base = new URL(options.url);
  const path = base.pathname.replace(/\/$/, '') + contract.path;
  const pool = new Pool(base.origin, {
    connections: options.concurrency ?? limits.serviceConcurrency,
    connect: { timeout: options.timeoutMs },
    headersTimeout: options.timeoutMs,
    bodyTimeout: options.timeoutMs,
    maxResponseSize: limits.answerBytes,
  });
  const authorization = options.token === undefined ? {} : { authorization: `Bearer ${options.token}` };

  async function send(
    what: { method: 'GET' | 'POST'; path: string; headers?: Record<string, string>; body?: string },
    signal: AbortSignal,
  ): Promise<Answer> {
    // Over the whole call, so that an answer that only drips is cut off too. AbortSignal.timeout and .any would say the same in one line, but
    // their timers outlive the calls: a tenth of a drain's time.
    const call = new AbortController();
    const giveUp = () => call.abort(signal.reason);
    const deadline = setTimeout(() => call.abort(new CallTimeout()), options.timeoutMs);
    signal.addEventListener('abort', giveUp);
    try {
      const { statusCode, headers, body } = await pool.request({
        ...what,
        headers: { accept: 'application/json', ...authorization, ...what.headers },
        signal: call.signal,
      });
      const retryAfter = headers['retry-after'];
      return {
        status: statusCode,
        retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined,
        body: parseJson(await body.text()),
      };
    } finally {
      clearTimeout(deadline);
      signal.removeEventListener('abort', giveUp);
    }
  }

  async function pay(message: RewardMessage, key: string, signal: AbortSignal): Promise<Delivery> {
    const request = contract.request(message, key);
    let answer: Answer;
    try {
      const headers = { 'content-type': 'application/json', 'idempotency-key': key };
      answer = await send({ method: 'POST', path, headers, body: JSON.stringify(request) }, signal);
    } catch (error) {
      return unanswered(error, request);
    }
    if (answer.status === 200 || answer.status === 201) return received(answer, message, request);
    const refused = refusal.safeParse(answer.body);
    if (answer.status === 422 && refused.success && contract.refusals.has(refused.data.code)) {
      const { code, message: why = '' } = refused.data;
      return { kind: 'refused', request, answer: { code, message: why.slice(0, limits.errorChars) }, error: code };
    }
    if (answer.status === 409 && refused.success && refused.data.code === 'KEY_REUSED') {
      const error = 'KEY_REUSED: the service has paid something else under this key';
      return { kind: 'ambiguous', request, answer: { code: refused.data.code }, error };
    }
    return problem(answer, request);
  }

  async function lookup(message: RewardMessage, key: string, signal: AbortSignal): Promise<Lookup> {
    const request = { lookup: key };
    let answer: Answer;
    try {
      answer = await send({ method: 'GET', path: `${path}/${encodeURIComponent(key)}` }, signal);
    } catch (error) {
      return unanswered(error, request);
    }
    if (answer.status === 200) {
      const delivery = received(answer, message, request);
      return delivery.kind === 'retry' ? delivery : { kind: 'applied', delivery };
    }
    if (answer.status === 404 && refusal.safeParse(answer.body).data?.code === 'KEY_UNKNOWN') return { kind: 'absent' };
    if ([404, 405, 410, 501].includes(answer.status)) {
      const error = `the key is too old to be sent again, and the service cannot be asked for it (${answer.status})`;
      return { kind: 'unanswerable', request, error };
    }
    return problem(answer, request);
  }

  function received(answer: Answer, message: RewardMessage, request: Json): (Receipt & { request: Json }) | Problem {
    const receipt = contract.receipt(answer.body, message);
    return receipt === undefined
      ? {
          kind: 'retry',
          request,
          reason: 'unexpected_answer',
          error: `${answer.status} with a body that is not a receipt`,
        }
      : { ...receipt, request };
  }

  return { pay, lookup, close: () => pool.close() };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // not JSON: the status alone says what it means
  }
}

function unanswered(error: unknown, request: Json): Problem {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (error instanceof CallTimeout || code.endsWith('_TIMEOUT')) {
    return {
      kind: 'retry',
      request,
      reason: 'timeout',
      error: 'no answer in time; whether it was applied is not known',
    };
  }
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') {
    const text = `an answer of more than ${limits.answerBytes} bytes`;
    return { kind: 'retry', request, reason: 'unexpected_answer', error: text };
  }
  const reason = isUntrusted(code) ? 'untrusted' : 'unreachable';
  return { kind: 'retry', request, reason, error: [code, messageOf(error)].filter(Boolean).join(': ') };
}

/** The codes with which Node and OpenSSL say that a certificate, or the protocol itself, is not right: every call would fail. */
function isUntrusted(code: string): boolean {
  return /^(ERR_TLS|ERR_SSL|EPROTO$|CERT_|CRL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_(GET|VERIFY|DECRYPT|DECODE)_|INVALID_(CA|PURPOSE)$|HOSTNAME_MISMATCH$)/.test(
    code,
  );
}

function problem({ status, retryAfter, body }: Answer, request: Json): Problem {
  const code = refusal.safeParse(body).data?.code.slice(0, limits.identifierBytes);
  const error = code === undefined ? String(status) : `${status} ${code}`;
  const wait = retryAfterMs(retryAfter);
  return {
    kind: 'retry',
    request,
    reason: reasonOf(status),
    error,
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
  };
}

function reasonOf(status: number): RetryReason {
  if (status === 401 || status === 403) return 'unauthorised';
  if (status === 404 || status === 405 || (status >= 300 && status < 400)) return 'no_route';
  if (status === 429) return 'overloaded';
  return status >= 500 ? 'server_error' : 'unexpected_answer';
}

/** Seconds or an HTTP date, as RFC 9110 has it. */
function retryAfterMs(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
