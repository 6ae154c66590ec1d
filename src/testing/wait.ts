// Waiting for a condition in a test, instead of sleeping: polls with a deadline and says what it waited for and what it last saw.
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../errors.ts';

const pollEveryMs = 20;

/**
 * Asks `probe` again and again until it returns something truthy, and returns that. A probe that throws has not succeeded yet. After the
 * deadline: an error with the description and the last answer.
 */
export async function waitFor<T>(
  description: string,
  probe: () => T | Promise<T>,
  options: { deadlineMs?: number } = {},
): Promise<Exclude<T, undefined | null | false | 0 | ''>> {
  const deadlineMs = options.deadlineMs ?? 60_000;
  const end = performance.now() + deadlineMs;
  let lastSeen = 'nothing';
  do {
    try {
      const answer = await probe();
      if (answer) return answer as Exclude<T, undefined | null | false | 0 | ''>;
      lastSeen = `the answer ${JSON.stringify(answer)}`;
    } catch (error) {
      lastSeen = `the error "${messageOf(error)}"`;
    }
    await delay(pollEveryMs);
  } while (performance.now() < end);
  throw new Error(`waited ${deadlineMs} ms for: ${description}; last seen: ${lastSeen}`);
}
