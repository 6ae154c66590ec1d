// Merges that people ask for (by command, by API) as messages of a source of its own, so that they pass the same door as everything else.
import type { Message, Origin } from '../event/event.ts';
import { createNormaliser, type Normaliser } from '../event/normalise.ts';
import type { Source } from '../event/source.ts';
import { digestOf } from '../ids.ts';
import { formatInstant, type Instant } from '../time.ts';
import { type MergeStatement, PLAYER_MERGED, PLAYER_UNMERGED } from './merge.ts';

/** A merge, or its undoing, as somebody asks for it. */
export interface MergeRequest extends MergeStatement {
  /** Who counts, or has counted, for both. */
  into: string;
  /** How often the named player's person has changed: what was undone can be asked for again, and is no repeat. */
  merges: number;
  at: Instant;
}

const source: Source = {
  sourceId: 'players',
  file: 'the built-in source of merges',
  shape: 'canonical',
  producer: 'milepost',
  topics: [],
  controls: ['players'],
  attributes: {},
};

export const PLAYER_SOURCE = source.sourceId;

/** Reads `mergeMessage`s, and nothing else: this source is on no topic and cannot be named in a request. */
export function createPlayerNormaliser(): Normaliser {
  return createNormaliser([source]);
}

/**
 * The event of a request. Its id is made of all that it says and of when it is asked: a request that is given again is a repeat, and whoever asks another
 * time is answered by how things are then.
 */
export function mergeMessage(
  { kind, userId, into, merges, at, reason, statedBy }: MergeRequest,
  origin: Origin,
): Message {
  const type = kind === 'merged' ? PLAYER_MERGED : PLAYER_UNMERGED;
  const occurredAt = formatInstant(at);
  const event = {
    event_id: digestOf(type, userId, into, String(merges), occurredAt, reason, statedBy),
    event_type: type,
    occurred_at: occurredAt,
    user_id: into,
    attributes: { merged_user_id: userId, reason, stated_by: statedBy },
  };
  return { bytes: Buffer.from(JSON.stringify(event)), origin, receivedAt: undefined };
}
