// Players as people, as events: what says that two players are one person, or that they are not after all. Pure. Owns what such events must say; what
// becomes of progress and claims is the games' business.
import { show } from '../errors.ts';
import { controlEvents } from '../event/control.ts';
import type { CanonicalEvent } from '../event/event.ts';
import { limits } from '../limits.ts';

export const [PLAYER_MERGED, PLAYER_UNMERGED] = controlEvents.players;

/** What an event says about two players. */
export interface MergeStatement {
  kind: 'merged' | 'unmerged';
  /** The player that is merged into the event's own, or taken out again. */
  userId: string;
  reason: string;
  statedBy: string;
}

/** Whether an event says that players are one person, or not any more. */
export function isMerge({ event_type }: Pick<CanonicalEvent, 'event_type'>): boolean {
  return event_type === PLAYER_MERGED || event_type === PLAYER_UNMERGED;
}

/** The player that such an event names besides its own; undefined for every other event. */
export function playerNamedBy(event: CanonicalEvent): string | undefined {
  if (!isMerge(event)) return undefined;
  const reading = readMerge(event);
  return 'problem' in reading ? undefined : reading.merge.userId;
}

/** What such an event says; `problem` names the attribute that is not right. */
export function readMerge(
  event: Pick<CanonicalEvent, 'event_type' | 'attributes'>,
): { merge: MergeStatement } | { problem: string } {
  const { merged_user_id: userId, reason, stated_by: statedBy } = event.attributes;
  if (typeof userId !== 'string' || !isUserId(userId)) {
    return { problem: `attributes.merged_user_id: expected the id of a player; found ${show(userId)}` };
  }
  if (typeof reason !== 'string' || reason === '') {
    return { problem: `attributes.reason: expected why, as text; found ${show(reason)}` };
  }
  if (typeof statedBy !== 'string' || statedBy === '') {
    return { problem: `attributes.stated_by: expected who says so, as text; found ${show(statedBy)}` };
  }
  const kind = event.event_type === PLAYER_MERGED ? 'merged' : 'unmerged';
  return { merge: { kind, userId, reason, statedBy } };
}

/** As for the user_id of an event. */
function isUserId(text: string): boolean {
  return (
    text !== '' && Buffer.byteLength(text) <= limits.identifierBytes && text.isWellFormed() && !text.includes('\u0000')
  );
}
