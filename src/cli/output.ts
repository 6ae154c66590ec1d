// How commands speak: to people in tables and sentences, to programs in one JSON document, to shells in exit codes.
import type { UserError } from '../errors.ts';

export const exitCodes = { done: 0, notRight: 1, usage: 2, outOfReach: 3 } as const;

/** Prints `document` for programs with `--json`, else what `text` says for people. */
export function print(options: { json?: boolean }, document: unknown, text: () => string): void {
  const output = options.json === true ? JSON.stringify(document) : text();
  if (output !== '') process.stdout.write(`${output}\n`);
}

/** Prints an error a person can act on, to standard error: one line, and one per problem. */
export function printProblems(error: UserError): void {
  process.stderr.write(`error: ${error.message}\n`);
  for (const { path, message } of error.problems) {
    process.stderr.write(path === '' ? `  ${message}\n` : `  ${path}: ${message}\n`);
  }
}

/** Columns, left-aligned (numbers right-aligned), under their headings. */
export function table(headings: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = rows.map((row) => row.map(String));
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[], original?: readonly (string | number)[]): string =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return typeof original?.[column] === 'number' ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  return [line(headings), ...cells.map((row, index) => line(row, rows[index]))].join('\n');
}
