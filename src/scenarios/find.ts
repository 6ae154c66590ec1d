// Finds scenarios and games in a folder of configuration. A scenario is a JSON file in a folder called `scenarios`; every other JSON file is a game,
// but for the sources and the cohorts.
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { parse } from 'jsonc-parser';
import { COHORT_FILES } from '../cohorts/config.ts';
import { UserError } from '../errors.ts';
import { readTextFile } from '../text-file.ts';

export interface Found {
  scenarios: string[];
  games: string[];
}

/** Everything below a folder, sorted. */
export async function findBelow(folder: string): Promise<Found> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && /\.jsonc?$/.test(entry.name));
  const found: Found = { scenarios: [], games: [] };
  for (const { parentPath, name } of files) {
    const kind = basename(parentPath);
    if (kind === 'scenarios') found.scenarios.push(join(parentPath, name));
    else if (kind !== 'sources' && !COHORT_FILES.includes(name)) found.games.push(join(parentPath, name));
  }
  found.scenarios.sort();
  found.games.sort();
  return found;
}

/**
 * The scenario files that a path stands for: those below a folder, or one itself. For a game's file, those of the folder `scenarios` beside it, and
 * `gameFile` says of which game.
 * @throws UserError when there is no such file or folder.
 */
export async function findScenarios(path: string): Promise<{ files: string[]; gameFile?: string }> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw new UserError(`${path} cannot be read: there is no such file or folder`);
  if (found.isDirectory()) return { files: (await findBelow(path)).scenarios };
  if (await isScenario(path)) return { files: [path] };
  const beside = await stat(join(dirname(path), 'scenarios')).catch(() => undefined);
  const { scenarios } = beside === undefined ? { scenarios: [] } : await findBelow(join(dirname(path), 'scenarios'));
  return { files: scenarios, gameFile: join(path) };
}

/** A file of a folder of scenarios, or one that says of itself that it is one. */
async function isScenario(file: string): Promise<boolean> {
  if (basename(dirname(file)) === 'scenarios') return true;
  const document: unknown = parse(await readTextFile(file).catch(() => ''));
  return typeof document === 'object' && document !== null && Object.hasOwn(document, 'scenario');
}
