// Shapes that several routes ask for or answer with.
import { z } from 'zod';
import type { Outcome } from '../../src/engine/batch.ts';
import { isIdentifier } from '../../src/ids.ts';
import { storedOutcomes } from '../../src/inbox/stored-outcome.ts';
import { limits } from '../../src/limits.ts';
import { parseInstant } from '../../src/time.ts';

/** An instant that somebody gives. */
export const instant = z
  .string()
  .refine((text) => parseInstant(text) !== undefined, {
    error: 'must be a date and time with its offset, such as 2026-06-01T00:00:00+05:30',
  })
  .meta({ override: { format: 'date-time' }, examples: ['2026-06-01T00:00:00+05:30'] });

/** An instant in an answer. */
export const time = z.string().meta({ override: { format: 'date-time' } });

/** A whole number in a path or query, where everything is text. */
export function wholeNumber(min: number, max: number) {
  return z
    .string()
    .refine((text) => /^\d{1,9}$/.test(text) && Number(text) >= min && Number(text) <= max, {
      error: `must be a whole number from ${min} to ${max}`,
    })
    .transform(Number)
    .meta({ override: { type: 'integer', minimum: min, maximum: max } });
}

/** Yes or no in a query. */
export const truth = z
  .string()
  .refine((text) => text === 'true' || text === 'false', { error: 'must be true or false' })
  .transform((text) => text === 'true')
  .meta({ override: { type: 'boolean' } });

/** The id of something that its owners name. */
export const identifier = z
  .string()
  .refine(isIdentifier, { error: `must be an id of 1 to ${limits.identifierBytes} bytes, without NUL` })
  .meta({ override: { minLength: 1, maxLength: limits.identifierBytes } });

/** Why somebody asks for a change. */
export const reason = z
  .string()
  .max(limits.reasonChars)
  .refine((text) => text.trim() !== '' && text.isWellFormed() && !text.includes('\0'), {
    error: 'must say why, for the record',
  })
  .meta({ override: { minLength: 1 } });

/** One thing that is wrong with an input. */
const inputProblem = z.object({
  path: z.string().describe('Where, such as $.members[0].from; empty when the input as a whole is meant.'),
  message: z.string().describe('What was found, and the mend.'),
});

export const inputProblems = z.array(inputProblem);

/** RFC 9457: what every failure is answered with. */
export const problem = z
  .object({
    type: z.literal('about:blank'),
    title: z.string().describe('The status in words.'),
    status: z.number().int(),
    detail: z.string().describe("For the caller's developers: what is wrong, and the mend."),
    problems: inputProblems.optional().describe('Each thing that is wrong with a body.'),
    request_id: z.string().describe('Names the entry in the log.'),
  })
  .meta({ id: 'Problem' });

export const outcome = z
  .enum([...storedOutcomes, 'duplicate', 'parked'] satisfies Outcome[])
  .describe('What became of an event.')
  .meta({ id: 'Outcome' });
