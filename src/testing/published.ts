// The JSON Schemas that are published in docs/schemas, so that editors complete and check: each made of the zod schema that reads the files.
import { z } from 'zod';
import { cohortsSchema } from '../cohorts/config.ts';
import { conditionSchema } from '../condition/condition.ts';
import { canonicalEventSchema } from '../event/canonical.ts';
import { sourceFileSchema } from '../event/source.ts';
import { gameSchema } from '../games/config.ts';
import { serviceSchema } from '../rewards/service-config.ts';
import { scenarioSchema } from '../scenarios/scenario.ts';

/** A schema as JSON Schema (draft 2020-12) for what is written, defaults still to be filled in. */
export interface JsonSchema {
  $schema?: string;
  $id?: string;
  title?: string;
  $ref?: string;
  $defs?: Record<string, JsonSchema>;
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  description?: string;
  default?: unknown;
  examples?: unknown[];
  /** Our own: what a number counts, or how a text is written. */
  unit?: string;
  minimum?: number;
  exclusiveMinimum?: number;
  maximum?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: boolean | JsonSchema;
  /** False where a list is given entry by entry. */
  items?: JsonSchema | false;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
}

/** A published schema. */
export interface Published {
  /** Its file in docs/schemas. */
  file: string;
  title: string;
  schema: z.ZodType;
  /** Whether people write such files: these may name their schema under `$schema`. */
  isFile: boolean;
}

export const published: readonly Published[] = [
  { file: 'event.schema.json', title: 'Canonical event', schema: canonicalEventSchema, isFile: false },
  { file: 'game.schema.json', title: 'Game', schema: gameSchema, isFile: true },
  { file: 'source.schema.json', title: 'Source', schema: sourceFileSchema, isFile: true },
  { file: 'scenario.schema.json', title: 'Scenario', schema: scenarioSchema, isFile: true },
  { file: 'service.schema.json', title: 'Service', schema: serviceSchema, isFile: true },
  { file: 'cohorts.schema.json', title: 'Cohorts', schema: cohortsSchema, isFile: true },
];

/** What is published of a schema. */
export function publish({ file, title, schema, isFile }: Published): JsonSchema {
  const document: JsonSchema = { $id: file, title, ...jsonSchemaOf(schema) };
  if (isFile) {
    const description = 'Where this JSON Schema is, for editors. Dropped on reading.';
    const examples = [`../docs/schemas/${file}`];
    document.properties = { $schema: { type: 'string', description, examples }, ...document.properties };
  }
  const isUsed = JSON.stringify(document).includes('"#/$defs/condition"');
  const { $schema: _, ...condition } = jsonSchemaOf(conditionSchema);
  return isUsed ? { ...document, $defs: { condition } } : document;
}

function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: 'input' }) as JsonSchema;
}

/** A schema and everything inside it, each with its path such as `$.triggers[].rule`; conditions stand once, under `$defs`. */
export function subschemas(schema: JsonSchema, path = '$'): { path: string; schema: JsonSchema }[] {
  const { $defs = {}, properties = {}, items, additionalProperties, anyOf = [], oneOf = [] } = schema;
  return [
    { path, schema },
    ...Object.entries(properties).flatMap(([key, value]) => subschemas(value, `${path}.${key}`)),
    ...(typeof items === 'object' ? subschemas(items, `${path}[]`) : []),
    ...(typeof additionalProperties === 'object' ? subschemas(additionalProperties, `${path}.*`) : []),
    ...[...anyOf, ...oneOf].flatMap((form) => subschemas(form, path)),
    ...Object.entries($defs).flatMap(([name, value]) => subschemas(value, `#${name}`)),
  ];
}
