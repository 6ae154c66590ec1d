// The lines of a service's statement: what it says it has paid and taken back. Owns what a line may say, as values separated by commas under a
// header, or as JSON; never holds more than a line. What the lines mean for our books is reconcile.ts.
import { QuoteError, splitLine } from '../csv.ts';
import { exactNumber } from '../digits.ts';
import { messageOf, show, UserError } from '../errors.ts';
import { parseExact } from '../event/exact-json.ts';
import { messagesFromFile } from '../event/from-file.ts';
import { limits } from '../limits.ts';
import { didYouMean } from '../spelling.ts';
import { type Instant, parseInstant } from '../time.ts';

/** A line of a statement. */
export interface StatementLine {
  line: number;
  /** As the service was sent it, or as it made one up itself. */
  key: string;
  takesBack: boolean;
  /** As it was written, so that nothing is rounded; null where the whole of a payment is taken back. */
  amount: string | null;
  transactionId: string | null;
  /** Null when the statement has no times. */
  at: Instant | null;
}

/** A line that cannot be read. */
export interface StatementProblem {
  line: number;
  problem: string;
}

export const statementColumns = {
  idempotency_key: 'the key that the payment, or what took it back, was sent under',
  kind: 'credit or issue: paid; debit or cancel: taken back. Without this column every line was paid',
  amount: 'how much, not negative; of a cancellation it may be left out',
  transaction_id: "the service's own id; may be left out",
  time: 'when, with its offset, such as 2026-05-01T09:30:00+05:30; without it, say --from and --to',
} as const;

type Column = keyof typeof statementColumns;
const columnNames = Object.keys(statementColumns) as Column[];
const required: readonly Column[] = ['idempotency_key', 'amount'];

const kinds: Record<string, 'paid' | 'taken back'> = {
  credit: 'paid',
  issue: 'paid',
  debit: 'taken back',
  cancel: 'taken back',
};

class LineError extends Error {}

/** Values by column; what a line does not have is absent. */
type Values = Partial<Record<Column, unknown>>;

/**
 * Reads lines; empty ones are passed over, and of a line that cannot be read the problem is told and the next is read. Columns that we do not know
 * are left alone. Throws a UserError when a needed column is missing: then no line means anything.
 */
export async function* readStatement(
  stream: AsyncIterable<Uint8Array>,
  file: string,
): AsyncGenerator<StatementLine | StatementProblem> {
  let read: ((text: string) => Values) | undefined;
  for await (const { bytes, origin } of messagesFromFile(stream, file)) {
    const { line } = origin;
    try {
      if (bytes.length > limits.messageBytes) throw new LineError(`longer than ${limits.messageBytes} bytes`);
      const text = textOf(bytes).trim();
      if (text === '') continue;
      if (read === undefined) {
        read = text.startsWith('{') ? fromJson : fromValues(text, file);
        if (read !== fromJson) continue;
      }
      yield lineOf(line, read(text));
    } catch (error) {
      if (!(error instanceof LineError || error instanceof QuoteError)) throw error;
      yield { line, problem: messageOf(error) };
    }
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function textOf(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new LineError('not UTF-8 text');
  }
}

/** Reads lines under a header. */
function fromValues(header: string, file: string): (text: string) => Values {
  let names: string[];
  try {
    names = splitLine(header).map((name) => name.trim().toLowerCase());
  } catch (error) {
    throw new UserError(`${file}: its header cannot be read: ${messageOf(error)}`);
  }
  const missing = required.filter((column) => !names.includes(column));
  const twice = columnNames.find((column) => names.indexOf(column) !== names.lastIndexOf(column));
  if (missing.length > 0 || twice !== undefined) {
    const unknown = names.filter((name) => !columnNames.includes(name as Column));
    throw new UserError(`${file}: its header cannot be used`, [
      ...missing.map((column) => ({ path: column, message: `the column is missing${foundInstead(column, unknown)}` })),
      ...(twice === undefined ? [] : [{ path: twice, message: 'the column is there twice' }]),
      { path: '', message: `columns: ${columnNames.join(', ')}, separated by commas; found ${show(header)}` },
    ]);
  }
  return (text) => {
    const values = splitLine(text);
    if (values.length !== names.length) {
      throw new LineError(`${values.length} values where the header has ${names.length} columns; found ${show(text)}`);
    }
    return Object.fromEntries(names.map((name, index) => [name, (values[index] as string).trim()])) as Values;
  };
}

/** Which of the columns that we do not know was most likely meant. */
function foundInstead(column: Column, unknown: readonly string[]): string {
  const meant = unknown.find((name) => didYouMean(name, [column]) !== '');
  return meant === undefined ? '' : `; there is ${JSON.stringify(meant)}${didYouMean(meant, [column])}`;
}

function fromJson(text: string): Values {
  let parsed: unknown;
  try {
    parsed = parseExact(text);
  } catch {
    throw new LineError(`not JSON; found ${show(text)}`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new LineError(`expected an object; found ${show(text)}`);
  }
  const names = Object.keys(parsed);
  const missing = required.find((column) => !names.includes(column) && !(column === 'amount' && isCancel(parsed)));
  if (missing !== undefined) throw new LineError(`${missing} is missing${foundInstead(missing, names)}`);
  return parsed as Values;
}

function isCancel(values: Values): boolean {
  return typeof values.kind === 'string' && values.kind.toLowerCase() === 'cancel';
}

function lineOf(line: number, values: Values): StatementLine {
  const kind = kindOf(values.kind);
  return {
    line,
    key: textIn(values, 'idempotency_key') ?? refuse('idempotency_key', 'a key', values.idempotency_key),
    takesBack: kind === 'taken back',
    amount: amountOf(values),
    transactionId: textIn(values, 'transaction_id'),
    at: instantOf(values.time),
  };
}

/** The text of a column; null when there is none. */
function textIn(values: Values, column: Column): string | null {
  const value = values[column];
  if (value === undefined || value === null || value === '') return null;
  // A service may number its transactions.
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text === 'string' && Buffer.byteLength(text) <= limits.identifierBytes && !text.includes('\0'))
    return text;
  return refuse(column, `a text of at most ${limits.identifierBytes} bytes`, value);
}

function kindOf(value: unknown): 'paid' | 'taken back' {
  if (value === undefined) return 'paid';
  const kind = typeof value === 'string' ? kinds[value.toLowerCase()] : undefined;
  if (kind !== undefined) return kind;
  const meant = typeof value === 'string' ? didYouMean(value, Object.keys(kinds)) : '';
  throw new LineError(`kind: expected one of ${Object.keys(kinds).join(', ')}; found ${show(value)}${meant}`);
}

function amountOf(values: Values): string | null {
  const { amount } = values;
  if ((amount === undefined || amount === null || amount === '') && isCancel(values)) return null;
  const text = typeof amount === 'number' ? String(amount) : amount;
  if (typeof text === 'string' && /^\d{1,15}(\.\d{1,15})?$/.test(text) && exactNumber(text) !== undefined) return text;
  return refuse('amount', 'a number that is not negative, such as 250 or 99.50', amount);
}

function instantOf(value: unknown): Instant | null {
  if (value === undefined || value === null || value === '') return null;
  const instant = typeof value === 'string' ? parseInstant(value) : undefined;
  return instant ?? refuse('time', 'a time with an offset, such as 2026-06-01T00:00:00+05:30', value);
}

function refuse(column: Column, expected: string, found: unknown): never {
  throw new LineError(`${column}: expected ${expected}; found ${show(found)}`);
}
