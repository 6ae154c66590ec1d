// Corrects an event: what it said is taken back, and what it should have said is judged in its place, as two events through the front door in one
// transaction, decided as one: a step that both reach stays claimed. The old one stays as it came. The corrected one has its event_id, time and receipt, so
// that the same version judges it, it is no later than it was, and what names the event by its id (a refund, say) names the corrected one too.
import { isDeepStrictEqual } from 'node:util';
import type { Db } from '../db/connect.ts';
import { UserError } from '../errors.ts';
import { controlOf } from '../event/control.ts';
import { editionOf, producerOfEdition } from '../event/edition.ts';
import type { CanonicalEvent, IncomingEvent, Json } from '../event/event.ts';
import type { RewardType } from '../event/message.ts';
import { createNormaliser } from '../event/normalise.ts';
import { canonicalSource } from '../event/source.ts';
import { hasEnded } from '../games/claim.ts';
import type { ClaimChange, ClaimStatus } from '../games/games.ts';
import { isReversal } from '../games/ruling.ts';
import { incomingOf, listEvents, type StoredEvent } from '../inbox/stored.ts';
import { limits } from '../limits.ts';
import { findKin, personAt } from '../players/kin.ts';
import { formatInstant } from '../time.ts';
import type { Batch, EventResult, Moved } from './batch.ts';
import type { Engine } from './process.ts';

export interface CorrectionOrder {
  eventId: string;
  userId: string;
  /** Needed only where several producers have such an event of the player. */
  producer?: string | undefined;
  /** Attributes as they should have been; null takes one away. */
  set: { [name: string]: Json };
  /** Although it says the same: it may count by what is known since, as in a game that had left it out and whose cohort was wrong. */
  again?: boolean | undefined;
  by: string;
  reason: string;
  /** Do it although rewards that were earned are taken back by it. */
  takeBack?: boolean | undefined;
}

export interface Correction {
  producer: string;
  /** What it had come to, and what it says that is not as it should be. */
  from: { outcome: string; reason: string | null; attributes: { [name: string]: Json } };
  to: { outcome: string; reason: string | null; attributes: { [name: string]: Json } };
  /** False: it says so already, and nothing was done. */
  changed: boolean;
  /** Progress before and after. */
  moved: Moved[];
  claims: number;
  /** Claims that end by it, as their steps are not reached any more, each with what its game's policy says of a reward that was paid. */
  ended: Ended[];
}

interface Ended {
  game_id: string;
  window_start: string;
  step: number;
  status: ClaimStatus;
  reward_type: RewardType | null;
  amount: number | null;
}

/** What reversals of corrections come from: it is on no topic, and no request can name it. */
export const CORRECTION_SOURCE = 'corrections';

const normaliser = createNormaliser([
  canonicalSource,
  { ...canonicalSource, sourceId: CORRECTION_SOURCE, file: 'the built-in source of corrections', topics: [] },
]);

/**
 * Corrects an event, or with `dryRun` only says what that would change. Given twice, it changes nothing the second time. With `again`, and nothing to set, the
 * event is judged anew as it is, in all games: where that comes to the same, nothing is done.
 * @throws UserError for an event that is not there, cannot be corrected, or was corrected by somebody else at this moment; and where rewards would be taken
 * back and nobody has said that they may be.
 */
export async function correctEvent(
  { db, engine, dryRun }: { db: Db; engine: Pick<Engine, 'process'>; dryRun: boolean },
  order: CorrectionOrder,
): Promise<Correction> {
  const { stored, edition, producer } = newest(await findEditions(db, order), order);
  const original = incomingOf(stored);
  if (original === undefined) {
    throw new UserError(`${order.eventId} is older than retention: what it said is no longer stored`);
  }
  const { event } = original;
  if (controlOf(event.event_type) !== undefined || isReversal(event)) {
    throw new UserError(`${order.eventId} is a ${event.event_type}: only events that count in games can be corrected`);
  }
  if ('frm_flag' in order.set || (await wasFlagged(db, stored))) {
    throw new UserError(
      `${order.eventId}: what fraud and risk management flags, and whether that counts, is for a verdict to say (milepost holds)`,
    );
  }
  const { correction_of: _, ...said } = event.attributes;
  const should = attributesOf(said, order.set);
  const from = { outcome: stored.outcome, reason: stored.reason };
  const unchanged: Correction = {
    producer,
    from: { ...from, attributes: {} },
    to: { ...from, attributes: {} },
    changed: false,
    moved: [],
    claims: 0,
    ended: [],
  };
  const isSame = isDeepStrictEqual(should, said);
  if (isSame && order.again !== true) return unchanged;
  const events = correctionOf(original, should, { ...order, edition: edition + 1, producer });
  const differences = Object.keys(order.set);
  const only = (attributes: CanonicalEvent['attributes']) =>
    Object.fromEntries(differences.map((name) => [name, attributes[name] ?? null]));

  const batch: Batch = { events: [...events], parked: [], correction: true };
  const rehearsed = await engine.process({ ...batch, rehearsal: true });
  const [, expected] = rehearsed.results as [EventResult, EventResult];
  const ended = endedOf(rehearsed.rehearsed?.changed ?? []);
  const moved = (rehearsed.moved ?? []).filter(({ before, after }) => before !== after);
  const isNews = expected.outcome !== from.outcome || expected.reason !== from.reason;
  if (isSame && !isNews && rehearsed.claims === 0 && ended.length === 0 && moved.length === 0) return unchanged;
  if (!dryRun && ended.length > 0 && order.takeBack !== true) {
    throw new UserError(
      `corrected so, ${order.eventId} takes rewards back: look with --dry-run, and say --take-back if that is meant`,
    );
  }
  if (!dryRun) {
    const { results } = await engine.process(batch);
    const [, corrected] = results as [EventResult, EventResult];
    if (corrected.reason === 'conflicting_content') {
      throw new UserError(`somebody else has corrected ${order.eventId} at this moment: look at it again`);
    }
  }
  const { outcome, reason } = expected;
  return {
    producer,
    from: { ...from, attributes: only(said) },
    to: { outcome, reason, attributes: only(should) },
    changed: true,
    moved,
    claims: rehearsed.claims,
    ended,
  };
}

/** Whether credits of an event were ever held. Corrected, such an event would be judged past the verdict on it. */
async function wasFlagged({ pool }: Db, { bucket, player_id, event_no }: StoredEvent): Promise<boolean> {
  const { rowCount } = await pool.query(
    'select from milepost.credit where bucket = $1 and player_id = $2 and event_no = $3 and held limit 1',
    [bucket, player_id, event_no],
  );
  return rowCount === 1;
}

function endedOf(changes: readonly ClaimChange[]): Ended[] {
  return changes
    .filter(({ claim }) => hasEnded(claim.status) && (claim.reward !== null || claim.stepType === 'FORTUNE_COOKIE'))
    .map(({ claim }) => ({
      game_id: claim.gameId,
      window_start: formatInstant(claim.windowStart),
      step: claim.step,
      status: claim.status,
      reward_type: claim.reward?.rewardType ?? null,
      amount: claim.reward?.amount ?? null,
    }));
}

/** An edition, where it was made while the player was one person with somebody who has it now and is somebody else: with that one. */
interface Edition {
  stored: StoredEvent;
  elsewhere: boolean;
}

/** All that is stored of an event under the accounts of a person, and what of it came while the person had others. The named account's comes first. */
async function findEditions(db: Db, { userId, eventId }: CorrectionOrder): Promise<Edition[]> {
  const kin = await findKin(db, userId);
  if (kin === undefined) return [];
  const person = personAt(kin, kin.members[0].player_id).map(({ player_id }) => player_id);
  const found: Edition[] = [];
  for (const member of kin.members) {
    const elsewhere = !person.includes(member.player_id);
    const events = await listEvents(db, { userId: member.user_id, eventIds: [eventId] }, limits.listedEvents);
    const cameFor = ({ player_id, event_no }: StoredEvent): boolean =>
      !elsewhere || personAt(kin, player_id, Number(event_no)).some((then) => person.includes(then.player_id));
    found.push(...events.filter(cameFor).map((stored) => ({ stored, elsewhere })));
  }
  return found;
}

/** The event as it was corrected last, and how often it has been. */
function newest(
  found: readonly Edition[],
  { eventId, userId, producer: wanted }: CorrectionOrder,
): { stored: StoredEvent; edition: number; producer: string } {
  const editions = found.flatMap(({ stored, elsewhere }) => {
    if (REVERSAL.test(stored.producer)) return [];
    return [{ stored, elsewhere, ...editionOf(stored.producer) }];
  });
  const producers = [...new Set(editions.map(({ producer }) => producer))];
  const producer = wanted ?? producers[0];
  const own = editions
    .filter((each) => each.producer === producer)
    .sort((a, b) => b.edition - a.edition || Number(a.elsewhere) - Number(b.elsewhere));
  if (producers.length > 1 && wanted === undefined) {
    throw new UserError(
      `several producers have such an event of this player: say --producer ${producers.join(' or ')}`,
    );
  }
  const [last, other] = own;
  if (last !== undefined && last.edition === other?.edition && !other.elsewhere) {
    throw new UserError(
      `${eventId} came for two players who are one person since, ${last.stored.user_id} and ${other.stored.user_id}: it cannot be told which is meant`,
    );
  }
  if (last === undefined)
    throw new UserError(
      `there is no event ${eventId} of player ${userId}${wanted === undefined ? '' : ` from ${wanted}`}`,
    );
  if (last.elsewhere) {
    const { user_id: other } = last.stored;
    throw new UserError(
      `what ${eventId} says now came while ${userId} was one person with ${other}, and stands with ${other} since: correct it there`,
    );
  }
  return last;
}

/** What takes an edition back: its name goes by what it takes back alone, so that of two corrections at once one finds it taken. */
const REVERSAL = /^reversal-(\d+)\/(.*)$/s;

/** What an event of this producer is to a correction; undefined where it came by itself. */
export function correctionBy(
  producer: string,
): { takesBack: boolean; corrects: string; corrected: string } | undefined {
  const [, number, base] = REVERSAL.exec(producer) ?? [];
  const takesBack = number !== undefined && base !== undefined;
  const { edition, producer: first } = takesBack ? { edition: Number(number), producer: base } : editionOf(producer);
  if (edition === 0) return undefined;
  return { takesBack, corrects: producerOfEdition(edition - 1, first), corrected: producerOfEdition(edition, first) };
}

function attributesOf(said: CanonicalEvent['attributes'], set: CorrectionOrder['set']): CanonicalEvent['attributes'] {
  const should = { ...said, ...set };
  for (const [name, value] of Object.entries(set)) if (value === null) delete should[name];
  return should;
}

/**
 * The two events of a correction: what takes back what an event said, and the event with what it should have said. `edition` counts its corrections, this one
 * included; `producer` is who sent the first one.
 */
export function correctionOf(
  { event, source, receivedAt }: IncomingEvent,
  attributes: CanonicalEvent['attributes'],
  { edition, producer, by, reason }: { edition: number; producer: string; by: string; reason: string },
): [reversal: IncomingEvent, corrected: IncomingEvent] {
  const reversal: CanonicalEvent = {
    ...event,
    event_type: 'event_reversed',
    producer: `reversal-${edition}/${producer}`,
    // Exactly this edition; a reversal of the payment, whoever sends one, means whatever is left of it.
    correlation: { payment_id: null, txn_id: null, canonical_transaction_id: null, original_event_id: event.event_id },
    attributes: { original_producer: event.producer, corrected_by: by, correction_reason: reason },
  };
  const correction_of = { event_id: event.event_id, producer: event.producer };
  const corrected: CanonicalEvent = {
    ...event,
    producer: producerOfEdition(edition, producer),
    attributes: { ...attributes, correction_of },
  };
  return [
    incoming(reversal, CORRECTION_SOURCE),
    { ...incoming(corrected, canonicalSource.sourceId), source, receivedAt },
  ];
}

/** Checked and written down as any event that comes in. It keeps the version that its producer's message had, which is not the canonical shape's. */
function incoming({ event_version, ...event }: CanonicalEvent, source: string): IncomingEvent {
  const bytes = Buffer.from(JSON.stringify({ ...event, occurred_at: formatInstant(event.occurred_at) }));
  const normalised = normaliser.normalise(source, { bytes, origin: { transport: 'http' }, receivedAt: undefined });
  if (normalised.kind === 'event') {
    return { ...normalised.event, event: { ...normalised.event.event, event_version } };
  }
  throw new UserError('the corrected event cannot be taken in', [{ path: '', message: normalised.parked.detail }]);
}
