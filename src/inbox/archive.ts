// A day of the inbox as a file: canonical events as JSON lines, compressed, in the order in which they were judged, so that `milepost ingest` could take
// them in again. Owns the file's form, and that it is either whole under its name or not there. Reads the database only.
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, rename, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable, Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import pg from 'pg';
import { limits } from '../limits.ts';
import { formatInstant, type Instant } from '../time.ts';

export interface Archive {
  file: string;
  events: number;
  bytes: number;
  /** Of the compressed file, as `sha256sum` computes it. */
  sha256: string;
}

/**
 * Writes a partition's events to `<folder>/<partition>.ndjson.gz`, with `….sha256` beside it, and reads the file back. Memory does not grow with the day.
 * A run that was broken off leaves a `.part` file, which the next one overwrites.
 * @throws Error when what is read back is not what was written.
 */
export async function archivePartition(
  client: pg.PoolClient,
  partition: string,
  folder: string,
  signal?: AbortSignal,
): Promise<Archive> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${partition}.ndjson.gz`);
  const part = `${file}.part`;
  const written = digest();
  let events = 0;
  const count = (lines: number): void => {
    events += lines;
  };
  await pipeline(
    Readable.from(readLines(client, partition, count), { objectMode: true, highWaterMark: 1 }),
    createGzip(),
    written.through,
    createWriteStream(part),
    { signal },
  );
  await onDisk(part);
  const archive = { file, events, ...written.result() };
  await readBack(part, archive);
  await writeFile(`${file}.sha256`, `${archive.sha256}  ${basename(file)}\n`);
  await onDisk(`${file}.sha256`);
  await rename(part, file);
  await onDisk(folder);
  return archive;
}

/** Columns of a row, in this order, as text. */
type Row = [
  eventId: string | null,
  eventType: string,
  eventVersion: string,
  occurredAt: Instant,
  producer: string | null,
  userId: string,
  receivedAt: Instant,
  source: string,
  origin: string,
  outcome: string | null,
  reason: string | null,
  payload: string,
];

/** The lines of a partition, many at a time. In one snapshot; a day takes as long as it takes. */
async function* readLines(
  client: pg.PoolClient,
  partition: string,
  count: (lines: number) => void,
): AsyncGenerator<string> {
  const unhurried = { query_timeout: 24 * 3_600_000 };
  const table = `milepost.${pg.escapeIdentifier(partition)}`;
  await client.query('begin isolation level repeatable read read only');
  try {
    await client.query('set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0');
    // All of it is read: the plan that is fastest at the last row.
    await client.query('set local cursor_tuple_fraction = 1');
    // Identities by the time of their receipt, which finds them without reading all there are. An identity that was pruned leaves its place empty.
    await client.query({
      ...unhurried,
      text: `
        declare events no scroll cursor for
        with day as (select min(received_at) as first, max(received_at) as last from ${table})
        select k.event_id, i.event_type, i.event_version, i.occurred_at, k.producer, p.user_id, i.received_at, i.source, i.origin,
               k.outcome::text, k.reason, i.payload::text
          from ${table} i
          join milepost.player p using (bucket, player_id)
          left join (
            select bucket, player_id, event_no, event_id, producer, outcome, reason from milepost.event_key
             where received_at >= (select first from day) and received_at <= (select last from day)
          ) as k using (bucket, player_id, event_no)
         order by i.event_no`,
    });
    for (;;) {
      const { rows } = await client.query<Row>({
        ...unhurried,
        text: `fetch ${limits.archivedRows} from events`,
        rowMode: 'array',
      });
      if (rows.length === 0) break;
      count(rows.length);
      yield rows.map(lineOf).join('');
    }
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => {}); // the first error says more
    throw error;
  }
}

/** A canonical event, with what became of it. Attributes and correlation are the stored text: their digits, and the content hash, stay the same. */
function lineOf(row: Row): string {
  const [
    eventId,
    eventType,
    eventVersion,
    occurredAt,
    producer,
    userId,
    receivedAt,
    source,
    origin,
    outcome,
    reason,
    payload,
  ] = row;
  const head = JSON.stringify({
    event_id: eventId,
    event_type: eventType,
    event_version: eventVersion,
    occurred_at: formatInstant(occurredAt),
    producer,
    user_id: userId,
    received_at: formatInstant(receivedAt),
    source,
    origin,
    outcome,
    reason,
  });
  return `${head.slice(0, -1)},${payload.trimStart().slice(1)}\n`;
}

/** Reads the file from the disk: only what can be read again may be dropped. */
async function readBack(file: string, wanted: Archive): Promise<void> {
  const read = digest();
  let events = 0;
  const lines = new Writable({
    write(chunk: Buffer, _encoding, done) {
      for (let at = chunk.indexOf(0x0a); at >= 0; at = chunk.indexOf(0x0a, at + 1)) events++;
      done();
    },
  });
  await pipeline(createReadStream(file), read.through, createGunzip(), lines);
  const found = read.result();
  if (events !== wanted.events || found.bytes !== wanted.bytes || found.sha256 !== wanted.sha256) {
    throw new Error(`${file} is not what was written: ${events} of ${wanted.events} events, sha256 ${found.sha256}`);
  }
}

function digest(): { through: Transform; result: () => { bytes: number; sha256: string } } {
  const hash = createHash('sha256');
  let bytes = 0;
  const through = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  return { through, result: () => ({ bytes, sha256: hash.digest('hex') }) };
}

/** What was written (or renamed) outlives a power failure from here on. */
async function onDisk(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
