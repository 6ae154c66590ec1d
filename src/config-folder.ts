// Folders of configuration: a file for each source, service and so on. Owns which files count, their order, and how their problems are told together.
import { join } from 'node:path';
import { messageOf, type Problem, UserError } from './errors.ts';
import { readTextFile } from './text-file.ts';

/**
 * Hands the text of each file (*.json, *.jsonc) of a folder to `take`, in the order of their names, and returns all files' problems, each with its
 * file. `names` is what the folder holds.
 */
export async function takeFiles(
  folder: string,
  names: readonly string[],
  take: (text: string, file: string) => void,
): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const name of names.filter((each) => /\.jsonc?$/.test(each)).sort()) {
    const file = join(folder, name);
    try {
      const text = await readTextFile(file).catch((error: unknown) => {
        throw new UserError('', [{ path: '', message: `cannot be read: ${messageOf(error)}` }]);
      });
      take(text, file);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      problems.push(...error.problems.map((problem) => ({ ...problem, path: `${file} ${problem.path}` })));
    }
  }
  return problems;
}
