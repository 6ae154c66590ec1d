// Games and their changes as programs are told of them, on the command line and over HTTP alike: names with underscores, times in ISO 8601. Pure.
import type { GameStatus } from '../games/decide.ts';
import { formatInstant, type Instant } from '../time.ts';
import type { Activation } from './activate.ts';
import { entriesFrom, type GameAt, type GameRecord, type VersionEntry } from './record.ts';
import type { StatusChanged } from './status.ts';

/** `past` it was in force · `in_force` now · `planned` for later · `cancelled` before it was ever in force. */
export type EntryState = 'past' | 'in_force' | 'planned' | 'cancelled';

export interface GameSummary {
  game_id: string;
  /** Names what was seen, for whoever then changes the game. */
  revision: number;
  version: number;
  versions: number;
  /** By the window and the status. A game of which nothing is open yet is upcoming. */
  state: 'upcoming' | GameStatus;
  window: { start: string; end: string };
  cohort_id: string;
  archetype: string;
  time_zone: string;
}

/** A game in short, as of that instant. */
export function summarize({ gameId, revision, inForce, status, versions }: GameAt, now: Instant): GameSummary {
  const { version, start, end, config } = inForce;
  const upcoming = now < start && status === 'active';
  return {
    game_id: gameId,
    revision,
    version,
    versions,
    state: upcoming ? 'upcoming' : now < end ? status : 'ended',
    window: { start: formatInstant(start), end: config.game_window.end },
    cohort_id: config.cohort_id,
    archetype: config.game_archetype,
    time_zone: config.time_zone,
  };
}

/** An entry of either track. */
export interface EntryView {
  state: EntryState;
  in_force_from: string;
  made_at: string;
  made_by: string;
  reason: string;
}

/** Both tracks of a game's timeline, oldest entries first, as of an instant. */
export function describeTracks(
  { versions, statuses }: GameRecord,
  now: Instant,
): {
  versions: ({ version: number } & EntryView)[];
  statuses: ({ change_no: number; status: GameStatus } & EntryView)[];
} {
  const versionStates = statesOf(versions, now, ({ inForceFrom }) => inForceFrom);
  const statusStates = statesOf(statuses, now, ({ from }) => from);
  return {
    versions: versions.map((entry, index) => ({
      version: entry.version,
      state: versionStates[index] as EntryState,
      in_force_from: formatInstant(entry.inForceFrom),
      ...signed(entry),
    })),
    statuses: statuses.map((entry, index) => ({
      change_no: entry.changeNo,
      status: entry.status,
      state: statusStates[index] as EntryState,
      in_force_from: formatInstant(entry.from),
      ...signed(entry),
    })),
  };
}

/** One version with its configuration. */
export function describeVersion(gameId: string, entry: VersionEntry) {
  return {
    game_id: gameId,
    version: entry.version,
    in_force_from: formatInstant(entry.inForceFrom),
    ...signed(entry),
    config: entry.config,
    source_text: entry.sourceText,
  };
}

/** What an activation did. */
export function describeActivation(activation: Activation) {
  const { gameId, version, inForceFrom, changed, revision, before, differences, remarks } = activation;
  return {
    game_id: gameId,
    version,
    in_force_from: formatInstant(inForceFrom),
    changed,
    revision,
    before: before ?? null,
    differences,
    remarks,
  };
}

/** What a pause, a resumption or an end did. */
export function describeStatusChange({ gameId, changeNo, status, from, revision, remarks }: StatusChanged) {
  return { game_id: gameId, change_no: changeNo, status, in_force_from: formatInstant(from), revision, remarks };
}

function signed({ at, by, reason }: { at: Instant; by: string; reason: string }) {
  return { made_at: formatInstant(at), made_by: by, reason };
}

function statesOf<Entry extends { at: Instant }>(
  track: readonly Entry[],
  now: Instant,
  beginOf: (entry: Entry) => Instant,
): EntryState[] {
  const open = new Set(entriesFrom(track, now, beginOf));
  return track.map((entry, index) => {
    const begin = beginOf(entry);
    if (open.has(entry)) return begin > now ? 'planned' : 'in_force';
    // Taken back before it began: it never was in force, also when that instant has long passed.
    const cancelled = track.slice(index + 1).some((later) => later.at <= begin && beginOf(later) <= begin);
    return cancelled || begin > now ? 'cancelled' : 'past';
  });
}
