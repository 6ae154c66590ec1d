// A source: a producer, its topics, and the declarative mapping of its raw messages to the canonical event. Owns what such a
// configuration may say and which attributes exist; mapping.ts applies it. It never holds code: a new producer is a new file.
import { readdir } from 'node:fs/promises';
import { z } from 'zod';
import { takeFiles } from '../config-folder.ts';
import { type Problem, UserError } from '../errors.ts';
import { parseJsonc } from '../jsonc.ts';
import { limits } from '../limits.ts';
import { didYouMean } from '../spelling.ts';
import { type Control, controls } from './control.ts';

/** What an attribute holds. An `amount` is a number in major units (rupees) with at most its currency's decimals. */
export type AttributeType = 'text' | 'number' | 'amount' | 'boolean';

/** How a raw value becomes an attribute's value. */
export type Reading = 'text' | 'number' | 'boolean' | 'paise' | 'decimal_text';

/** The readings that yield each type of attribute; the first is the default. */
export const READINGS: Record<AttributeType, readonly [Reading, ...Reading[]]> = {
  text: ['text'],
  number: ['number', 'decimal_text'],
  amount: ['number', 'paise', 'decimal_text'],
  boolean: ['boolean'],
};

export type Scalar = string | number | boolean | null;

/** Where a value lies in a raw message, as keys and indices. */
export type Path = readonly (string | number)[];

const PATH_PART = /\.?([^.[\]"]+)|\[(\d{1,4})\]|\["((?:[^"\\]|\\.)+)"\]/y;

/** Reads `payer.account`, `items[0].code` or `["odd.key"].code`; undefined when it is no such path. */
export function parsePath(text: string): Path | undefined {
  const path: (string | number)[] = [];
  PATH_PART.lastIndex = 0;
  while (PATH_PART.lastIndex < text.length) {
    const first = PATH_PART.lastIndex === 0;
    const match = PATH_PART.exec(text);
    if (match === null) return undefined;
    const [whole, key, index, quoted] = match;
    if (key !== undefined && whole.startsWith('.') === first) return undefined;
    path.push(key ?? (index === undefined ? (quoted as string).replaceAll(/\\(.)/g, '$1') : Number(index)));
  }
  return path.length === 0 ? undefined : path;
}

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const identifier = z
  .string()
  .refine((text) => text !== '' && Buffer.byteLength(text) <= limits.identifierBytes && !text.includes('\0'), {
    error: `must be 1 to ${limits.identifierBytes} bytes of text`,
  })
  .meta({ minLength: 1, maxLength: limits.identifierBytes });
const name = z.string().regex(/^[a-z][a-z0-9_]{0,62}$/, 'must be lower-case letters, digits and underscores');
const attributeName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,62}$/, 'must be letters, digits and underscores');
const topic = z.string().regex(/^[A-Za-z0-9._-]{1,249}$/, 'must be a Kafka topic: letters, digits, ".", "_" and "-"');

const path = z
  .string()
  .transform((text, context): Path => {
    const parsed = parsePath(text);
    if (parsed !== undefined) return parsed;
    const message = `${JSON.stringify(text)} is not a path such as payer.account, items[0].code or ["odd.key"].code`;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  })
  .describe('Where the value is, such as payer.account, items[0].code or ["odd.key"].code.');

/** Where a value is found. Exactly one of them. */
const place = {
  path: path.optional(),
  first_of: z.array(path).min(1).optional().describe('Several paths. The first that has a value counts.'),
  const: scalar.optional().describe('A fixed value.'),
};
/** What is done with it. */
const treatment = {
  trim: z.boolean().default(false).describe('Cut white space off the ends of text.'),
  lower_case: z.boolean().default(false).describe('Write text in lower case.'),
  values: z
    .record(z.string(), scalar)
    .optional()
    .describe('From the raw value (as text) to the canonical one; null means no value.'),
  otherwise: scalar
    .optional()
    .describe('The value for raw ones that "values" does not list. Without it such a message is parked.'),
  default: scalar.optional().describe('The value when there is none: absent, null and empty text are the same.'),
};
const required = z.boolean().default(false).describe('Without a value the message is parked.');

/** A rule; a bare text stands for a rule that is only a path. */
function rule<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const object = z.strictObject(shape);
  const bare = z
    .string()
    .transform((text) => ({ path: text }))
    // Every shape has a path.
    .pipe(object as unknown as z.ZodType<z.output<typeof object>, { path: string }>)
    .describe('A path, such as payer.account.');
  return z.union([bare, object]);
}

const identifierRule = rule({ ...place, ...treatment });
const eventIdRule = rule({
  ...place,
  ...treatment,
  digest_of: z
    .array(path)
    .min(1)
    .optional()
    .describe('Makes the id of fields that together are unique. All of them must be there.'),
});
const occurredAtRule = rule({
  path: place.path,
  first_of: place.first_of,
  as: z
    .enum(['iso', 'epoch_ms', 'epoch_s'])
    .default('iso')
    .describe('How the time is written: as ISO 8601, or in milliseconds or seconds since 1970.'),
  zone_offset: z
    .string()
    .regex(/^[+-](?:0\d|1[0-4]):[0-5]\d$/, 'must be an offset such as "+05:30"')
    .optional()
    .meta({ description: 'For ISO times without an offset, which are parked otherwise.', examples: ['+05:30'] }),
  record_timestamp: z.boolean().default(false).describe('Without a value, the time of the Kafka record is taken.'),
});
const correlationRule = rule({ ...place, ...treatment, required });
const attributeRule = rule({
  ...place,
  ...treatment,
  as: z
    .enum(['text', 'number', 'boolean', 'paise', 'decimal_text'])
    .optional()
    .describe('How the raw value is read. Without it by the type of the attribute.'),
  required,
});

const fields = {
  event_id: eventIdRule.optional().describe('What makes the event unique at its producer, for ever.'),
  event_type: identifierRule.optional().describe('What happened.'),
  user_id: identifierRule.optional().describe('The player, compared byte for byte.'),
  occurred_at: occurredAtRule.optional().describe('When it happened.'),
  correlation: z
    .strictObject({
      payment_id: correlationRule.optional().describe('The payment.'),
      txn_id: correlationRule.optional().describe('The transaction at the producer.'),
      canonical_transaction_id: correlationRule
        .optional()
        .describe('One id for the same logical transaction seen by several producers.'),
      original_event_id: correlationRule.optional().describe('In a reversal: the event it takes back.'),
    })
    .default({})
    .describe('The ids that tie events together.'),
  attributes: z
    .record(z.string(), attributeRule)
    .default({})
    .describe('Rules for declared attributes. What is not mapped is not kept.'),
};

/** A source as it is written, before what a schema cannot express is checked. */
export const sourceFileSchema = z
  .strictObject({
    source_id: name.describe("The source's own name: in the inbox, in metrics, and for --source."),
    producer: identifier
      .optional()
      .describe(
        "Half of an event's identity (producer, event_id): never change it. In canonical messages it stands in for a missing one.",
      ),
    topics: z.array(topic).default([]).describe('Kafka topics. A topic belongs to one source.'),
    shape: z
      .enum(['mapped', 'canonical'])
      .default('mapped')
      .describe('canonical: the messages are canonical events already, and nothing is mapped.'),
    controls: z
      .array(z.enum(controls))
      .default([])
      .describe(
        'What this source may change by control events, such as who is in a cohort: nothing unless it is said here.',
      ),
    event_version: identifierRule
      .prefault({ const: '1.0' })
      .describe('Where a message says its version. The major version selects the mapping.'),
    message_type: identifierRule
      .optional()
      .describe('Where a message says what it is. With it, every mapping lists its message_types.'),
    attributes: z
      .record(attributeName, z.enum(['text', 'number', 'amount', 'boolean']))
      .default({})
      .describe("The attributes that this source's events carry, each with its type."),
    common: z.strictObject(fields).prefault({}).describe("What all mappings share. A mapping's own entry goes before."),
    mappings: z
      .array(
        z.strictObject({
          event_version: z.int().min(0).default(1).describe('The major version that it reads.'),
          message_types: z.array(z.string().min(1)).min(1).optional().describe('The message types that it reads.'),
          ...fields,
        }),
      )
      .default([])
      .describe(
        'How messages become events, by version and message type. At least one, unless the shape is canonical.',
      ),
  })
  .describe(
    'A source: a producer, its topics, and how its raw messages become events. docs/sources.md describes every field.',
  );

const sourceSchema = sourceFileSchema.superRefine((source, context) =>
  checkSource(source, (at, message) => context.addIssue({ code: 'custom', path: at, message })),
);

type SourceFile = z.output<typeof sourceSchema>;
export type IdentifierRule = z.output<typeof identifierRule>;
export type EventIdRule = z.output<typeof eventIdRule>;
export type OccurredAtRule = z.output<typeof occurredAtRule>;
export type CorrelationRule = z.output<typeof correlationRule>;
export type AttributeRule = z.output<typeof attributeRule>;

/** How the messages of one major version, and of some message types, are read. */
export interface Mapping {
  eventVersion: number;
  /** Undefined: all of them. */
  messageTypes: readonly string[] | undefined;
  eventId: EventIdRule;
  eventType: IdentifierRule;
  userId: IdentifierRule;
  occurredAt: OccurredAtRule;
  correlation: SourceFile['common']['correlation'];
  attributes: Record<string, AttributeRule>;
}

export type Source = {
  sourceId: string;
  /** Where it is written, for errors. */
  file: string;
  topics: readonly string[];
  controls: readonly Control[];
  attributes: Readonly<Record<string, AttributeType>>;
} & (
  | { shape: 'canonical'; producer: string | undefined }
  | {
      shape: 'mapped';
      producer: string;
      eventVersion: IdentifierRule;
      messageType: IdentifierRule | undefined;
      mappings: readonly Mapping[];
    }
);

/** The producer of what people do through Milepost itself. */
export const OWN_PRODUCER = 'milepost';

/** A built-in source of control events that people send through Milepost itself: it is on no topic, and no request can name it. */
export function ownSource(control: Control): Source {
  return {
    sourceId: control,
    file: `the built-in source of ${control}`,
    shape: 'canonical',
    producer: OWN_PRODUCER,
    topics: [],
    controls: [control],
    attributes: {},
  };
}

/** The built-in source: messages that are canonical events already, from any producer. */
export const canonicalSource: Source = {
  sourceId: 'canonical',
  file: 'the built-in source',
  shape: 'canonical',
  producer: undefined,
  topics: ['milepost.events'],
  controls: [],
  attributes: {
    transaction_type: 'text',
    payment_status: 'text',
    transaction_amount: 'amount',
    currency: 'text',
    merchant_id: 'text',
    merchant_category: 'text',
    billpay_category: 'text',
    action_type: 'text',
    frm_flag: 'text',
  },
};

/** Reads one source configuration. `file` names it in errors. */
export function parseSource(text: string, file: string): Source {
  const {
    source_id: sourceId,
    topics,
    controls: allowed,
    attributes,
    producer,
    ...rest
  } = parseJsonc(text, sourceSchema, file);
  const own = { sourceId, file, topics, controls: allowed, attributes };
  if (rest.shape === 'canonical') return { ...own, shape: 'canonical', producer };
  const mappings = rest.mappings.map((mapping): Mapping => {
    // checkSource has seen to it that each is there, here or in `common`.
    const given = { ...rest.common, ...withoutUndefined(mapping) };
    return {
      eventVersion: mapping.event_version,
      messageTypes: mapping.message_types,
      eventId: given.event_id as EventIdRule,
      eventType: given.event_type as IdentifierRule,
      userId: given.user_id as IdentifierRule,
      occurredAt: given.occurred_at as OccurredAtRule,
      correlation: { ...rest.common.correlation, ...mapping.correlation },
      attributes: { ...rest.common.attributes, ...mapping.attributes },
    };
  });
  const { event_version: eventVersion, message_type: messageType } = rest;
  return { ...own, shape: 'mapped', producer: producer as string, eventVersion, messageType, mappings };
}

/** Reads every source in a folder (*.json, *.jsonc), the canonical one first. All files' problems are told at once. */
export async function readSources(folder: string): Promise<Source[]> {
  const names = await readdir(folder).catch((cause: NodeJS.ErrnoException) => {
    throw new UserError(`Cannot read the folder of sources ${folder}: ${cause.code ?? cause.message}`);
  });
  const sources: Source[] = [canonicalSource];
  const problems = await takeFiles(folder, names, (text, file) => sources.push(parseSource(text, file)));
  if (problems.length > 0) throw new UserError(`The sources in ${folder} are not right`, problems);
  checkTogether(sources);
  return sources;
}

/**
 * Every attribute that some source declares, with its type: the fields a game's rule may name as `attributes.<name>`.
 * Throws when sources do not agree about a type.
 */
export function attributeCatalogue(sources: readonly Source[]): Map<string, AttributeType> {
  const catalogue = new Map<string, AttributeType>();
  const declaredBy = new Map<string, string>();
  const problems: Problem[] = [];
  for (const { file, attributes } of sources) {
    for (const [attribute, type] of Object.entries(attributes)) {
      const known = catalogue.get(attribute);
      if (known === undefined) {
        catalogue.set(attribute, type);
        declaredBy.set(attribute, file);
      } else if (known !== type) {
        const message = `is ${type} here and ${known} in ${declaredBy.get(attribute)}; choose one, or another name`;
        problems.push({ path: `${file} $.attributes.${attribute}`, message });
      }
    }
  }
  if (problems.length > 0) throw new UserError('Sources disagree about the type of an attribute', problems);
  return catalogue;
}

/** What only shows when sources are seen side by side: a name or a topic used twice, an attribute of two types. */
export function checkTogether(sources: readonly Source[]): void {
  const owners = new Map<string, Source>();
  const problems: Problem[] = [];
  for (const source of sources) {
    const keys: [string, string][] = [
      ['source_id', source.sourceId],
      ...source.topics.map((each): [string, string] => ['topics', each]),
    ];
    for (const [key, value] of keys) {
      const owner = owners.get(value) ?? source;
      owners.set(value, owner);
      if (owner === source) continue;
      const message = `${JSON.stringify(value)} is a name or topic of ${owner.file} already; choose another`;
      problems.push({ path: `${source.file} $.${key}`, message });
    }
  }
  if (problems.length > 0) throw new UserError('A name or a topic belongs to one source only', problems);
  attributeCatalogue(sources);
}

type Report = (at: (string | number)[], message: string) => void;

function checkSource(source: SourceFile, report: Report): void {
  if (source.shape === 'canonical') {
    if (source.mappings.length > 0) report(['mappings'], 'a source of canonical shape has nothing to map; remove them');
    return;
  }
  if (source.producer === undefined)
    report(['producer'], 'missing; name the producer, it is half of an event’s identity');
  if (source.mappings.length === 0) report(['mappings'], 'at least one mapping is needed');
  checkIdentifierRule(source.event_version, ['event_version'], report);
  if (source.message_type !== undefined) checkIdentifierRule(source.message_type, ['message_type'], report);
  checkFields(source.common, ['common'], source.attributes, report);

  const selected = new Set<string>();
  for (const [index, mapping] of source.mappings.entries()) {
    const at = ['mappings', index];
    checkFields(mapping, at, source.attributes, report);
    for (const field of ['event_id', 'event_type', 'user_id', 'occurred_at'] as const) {
      if (mapping[field] === undefined && source.common[field] === undefined) {
        report([...at, field], 'missing; say how it is read, here or in "common"');
      }
    }
    if ((source.message_type === undefined) !== (mapping.message_types === undefined)) {
      const message =
        source.message_type === undefined
          ? 'the source does not say where "message_type" is found; add it, or remove this list'
          : 'missing; list the message types this mapping reads';
      report([...at, 'message_types'], message);
    }
    for (const type of mapping.message_types ?? ['']) {
      const selector = `${mapping.event_version} ${type}`;
      if (selected.has(selector)) {
        const what = type === '' ? '' : ` and message type ${JSON.stringify(type)}`;
        report([...at], `version ${mapping.event_version}${what} is read by another mapping already`);
      }
      selected.add(selector);
    }
  }
}

function checkFields(
  part: SourceFile['common'],
  at: (string | number)[],
  declared: Record<string, AttributeType>,
  report: Report,
): void {
  for (const field of ['event_id', 'event_type', 'user_id'] as const) {
    const fieldRule = part[field];
    if (fieldRule !== undefined) checkIdentifierRule(fieldRule, [...at, field], report);
  }
  for (const [field, fieldRule] of Object.entries(part.correlation)) {
    if (fieldRule !== undefined) checkIdentifierRule(fieldRule, [...at, 'correlation', field], report);
  }

  const time = part.occurred_at;
  if (time !== undefined) {
    const places = [time.path, time.first_of].filter((each) => each !== undefined).length;
    if (places > 1 || (places === 0 && !time.record_timestamp)) {
      report([...at, 'occurred_at'], 'needs one of "path" and "first_of", or "record_timestamp": true');
    }
    if (time.zone_offset !== undefined && time.as !== 'iso') {
      report([...at, 'occurred_at', 'zone_offset'], `has no meaning with "as": "${time.as}"; remove it`);
    }
  }

  for (const [attribute, attributeRule] of Object.entries(part.attributes)) {
    const here = [...at, 'attributes', attribute];
    const type = Object.hasOwn(declared, attribute) ? declared[attribute] : undefined;
    if (type === undefined) {
      report(here, `is not declared in "attributes"${didYouMean(attribute, Object.keys(declared))}`);
      continue;
    }
    checkRule(attributeRule, here, (value) => fits(value, type), type, report);
    const { as, values } = attributeRule;
    if (as !== undefined && values !== undefined) report([...here, 'as'], 'has no meaning beside "values"; remove one');
    else if (as !== undefined && !READINGS[type].includes(as)) {
      report([...here, 'as'], `does not yield ${type}; allowed: ${READINGS[type].join(', ')}`);
    }
  }
}

function checkIdentifierRule(given: EventIdRule, at: (string | number)[], report: Report): void {
  checkRule(given, at, (value) => typeof value === 'string' && value !== '', 'text that is not empty', report);
}

/** What every rule obeys: one place, and constants of the right type. */
function checkRule(
  given: EventIdRule,
  at: (string | number)[],
  right: (value: Scalar) => boolean,
  wanted: string,
  report: Report,
): void {
  const places = (['path', 'first_of', 'const', 'digest_of'] as const).filter((key) => given[key] !== undefined);
  if (places.length !== 1) {
    const found = places.length === 0 ? 'none' : places.join(' and ');
    report(at, `needs exactly one of "path", "first_of" and "const"; found ${found}`);
  }
  if (given.otherwise !== undefined && given.values === undefined) {
    report([...at, 'otherwise'], 'has no meaning without "values"; remove it, or add them');
  }
  const constants: [string[], Scalar | undefined][] = [
    [['const'], given.const],
    [['default'], given.default],
    [['otherwise'], given.otherwise],
    ...Object.entries(given.values ?? {}).map(([raw, value]): [string[], Scalar] => [['values', raw], value]),
  ];
  for (const [key, value] of constants) {
    if (value !== undefined && value !== null && !right(value)) report([...at, ...key], `must be ${wanted}, or null`);
  }
}

function fits(value: Scalar, type: AttributeType): boolean {
  switch (type) {
    case 'text':
      return typeof value === 'string';
    case 'boolean':
      return typeof value === 'boolean';
    case 'number':
      return typeof value === 'number';
    case 'amount':
      return typeof value === 'number' && value >= 0;
  }
}

function withoutUndefined<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}
