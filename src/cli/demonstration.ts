// The demonstration of the embedded default: the milestone game for this month, its players, and a sample of events through the real pipeline.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { applyEdits, modify } from 'jsonc-parser';
import { sql } from 'kysely';
import { EVERYONE } from '../cohorts/cohorts.ts';
import { COHORT_FILES } from '../cohorts/config.ts';
import { COHORT_SOURCE, changeMessage, createCohortNormaliser } from '../cohorts/feed.ts';
import type { FieldTypes } from '../condition/condition.ts';
import type { Db } from '../db/connect.ts';
import { transaction } from '../db/transaction.ts';
import { activateGame } from '../definitions/activate.ts';
import type { Engine } from '../engine/process.ts';
import type { Message } from '../event/event.ts';
import type { Normaliser } from '../event/normalise.ts';
import { OWN_PRODUCER } from '../event/source.ts';
import { parseGame } from '../games/parse.ts';
import { type SampleMessage, type SampleOptions, samplePlayer, sampleStream } from '../local/sample-stream.ts';
import { formatInstant, type Instant } from '../time.ts';
import { type GameFile, readGame } from './games.ts';
import { ingest, type Summary } from './ingest.ts';

const PLAYERS = 200;
/** The game whose window is moved to this month. */
const SEED = 'upi_fs_milestone_may_2026.json';
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** Every game of the folder, and the seed game once more for the month of `now`. */
export async function demonstrationGames(folder: string, fields: FieldTypes, now: Instant): Promise<GameFile[]> {
  const names = (await readdir(folder)).filter((name) => /\.jsonc?$/.test(name) && !COHORT_FILES.includes(name)).sort();
  const games = await Promise.all(names.map((name) => readGame(join(folder, name), fields)));
  const seed = games.find(({ file }) => file.endsWith(SEED));
  if (seed === undefined) return games;
  const { gameId, start, end } = monthOf(now);
  if (games.some(({ config }) => config.game_id === gameId)) return games;
  const edits: [(string | number)[], string][] = [
    [['game_id'], gameId],
    [['game_window', 'start'], start],
    [['game_window', 'end'], end],
  ];
  const text = edits.reduce((before, [path, value]) => applyEdits(before, modify(before, path, value, {})), seed.text);
  return [...games, { file: `${seed.file} for this month`, text, config: parseGame(text, seed.file, fields) }];
}

function monthOf(now: Instant): { gameId: string; start: string; end: string } {
  const [year, month] = [new Date(now).getUTCFullYear(), new Date(now).getUTCMonth()];
  return {
    gameId: `upi_fs_milestone_${MONTHS[month]}_${year}`,
    start: formatInstant(Date.UTC(year, month, 1)).replace('.000Z', 'Z'),
    end: formatInstant(Date.UTC(year, month + 1, 1) - 1_000).replace('.000Z', 'Z'),
  };
}

/** Activates games, and makes the sample's players members of their cohorts. At a later start the players are known already. */
export async function prepare(owner: Db, engine: Engine, games: readonly GameFile[]): Promise<void> {
  await transaction(owner, async (tx) => {
    for (const game of games) await activateGame(tx, { ...game, by: 'demonstration', reason: 'milepost start' });
  });
  await ingest(engine, createCohortNormaliser(), COHORT_SOURCE, entries(games));
}

/** The sample's players enter every cohort of these games, from the first game's beginning on. */
async function* entries(games: readonly GameFile[]): AsyncGenerator<Message> {
  const cohorts = new Set(games.map(({ config }) => config.cohort_id).filter((cohort) => cohort !== EVERYONE));
  const from = Math.min(...games.map(({ config }) => Date.parse(config.game_window.start)));
  for (const cohortId of cohorts) {
    for (let player = 0; player < PLAYERS; player++) {
      const change = {
        cohortId,
        userId: samplePlayer(player),
        member: true,
        from,
        until: undefined,
        by: 'demonstration',
      };
      yield changeMessage(change, { transport: 'file', file: 'sample-cohorts', line: player + 1 });
    }
  }
}

/** Whether events of producers have arrived already: then a start goes on where the last one stopped. */
export async function hasEvents(db: Db): Promise<boolean> {
  const row = await db.query
    .selectFrom('event_key')
    .select('event_no')
    .where('producer', '<>', OWN_PRODUCER)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Plays a sample of this month's events, with the disorder of real life, and some of last May's that come too late. */
export async function playSample(
  engine: Engine,
  normaliser: Normaliser,
  events: number,
  seed: number,
  signal: AbortSignal,
): Promise<Summary> {
  const now = Date.now();
  const month = Date.UTC(new Date(now).getUTCFullYear(), new Date(now).getUTCMonth(), 1);
  const late = Math.round(events * 0.02);
  const total: Summary = { messages: 0, outcomes: {}, claims: 0, seconds: 0, problems: [] };
  const samples: SampleOptions[] = [
    { seed, events: events - late, players: PLAYERS, from: Math.min(month, now - 3_600_000), to: now },
    {
      seed: seed + 1,
      events: late,
      players: PLAYERS,
      from: Date.UTC(2026, 4, 1),
      to: Date.UTC(2026, 4, 31),
      lateFrom: now - 86_400_000,
      shares: { late: 1, outside: 0, malformed: 0, repeated: 0, restamped: 0 },
    },
  ];
  for (const sample of samples) {
    for (const source of ['canonical', 'upi_switch', 'fs_journey'] as const) {
      const summary = await ingest(engine, normaliser, source, messagesOf(sample, source), { signal });
      total.messages += summary.messages;
      total.claims += summary.claims;
      total.seconds += summary.seconds;
      for (const [word, count] of Object.entries(summary.outcomes)) {
        total.outcomes[word] = (total.outcomes[word] ?? 0) + count;
      }
    }
  }
  return total;
}

/** The messages of one source. The sample is drawn anew for each: the same ones, and never more than one in memory. */
async function* messagesOf(sample: SampleOptions, source: SampleMessage['source']): AsyncGenerator<Message> {
  let line = 0;
  for (const message of sampleStream(sample)) {
    line++;
    if (message.source !== source) continue;
    const origin = { transport: 'file', file: `sample-${source}`, line } as const;
    yield { bytes: message.bytes, origin, receivedAt: message.receivedAt };
  }
}

/** What the demonstration shows at its end. */
export interface Standing {
  paid: { destination: string; state: string; messages: number; amount: number }[];
  /** A player with a paid reward and a next one to reach. */
  player: string;
}

export async function standing(db: Db): Promise<Standing> {
  const paid = await sql<{ destination: string; state: string; messages: number; amount: number }>`
    select destination, state::text, count(*)::integer as messages, sum((body ->> 'amount')::bigint)::integer as amount
      from milepost.outbox where destination <> 'projection'
     group by 1, 2 order by 1, 2`.execute(db.query);
  const player = await sql<{ user_id: string }>`
    select p.user_id
      from milepost.progress g
      join milepost.player p on p.bucket = g.bucket and p.player_id = g.player_id
     order by g.value between 4 and 11 desc, g.window_start desc, p.user_id
     limit 1`.execute(db.query);
  return { paid: paid.rows, player: player.rows[0]?.user_id ?? samplePlayer(0) };
}
