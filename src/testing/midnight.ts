// For tests that count days by the clock: what they set up and what they look at must be of one day.
import { waitFor } from './wait.ts';

const dayMs = 24 * 3_600_000;
const testMs = 45_000;

/** Waits for midnight (UTC) where it comes before a test would end: `beforeEach(pastMidnight)`. */
export async function pastMidnight(): Promise<void> {
  await waitFor('midnight', () => Date.now() % dayMs < dayMs - testMs);
}
