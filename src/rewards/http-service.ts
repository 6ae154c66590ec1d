// A reward service that speaks the contract of docs/rewards.md: what is posted, under which key, and what each kind of answer means. What the bodies
// of a service look like is told by its contract (neucoin.ts, voucher.ts). Of an answer it keeps only the fields the contract picks: the rest may
// hold what must not be stored or logged.
import type { Json } from '../event/event.ts';
import type { RewardMessage, TakeBackMessage } from '../event/message.ts';
import { limits } from '../limits.ts';
import type { Delivery } from '../outbox/delivery.ts';
import type { Sealed } from '../seal.ts';
import {
  type Answer,
  type CallOptions,
  createCaller,
  type Problem,
  problem,
  refusalIn,
  unanswered,
} from './http-call.ts';
import type { Lookup, RewardService } from './service.ts';

/** What the answer of a service says about an operation. */
export type Receipt =
  | { kind: 'done'; answer: Json; sealed?: Sealed | undefined }
  /** The key is used for something else than was asked. */
  | { kind: 'ambiguous'; answer: Json; error: string };

/** How a service is asked for one kind of thing. */
export interface HttpOperation<Message> {
  /** The collection that is posted to; `<path>/<key>` is what was done under a key. */
  path: string;
  /** The body: a pure function that must not change while messages are under way. */
  request(message: Message, key: string): { [field: string]: Json };
  /** Reads the answer to a request or a look-up; undefined when it cannot be understood. */
  receipt(answer: unknown, message: Message): Receipt | undefined;
  /** The codes with which the service says that it did not do it and never will. */
  refusals: ReadonlySet<string>;
}

/** How one service is spoken to. */
export interface HttpContract {
  pay: HttpOperation<RewardMessage>;
  takeBack: HttpOperation<TakeBackMessage>;
}

export interface HttpServiceOptions extends CallOptions {
  /** Where the service is; a path in it is kept. */
  url: string;
  token?: string | undefined;
}

export function createHttpService(contract: HttpContract, options: HttpServiceOptions): RewardService {
  const base = new URL(options.url);
  const basePath = base.pathname.replace(/\/$/, '');
  const caller = createCaller(base.origin, options);
  const authorization = options.token === undefined ? {} : { authorization: `Bearer ${options.token}` };

  async function post<Message>(
    operation: HttpOperation<Message>,
    message: Message,
    key: string,
    signal: AbortSignal,
  ): Promise<Delivery> {
    const request = operation.request(message, key);
    let answer: Answer;
    try {
      const headers = { ...authorization, 'content-type': 'application/json', 'idempotency-key': key };
      const body = JSON.stringify(request);
      answer = await caller.send({ method: 'POST', path: basePath + operation.path, headers, body }, signal);
    } catch (error) {
      return unanswered(error, request);
    }
    if (answer.status === 200 || answer.status === 201) return received(operation, answer, message, request);
    const refused = refusalIn(answer.body);
    if (answer.status === 422 && refused !== undefined && operation.refusals.has(refused.code)) {
      const { code, message: why = '' } = refused;
      return { kind: 'refused', request, answer: { code, message: why.slice(0, limits.errorChars) }, error: code };
    }
    if (answer.status === 409 && refused?.code === 'KEY_REUSED') {
      const error = 'KEY_REUSED: the service has done something else under this key';
      return { kind: 'ambiguous', request, answer: { code: refused.code }, error };
    }
    return problem(answer, request);
  }

  async function ask<Message>(
    operation: HttpOperation<Message>,
    message: Message,
    key: string,
    signal: AbortSignal,
  ): Promise<Lookup> {
    const request = { lookup: key };
    let answer: Answer;
    try {
      const path = `${basePath}${operation.path}/${encodeURIComponent(key)}`;
      answer = await caller.send({ method: 'GET', path, headers: authorization }, signal);
    } catch (error) {
      return unanswered(error, request);
    }
    if (answer.status === 200) {
      const delivery = received(operation, answer, message, request);
      return delivery.kind === 'retry' ? delivery : { kind: 'applied', delivery };
    }
    if (answer.status === 404 && refusalIn(answer.body)?.code === 'KEY_UNKNOWN') return { kind: 'absent' };
    if ([404, 405, 410, 501].includes(answer.status)) {
      const error = `the key is too old to be sent again, and the service cannot be asked for it (${answer.status})`;
      return { kind: 'unanswerable', request, error };
    }
    return problem(answer, request);
  }

  function received<Message>(
    operation: HttpOperation<Message>,
    answer: Answer,
    message: Message,
    request: Json,
  ): (Receipt & { request: Json }) | Problem {
    const receipt = operation.receipt(answer.body, message);
    if (receipt !== undefined) return { ...receipt, request };
    const error = `${answer.status} with a body that is not a receipt`;
    return { kind: 'retry', request, reason: 'unexpected_answer', error };
  }

  return {
    pay: (message, key, signal) => post(contract.pay, message, key, signal),
    lookup: (message, key, signal) => ask(contract.pay, message, key, signal),
    takeBack: (message, key, signal) => post(contract.takeBack, message, key, signal),
    lookupTakeBack: (message, key, signal) => ask(contract.takeBack, message, key, signal),
    close: () => caller.close(),
  };
}
