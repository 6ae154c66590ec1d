// milepost rewards reconcile: a service's statement against our books, and what follows for rewards of which nobody could tell.
import { basename, join } from 'node:path';
import { readConfig } from '../config.ts';
import { counted } from '../counted.ts';
import { UserError } from '../errors.ts';
import { limits } from '../limits.ts';
import { type Concluded, concludeRewards } from '../outbox/conclude.ts';
import type { RewardDestination } from '../outbox/find.ts';
import { type AmbiguousReward, type Reconciliation, reconcile, type ShownReward } from '../outbox/reconcile.ts';
import { readStatement } from '../outbox/statement.ts';
import { receiptTold } from '../rewards/receipt-told.ts';
import { destinationOf, readServices } from '../rewards/service-config.ts';
import { didYouMean } from '../spelling.ts';
import { formatInstant, type Instant } from '../time.ts';
import { withDatabase } from './database.ts';
import { openInput, readCount, readInstant } from './input.ts';
import { exitCodes, print, table } from './output.ts';
import { readReason, recordCommand, whoAsks } from './person.ts';
import { createProgress } from './progress.ts';

interface ReconcileOptions {
  service: RewardDestination;
  statement: string;
  from?: string;
  to?: string;
  limit: string;
  settle?: boolean;
  reason?: string;
  json?: boolean;
}

export async function reconcileRewards(options: ReconcileOptions): Promise<void> {
  const from = readInstant('--from', options.from);
  const to = readInstant('--to', options.to);
  const shown = readCount('--limit', options.limit, 1) ?? 1;
  if (shown > limits.statementListed) {
    throw new UserError(`--limit ${shown}: each list tells at most ${limits.statementListed.toLocaleString('en')}`);
  }
  if (options.settle === true && options.reason === undefined) {
    throw new UserError('--settle needs --reason: say why, for the record');
  }
  const reason = options.reason === undefined ? '' : readReason(options.reason);
  const stream = await openInput(options.statement);
  const name = options.statement === '-' ? 'standard input' : basename(options.statement);
  const progress = createProgress();
  const config = readConfig();
  const { result, settled } = await withDatabase(config, 'milepost_support', async (db) => {
    const statement = readStatement(stream, name);
    const result = await reconcile(db, statement, {
      ...{ service: options.service, from, to, shown: options.settle === true ? limits.statementListed : shown },
      progress: (lines) => progress.at(() => `${counted(lines, 'line')} read`),
    });
    if (!result.known) await checkDescribed(options.service, join(config.GAME_CONFIGS, 'services'));
    if (options.settle !== true) return { result, settled: undefined };
    const by = whoAsks();
    const paid = result.ambiguous.first.flatMap((reward) => receiptIn(options.service, reward));
    const unpaid = result.ambiguous.first.filter(({ statement }) => statement === 'not paid');
    await recordCommand(db.pool, 'milepost_support', {
      ...{ action: 'concludeRewards', subject: options.service, reason },
      details: { statement: name, paid: paid.length, not_paid: unpaid.length },
    });
    const settled = {
      paid: [...(await concludeRewards(db, paid, { paid: true, by, reason }))],
      not_paid: [...(await concludeRewards(db, unpaid, { paid: false, by, reason }))],
    };
    return { result, settled };
  });
  progress.clear();
  if (!result.agree) process.exitCode = exitCodes.notRight;
  print(options, { ...documentOf(result), ...(settled === undefined ? {} : { settled }) }, () =>
    [describe(result), ...(settled === undefined ? [] : [describeSettled(settled)])].join('\n'),
  );
}

/** A service that neither our books nor a file know is most likely mistyped, and an empty statement would agree with it. */
async function checkDescribed(service: RewardDestination, folder: string): Promise<void> {
  const described = ['neucoin', 'voucher', ...(await readServices(folder)).map(destinationOf)];
  if (described.includes(service)) return;
  throw new UserError(
    `--service ${service}: we never had a reward for it, and no file in ${folder} describes it${didYouMean(service, described)}`,
  );
}

/** What ends a reward as paid, if the statement says so and by which transaction: without it, it could not be taken back later. */
function receiptIn(service: RewardDestination, reward: AmbiguousReward): Concluded[] {
  const { key, kind, amount, statement, transaction_id: transactionId } = reward;
  if (statement !== 'paid' || transactionId === null) return [];
  const receipt = receiptTold(service, { transactionId, amount: Number(amount), takesBack: kind === 'taken back' });
  return [{ key, receipt }];
}

function documentOf({ period, unknown, unpaid, differs, ambiguous, known: _, ...rest }: Reconciliation) {
  const withTime = <Line extends { time: Instant | null }>({ time, ...line }: Line) => ({
    ...line,
    time: time === null ? null : formatInstant(time),
  });
  const withEnd = <Line extends ShownReward>({ settled_at, ...line }: Line) => ({
    ...line,
    settled_at: settled_at === null ? null : formatInstant(settled_at),
  });
  return {
    ...rest,
    period: { from: formatInstant(period.from), to: formatInstant(period.to) },
    unknown: { ...unknown, first: unknown.first.map(withTime) },
    differs: { ...differs, first: differs.first.map(withTime) },
    unpaid: { ...unpaid, first: unpaid.first.map(withEnd) },
    ambiguous: { ...ambiguous, first: ambiguous.first.map(withEnd) },
  };
}

function describe(result: Reconciliation): string {
  const { service, lines, period, problems, unknown, unpaid, differs, doubled, ambiguous, at_the_edges } = result;
  const read = `${counted(lines, 'line')} of ${service}, ${formatInstant(period.from)} to ${formatInstant(period.to)}`;
  const sections = [
    section('cannot be read', problems.count, ['LINE', 'PROBLEM'], problems.first, ({ line, problem }) => [
      line,
      problem,
    ]),
    section(
      'paid, and not by our books',
      unknown.count,
      ['LINE', 'KEY', 'KIND', 'AMOUNT', 'TRANSACTION', 'OURS'],
      unknown.first,
      ({ line, idempotency_key, kind, amount, transaction_id, state }) => [
        ...[line, idempotency_key, kind, amount ?? '', transaction_id ?? '', state ?? 'no such key'],
      ],
    ),
    section(
      'paid by our books, and not by the service',
      unpaid.count,
      ['KEY', 'USER', 'KIND', 'AMOUNT', 'ENDED'],
      unpaid.first,
      ({ key, user_id, kind, amount, settled_at }) => [key, user_id, kind, amount, instant(settled_at)],
    ),
    section(
      'not the same',
      differs.count,
      ['LINE', 'KEY', 'THEIRS', 'OURS'],
      differs.first,
      ({ line, idempotency_key, kind, amount, ours }) => [line, idempotency_key, `${kind} ${amount ?? ''}`, ours],
    ),
    section(
      'more than once',
      doubled.count,
      ['KEY', 'KIND', 'LINES', 'TRANSACTIONS'],
      doubled.first,
      ({ key, kind, lines: numbers, transaction_ids }) => [key, kind, numbers.join(', '), transaction_ids.join(', ')],
    ),
    section(
      'ambiguous, and what the statement says',
      ambiguous.count,
      ['KEY', 'USER', 'KIND', 'AMOUNT', 'STATEMENT'],
      ambiguous.first,
      ({ key, user_id, kind, amount, statement }) => [key, user_id, kind, amount, statement],
    ),
  ].filter((text) => text !== '');
  if (at_the_edges > 0) {
    sections.push(
      `${counted(at_the_edges, 'reward')} of ours began before the period or ended after it, and the statement does not have them: another statement may.`,
    );
  }
  return [read, ...sections, result.agree ? 'The books agree.' : 'The books do not agree.'].join('\n\n');
}

function section<Line>(
  title: string,
  count: number,
  headings: readonly string[],
  first: readonly Line[],
  row: (line: Line) => (string | number)[],
): string {
  if (count === 0) return '';
  const more = count > first.length ? `\n… and ${(count - first.length).toLocaleString('en')} more: --limit` : '';
  return `${count.toLocaleString('en')} ${title}\n${table(headings, first.map(row))}${more}`;
}

function instant(value: Instant | null): string {
  return value === null ? '' : formatInstant(value);
}

function describeSettled({ paid, not_paid }: { paid: string[]; not_paid: string[] }): string {
  return `Settled by the statement: ${paid.length} paid, ${not_paid.length} not paid (they are failed now: milepost rewards retry pays them).`;
}
