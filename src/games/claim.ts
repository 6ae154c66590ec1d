// Claims by their identity and status. Pure.
import type { Claim, ClaimStatus } from './games.ts';

/** Whether two claims of one person are the same: the same step of the same window, earned for the same time, by the same of its players. */
export function isSameClaim(a: Claim, b: Claim): boolean {
  return (
    a.gameNo === b.gameNo &&
    a.windowStart === b.windowStart &&
    a.step === b.step &&
    a.earning === b.earning &&
    a.account?.playerId === b.account?.playerId
  );
}

/** Whether a claim stands: neither taken back, nor kept without its step, nor voided. */
export function isLive({ status }: Pick<Claim, 'status'>): boolean {
  return (
    status === 'earned' ||
    status === 'awaiting_budget' ||
    status === 'held' ||
    status === 'unopened' ||
    status === 'opened'
  );
}

/** Whether the claim of a cookie of this status is one that nobody has opened. */
export function isClosed(status: ClaimStatus): boolean {
  return status === 'held' || status === 'unopened';
}

/** Whether a claim of this status has ended, so that its step may be earned again. */
export function hasEnded(status: ClaimStatus): boolean {
  return status === 'cancelled' || status === 'clawed_back' || status === 'offset';
}
