// One HTTP call of a service: its bounds (time, size, connections), and what each way of failing means. It never follows a redirect, never connects to where credentials are handed out, never reads an
// answer without bounds, and knows nothing of what bodies mean.
import { Pool } from 'undici';
import { z } from 'zod';
import { messageOf, UserError } from '../errors.ts';
import type { Json } from '../event/event.ts';
import { limits } from '../limits.ts';
import type { Delivery, RetryReason } from '../outbox/delivery.ts';
import { linkLocalProblem, lookupElsewhere } from './link-local.ts';

export interface CallOptions {
  timeoutMs: number;
  /** Calls at once. */
  concurrency?: number | undefined;
}

export interface Answer {
  status: number;
  retryAfter: string | undefined;
  /** The parsed body; undefined when it is not JSON. */
  body: unknown;
}

/** What will be tried again, and why. */
export type Problem = Extract<Delivery, { kind: 'retry' }>;

/** What is sent; the path begins with a slash. */
export interface Call {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  headers?: Record<string, string>;
  body?: string;
}

export interface Caller {
  /** Sends one request. Throws what `unanswered` understands. */
  send(call: Call, signal: AbortSignal): Promise<Answer>;
  /** Closes its connections. */
  close(): Promise<void>;
}

class CallTimeout extends Error {}

/** Calls the server of one origin. */
export function createCaller(origin: string, options: CallOptions): Caller {
  const refused = linkLocalProblem(new URL(origin).hostname);
  if (refused !== undefined) throw new UserError(`a service cannot be at ${origin}: ${refused}`);
  const pool = new Pool(origin, {
    connections: options.concurrency ?? limits.serviceConcurrency,
    connect: { timeout: options.timeoutMs, lookup: lookupElsewhere },
    headersTimeout: options.timeoutMs,
    bodyTimeout: options.timeoutMs,
    maxResponseSize: limits.answerBytes,
  });

  async function send(call: Call, signal: AbortSignal): Promise<Answer> {
    // Over the whole call, so that an answer that only drips is cut off too. AbortSignal.timeout and .any would say the same in one line, but
    // their timers outlive the calls: a tenth of a drain's time.
    const ending = new AbortController();
    const giveUp = () => ending.abort(signal.reason);
    const deadline = setTimeout(() => ending.abort(new CallTimeout()), options.timeoutMs);
    signal.addEventListener('abort', giveUp);
    try {
      const { statusCode, headers, body } = await pool.request({
        ...call,
        headers: { accept: 'application/json', ...call.headers },
        signal: ending.signal,
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

  return { send, close: () => pool.close() };
}

const refusal = z.object({ code: z.string(), message: z.string().optional() });

/** The `code` and `message` of a body, where it has them. */
export function refusalIn(body: unknown): z.infer<typeof refusal> | undefined {
  return refusal.safeParse(body).data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // not JSON: the status alone says what it means
  }
}

/** Why a call threw. */
export function unanswered(error: unknown, request: Json): Problem {
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

/** Why an answer is none that ends anything. */
export function problem({ status, retryAfter, body }: Answer, request: Json): Problem {
  const code = refusalIn(body)?.code.slice(0, limits.identifierBytes);
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
