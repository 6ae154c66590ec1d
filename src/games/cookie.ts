// Fortune cookies: who may open one, what is drawn from, and what a draw leaves of the stock. Pure; the draw itself is given. The stock is shared by all
// players of a batch and folded on: of two openings the second sees what the first has left.
import { show } from '../errors.ts';
import { controlEvents } from '../event/control.ts';
import type { CanonicalEvent } from '../event/event.ts';
import { type Instant, parseInstant } from '../time.ts';
import type { Report } from './archetypes/strategy.ts';
import { budgetsOf } from './budgets.ts';
import type { Cookie, GameConfig, Prize } from './config.ts';
import { change, statusAt, type Timeline, versionInForce } from './decide.ts';
import type { Game } from './game.ts';
import type { OpenClaim, OpenedCookie, Opening, Player, PrizeChance } from './games.ts';

const [COOKIE_OPENED] = controlEvents.cookies;

/** How often prizes with a stock have come out, by `stockKey`. */
export type Stock = Map<string, number>;

/** Why a cookie is not opened; closed. */
export type CookieRefusal =
  | 'no_cookie'
  | 'cookie_held'
  | 'cookie_taken_back'
  | 'already_opened'
  | 'not_openable'
  | 'paused';

/** Draws one of some prizes, for the cookie of a claim. */
export type DrawPrize = (claim: OpenClaim, prizes: readonly PrizeChance[]) => { keyId: string; chosen: PrizeChance };

/** Whether an event opens a cookie. */
export function isOpening({ event_type }: CanonicalEvent): boolean {
  return event_type === COOKIE_OPENED;
}

/** What an opening says (attributes game_id, window_start, step and earning); `problem` names what is not right. */
export function readOpening({ attributes }: CanonicalEvent): Opening | { problem: string } {
  const { game_id: gameId, window_start: start, step, earning } = attributes;
  if (typeof gameId !== 'string') return { problem: `attributes.game_id: expected text; found ${show(gameId)}` };
  const windowStart = typeof start === 'string' ? parseInstant(start) : undefined;
  if (windowStart === undefined) return { problem: `attributes.window_start: expected a time; found ${show(start)}` };
  if (!isNumber(step)) return { problem: `attributes.step: expected the number of a step; found ${show(step)}` };
  if (!isNumber(earning)) {
    return { problem: `attributes.earning: expected which earning of the step, from 1; found ${show(earning)}` };
  }
  return { gameId, windowStart, step, earning };
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}

/**
 * Opens a cookie at an instant: by the version in force then, and not while the game is paused. After the game, what was earned may still be opened.
 * The player and the stock are changed only when it is opened.
 */
export function openCookie(
  timeline: Timeline,
  opening: Opening,
  at: Instant,
  player: Player,
  stock: Stock,
  draw: DrawPrize,
): OpenedCookie | CookieRefusal {
  const claims = player.claims.filter(
    ({ gameNo, windowStart, step, earning, stepType }) =>
      gameNo === timeline.gameNo &&
      windowStart === opening.windowStart &&
      step === opening.step &&
      earning === opening.earning &&
      stepType === 'FORTUNE_COOKIE',
  );
  // Of a person two players may have earned it, of whom one can still open it.
  const claim = claims.find(({ status }) => status === 'unopened') ?? claims[0];
  if (claim === undefined) return 'no_cookie';
  if (claim.status !== 'unopened') return refusals[claim.status];
  if (statusAt(timeline, at) === 'paused') return 'paused';
  const game = versionInForce(timeline, at);
  const cookie = cookieOf(game, claim.step);
  if (cookie === undefined) return 'not_openable';

  const { gameNo, step } = claim;
  const stockWindow = stockWindowOf(game, claim.windowStart);
  const keyOf = (prizeId: string): string => stockKey(gameNo, stockWindow, step, prizeId);
  const prizes = cookie.prizes.map(({ prize_id, weight, stock: most }): PrizeChance => {
    return {
      prize_id,
      weight,
      left: most === undefined ? null : Math.max(0, most - (stock.get(keyOf(prize_id)) ?? 0)),
    };
  });
  const there = prizes.filter(({ left }) => left !== 0);
  const { version } = game;
  if (there.length === 0) {
    return { change: change(player, claim, { ...claim, status: 'opened' }), version, prizes, drawn: null };
  }
  const { keyId, chosen } = draw(claim, there);
  const prize = cookie.prizes.find(({ prize_id }) => prize_id === chosen.prize_id) as Prize;
  const { prize_id: prizeId, stock: most } = prize;
  if (most !== undefined) stock.set(keyOf(prizeId), (stock.get(keyOf(prizeId)) ?? 0) + 1);
  return {
    change: change(player, claim, won(claim, prize, game)),
    version,
    prizes,
    drawn: { keyId, prizeId, stock: most === undefined ? null : { windowStart: stockWindow, most } },
  };
}

/** What each status of a claim but `unopened` says to whoever would open its cookie. */
export const refusals = {
  held: 'cookie_held',
  opened: 'already_opened',
  earned: 'already_opened',
  awaiting_budget: 'already_opened',
  voided: 'cookie_taken_back',
  cancelled: 'cookie_taken_back',
  kept: 'already_opened',
  clawed_back: 'cookie_taken_back',
  offset: 'cookie_taken_back',
} as const satisfies Record<Exclude<OpenClaim['status'], 'unopened'>, CookieRefusal>;

/** The opened claim of a cookie with what came out as its reward. */
function won(claim: OpenClaim, { reward }: Prize, game: Game): OpenClaim {
  if (reward === undefined) return { ...claim, status: 'opened' };
  const { reward_type: rewardType, value: amount, pool = null } = reward;
  const budgets = budgetsOf(game, claim.step, reward);
  const status = budgets.length > 0 ? 'awaiting_budget' : 'opened';
  return { ...claim, status, reward: { rewardType, amount, pool }, budgets };
}

/** What may come out of the cookie of a step; undefined where there is none that can be opened. */
export function cookieOf({ config }: Game, step: number): Cookie | undefined {
  const configured = config.milestone_steps.find((each) => each.step === step);
  return configured?.step_type === 'FORTUNE_COOKIE' ? configured.cookie : undefined;
}

/** The window that stocks are counted in: that of the claim; where windows begin with joining, and so are each player's own, the game's start. */
export function stockWindowOf({ config, start }: Game, windowStart: Instant): Instant {
  return config.game_window.from_join === undefined ? windowStart : start;
}

/** Names the stock of a prize. */
export function stockKey(gameNo: number, windowStart: Instant, step: number, prizeId: string): string {
  return `${gameNo}:${windowStart}:${step}:${prizeId}`;
}

/** Checks what a schema cannot express. */
export function checkCookies({ milestone_steps: steps }: GameConfig, report: Report): void {
  steps.forEach((step, index) => {
    if (step.step_type !== 'FORTUNE_COOKIE' || step.cookie === undefined) return;
    const { prizes } = step.cookie;
    const at = ['milestone_steps', index, 'cookie', 'prizes'];
    const seen = new Set<string>();
    prizes.forEach(({ prize_id }, place) => {
      if (seen.has(prize_id)) {
        report([...at, place, 'prize_id'], `two prizes are called ${JSON.stringify(prize_id)}; rename one`);
      }
      seen.add(prize_id);
    });
    if (prizes.every(({ reward }) => reward === undefined)) {
      report(at, 'pay nothing, whatever comes out; give one of them a reward');
    }
  });
}
