// Services defined in configuration: what a file in game-configs/services says, read and checked. Owns the schema, published as
// docs/schemas/service.schema.json. Secrets are never in it: it names variables of the environment. docs/services.md explains it.
import { readdir } from 'node:fs/promises';
import { z } from 'zod';
import { secretName } from '../config.ts';
import { takeFiles } from '../config-folder.ts';
import { messageOf, UserError } from '../errors.ts';
import { type ConfiguredService, SERVICE_ID } from '../event/message.ts';
import { type Path, parsePath } from '../event/source.ts';
import { parseJsonc } from '../jsonc.ts';
import { limits } from '../limits.ts';
import { didYouMean } from '../spelling.ts';
import { linkLocalProblem } from './link-local.ts';
import { placeholdersIn, textsIn } from './template.ts';

/** What is known of every message. */
export const messageFields = ['key', 'user_id', 'amount', 'game_id', 'window_start', 'step', 'earning'] as const;

const path = z
  .string()
  .transform((text, context): Path => {
    const parsed = parsePath(text);
    if (parsed !== undefined) return parsed;
    context.addIssue({
      code: 'custom',
      message: `${JSON.stringify(text)} is not a path such as status, data.id or errors[0].code`,
    });
    return z.NEVER;
  })
  .meta({ examples: ['status', 'data.id', 'errors[0].code'] });

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);

const secret = z.string().regex(secretName, {
  error: 'must be the name of a variable that begins with MILEPOST_SECRET_, such as MILEPOST_SECRET_LOUNGE_TOKEN',
});

/** Text, or what a variable of the environment holds. */
const secretOr = (text: z.ZodType<string>) =>
  z.union([
    text,
    z.strictObject({
      secret: secret.describe('The variable of the environment that holds it.'),
      prefix: z
        .string()
        .max(100)
        .default('')
        .meta({ description: 'What stands before it.', examples: ['Bearer '] }),
    }),
  ]);

const headerName = /^[A-Za-z0-9-]{1,64}$/;
/** Ours to write: the body's, the connection's, and the key's. */
const ownHeaders = new Set(['content-type', 'content-length', 'host', 'connection', 'transfer-encoding']);

const header = z.string().regex(headerName, { error: 'must be the name of a header: letters, digits and "-"' });

const when = {
  status: z
    .array(z.int().min(100).max(599))
    .min(1)
    .describe('The statuses of answers that this is about.')
    .meta({ unit: 'a list', examples: [[200, 201]] }),
  where: z
    .record(z.string(), z.union([scalar, z.array(scalar).min(1)]))
    .default({})
    .describe('What the body must hold besides: by path, a value or a list of which one must be there.')
    .meta({ examples: [{ 'error.code': ['NO_STOCK', 'UNKNOWN_CUSTOMER'] }] }),
};

const done = z.strictObject({
  ...when,
  means: z.literal('done').describe('It has its effect, now or already.'),
  keep: z
    .record(
      z.string().regex(/^[a-z][a-z0-9_]{0,62}$/, { error: 'must be lower-case letters, digits and underscores' }),
      path,
    )
    .default({})
    .describe('What of the answer is kept, by a name of your own. It is needed again where rewards are taken back.')
    .meta({ examples: [{ pass_id: 'data.id' }] }),
  amount: path
    .optional()
    .describe(
      'Where the answer says how much it was. Another amount than was asked for is ambiguous, for a person to look at.',
    ),
  code: path
    .optional()
    .describe(
      'Where the answer has a code that is worth money. It is kept like a voucher’s: encrypted, shown to its player alone.',
    ),
});
const refused = z.strictObject({
  ...when,
  means: z.literal('refused').describe('It has no effect, and never will have under this key.'),
  reason: path.optional().describe('Where the answer says why. Without it the status is the reason.'),
});
const ambiguous = z.strictObject({
  ...when,
  means: z.literal('ambiguous').describe('The key was used for something else: a person has to look.'),
});
const retry = z.strictObject({
  ...when,
  means: z.literal('retry').describe('To be tried again, like every answer that nothing is said about.'),
});
const absent = z.strictObject({ ...when, means: z.literal('absent').describe('Nothing was ever done under the key.') });

const targetPath = z
  .string()
  .regex(/^\/[\x21-\x7e]*$/, { error: 'must begin with "/" and hold no spaces' })
  .max(500)
  .meta({
    description: 'Follows the url. May hold placeholders.',
    examples: ['/passes', '/passes/{paid.pass_id}/revoke'],
  });
const method = z.enum(['POST', 'PUT', 'PATCH', 'DELETE', 'GET']);

const request = z.strictObject({
  method: method.default('POST').describe('The method of the request.'),
  path: targetPath,
  body: z
    .record(z.string(), z.json())
    .optional()
    .describe(
      'The body, sent as JSON. Texts may hold placeholders; one that is a placeholder alone becomes the value itself.',
    )
    .meta({ examples: [{ customer: '{user_id}', units: '{amount}' }] }),
  answers: z
    .array(z.discriminatedUnion('means', [done, refused, ambiguous, retry]))
    .min(1)
    .max(50)
    .describe('What answers mean: the first that fits counts.'),
});
const question = z.strictObject({
  method: method.default('GET').describe('The method of the question.'),
  path: targetPath,
  answers: z
    .array(z.discriminatedUnion('means', [done, absent, retry]))
    .min(1)
    .max(50)
    .describe('What answers mean: the first that fits counts.'),
});

/** The file as its writers see it. */
export const serviceSchema = z
  .strictObject({
    service_id: z
      .string()
      .regex(SERVICE_ID, { error: 'must be lower-case letters, digits, "_" and "-", a letter first' })
      .meta({
        description: 'The name of the service. Games pay by it with the reward type service: and this.',
        examples: ['lounge_pass'],
      }),
    url: secretOr(
      z.string().refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), {
        error: 'must be an address that begins with https:// or http://',
      }),
    ).describe('Where the service is. A path in it is kept.'),
    headers: z
      .record(header, secretOr(z.string().max(1_000)))
      .default({})
      .describe('Headers of every request.')
      .meta({ examples: [{ Authorization: { secret: 'MILEPOST_SECRET_LOUNGE_TOKEN', prefix: 'Bearer ' } }] }),
    idempotency_header: header
      .default('Idempotency-Key')
      .describe('The header that carries the key of pay and take_back.'),
    signature: z
      .strictObject({
        secret: secret.describe('The variable of the environment that holds the key.'),
        header: header.default('X-Signature').describe('The header that carries the signature.'),
        timestamp_header: header
          .default('X-Timestamp')
          .describe('The header that carries the time of the request, in seconds since 1970.'),
      })
      .optional()
      .describe('Signs every request: HMAC-SHA256, in hexadecimal, over the time, a full stop and the exact body.'),
    timeout_ms: z
      .int()
      .min(100)
      .max(limits.serviceTimeoutMs)
      .default(limits.serviceTimeoutMs)
      .meta({ description: 'How long an answer is waited for.', unit: 'ms' }),
    concurrency: z
      .int()
      .min(1)
      .max(limits.serviceConcurrencyMax)
      .default(limits.serviceConcurrency)
      .meta({ description: 'Calls at once of one worker process.', unit: 'calls' }),
    rate_per_second: z.int().min(1).max(100_000).optional().meta({
      description: 'Messages per second of all worker processes together. Without it there is no limit.',
      unit: 'messages',
    }),
    idempotency_hours: z
      .int()
      .min(1)
      .max(limits.idempotencyHoursMax)
      .default(limits.idempotencyPeriodMs / 3_600_000)
      .meta({
        description: 'For how long the service remembers a key. An older one is asked for before anything is sent.',
        unit: 'hours',
      }),
    pay: request.describe('How a reward is paid.'),
    lookup: question
      .optional()
      .describe('How it is asked whether a reward was paid. Without it a payment whose key is too old ends ambiguous.'),
    take_back: request
      .optional()
      .describe('How a paid reward is taken back. Without it taking one back fails, with that reason.'),
    lookup_take_back: question.optional().describe('How it is asked whether a reward was taken back.'),
  })
  .superRefine((service, context) => {
    checkService(service, (path, message) => context.addIssue({ code: 'custom', path, message }));
  })
  .describe('A service that gives rewards, spoken to over HTTP as this file says.');

export type ServiceConfig = z.output<typeof serviceSchema>;
export type RequestConfig = z.output<typeof request>;
export type QuestionConfig = z.output<typeof question>;
export type AnswerRule = RequestConfig['answers'][number] | QuestionConfig['answers'][number];
type Done = z.output<typeof done>;

type Report = (path: (string | number)[], message: string) => void;

function checkService(service: ServiceConfig, report: Report): void {
  if (typeof service.url === 'string' && URL.canParse(service.url)) {
    const problem = linkLocalProblem(new URL(service.url).hostname);
    if (problem !== undefined) report(['url'], problem);
  }
  checkHeaders(service, report);
  const paidNames = [service.pay, service.lookup].map((part) => part && keptBy(part.answers));
  const paid = paidNames[0] ?? new Set();
  const fields = [...messageFields];
  const paidFields = [...fields, 'paid.key', ...[...paid].map((name) => `paid.${name}`)];
  checkAnswers('pay', service.pay.answers, report);
  checkPlaceholders('pay', service.pay, fields, report);
  if (service.lookup !== undefined) {
    checkAnswers('lookup', service.lookup.answers, report);
    checkPlaceholders('lookup', service.lookup, fields, report);
    const missing = [...paid].filter((name) => service.take_back !== undefined && paidNames[1]?.has(name) === false);
    for (const name of missing)
      report(['lookup', 'answers'], `keeps no ${JSON.stringify(name)}, which "pay" does and "take_back" may need`);
  }
  if (service.take_back !== undefined) {
    checkAnswers('take_back', service.take_back.answers, report);
    checkPlaceholders('take_back', service.take_back, paidFields, report);
  }
  if (service.lookup_take_back === undefined) return;
  if (service.take_back === undefined) report(['lookup_take_back'], 'has no meaning without "take_back"');
  checkAnswers('lookup_take_back', service.lookup_take_back.answers, report);
  checkPlaceholders('lookup_take_back', service.lookup_take_back, paidFields, report);
}

/** What is kept of every answer that means done. */
function keptBy(answers: readonly AnswerRule[]): Set<string> {
  const rules = answers.filter((rule): rule is Done => rule.means === 'done');
  const [first, ...others] = rules.map(({ keep }) => new Set(Object.keys(keep)));
  return new Set([...(first ?? [])].filter((name) => others.every((names) => names.has(name))));
}

function checkHeaders({ headers, idempotency_header: key, signature }: ServiceConfig, report: Report): void {
  const taken = new Set(
    [key, ...(signature === undefined ? [] : [signature.header, signature.timestamp_header])].map((name) =>
      name.toLowerCase(),
    ),
  );
  for (const name of Object.keys(headers)) {
    if (ownHeaders.has(name.toLowerCase())) report(['headers', name], 'is written by Milepost; remove it');
    if (taken.has(name.toLowerCase()))
      report(['headers', name], 'is there already, by "idempotency_header" or "signature"; remove one');
  }
}

function checkAnswers(part: string, answers: readonly AnswerRule[], report: Report): void {
  if (!answers.some(({ means }) => means === 'done')) report([part, 'answers'], 'no answer means done; say which does');
  answers.forEach(({ where }, index) => {
    for (const text of Object.keys(where)) {
      if (parsePath(text) === undefined)
        report([part, 'answers', index, 'where', text], 'is not a path such as status, data.id or errors[0].code');
    }
  });
}

function checkPlaceholders(
  part: string,
  { path: target, ...rest }: RequestConfig | QuestionConfig,
  fields: readonly string[],
  report: Report,
): void {
  const body = 'body' in rest ? rest.body : undefined;
  for (const [at, texts] of [['path', [target]] as const, ['body', body === undefined ? [] : textsIn(body)] as const]) {
    for (const name of texts.flatMap(placeholdersIn)) {
      if (fields.includes(name)) continue;
      const hint = didYouMean(name, fields);
      report(
        [part, at],
        `nothing is called {${name}}${hint}; there is ${fields.join(', ')}. A brace itself is written twice`,
      );
    }
  }
}

/** The variables of the environment that a service needs. */
export function secretsOf({ url, headers, signature }: ServiceConfig): string[] {
  const named = [url, ...Object.values(headers)].flatMap((value) => (typeof value === 'string' ? [] : [value.secret]));
  return [...new Set([...named, ...(signature === undefined ? [] : [signature.secret])])].sort();
}

export function destinationOf({ service_id }: ServiceConfig): ConfiguredService {
  return `service:${service_id}`;
}

/** Reads one file. */
export function parseService(text: string, file: string): ServiceConfig {
  return parseJsonc(text, serviceSchema, file);
}

/** Reads every service in a folder (*.json, *.jsonc), in the order of their names; none where there is no folder. All files' problems are told at once. */
export async function readServices(folder: string): Promise<ServiceConfig[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new UserError(`Cannot read the folder of services ${folder}: ${messageOf(error)}`);
  });
  const services = new Map<string, ServiceConfig>();
  const problems = await takeFiles(folder, names, (text, file) => {
    const service = parseService(text, file);
    if (services.has(service.service_id)) {
      throw new UserError('', [
        { path: '$.service_id', message: `${JSON.stringify(service.service_id)} is there already; rename one` },
      ]);
    }
    services.set(service.service_id, service);
  });
  if (services.size > limits.configuredServices)
    problems.push({
      path: folder,
      message: `holds ${services.size} services, ${limits.configuredServices} are allowed`,
    });
  if (problems.length > 0) throw new UserError(`The services in ${folder} are not right`, problems);
  return [...services.values()];
}
