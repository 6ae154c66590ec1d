// milepost inbox show | list | parked | runs: what arrived, and what became of it.
import { COHORT_CHANGED, readChange } from '../cohorts/change.ts';
import { readConfig } from '../config.ts';
import { UserError } from '../errors.ts';
import type { CanonicalEvent } from '../event/event.ts';
import { type FoundEvent, findEvents } from '../inbox/find.ts';
import { findParked } from '../inbox/parked.ts';
import { findRuns } from '../inbox/run.ts';
import { type EventFilter, listEvents } from '../inbox/stored.ts';
import type { StoredOutcome } from '../inbox/stored-outcome.ts';
import { limits } from '../limits.ts';
import { formatInstant } from '../time.ts';
import { withDatabase } from './database.ts';
import { readCount, readInstant } from './input.ts';
import { exitCodes, print, table } from './output.ts';

export interface FilterOptions {
  outcome?: string[];
  withReason?: string;
  since?: string;
  until?: string;
  source?: string;
  type?: string;
  user?: string;
}

interface ListOptions extends FilterOptions {
  limit: string;
  json?: boolean;
}

/** The filter that options name; those of `inbox reprocess` are the same. */
export function readFilter(options: FilterOptions): EventFilter {
  return {
    outcomes: options.outcome as StoredOutcome[] | undefined,
    reason: options.withReason,
    since: readInstant('--since', options.since),
    until: readInstant('--until', options.until),
    source: options.source,
    type: options.type,
    userId: options.user,
  };
}

function readLimit(text: string): number {
  const limit = readCount('--limit', text, 1) ?? 1;
  if (limit <= limits.listedEvents) return limit;
  throw new UserError(`--limit ${limit}: a list holds at most ${limits.listedEvents}; narrow it down`);
}

const moreLine = '… and more: --limit, or narrow it down';

export async function listInbox(options: ListOptions): Promise<void> {
  const limit = readLimit(options.limit);
  const filter = readFilter(options);
  // One more, to know whether there are more.
  const found = await withDatabase(readConfig(), 'milepost_support', (db) => listEvents(db, filter, limit + 1));
  const more = found.length > limit;
  const listed = found.slice(0, limit);
  const document = listed.map((event) => ({
    event_id: event.event_id,
    producer: event.producer,
    user_id: event.user_id,
    outcome: event.outcome,
    reason: event.reason,
    received_at: formatInstant(event.received_at),
    occurred_at: event.occurred_at === null ? null : formatInstant(event.occurred_at),
    event_type: event.event_type,
    source: event.source,
    origin: event.origin,
  }));
  print(options, { events: document, more }, () => {
    if (listed.length === 0) return 'There is no such event. A message that could not be read: milepost inbox parked.';
    const rows = document.map(({ received_at, event_id, user_id, event_type, outcome, reason }) => {
      return [received_at, event_id, user_id, event_type ?? '(not stored)', outcome, reason ?? ''];
    });
    const lines = table(['RECEIVED', 'EVENT', 'USER', 'TYPE', 'OUTCOME', 'REASON'], rows);
    return more ? `${lines}\n${moreLine}` : lines;
  });
}

interface ParkedOptions extends Pick<FilterOptions, 'withReason' | 'since' | 'until' | 'source'> {
  mentions?: string;
  all?: boolean;
  limit: string;
  json?: boolean;
}

/** How much of a message a list shows. */
const SHOWN_CHARS = 60;

export async function listParked(options: ParkedOptions): Promise<void> {
  const limit = readLimit(options.limit);
  const { reason, since, until, source } = readFilter(options);
  const filter = { reason, since, until, source, mentions: options.mentions, resolved: options.all };
  const found = await withDatabase(readConfig(), 'milepost_support', (db) => findParked(db, filter, limit + 1));
  const more = found.length > limit;
  const document = found.slice(0, limit).map(({ bytes, received_at, resolved_at, parked_no, ...row }) => ({
    parked_no: Number(parked_no),
    ...row,
    received_at: formatInstant(received_at),
    resolved_at: resolved_at === null ? null : formatInstant(resolved_at),
    message: bytes.toString('utf8'),
  }));
  print(options, { parked: document, more }, () => {
    if (document.length === 0) return 'No message is parked.';
    const rows = document.map(({ parked_no, received_at, source, reason, detail, message, event_id }) => {
      const what = event_id === null ? `${reason}: ${detail}` : `read since, as ${event_id}`;
      return [parked_no, received_at, source, what, oneLine(message)];
    });
    const lines = table(['NO', 'RECEIVED', 'SOURCE', 'REASON', 'BEGINS'], rows);
    return more ? `${lines}\n${moreLine}` : lines;
  });
}

function oneLine(text: string): string {
  const line = text.slice(0, SHOWN_CHARS + 1).replace(/[^\P{C}]|\s/gu, ' ');
  return line.length > SHOWN_CHARS ? `${line.slice(0, SHOWN_CHARS)}…` : line;
}

export async function listRuns(options: { limit: string; json?: boolean }): Promise<void> {
  const limit = readLimit(options.limit);
  const runs = await withDatabase(readConfig(), 'milepost_support', (db) => findRuns(db, limit));
  const document = runs.map(({ run_no, started_at, ended_at, position: _, ...run }) => ({
    run: Number(run_no),
    ...run,
    started_at: formatInstant(started_at),
    ended_at: ended_at === null ? null : formatInstant(ended_at),
  }));
  print(options, { runs: document }, () => {
    if (document.length === 0) return 'Nothing has been reprocessed.';
    const rows = document.map(({ run, started_at, ended_at, asked_by, reason, looked_at, changed }) => {
      return [run, started_at, ended_at === null ? 'not ended' : 'ended', looked_at, changed, asked_by, reason];
    });
    return table(['RUN', 'STARTED', 'STATE', 'LOOKED AT', 'CHANGED', 'BY', 'REASON'], rows);
  });
}

export async function showEvent(eventId: string, options: { json?: boolean }): Promise<void> {
  const found = await withDatabase(readConfig(), 'milepost_support', (db) => findEvents(db, eventId));
  if (found.length === 0) process.exitCode = exitCodes.notRight;
  const document = found.map((event) => ({
    ...event,
    received_at: formatInstant(event.received_at),
    occurred_at: event.occurred_at === null ? null : formatInstant(event.occurred_at),
  }));
  print(options, document, () =>
    found.length === 0
      ? `No event ${eventId} has arrived. A message that could not be read is parked, not stored as an event.`
      : found.map(describe).join('\n\n'),
  );
}

function describe(event: FoundEvent): string {
  const lines = [
    `${event.event_id} from ${event.producer}, player ${event.user_id}`,
    `  outcome   ${event.outcome}${event.reason === null ? '' : ` (${event.reason})`}`,
    `  received  ${formatInstant(event.received_at)}`,
  ];
  if (event.occurred_at !== null) {
    lines.push(
      `  occurred  ${formatInstant(event.occurred_at)}`,
      `  type      ${event.event_type}`,
      `  source    ${event.source}, ${event.origin}`,
    );
  }
  for (const credit of event.credits) {
    const held = credit.held ? ', held' : '';
    lines.push(
      `  credit    +${credit.amount} in ${credit.game_id} by ${credit.trigger_id} (version ${credit.version}${held})`,
    );
  }
  for (const claim of event.claims) {
    const reward = claim.reward_type === null ? 'no reward' : `${claim.amount} ${claim.reward_type}`;
    lines.push(`  claim     step ${claim.step} of ${claim.game_id}: ${reward}, ${claim.status}`);
  }
  const problem = problemOf(event);
  if (problem !== undefined) lines.push(`  problem   ${problem}`);
  if (event.error !== null) lines.push(`  error     ${event.error}`);
  if (event.conflicts > 0)
    lines.push(`  conflicts ${event.conflicts} deliveries under this id had another content and changed nothing`);
  if (event.payload !== null) lines.push(`  payload   ${JSON.stringify(event.payload)}`);
  return lines.join('\n');
}

/** What is not right with a change of a cohort. */
function problemOf({ event_type, occurred_at, payload }: FoundEvent): string | undefined {
  if (event_type !== COHORT_CHANGED || occurred_at === null || payload === null) return undefined;
  const change = readChange({ occurred_at, ...(payload as Pick<CanonicalEvent, 'attributes'>) });
  return 'problem' in change ? change.problem : undefined;
}
