// milepost explain: why an event, a payment or a transaction did or did not count, and how a player stands.
import { readConfig } from '../config.ts';
import type { Db } from '../db/connect.ts';
import { readRecord } from '../definitions/record.ts';
import { UserError } from '../errors.ts';
import { type Explanation, explainEvent, ofGame, openRecords } from '../explain/explain.ts';
import { findExplained, findMentions, nameOf, type ParkedMention, type Question, type Range } from '../explain/find.ts';
import { type PlayerSummary, summarizePlayer } from '../explain/player.ts';
import { describeExplanation, describeMention, describePlayer, nameInWords } from '../explain/words.ts';
import { limits } from '../limits.ts';
import { withDatabase } from './database.ts';
import { readInstant } from './input.ts';
import { exitCodes, print } from './output.ts';

interface ExplainOptions {
  event?: string;
  payment?: string;
  transaction?: string;
  player?: string;
  game?: string;
  since?: string;
  until?: string;
  json?: boolean;
}

interface Found {
  events: Explanation[];
  player: PlayerSummary | undefined;
  parked: ParkedMention[];
}

export async function explain(options: ExplainOptions): Promise<void> {
  const question = readQuestion(options);
  const range = readRange(options);
  const found = await withDatabase(readConfig(), 'milepost_support', (db) => answer(db, question, range, options.game));
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  const { events, player, parked } = found;
  const wrong = events.some(({ recomputed }) => recomputed?.agrees === false);
  if (wrong || (events.length === 0 && player === undefined)) process.exitCode = exitCodes.notRight;
  print(options, { player: player ?? null, events, parked }, () => describe(question, found));
}

function readQuestion({ event, payment, transaction, player: userId }: ExplainOptions): Question {
  const questions: Question[] = [
    ...(event === undefined ? [] : [{ eventId: event, userId }]),
    ...(payment === undefined ? [] : [{ paymentId: payment, userId }]),
    ...(transaction === undefined ? [] : [{ transactionId: transaction, userId }]),
  ];
  if (questions.length === 0 && userId !== undefined) questions.push({ userId });
  const [question] = questions;
  if (question !== undefined && questions.length === 1) return question;
  throw new UserError(
    'name one of --event, --payment and --transaction, with or without its --player; or a --player alone',
  );
}

function readRange({ since, until }: ExplainOptions): Range {
  const end = readInstant('--until', until) ?? Date.now();
  return { since: readInstant('--since', since) ?? end - limits.explainedMs, until: end };
}

async function answer(db: Db, question: Question, range: Range, gameId: string | undefined): Promise<Found> {
  // A game that does not exist is told as such.
  if (gameId !== undefined) await readRecord(db, gameId);
  const onlyPlayer = !('eventId' in question || 'paymentId' in question || 'transactionId' in question);
  const player = onlyPlayer ? await summarizePlayer(db, question.userId, gameId) : undefined;
  const records = await openRecords(db);
  const events: Explanation[] = [];
  for (const stored of await findExplained(db, question, range, showDay)) {
    events.push(ofGame(await explainEvent(records, stored), gameId));
  }
  return { events, player, parked: await findMentions(db, nameOf(question)) };
}

function showDay(day: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[Klooking at ${day}; name the --player to find it at once`);
}

function describe(question: Question, { events, player, parked }: Found): string {
  const mentions = parked.map(describeMention);
  if (player !== undefined) {
    const lines = events.map(({ event_id, producer, user_id, event, arrived, outcome, reason, answer }) => {
      const under = user_id === player.user_id ? '' : `, under ${user_id}`;
      const name = `${nameInWords({ event_id, producer })}${under}`;
      const what = `${event?.occurred_at ?? arrived.received_at}  ${name}: ${outcome}${reason === null ? '' : ` (${reason})`}`;
      return `  ${what}\n    ${answer}`;
    });
    return [describePlayer(player), '', ...(lines.length === 0 ? ['  No event.'] : lines), ...mentions].join('\n');
  }
  if (events.length > 0) return [...events.map(describeExplanation), ...mentions].join('\n\n');
  const where =
    'eventId' in question || question.userId !== undefined ? '' : ' in the time that was looked at (--since, --until)';
  return [`Nothing is known of ${nameOf(question)}${where}.`, ...mentions].join('\n');
}
