// Merges as tests state them: the events of the built-in source.
import type { IncomingEvent } from '../event/event.ts';
import { type EventOptions, makeEvent } from './make.ts';

let asked = 0;

/** `user` is merged into `into`. */
export function mergeOf(user: string, into: string, options: EventOptions = {}): IncomingEvent {
  return stated('player_merged', user, into, options);
}

/** `user` is taken out of `into` again. */
export function unmergeOf(user: string, into: string, options: EventOptions = {}): IncomingEvent {
  return stated('player_unmerged', user, into, options);
}

function stated(type: string, user: string, into: string, options: EventOptions): IncomingEvent {
  return makeEvent({
    id: `merge_${++asked}`,
    ...options,
    type,
    user: into,
    producer: 'milepost',
    attributes: { merged_user_id: user, reason: 'ticket 4711', stated_by: 'asha', ...options.attributes },
  });
}
