// What a player reads: active games (widget), one game (journey), and its history. The player is the token's subject and nothing else.
import type Router from '@koa/router';
import type { Context } from 'koa';
import type { Db } from '../src/db/connect.ts';
import type { FollowedDefinitions } from '../src/definitions/follow.ts';
import type { Timeline } from '../src/games/decide.ts';
import type { PlayerFacts, Wanted } from '../src/games/facts.ts';
import { type HistoryEntry, parseCursor, readHistory } from '../src/games/history.ts';
import { openGames, wantedOf, wantedWindow } from '../src/games/presence.ts';
import type { FactsReader } from '../src/games/read.ts';
import { type Journey, renderJourney, renderWidget } from '../src/games/view.ts';
import type { EventWaits } from '../src/inbox/await.ts';
import { counts, type EventOutcome } from '../src/inbox/outcome.ts';
import { limits } from '../src/limits.ts';
import { type Instant, parseInstant } from '../src/time.ts';
import type { createAuth } from './auth.ts';
import { type After, afterView, answer, awaitedOf, outcomeOf } from './fresh.ts';
import { Problem } from './problem.ts';
import { queryText } from './request.ts';
import type { ApiState, Caller } from './state.ts';

export function gameRoutes(
  router: Router<ApiState>,
  options: {
    db: Db;
    definitions: FollowedDefinitions;
    facts: FactsReader;
    waits: EventWaits;
    auth: ReturnType<typeof createAuth>;
    clock: () => Instant;
  },
): void {
  const { db, definitions, facts, waits, auth, clock } = options;
  const player = auth('player');

  router.get('/api/games/active', player, async (ctx) => {
    const { outcome, after } = await waited(ctx);
    const now = clock();
    const open = openGames((await definitions.current()).games, now);
    const known = await read(ctx.state, wantedOf(open, now), outcome);
    answer(ctx, { games: renderWidget(open, known, now), ...after });
  });

  router.get('/api/games/:game_id', player, async (ctx) => {
    const windowStart = windowOf(ctx);
    const timeline = await timelineOf(ctx.params.game_id);
    const { outcome, after } = await waited(ctx);
    answer(ctx, { ...(await journeyOf(ctx.state, timeline, { windowStart, outcome })), ...after });
  });

  router.get('/api/games/:game_id/history', player, async (ctx) => {
    const page = { limit: limitOf(ctx), cursor: cursorOf(ctx), notCounted: notCountedOf(ctx) };
    const timeline = await timelineOf(ctx.params.game_id);
    const userId = playerOf(ctx.state);
    const known = () => facts.read(userId, wantedOf([timeline], clock()));
    const history = await readHistory(db, timeline, userId, page, known);
    // Who has one may read it, also of windows after which they left the cohort; what did not count makes nobody a player of the game.
    if (!history.entries.some(takesPart)) {
      const own = await readHistory(db, timeline, userId, { limit: 1, cursor: undefined, notCounted: false }, known);
      if (own.entries.length === 0) await journeyOf(ctx.state, timeline);
    }
    answer(ctx, history);
  });

  async function timelineOf(gameId: string | undefined): Promise<Timeline> {
    const timeline = (await definitions.current()).games.find((candidate) => candidate.gameId === gameId);
    if (timeline === undefined) throw noSuchGame();
    return timeline;
  }

  /** What became of the event that a request waits for, and what the answer says of it; neither where it waits for none. */
  async function waited(ctx: Context): Promise<{ outcome?: EventOutcome | undefined; after?: { after: After } }> {
    const awaited = awaitedOf(ctx);
    if (awaited === undefined) return {};
    const outcome = await outcomeOf(ctx, waits, playerOf(ctx.state as ApiState), awaited);
    return { outcome, after: { after: afterView(awaited, outcome) } };
  }

  /** A player's facts, with what an event has changed. */
  async function read(state: ApiState, wanted: Wanted, outcome: EventOutcome | undefined): Promise<PlayerFacts> {
    const userId = playerOf(state);
    const known = await facts.read(userId, wanted);
    if (outcome === undefined || !counts(outcome) || isIn(known, outcome.eventId)) return known;
    // Redis has yet to hear of it.
    return facts.readCommitted(userId, wanted);
  }

  /** The game as the player sees it, now or in one of its windows. */
  async function journeyOf(
    state: ApiState,
    timeline: Timeline,
    { windowStart, outcome }: { windowStart?: Instant | undefined; outcome?: EventOutcome | undefined } = {},
  ): Promise<Journey> {
    const now = clock();
    const wanted = windowStart === undefined ? wantedOf([timeline], now) : wantedWindow(timeline, windowStart);
    const known = await read(state, wanted, outcome);
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

function playerOf(state: ApiState): string {
  return (state.caller as Caller).subject;
}

function limitOf(ctx: Context): number {
  const text = queryText(ctx, 'limit');
  if (text === undefined) return limits.historyPage;
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= limits.historyPage) return limit;
  throw new Problem(400, `limit must be a whole number from 1 to ${limits.historyPage}`);
}

function takesPart({ kind }: HistoryEntry): boolean {
  return kind !== 'not_counted';
}

/** Whether the history tells of events that did not count; it does unless asked not to. */
function notCountedOf(ctx: Context): boolean {
  const text = queryText(ctx, 'not_counted');
  if (text === undefined || text === 'true') return true;
  if (text === 'false') return false;
  throw new Problem(400, 'not_counted must be true or false');
}

/** A window of a game by its start. */
function windowOf(ctx: Context): Instant | undefined {
  const text = queryText(ctx, 'window');
  if (text === undefined) return undefined;
  const start = parseInstant(text);
  if (start !== undefined) return start;
  throw new Problem(400, 'window must be the start of one, such as 2026-05-01T00:00:00Z');
}

function cursorOf(ctx: Context) {
  const text = queryText(ctx, 'cursor');
  const cursor = text === undefined ? undefined : parseCursor(text);
  if (text !== undefined && cursor === undefined)
    throw new Problem(400, 'cursor must be a next_cursor of this history');
  return cursor;
}
