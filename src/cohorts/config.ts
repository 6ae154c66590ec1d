// Which cohorts are decided outside Milepost: the optional file cohorts.jsonc (or .json) beside the games. Owns its schema and the choice of the resolver.
// The library of a resolver is loaded only where the file asks for it.
import { join } from 'node:path';
import { z } from 'zod';
import { messageOf, UserError } from '../errors.ts';
import { parseJsonc } from '../jsonc.ts';
import { limits } from '../limits.ts';
import type { Log } from '../log.ts';
import { readTextFile } from '../text-file.ts';
import { cohortProblem } from './change.ts';
import type { CohortResolver } from './resolver.ts';

/** The names under which the file may lie in the folder of games; neither is a game. */
export const COHORT_FILES = ['cohorts.jsonc', 'cohorts.json'];

const cohortId = z.string().superRefine((name, context) => {
  const problem = cohortProblem(name);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});

const flagKey = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,255}$/, {
  error: 'must be the key of a flag: letters, digits, ".", "_" and "-"',
});

/** The file as its writers see it; published as docs/schemas/cohorts.schema.json. */
export const cohortsSchema = z
  .strictObject({
    cohorts: z
      .array(
        z.strictObject({
          cohort_id: cohortId.meta({ description: 'The name that games use.', examples: ['early_users'] }),
          resolver: z.enum(['launchdarkly']).describe('Who decides.'),
          flag: flagKey.meta({
            description: 'The key of the flag that is true for members.',
            examples: ['early-users'],
          }),
        }),
      )
      .max(limits.externalCohorts)
      .superRefine((cohorts, context) => {
        for (const [index, { cohort_id }] of cohorts.entries()) {
          const first = cohorts.findIndex((other) => other.cohort_id === cohort_id);
          if (first === index) continue;
          const message = `${JSON.stringify(cohort_id)} is there already, at $.cohorts[${first}]; keep one`;
          context.addIssue({ code: 'custom', path: [index, 'cohort_id'], message });
        }
      })
      .describe('The cohorts that are decided outside Milepost.'),
  })
  .describe('Which cohorts are decided outside Milepost.');

/** The flag of each cohort that LaunchDarkly decides; none where there is no file. */
export async function readCohortFlags(folder: string): Promise<Map<string, string>> {
  const found = (
    await Promise.all(
      COHORT_FILES.map(async (name) => {
        const file = join(folder, name);
        return { file, text: await readIfThere(file) };
      }),
    )
  ).flatMap(({ file, text }) => (text === undefined ? [] : [{ file, text }]));
  const [one, other] = found;
  if (one === undefined) return new Map();
  if (other !== undefined) throw new UserError(`${one.file} and ${other.file} are both there; keep one of them`);
  const { cohorts } = parseJsonc(one.text, cohortsSchema, one.file);
  return new Map(cohorts.map(({ cohort_id, flag }) => [cohort_id, flag]));
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readTextFile(file);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new UserError(`${file} cannot be read: ${messageOf(error)}`);
  }
}

/** The resolver that the file in this folder asks for; undefined when all cohorts are Milepost's own. It begins to connect and waits for nothing. */
export async function openResolver(options: {
  folder: string;
  sdkKey: string | undefined;
  log: Log;
}): Promise<CohortResolver | undefined> {
  const flags = await readCohortFlags(options.folder);
  if (flags.size === 0) return undefined;
  const { sdkKey, log } = options;
  if (sdkKey === undefined) {
    const names = [...flags.keys()].join(', ');
    throw new UserError(
      `LAUNCHDARKLY_SDK_KEY is not set, but ${options.folder} leaves cohorts to LaunchDarkly: ${names}; set it, or remove them from its cohorts file`,
    );
  }
  const { createLaunchDarklyResolver } = await import('./launchdarkly.ts');
  return createLaunchDarklyResolver({ sdkKey, flags, log });
}
