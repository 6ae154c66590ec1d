// Fortune cookies: a player opens one. The opening is an event through the same door as everything else; this only makes the event of a request, and
// answers what came out.
import type { Db } from '../src/db/connect.ts';
import type { FollowedDefinitions } from '../src/definitions/follow.ts';
import type { Engine } from '../src/engine/process.ts';
import { type CookieRefusal, refusals } from '../src/games/cookie.ts';
import { COOKIE_SOURCE, createCookieNormaliser, openingMessage } from '../src/games/cookie-feed.ts';
import { type Cookie, findCookie } from '../src/games/cookie-read.ts';
import { claimState, prizeView } from '../src/games/view.ts';
import { formatInstant, type Instant } from '../src/time.ts';
import { openCookie } from './contract/games.ts';
import { inTime } from './events.ts';
import { Problem, unavailable } from './problem.ts';
import type { Serve } from './serve.ts';

export function cookieRoutes(
  serve: Serve,
  options: {
    db: Db;
    engine: Pick<Engine, 'process'>;
    definitions: FollowedDefinitions;
    clock: () => Instant;
  },
): void {
  const { db, engine, definitions, clock } = options;
  const normaliser = createCookieNormaliser();

  serve(openCookie, async ({ params, query, player }) => {
    const wanted = { userId: player, gameId: params.game_id, step: params.step, windowStart: query.window };
    const cookie = await findCookie(db, wanted);
    if (cookie === undefined) throw refused('no_cookie');
    const refusal = cookie.claim.status === 'unopened' ? undefined : refusals[cookie.claim.status];
    if (refusal !== undefined && refusal !== 'already_opened') throw refused(refusal);
    const isNew = refusal === undefined && (await open(cookie));
    const opened = await findCookie(db, { ...wanted, windowStart: cookie.windowStart });
    // Taken back meanwhile, and perhaps earned again.
    if (opened === undefined || opened.claim.opening === null) throw refused('cookie_taken_back');
    return { status: 200, body: { ...(await bodyOf(opened)), replayed: !isNew } };
  });

  /** Whether it was this request that opened it. */
  async function open(cookie: Cookie): Promise<boolean> {
    // Of the account that earned it, whichever of its person's asks: so both ask for the same.
    const message = openingMessage(cookie.userId, cookie, clock(), { transport: 'http' });
    const normalised = normaliser.normalise(COOKIE_SOURCE, message);
    if (normalised.kind === 'parked') throw new Error(`an opening could not be read: ${normalised.parked.detail}`);
    const { results } = await inTime('the opening', (signal) =>
      engine.process({ events: [normalised.event], parked: [] }, signal),
    );
    const { outcome, reason, replayed } = results[0] as (typeof results)[number];
    if (outcome === 'applied') return !replayed;
    if (reason === 'already_opened') return false;
    if (reason !== null && reason in problems) throw refused(reason as CookieRefusal);
    throw unavailable(`the cookie could not be opened (${reason ?? outcome})`);
  }

  async function bodyOf({ gameId, windowStart, claim }: Cookie) {
    const timeline = (await definitions.current()).games.find((candidate) => candidate.gameId === gameId);
    return {
      game_id: gameId,
      step: claim.step,
      window_start: formatInstant(windowStart),
      state: claimState(claim),
      prize: (timeline && prizeView(timeline, claim)) ?? null,
      netted: claim.netted,
      downgraded_from: claim.downgradedFrom,
    };
  }
}

const problems: Record<CookieRefusal, [status: 404 | 409, detail: string]> = {
  no_cookie: [404, 'this player has no fortune cookie on that step'],
  cookie_held: [409, 'the fortune cookie waits for a release; ask again later'],
  cookie_taken_back: [409, 'the fortune cookie was taken back'],
  already_opened: [409, 'the fortune cookie was opened'],
  not_openable: [409, 'the fortune cookie cannot be opened yet: the game does not say what may come out'],
  paused: [409, 'the game is paused; ask again later'],
};

function refused(refusal: CookieRefusal): Problem {
  const [status, detail] = problems[refusal];
  return new Problem(status, detail);
}
