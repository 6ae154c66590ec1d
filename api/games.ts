// What a player reads: active games (widget), one game (journey), and its history. Whose they are is for the token to say (api/serve.ts).
import type { Db } from '../src/db/connect.ts';
import type { FollowedDefinitions } from '../src/definitions/follow.ts';
import { type Timeline, versionInForce } from '../src/games/decide.ts';
import type { PlayerFacts, Wanted } from '../src/games/facts.ts';
import { type HistoryEntry, readHistory } from '../src/games/history.ts';
import { openGames, wantedOf, wantedWindow } from '../src/games/presence.ts';
import type { FactsReader } from '../src/games/read.ts';
import { type Journey, renderJourney, renderWidget } from '../src/games/view.ts';
import type { EventWaits } from '../src/inbox/await.ts';
import { counts, type EventOutcome } from '../src/inbox/outcome.ts';
import { limits } from '../src/limits.ts';
import type { Log } from '../src/log.ts';
import type { News } from '../src/outbox/news.ts';
import type { Instant } from '../src/time.ts';
import { activeGames, gameEvents, gameHistory, oneGame } from './contract/games.ts';
import { type After, afterView, awaitedOf, outcomeOf } from './fresh.ts';
import { Problem } from './problem.ts';
import type { Asked, Serve } from './serve.ts';
import { createStreams, type Streams } from './streams.ts';

export function gameRoutes(
  serve: Serve,
  options: {
    db: Db;
    definitions: FollowedDefinitions;
    facts: FactsReader;
    news: News;
    waits: EventWaits;
    log: Log;
    clock: () => Instant;
  },
): Streams {
  const { db, definitions, facts, news, waits, log, clock } = options;
  const streams = createStreams({ news, widget, season, log });

  serve(activeGames, async (asked) => {
    const { outcome, after } = await waited(asked);
    const now = clock();
    const open = openGames((await definitions.current()).games, now);
    const known = await read(asked.player, wantedOf(open, now), outcome);
    return { status: 200, body: { games: renderWidget(open, known, now), ...after } };
  });

  serve(oneGame, async (asked) => {
    const { params, query, player } = asked;
    const timeline = await timelineOf(params.game_id);
    const { outcome, after } = await waited(asked);
    const journey = await journeyOf(player, timeline, { windowStart: query.window, outcome });
    return { status: 200, body: { ...journey, ...after } };
  });

  serve(gameHistory, async ({ params, query, player }) => {
    const { limit = limits.historyPage, cursor, not_counted = true } = query;
    const timeline = await timelineOf(params.game_id);
    const known = () => facts.read(player, wantedOf([timeline], clock()));
    const wanted = { limit, cursor, notCounted: not_counted, merges: true };
    const history = await readHistory(db, timeline, player, wanted, known);
    // Who has one may read it, also of windows after which they left the cohort; what did not count makes nobody a player of the game, nor does a merge.
    if (!history.entries.some(takesPart)) {
      const first = { limit: 1, cursor: undefined, notCounted: false, merges: false };
      const own = await readHistory(db, timeline, player, first, known);
      if (own.entries.length === 0) await journeyOf(player, timeline);
    }
    return { status: 200, body: history };
  });

  serve(gameEvents, async ({ headers, player }) => {
    const body = streams.open(player, headers['last-event-id']);
    // A proxy that collects what it passes on would keep it from the reader.
    return { status: 200, headers: { 'X-Accel-Buffering': 'no' }, body };
  });

  return streams;

  /** From PostgreSQL: what Redis has yet to hear of may be what a stream was told of. */
  async function widget(userId: string): Promise<object> {
    const now = clock();
    const open = openGames((await definitions.current()).games, now);
    return { games: renderWidget(open, await facts.readCommitted(userId, wantedOf(open, now)), now) };
  }

  /** Changes whenever a game's version or window does, but for windows that begin with joining. */
  async function season(): Promise<string> {
    const now = clock();
    const open = openGames((await definitions.current()).games, now);
    return open
      .map((timeline) => [
        timeline.gameNo,
        versionInForce(timeline, now).version,
        ...wantedOf([timeline], now).fields([]),
      ])
      .join(' ');
  }

  async function timelineOf(gameId: string): Promise<Timeline> {
    const timeline = (await definitions.current()).games.find((candidate) => candidate.gameId === gameId);
    if (timeline === undefined) throw noSuchGame();
    return timeline;
  }

  /** What became of the event that a request waits for, and what the answer says of it; neither where it waits for none. */
  async function waited(
    asked: Asked<typeof activeGames | typeof oneGame>,
  ): Promise<{ outcome?: EventOutcome | undefined; after?: { after: After } }> {
    const awaited = awaitedOf(asked.query);
    if (awaited === undefined) return {};
    const outcome = await outcomeOf(asked.ctx, waits, asked.player, awaited);
    return { outcome, after: { after: afterView(awaited, outcome) } };
  }

  /** A player's facts, with what an event has changed. */
  async function read(userId: string, wanted: Wanted, outcome: EventOutcome | undefined): Promise<PlayerFacts> {
    const known = await facts.read(userId, wanted);
    if (outcome === undefined || !counts(outcome) || isIn(known, outcome.eventId)) return known;
    // Redis has yet to hear of it.
    return facts.readCommitted(userId, wanted);
  }

  /** The game as the player sees it, now or in one of its windows. */
  async function journeyOf(
    userId: string,
    timeline: Timeline,
    { windowStart, outcome }: { windowStart?: Instant | undefined; outcome?: EventOutcome | undefined } = {},
  ): Promise<Journey> {
    const now = clock();
    const wanted = windowStart === undefined ? wantedOf([timeline], now) : wantedWindow(timeline, windowStart);
    const known = await read(userId, wanted, outcome);
    const journey = renderJourney(timeline, known, now, windowStart);
    if (journey === undefined) throw noSuchGame();
    return journey;
  }
}

function isIn({ games }: PlayerFacts, eventId: string): boolean {
  return [...games.values()].some(({ recent }) => recent.some((credit) => credit.eventId === eventId));
}

/** A game that does not exist and one that is not the player's get the same answer. */
function noSuchGame(): Problem {
  return new Problem(404, 'this player takes part in no such game');
}

function takesPart({ kind }: HistoryEntry): boolean {
  return kind !== 'not_counted' && kind !== 'merge';
}
