// Values separated by commas, a line at a time: what spreadsheets and services export. Owns quoting; what the values mean is the caller's.
import { show } from './errors.ts';

/** A line whose quotes are not right. */
export class QuoteError extends Error {}

const VALUE = /(?:"((?:[^"]|"")*)"|([^,"]*))(,|$)/y;

/** The values of a line; one in double quotes may hold commas, and quotes written twice. Throws a QuoteError. */
export function splitLine(text: string): string[] {
  const values: string[] = [];
  VALUE.lastIndex = 0;
  for (;;) {
    const match = VALUE.exec(text);
    if (match === null)
      throw new QuoteError(`a double quote that is not closed, or not around the whole value; found ${show(text)}`);
    const [, quoted, bare, end] = match;
    values.push(quoted === undefined ? (bare as string) : quoted.replaceAll('""', '"'));
    if (end === '') return values;
  }
}
