// A player at a glance, for support: in which cohorts, how far in each game and how that came about, what was claimed and what became of it; of a person
// all of that together, from whichever of its accounts. Reads only.
import { sql } from 'kysely';
import { intervalsOf } from '../cohorts/cohorts.ts';
import { readStatements } from '../cohorts/read.ts';
import type { Db } from '../db/connect.ts';
import { loadDefinitions } from '../definitions/definitions.ts';
import { archetypes } from '../games/archetypes/archetype.ts';
import { versionInForce, windowFor } from '../games/decide.ts';
import type { ClaimStatus } from '../games/games.ts';
import { type StandingState, standingsOf } from '../games/standing.ts';
import { limits } from '../limits.ts';
import { findKin, type PlayerName, personAt, rowsOf } from '../players/kin.ts';
import { formatInstant, type Instant } from '../time.ts';
import { type Debt, isOfClaim, readDebts } from './debts.ts';

export interface PlayerSummary {
  user_id: string;
  /** All accounts of the person, the one that counts for them first; left out where the player is alone. */
  person?: string[];
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
    /** The account that it came under; left out: the one that is asked for. */
    account?: string;
    status: ClaimStatus;
    reward_type: string | null;
    amount: number | null;
    claimed_at: string;
    key: string | null;
    /** Where its payment stands, and what that is of: a budget may have lowered it, or debts. */
    payment: string | null;
    paid: number | null;
    /** How much of it was kept back for debts. */
    kept_back: number;
  }[];
  /** What is owed since rewards were taken back, the oldest first, whatever the game. */
  debts: Debt[];
}

/** Undefined for a player of whom nothing has come. */
export async function summarizePlayer(db: Db, userId: string, gameId?: string): Promise<PlayerSummary | undefined> {
  const kin = await findKin(db, userId);
  if (kin === undefined) return undefined;
  const [player] = kin.members;
  const person = personAt(kin, player.player_id);
  const [counting] = person as [PlayerName];
  const ofGame = gameId === undefined ? sql`true` : sql`g.game_id = ${gameId}`;
  const [definitions, statements, progress, claims, debts] = await Promise.all([
    loadDefinitions(db),
    readStatements(db, userId),
    sql<ProgressRow>`
      select p.game_no, p.window_start, p.value, p.cleared, p.state
        from milepost.progress p join milepost.game g using (game_no)
       where p.bucket = ${counting.bucket} and p.player_id = ${counting.player_id} and ${ofGame}
       order by p.window_start desc, g.game_id limit ${limits.explainedMentions * 4}`.execute(db.query),
    sql<ClaimRow>`
      select g.game_id, c.window_start, c.step, c.earning, c.status, c.reward_type, c.amount, c.claimed_at, c.message_key as key, o.state as payment,
             (o.body ->> 'amount')::bigint as paid, c.player_id as under
        from ${rowsOf(person)}
        join milepost.claim c using (bucket, player_id)
        join milepost.game g using (game_no)
        left join milepost.outbox o on o.message_key = c.message_key and o.bucket = c.bucket
       where ${ofGame}
       order by c.claimed_at desc, c.step desc, g.game_id, c.window_start desc, c.earning desc, under limit ${limits.explainedEvents}`.execute(
      db.query,
    ),
    readDebts(db, person, player),
  ]);
  const timelines = new Map(definitions.games.map((timeline) => [timeline.gameNo, timeline]));
  return {
    user_id: userId,
    ...(person.length === 1 ? {} : { person: person.map(({ user_id }) => user_id) }),
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
    claims: claims.rows.map(({ earning, under, ...row }) => {
      const account = person.find(({ player_id }) => player_id === under && player_id !== player.player_id)?.user_id;
      const name = {
        ...{ game_id: row.game_id, window_start: formatInstant(row.window_start), step: Number(row.step) },
        ...(account === undefined ? {} : { account }),
      };
      const parts = debts.flatMap(({ reward_type, made_up_by }) => (reward_type === row.reward_type ? made_up_by : []));
      return {
        ...row,
        ...name,
        amount: row.amount === null ? null : Number(row.amount),
        paid: row.paid === null ? null : Number(row.paid),
        kept_back: parts
          .filter((part) => isOfClaim(part, { ...name, earning }))
          .reduce((sum, { amount }) => sum + amount, 0),
        claimed_at: formatInstant(row.claimed_at),
      };
    }),
    debts,
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
  earning: number;
  status: ClaimStatus;
  reward_type: string | null;
  amount: string | null;
  claimed_at: Instant;
  key: string | null;
  payment: string | null;
  paid: string | null;
  under: string;
}
