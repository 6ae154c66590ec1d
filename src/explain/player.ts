// A player at a glance, for support: in which cohorts, how far in each game and how that came about, what was claimed and what became of it. Reads only.
import { sql } from 'kysely';
import { intervalsOf } from '../cohorts/cohorts.ts';
import { readStatements } from '../cohorts/read.ts';
import type { Db } from '../db/connect.ts';
import { loadDefinitions } from '../definitions/definitions.ts';
import { archetypes } from '../games/archetypes/archetype.ts';
import { versionInForce, windowFor } from '../games/decide.ts';
import { type StandingState, standingsOf } from '../games/standing.ts';
import { bucketOf } from '../ids.ts';
import { limits } from '../limits.ts';
import { formatInstant, type Instant } from '../time.ts';

export interface PlayerSummary {
  user_id: string;
  cohorts: { cohort_id: string; from: string; until: string | null }[];
  games: {
    game_id: string;
    window_start: string;
    value: number;
    /** The part that no hold touches. */
    cleared: number;
    max: number;
    unit: string;
    in_words: string[];
  }[];
  /** The newest claims, with where their rewards stand. */
  claims: {
    game_id: string;
    window_start: string;
    step: number;
    status: string;
    reward_type: string | null;
    amount: number | null;
    claimed_at: string;
    key: string | null;
    payment: string | null;
  }[];
}

/** Undefined for a player of whom nothing has come. */
export async function summarizePlayer(db: Db, userId: string, gameId?: string): Promise<PlayerSummary | undefined> {
  const bucket = bucketOf(userId);
  const player = await db.query
    .selectFrom('player')
    .select('player_id')
    .where('bucket', '=', bucket)
    .where('user_id', '=', userId)
    .executeTakeFirst();
  if (player === undefined) return undefined;
  const { player_id } = player;
  const ofGame = gameId === undefined ? sql`true` : sql`g.game_id = ${gameId}`;
  const [definitions, statements, progress, claims] = await Promise.all([
    loadDefinitions(db),
    readStatements(db, userId),
    sql<ProgressRow>`
      select p.game_no, p.window_start, p.value, p.cleared, p.state
        from milepost.progress p join milepost.game g using (game_no)
       where p.bucket = ${bucket} and p.player_id = ${player_id} and ${ofGame}
       order by p.window_start desc, g.game_id limit ${limits.explainedMentions * 4}`.execute(db.query),
    sql<ClaimRow>`
      select g.game_id, c.window_start, c.step, c.status, c.reward_type, c.amount, c.claimed_at, c.message_key as key, o.state as payment
        from milepost.claim c join milepost.game g using (game_no)
        left join milepost.outbox o on o.message_key = c.message_key and o.bucket = c.bucket
       where c.bucket = ${bucket} and c.player_id = ${player_id} and ${ofGame}
       order by c.claimed_at desc, c.step desc limit ${limits.explainedEvents}`.execute(db.query),
  ]);
  const timelines = new Map(definitions.games.map((timeline) => [timeline.gameNo, timeline]));
  return {
    user_id: userId,
    cohorts: intervalsOf(statements).map(({ cohortId, from, to }) => ({
      cohort_id: cohortId,
      from: formatInstant(from),
      until: Number.isFinite(to) ? formatInstant(to) : null,
    })),
    games: progress.rows.flatMap((row) => {
      const timeline = timelines.get(row.game_no);
      if (timeline === undefined) return [];
      // Steps and shape are the same in all versions that a window has seen.
      const game = versionInForce(timeline, row.window_start);
      const window = windowFor(game, row.window_start, [row.window_start]) ?? game;
      const { all } = standingsOf(Number(row.value), Number(row.cleared), row.state);
      const { max_value, display_unit } = game.config.progress_state_model;
      return [
        {
          game_id: timeline.gameId,
          window_start: formatInstant(row.window_start),
          value: Number(row.value),
          cleared: Number(row.cleared),
          max: max_value,
          unit: display_unit,
          in_words: archetypes[game.config.game_archetype].explain(game, all, window),
        },
      ];
    }),
    claims: claims.rows.map(({ window_start, claimed_at, step, amount, ...claim }) => ({
      ...claim,
      step: Number(step),
      amount: amount === null ? null : Number(amount),
      window_start: formatInstant(window_start),
      claimed_at: formatInstant(claimed_at),
    })),
  };
}

interface ProgressRow {
  game_no: number;
  window_start: Instant;
  value: string;
  cleared: string;
  state: StandingState | null;
}

interface ClaimRow {
  game_id: string;
  window_start: Instant;
  step: string;
  status: string;
  reward_type: string | null;
  amount: string | null;
  claimed_at: Instant;
  key: string | null;
  payment: string | null;
}
