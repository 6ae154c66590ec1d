// Calls of our SQL functions: by name, with named arguments and casts, as a named prepared statement. Typed wrappers (one per function) sit on top.
import type pg from 'pg';
import type { Tx } from './transaction.ts';

/** An argument: its parameter's name, its SQL type, and its value as pg takes it (arrays as literals from `arrayOf…`). */
export interface Argument {
  name: string;
  type: string;
  value: string | number | null;
  /** The value is documents from `arrayOfJson`, not an array literal. */
  joined?: true;
}

const statements = new Map<string, string>();

/** `select * from milepost.<name>(p_a => $1::type, …)`. The statement is prepared once per connection. */
export async function callFunction<Row extends pg.QueryResultRow>(
  tx: Tx,
  name: string,
  args: readonly Argument[],
): Promise<Row[]> {
  let text = statements.get(name);
  if (text === undefined) {
    const list = args.map(({ name: parameter, type, joined }, index) =>
      joined
        ? `${parameter} => string_to_array($${index + 1}, e'\\x1e', '-')::${type}`
        : `${parameter} => $${index + 1}::${type}`,
    );
    text = `select * from milepost.${name}(${list.join(', ')})`;
    statements.set(name, text);
  }
  const result = await tx.client.query<Row>({ name, text, values: args.map((argument) => argument.value) });
  return result.rows;
}

/**
 * An array literal of numbers or booleans, or of text that holds no comma, quote, backslash, brace or space (identifiers, instants, UUIDs,
 * our own words). pg's own builder tests and escapes element by element, which was a fifth of a batch's time.
 */
export function arrayOf(values: readonly (number | boolean | string)[]): string {
  return `{${values.join(',')}}`;
}

/**
 * JSON documents joined by the record separator, which JSON text never holds unescaped; `-`, which is no document, stands for null. Inside an
 * array literal every quote of every document would have to be escaped by us and read past by PostgreSQL.
 */
export function arrayOfJson(documents: readonly (string | null)[]): string {
  return documents.map((document) => document ?? '-').join('\u001e');
}

/**
 * An array literal of any text; null stays null. JSON quotes text as PostgreSQL's array literals do, except for what it writes with letters after
 * a backslash (control characters, halves of surrogate pairs); the rare arrays with any backslash are written the slow way.
 */
export function arrayOfText(values: readonly (string | null)[]): string {
  const json = JSON.stringify(values);
  if (!json.includes('\\')) return `{${json.slice(1, -1)}}`;
  const quoted = values.map((value) => (value === null ? 'null' : `"${value.replace(/["\\]/g, '\\$&')}"`));
  return `{${quoted.join(',')}}`;
}
