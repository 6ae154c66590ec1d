// A service as its configuration describes it: fills the request, signs it, and reads the answer by the first rule that fits. What no rule is about is
// tried again. Of an answer only what the configuration names is kept, and of a request everything but its headers, which hold secrets.
import { createHmac } from 'node:crypto';
import { z } from 'zod';
import type { Json } from '../event/event.ts';
import { valueAt } from '../event/mapping.ts';
import type { RewardMessage, TakeBackMessage } from '../event/message.ts';
import { parsePath } from '../event/source.ts';
import { limits } from '../limits.ts';
import type { Delivery } from '../outbox/delivery.ts';
import type { Sealer } from '../seal.ts';
import { type Answer, type Call, createCaller, type Problem, problem, unanswered } from './http-call.ts';
import { paidWith } from './request.ts';
import type { Lookup, RewardService } from './service.ts';
import {
  type AnswerRule,
  messageFields,
  type QuestionConfig,
  type RequestConfig,
  type ServiceConfig,
} from './service-config.ts';
import { requestsOf, type ServiceRequests } from './service-request.ts';
import { type Fields, fill, fillPath, placeholdersIn, textsIn } from './template.ts';
import { maskCode, ownerOf } from './voucher-code.ts';

const keptValue = z.union([z.string().min(1).max(256), z.number(), z.boolean()]);
const kept = z.record(z.string(), keptValue);
const code = z.string().min(1).max(256);

/** What a rule made of an answer; undefined where the rule fits and the answer is not what it says. */
type Reading =
  | { means: 'done'; delivery: Extract<Delivery, { kind: 'done' | 'ambiguous' }> }
  | { means: 'refused' | 'ambiguous'; reason: string }
  | { means: 'absent' | 'retry' }
  | undefined;

export interface ConfiguredRewardService extends RewardService {
  /** The same service, sent what a file said before; to be closed with this one. */
  sending(requests: ServiceRequests): RewardService;
}

export function createConfiguredService(
  config: ServiceConfig,
  options: {
    /** The values of secrets, by the names of their variables. */
    secrets: ReadonlyMap<string, string>;
    /** Without it codes are not kept. */
    sealer?: Sealer | undefined;
    /** Another time-out than the configured one, and where the service is; for tests. */
    timeoutMs?: number;
    url?: string;
  },
): ConfiguredRewardService {
  const { secrets, sealer } = options;
  const base = new URL(options.url ?? textOf(config.url));
  const basePath = base.pathname.replace(/\/$/, '');
  const caller = createCaller(base.origin, {
    timeoutMs: options.timeoutMs ?? config.timeout_ms,
    concurrency: config.concurrency,
  });
  const headers = Object.fromEntries(
    Object.entries(config.headers).map(([name, value]) => [name.toLowerCase(), textOf(value)]),
  );

  function textOf(value: ServiceConfig['url']): string {
    return typeof value === 'string' ? value : value.prefix + secretOf(value.secret);
  }

  function secretOf(name: string): string {
    const value = secrets.get(name);
    if (value === undefined) throw new Error(`${name} is not set`);
    return value;
  }

  /** Over the exact bytes that are sent. */
  function signed(body: string): Record<string, string> {
    if (config.signature === undefined) return {};
    const { secret, header, timestamp_header } = config.signature;
    const seconds = String(Math.floor(Date.now() / 1_000));
    const signature = createHmac('sha256', secretOf(secret)).update(`${seconds}.${body}`).digest('hex');
    return { [header.toLowerCase()]: signature, [timestamp_header.toLowerCase()]: seconds };
  }

  function send(call: Call, signal: AbortSignal): Promise<Answer> {
    return caller.send({ ...call, headers: { ...headers, ...call.headers, ...signed(call.body ?? '') } }, signal);
  }

  async function apply(
    request: RequestConfig,
    message: RewardMessage,
    fields: Fields,
    signal: AbortSignal,
  ): Promise<Delivery> {
    const path = fillPath(request.path, fields);
    const body = request.body === undefined ? undefined : fill(request.body, fields);
    const recorded = { method: request.method, path, key: String(fields.key), ...(body === undefined ? {} : { body }) };
    const idempotency = { [config.idempotency_header.toLowerCase()]: String(fields.key) };
    let answer: Answer;
    try {
      answer = await send(
        {
          method: request.method,
          path: basePath + path,
          ...(body === undefined
            ? { headers: idempotency }
            : { headers: { ...idempotency, 'content-type': 'application/json' }, body: JSON.stringify(body) }),
        },
        signal,
      );
    } catch (error) {
      return unanswered(error, recorded);
    }
    const reading = readingOf(request.answers, answer, message);
    switch (reading?.means) {
      case 'done':
        return { ...reading.delivery, request: recorded };
      case 'refused':
        return { kind: 'refused', request: recorded, answer: { reason: reading.reason }, error: reading.reason };
      case 'ambiguous':
        return { kind: 'ambiguous', request: recorded, answer: { status: answer.status }, error: reading.reason };
      default:
        return again(answer, recorded);
    }
  }

  /** A body of ours may hold a code that is worth money, so that of an answer which is no error nothing is repeated. */
  function again(answer: Answer, recorded: Json): Problem {
    if (answer.status >= 300) return problem(answer, recorded);
    const error = `${answer.status} that no rule is about, or that lacks what its rule names`;
    return { ...problem(answer, recorded), error };
  }

  async function ask(
    question: QuestionConfig | undefined,
    message: RewardMessage,
    fields: Fields,
    signal: AbortSignal,
  ): Promise<Lookup> {
    const recorded = { lookup: String(fields.key) };
    if (question === undefined) {
      const error = 'the key is too old to be sent again, and the service is not configured to be asked for it';
      return { kind: 'unanswerable', request: recorded, error };
    }
    let answer: Answer;
    try {
      answer = await send({ method: question.method, path: basePath + fillPath(question.path, fields) }, signal);
    } catch (error) {
      return unanswered(error, recorded);
    }
    const reading = readingOf(question.answers, answer, message);
    if (reading?.means === 'done') return { kind: 'applied', delivery: { ...reading.delivery, request: recorded } };
    return reading?.means === 'absent' ? { kind: 'absent' } : again(answer, recorded);
  }

  function readingOf(rules: readonly AnswerRule[], answer: Answer, message: RewardMessage): Reading {
    const body = (answer.body ?? null) as Json;
    const rule = rules.find((each) => each.status.includes(answer.status) && holds(each.where, body));
    switch (rule?.means) {
      case 'done':
        return doneBy(rule, answer, body, message);
      case 'refused': {
        const found = rule.reason === undefined ? undefined : valueAt(body, rule.reason);
        const reason =
          typeof found === 'string' && found !== '' ? found.slice(0, limits.identifierBytes) : String(answer.status);
        return { means: 'refused', reason };
      }
      case 'ambiguous':
        return { means: 'ambiguous', reason: `${answer.status}: by its configuration, a person has to look` };
      case 'absent':
      case 'retry':
        return { means: rule.means };
      case undefined:
        return undefined;
    }
  }

  function doneBy(
    rule: Extract<AnswerRule, { means: 'done' }>,
    { status }: Answer,
    body: Json,
    { amount, user_id, game_id }: RewardMessage,
  ): Reading {
    const names = Object.entries(rule.keep).map(([name, path]) => [name, valueAt(body, path)]);
    const found = kept.safeParse(Object.fromEntries(names)).data;
    const secret = rule.code === undefined ? undefined : code.safeParse(valueAt(body, rule.code)).data;
    if (found === undefined || (rule.code !== undefined && secret === undefined)) return undefined;
    const answer = { status, ...found, ...(secret === undefined ? {} : { masked_code: maskCode(secret) }) };
    const told = rule.amount === undefined ? amount : valueAt(body, rule.amount);
    if (told === undefined || told === null) return undefined;
    if (told !== amount) {
      const error = `${JSON.stringify(told).slice(0, 40)} where ${amount} was asked for`;
      return { means: 'done', delivery: { kind: 'ambiguous', request: null, answer, error } };
    }
    const sealed = secret === undefined ? undefined : sealer?.seal(secret, ownerOf(user_id, game_id));
    return { means: 'done', delivery: { kind: 'done', request: null, answer, sealed } };
  }

  const sending = ({ pay, take_back }: ServiceRequests): RewardService => ({
    pay: (message, key, signal) =>
      apply({ ...pay, answers: config.pay.answers }, message, fieldsOf(message, key), signal),
    lookup: (message, key, signal) => ask(config.lookup, message, fieldsOf(message, key), signal),
    async takeBack(message, key, signal) {
      if (take_back === undefined) {
        return {
          kind: 'refused',
          request: null,
          answer: null,
          error: 'the service is not configured to take rewards back',
        };
      }
      const fields = takeBackFields(message, key);
      const { path, body = {} } = take_back;
      const unknown = [path, ...textsIn(body)].flatMap(placeholdersIn).find((name) => !Object.hasOwn(fields, name));
      if (unknown !== undefined) {
        const error = `nothing is known of {${unknown}}: the payment was not settled by an answer that this configuration reads`;
        return { kind: 'refused', request: null, answer: null, error };
      }
      return apply({ ...take_back, answers: config.take_back?.answers ?? [] }, message, fields, signal);
    },
    lookupTakeBack: (message, key, signal) =>
      ask(config.lookup_take_back, message, takeBackFields(message, key), signal),
    close: () => caller.close(),
  });
  return { ...sending(requestsOf(config)), sending };
}

function fieldsOf(message: RewardMessage, key: string): Fields {
  const of = { ...message, key };
  return Object.fromEntries(messageFields.map((name) => [name, of[name]]));
}

function takeBackFields(message: TakeBackMessage, key: string): Fields {
  const paid = paidWith(message, kept);
  const answers = Object.entries(paid.answer).map(([name, value]) => [`paid.${name}`, value]);
  return { ...fieldsOf(message, key), ...Object.fromEntries(answers), 'paid.key': paid.key };
}

function holds(where: AnswerRule['where'], body: Json): boolean {
  return Object.entries(where).every(([text, wanted]) => {
    const path = parsePath(text);
    const found = path === undefined ? undefined : valueAt(body, path);
    return (Array.isArray(wanted) ? wanted : [wanted]).some((one) => one === found);
  });
}
