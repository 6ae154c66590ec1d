// The lines of a file of players as requests for changes. Owns what a line may say: a user id; or, after a header that names the column user_id, values
// separated by commas. Never holds more than a line.
import { QuoteError, splitLine } from '../csv.ts';
import { messageOf, show } from '../errors.ts';
import { type FileMessage, messagesFromFile } from '../event/from-file.ts';
import { didYouMean } from '../spelling.ts';
import { type Instant, parseInstant } from '../time.ts';

/** What a line says about a player; an instant that it leaves out is the caller's to choose. */
export type PlayerLine = { origin: FileMessage['origin'] } & (
  | { userId: string; from: Instant | undefined; to: Instant | undefined }
  | { problem: string }
);

const COLUMNS = ['user_id', 'from', 'to'] as const;
type Column = (typeof COLUMNS)[number];

/** Reads lines; empty ones are passed over. A file with a header that cannot be read has one problem, and no further lines. */
export async function* playersFromFile(stream: AsyncIterable<Uint8Array>, file: string): AsyncGenerator<PlayerLine> {
  let columns: Column[] | undefined;
  let first = true;
  for await (const { bytes, origin } of messagesFromFile(stream, file)) {
    try {
      const text = textOf(bytes).trim();
      const header = first && HEADER.test(text);
      first = false;
      if (header) columns = columnsOf(text);
      else if (text !== '') yield { origin, ...readLine(text, columns) };
    } catch (error) {
      if (!(error instanceof LineError || error instanceof QuoteError)) throw error;
      yield { origin, problem: messageOf(error) };
      if (error instanceof HeaderError) return;
    }
  }
}

/** Also with other separators than commas, to be told so. */
const HEADER = /(^|[^\w])user_id([^\w]|$)/i;

class LineError extends Error {}
/** Of the first line, without which the others have no meaning. */
class HeaderError extends LineError {}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Read leniently, what is not UTF-8 would be another player. */
function textOf(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new LineError('not UTF-8 text');
  }
}

function columnsOf(header: string): Column[] {
  const names = splitLine(header).map((value) => value.trim().toLowerCase());
  return names.map((name, index) => {
    const column = COLUMNS.find((each) => each === name);
    if (column === undefined) {
      const allowed = `allowed: ${COLUMNS.join(', ')}, separated by commas`;
      throw new HeaderError(`no such column: ${show(name)}${didYouMean(name, COLUMNS)}; ${allowed}`);
    }
    if (names.indexOf(name) !== index) throw new HeaderError(`the column ${name} is there twice`);
    return column;
  });
}

function readLine(text: string, columns: readonly Column[] | undefined) {
  if (columns === undefined) {
    // Most likely values of a file that has lost its header: taken as a whole they would be a player nobody knows.
    if (text.includes(','))
      throw new LineError(`a comma, but no header: begin the file with user_id,from,to; found ${show(text)}`);
    return { userId: text, from: undefined, to: undefined };
  }
  const values = splitLine(text);
  if (values.length !== columns.length) {
    throw new LineError(`${values.length} values where the header has ${columns.length} columns; found ${show(text)}`);
  }
  const cell = (column: Column): string => values[columns.indexOf(column)]?.trim() ?? '';
  return { userId: cell('user_id'), from: instantOf('from', cell('from')), to: instantOf('to', cell('to')) };
}

function instantOf(column: Column, text: string): Instant | undefined {
  if (text === '') return undefined;
  const instant = parseInstant(text);
  if (instant !== undefined) return instant;
  throw new LineError(
    `${column}: expected a time with an offset, such as 2026-06-01T00:00:00+05:30; found ${show(text)}`,
  );
}
