// milepost services validate: what has to do with files of services.
import { readSecrets } from '../config.ts';
import { counted } from '../counted.ts';
import { type Problem, UserError } from '../errors.ts';
import { parseService, type ServiceConfig, secretsOf } from '../rewards/service-config.ts';
import { readTextFile } from '../text-file.ts';
import { unreadable } from './input.ts';
import { exitCodes, print, printProblems } from './output.ts';

type Verdict = { file: string; service: ServiceConfig } | { file: string; problems: readonly Problem[] };

async function judge(file: string): Promise<Verdict> {
  try {
    const text = await readTextFile(file).catch((error: unknown) => {
      throw unreadable(file, error);
    });
    return { file, service: parseService(text, file) };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { file, problems: error.problems.length > 0 ? error.problems : [{ path: '', message: error.message }] };
  }
}

/** Says of each file whether it is right, and which variables a worker will need for it. */
export async function validateServices(files: string[], options: { json?: boolean }): Promise<void> {
  const verdicts = await Promise.all(files.map(judge));
  const wrong = verdicts.filter((verdict) => 'problems' in verdict);
  if (wrong.length > 0) {
    process.exitCode = exitCodes.notRight;
    const problems = wrong.flatMap(({ file, problems }) =>
      problems.map(({ path, message }) => ({ path: path === '' ? '' : `${file} ${path}`, message })),
    );
    const message = `${wrong.length} of ${counted(files.length, 'file')} not right`;
    if (options.json !== true) printProblems(new UserError(message, problems));
  }
  const secrets = readSecrets();
  const document = verdicts.map((verdict) =>
    'service' in verdict
      ? {
          file: verdict.file,
          valid: true,
          reward_type: `service:${verdict.service.service_id}`,
          secrets: secretsOf(verdict.service).map((name) => ({ name, set: secrets.has(name) })),
          problems: [],
        }
      : { file: verdict.file, valid: false, problems: verdict.problems },
  );
  print(options, document, () =>
    document
      .flatMap((each) => {
        if (!('reward_type' in each)) return [];
        const unset = (each.secrets ?? []).filter(({ set }) => !set).map(({ name }) => name);
        const needs = unset.length === 0 ? '' : `; a worker needs ${unset.join(', ')}, not set here`;
        return [`${each.file}: ${each.reward_type} is right${needs}`];
      })
      .join('\n'),
  );
}
