// The tables of docs/games.md: one row for each field of an object in a game's JSON Schema, all of it read from there, and the settings that a
// version may not change.
import { archetypes } from '../games/archetypes/archetype.ts';
import { fixedInEveryGame } from '../games/changes.ts';
import { type JsonSchema, subschemas } from './published.ts';

/** An object's fields, with the forms it comes in: one, unless a field such as `mode` tells several apart. */
interface Fields {
  path: string;
  forms: JsonSchema[];
}

/** Every object in a schema that has fields, by path; conditions and the groups that hold them are described by hand. */
export function objectsIn(document: JsonSchema): Fields[] {
  const found = subschemas(document).filter(
    ({ path, schema }) => schema.properties !== undefined && !path.startsWith('#') && !isRule(schema),
  );
  return [...Map.groupBy(found, ({ path }) => path)].map(([path, all]) => ({
    path,
    forms: all.map(({ schema }) => schema),
  }));
}

/**
 * A page with its tables written anew: one after each line `<!-- fields $.path -->`, or `<!-- fields $.path mode=unique -->` for one form, and one
 * after `<!-- fixed -->`.
 */
export function withTables(page: string, document: JsonSchema): string {
  const objects = objectsIn(document);
  const withFixed = page.replace(/(<!-- fixed -->\n\n)(?:\|.*\n)*/, (_all, marker: string) => marker + fixedTable());
  return withFixed.replaceAll(/<!-- fields (\S+)(?: (\w+)=(\w+))? -->\n+(?:\|.*\n)*/g, (marker, path, key, value) => {
    const object = objects.find((each) => each.path === path);
    const forms = object?.forms.filter(
      ({ properties }) => key === undefined || properties?.[key as string]?.const === value,
    );
    if (forms === undefined || forms.length === 0) throw new Error(`no such object in the schema: ${marker}`);
    return `${marker.split('\n', 1)[0]}\n\n${table(forms)}`;
  });
}

function fixedTable(): string {
  const line = (name: string, paths: readonly (readonly (string | number)[])[]): string =>
    `| ${name} | ${paths.map((path) => `\`${path.join('.').replaceAll('.*', '[]')}\``).join(', ')} |`;
  return [
    '| in | not |',
    '| --- | --- |',
    line('every game', [['game_window', 'start'], ...fixedInEveryGame]),
    ...Object.entries(archetypes)
      .filter(([, { fixed }]) => fixed.length > 0)
      .map(([archetype, { fixed }]) => line(`\`${archetype}\``, fixed)),
    '',
  ].join('\n');
}

function table(forms: readonly JsonSchema[]): string {
  const keys = [...new Set(forms.flatMap(({ properties = {} }) => Object.keys(properties)))];
  const rows = keys.map((key) => row(key, forms));
  return ['| field | meaning | allowed | default | example |', '| --- | --- | --- | --- | --- |', ...rows, ''].join(
    '\n',
  );
}

function row(key: string, forms: readonly JsonSchema[]): string {
  const having = forms.filter(({ properties = {} }) => key in properties);
  const schemas = having.map(({ properties }) => properties?.[key] as JsonSchema);
  const schema = schemas[0] as JsonSchema;
  const cells = [
    `\`${key}\``,
    (schema.description as string).replaceAll('|', '\\|'),
    allowed(schemas),
    defaultOf(key, having, forms),
    exampleOf(schema),
  ];
  return `| ${cells.join(' | ')} |`;
}

function allowed(schemas: readonly JsonSchema[]): string {
  const schema = schemas[0] as JsonSchema;
  const values = [...new Set(schemas.flatMap(valuesOf))];
  if (values.length > 0) return values.map(code).join(', ');
  if (isRule(schema)) return 'a [rule](#conditions)';
  if (schema.properties !== undefined || schema.anyOf !== undefined || schema.oneOf !== undefined) return 'an object';
  const unit = schema.unit === undefined ? '' : ` ${schema.unit}`;
  switch (schema.type) {
    case 'integer':
      return `${amount(schema.minimum)} to ${amount(schema.maximum)}${unit}`;
    case 'number':
      if (schema.exclusiveMinimum === undefined) return `a number${unit}`;
      return `above ${amount(schema.exclusiveMinimum)}, up to ${amount(schema.maximum)}${unit}`;
    case 'array':
      return `${amount(schema.minItems)} to ${amount(schema.maxItems)} entries`;
    case 'object':
      return `an object of numbers (${schema.unit})`;
    default: {
      const text = schema.unit ?? 'text';
      return schema.maxLength === undefined ? text : `${text}, at most ${amount(schema.maxLength)} characters`;
    }
  }
}

function defaultOf(key: string, having: readonly JsonSchema[], forms: readonly JsonSchema[]): string {
  const schema = having[0]?.properties?.[key] as JsonSchema;
  if ('default' in schema) return code(schema.default);
  if (!having.every(({ required = [] }) => required.includes(key))) return '–';
  if (having.length === forms.length) return 'required';
  const told = having.flatMap(({ properties = {} }) =>
    Object.values(properties).flatMap(({ const: value }) => value ?? []),
  );
  return told.length === 0 ? 'required in its form' : `required with ${told.map(code).join(', ')}`;
}

/** The first of the examples; of listed values, one that is not the default. */
function exampleOf(schema: JsonSchema): string {
  const values = valuesOf(schema);
  const [example] = schema.examples ?? values.filter((value) => value !== schema.default).concat(values);
  return example === undefined ? '–' : code(example);
}

function valuesOf(schema: JsonSchema): unknown[] {
  return 'const' in schema ? [schema.const] : (schema.enum ?? []);
}

/** A rule is a group of conditions. */
function isRule({ properties = {} }: JsonSchema): boolean {
  return 'operator' in properties;
}

function code(value: unknown): string {
  return `\`${JSON.stringify(value)}\``;
}

function amount(bound: number | undefined): string {
  return bound === undefined ? 'any' : bound.toLocaleString('en');
}
