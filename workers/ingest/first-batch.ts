// The first batch after an assignment. An event that kills its process would kill every process that takes its partition over; so that this ends,
// the batch's start is committed before it is looked at. After several starts that never ended, messages go one by one, and the one during which
// the process dies alone is parked. Later batches need no note: after a death they are the first.
import type { Db } from '../../src/db/connect.ts';
import { transaction } from '../../src/db/transaction.ts';
import type { Batch } from '../../src/engine/batch.ts';
import { messageOf } from '../../src/errors.ts';
import { forgetStart, noteStart, type PartitionName, unfinishedStart } from '../../src/inbox/position.ts';
import { limits } from '../../src/limits.ts';
import type { Log } from '../../src/log.ts';
import type { FeedRecord } from './feed.ts';
import { insist } from './insist.ts';

/** From which position to which a batch goes. */
export interface Span {
  from: bigint;
  next: bigint;
}

export interface FirstBatch {
  partition: PartitionName;
  records: readonly FeedRecord[];
  span: Span;
  /** Normalises records into a batch that moves the position. */
  batchOf(records: readonly FeedRecord[], span: Span): Batch;
  /** A batch that parks the record instead of looking at it. */
  quarantineOf(record: FeedRecord, span: Span): Batch;
  process(batch: Batch): Promise<unknown>;
}

/** Processes the batch; rejects as `process` does. */
export async function processFirst(
  first: FirstBatch,
  options: { db: Db; log: Log; signal: AbortSignal },
): Promise<void> {
  const { db, log } = options;
  const { partition, span } = first;
  const { from } = span;
  const left = await insist(
    'looking for an unfinished start',
    () => transaction(db, (tx) => unfinishedStart(tx, partition)),
    options,
  );
  const again = left?.next === from ? left : undefined;
  const note = (next: bigint, alone: boolean, starts: number) =>
    insist('noting a start', () => transaction(db, (tx) => noteStart(tx, partition, { next, alone, starts })), options);
  try {
    if (again === undefined || (!again.alone && again.starts < limits.unfinishedStarts)) {
      await note(from, false, (again?.starts ?? 0) + 1);
      await first.process(first.batchOf(first.records, span));
    } else {
      log.error(
        { ...partition, offset: String(from), starts: again.starts },
        'processes die on this batch; taking its messages one by one',
      );
      await oneByOne(first, again.alone, note, log);
    }
  } finally {
    // The process lives, however the batch ended. A note that cannot be removed counts only as long as the position stays where it is.
    await transaction(db, (tx) => forgetStart(tx, partition)).catch((error: unknown) => {
      log.warn({ ...partition, error: messageOf(error) }, 'the note of a start could not be removed');
    });
  }
}

/** `deadly`: the process died while it held the first of these messages alone. */
async function oneByOne(
  first: FirstBatch,
  deadly: boolean,
  note: (next: bigint, alone: boolean, starts: number) => Promise<void>,
  log: Log,
): Promise<void> {
  let { from } = first.span;
  for (const [index, record] of first.records.entries()) {
    const next = index === first.records.length - 1 ? first.span.next : record.offset + 1n;
    await note(from, true, 1);
    if (deadly && index === 0) {
      log.error(
        { ...first.partition, offset: String(record.offset) },
        'the process died on this message alone; it is parked',
      );
      await first.process(first.quarantineOf(record, { from, next }));
    } else {
      await first.process(first.batchOf([record], { from, next }));
    }
    from = next;
  }
}
