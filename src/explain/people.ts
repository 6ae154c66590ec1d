// What explanations say of merges, in words.
import type { CanonicalEvent } from '../event/event.ts';
import type { StoredEvent } from '../inbox/stored.ts';
import { readMerge } from '../players/merge.ts';

/** What an event says about two players, and what became of that. */
export function mergeInWords(
  event: CanonicalEvent,
  { outcome, reason }: Pick<StoredEvent, 'outcome' | 'reason'>,
): string {
  const reading = readMerge(event);
  if ('problem' in reading) return `It was not accepted as a merge of players: ${reading.problem}.`;
  const { kind, userId, reason: why, statedBy } = reading.merge;
  const said =
    kind === 'merged'
      ? `that ${userId} and ${event.user_id} are one person, for whom ${event.user_id} counts`
      : `that ${userId} and ${event.user_id} are not one person after all`;
  const became = outcome === 'applied' ? '' : ` It changed nothing: ${refusals[reason ?? ''] ?? reason}.`;
  return `It says ${said} (${why}, ${statedBy}).${became}`;
}

const refusals: Readonly<Record<string, string>> = {
  already_merged: 'they had been one person before',
  same_player: 'they had been one person before, the other way round',
  merged_elsewhere: 'it had been merged into another player',
  player_erased: 'one of them had been erased before and has come back',
  too_many_players: 'the person has as many players as there may be',
  not_merged: 'it had not been merged into that player',
  unmerge_too_late: 'the merge was too long ago',
  debts_settled: 'what one of them owed had been made up for by a reward of the other',
};
