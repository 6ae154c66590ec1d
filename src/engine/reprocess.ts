// Looks at stored events and parked messages again, through the engine's own transaction, in bounded batches. What has changed something already is
// left alone by the decision, so a run may be broken off, begun again and repeated. Owns the run's record; judges nothing itself.
import type { Db } from '../db/connect.ts';
import { transaction } from '../db/transaction.ts';
import type { IncomingEvent } from '../event/event.ts';
import type { Normaliser } from '../event/normalise.ts';
import { messageOf, type ParkedRow, pagesOfParked, type Resolution, resolveParked } from '../inbox/parked.ts';
import { advanceRun, beginRun, endRun, type RunPosition, type Wanted } from '../inbox/run.ts';
import { incomingOf, pagesOfEvents, type StoredEvent } from '../inbox/stored.ts';
import { limits } from '../limits.ts';
import type { EventResult } from './batch.ts';
import type { Engine } from './process.ts';

/** What became of one event or message that was looked at again. */
export interface Looked {
  /** Null for a message that still cannot be read. */
  event_id: string | null;
  user_id: string | null;
  /** Of a message that was parked. */
  parked_no: string | null;
  from: string;
  to: string;
  changed: boolean;
  /** Why it could not be looked at; null when it could. */
  problem: string | null;
}

export interface Reprocessed {
  /** Null for a rehearsal. */
  run: string | null;
  lookedAt: number;
  changed: number;
  claims: number;
  /** How often what became what: `late (window_closed) → applied`. */
  outcomes: Record<string, number>;
  /** The first of those that changed, or would, and of those that could not be looked at. */
  shown: Looked[];
  /** Of events that were named by their ids: those of which nothing was found. */
  unknown: string[];
}

export interface ReprocessOrder {
  wanted: Wanted;
  by: string;
  reason: string;
}

interface Options {
  db: Db;
  engine: Pick<Engine, 'process'>;
  normaliser: Normaliser;
  /** Told after each batch. */
  progress?: (done: Reprocessed) => void;
  signal?: AbortSignal;
}

/** Begins a run and carries it out. */
export async function reprocess(order: ReprocessOrder, options: Options): Promise<Reprocessed> {
  const run = await transaction(options.db, (tx) => beginRun(tx, order));
  return resume({ run, wanted: order.wanted, position: null }, options);
}

/** Carries on with a run that was broken off. */
export async function resume(
  { run, wanted, position }: { run: string; wanted: Wanted; position: RunPosition | null },
  options: Options,
): Promise<Reprocessed> {
  const { db } = options;
  const done = nothingDone(run, wanted);
  for await (const page of pages(db, wanted, position)) {
    const looked = await look(page, done, options, run);
    const changed = looked.filter((each) => each.changed).length;
    const place = page.place;
    await transaction(db, (tx) => advanceRun(tx, run, { position: place, lookedAt: looked.length, changed }));
    options.progress?.(done);
  }
  await transaction(db, (tx) => endRun(tx, run));
  return done;
}

/**
 * What a run would do; nothing of it is kept. Each batch is judged as if those before it had not been: a player whose events fall into two of them may
 * come to something else.
 */
export async function rehearse(wanted: Wanted, options: Options): Promise<Reprocessed> {
  const done = nothingDone(null, wanted);
  for await (const page of pages(options.db, wanted, null)) {
    await look(page, done, options, null);
    options.progress?.(done);
  }
  return done;
}

function nothingDone(run: string | null, wanted: Wanted): Reprocessed {
  const unknown = 'events' in wanted ? [...(wanted.events.eventIds ?? [])] : [];
  return { run, lookedAt: 0, changed: 0, claims: 0, outcomes: {}, shown: [], unknown };
}

type Page = { place: RunPosition } & ({ events: StoredEvent[] } | { parked: ParkedRow[] });

async function* pages(db: Db, wanted: Wanted, position: RunPosition | null): AsyncGenerator<Page> {
  if ('events' in wanted) {
    const after = position !== null && 'event' in position ? position.event : undefined;
    for await (const events of pagesOfEvents(db, wanted.events, after)) {
      const { bucket, player_id, event_no } = events.at(-1) as StoredEvent;
      yield { events, place: { event: { bucket, player_id, event_no } } };
    }
    return;
  }
  const after = position !== null && 'parked' in position ? position.parked : undefined;
  for await (const parked of pagesOfParked(db, wanted.parked, after)) {
    yield { parked, place: { parked: (parked.at(-1) as ParkedRow).parked_no } };
  }
}

/** A thing to look at: an event to be judged, or why there is none. */
interface Candidate {
  event: IncomingEvent | undefined;
  looked: Omit<Looked, 'to' | 'changed' | 'problem'>;
  problem: string | null;
}

async function look(page: Page, done: Reprocessed, options: Options, run: string | null): Promise<Looked[]> {
  const candidates = 'events' in page ? page.events.map(ofStored) : page.parked.map((row) => ofParked(row, options));
  const looked: Looked[] = [];
  for (const group of groupsOf(candidates)) {
    const events = group.flatMap(({ event }) => (event === undefined ? [] : [event]));
    // Without a run, nothing is to be kept.
    const how = run === null ? ({ run: '0', rehearsal: true } as const) : { run };
    const { results, claims } =
      events.length === 0
        ? { results: [], claims: 0 }
        : await options.engine.process({ events, parked: [], ...how }, options.signal);
    done.claims += claims;
    const remaining = results.values();
    const judged = group.map(({ event, looked: what, problem }): Looked => {
      const result = event === undefined ? undefined : remaining.next().value;
      const to = result === undefined ? what.from : wordsOf(result);
      // A message that can be read is resolved, whatever its event comes to.
      const changed = result !== undefined && (what.parked_no !== null || !result.replayed);
      return { ...what, to, changed, problem };
    });
    if (run !== null) await resolve(group, results, run, options.db);
    looked.push(...judged);
  }
  for (const each of looked) {
    const key =
      each.problem === null ? `${each.from} → ${each.changed ? each.to : 'unchanged'}` : `${each.from} → not read`;
    done.outcomes[key] = (done.outcomes[key] ?? 0) + 1;
    const worth = each.changed || each.problem !== null;
    if (worth && done.shown.length < limits.reprocessedShown) done.shown.push(each);
  }
  const known = new Set(looked.map(({ event_id }) => event_id));
  done.unknown = done.unknown.filter((id) => !known.has(id));
  done.lookedAt += looked.length;
  done.changed += looked.filter(({ changed }) => changed).length;
  return looked;
}

/** Messages that were set aside because they may end a process come alone. */
function groupsOf(candidates: readonly Candidate[]): Candidate[][] {
  const suspicious = candidates.filter(({ looked }) => looked.from === 'parked (quarantined)');
  const others = candidates.filter((candidate) => !suspicious.includes(candidate));
  return [...(others.length === 0 ? [] : [others]), ...suspicious.map((candidate) => [candidate])];
}

function wordsOf({ outcome, reason }: Pick<EventResult, 'outcome' | 'reason'>): string {
  return reason === null ? outcome : `${outcome} (${reason})`;
}

function ofStored(stored: StoredEvent): Candidate {
  const event = incomingOf(stored);
  const { event_id, user_id } = stored;
  return {
    event,
    looked: { event_id, user_id, parked_no: null, from: wordsOf(stored) },
    problem: event === undefined ? 'older than retention: its payload is no longer stored' : null,
  };
}

function ofParked(row: ParkedRow, { normaliser }: Options): Candidate {
  const { parked_no, source, reason } = row;
  const looked = { event_id: null, user_id: null, parked_no, from: `parked (${reason})` };
  if (normaliser.sourceOf(source) === undefined) {
    return { event: undefined, looked, problem: `there is no source ${source} any more` };
  }
  const normalised = normaliser.normalise(source, messageOf(row));
  if (normalised.kind === 'parked') {
    return { event: undefined, looked, problem: `${normalised.parked.reason}: ${normalised.parked.detail}` };
  }
  const { event, receivedAt } = normalised.event;
  return {
    event: { ...normalised.event, receivedAt: receivedAt ?? row.received_at },
    looked: { ...looked, event_id: event.event_id, user_id: event.user_id },
    problem: null,
  };
}

async function resolve(
  group: readonly Candidate[],
  results: readonly EventResult[],
  run: string,
  db: Db,
): Promise<void> {
  const remaining = results.values();
  const resolutions = group.flatMap(({ event, looked }): Resolution[] => {
    if (event === undefined) return [];
    const result = remaining.next().value as EventResult;
    if (looked.parked_no === null) return [];
    const { event_id: eventId, producer } = event.event;
    return [{ parkedNo: looked.parked_no, eventId, producer, outcome: result.replayed ? 'duplicate' : result.outcome }];
  });
  if (resolutions.length > 0) await transaction(db, (tx) => resolveParked(tx, run, resolutions));
}
