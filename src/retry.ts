// How long to wait before trying again: exponential backoff with full jitter. Pure; who waits, and for what, is decided elsewhere.

/**
 * The wait in milliseconds before attempt number `attempt + 1`: drawn evenly from 0 to min(max, base * 2^(attempt-1)) ("full jitter",
 * AWS Architecture Blog, "Exponential Backoff And Jitter", 2015). `draw` is a number in [0, 1).
 */
export function backoffMs(attempt: number, draw: number, bounds: { baseMs: number; maxMs: number }): number {
  const ceiling = Math.min(bounds.maxMs, bounds.baseMs * 2 ** Math.min(attempt - 1, 30));
  return Math.floor(draw * ceiling);
}
