// milepost games validate | activate | list
import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { attributeFields, type FieldTypes } from '../condition/condition.ts';
import { type Config, readConfig } from '../config.ts';
import { transaction } from '../db/transaction.ts';
import { activateGame } from '../definitions/activate.ts';
import { loadDefinitions } from '../definitions/definitions.ts';
import { type Problem, UserError } from '../errors.ts';
import { attributeCatalogue, readSources } from '../event/source.ts';
import type { GameConfig } from '../games/config.ts';
import { versionInForce } from '../games/decide.ts';
import { parseGame } from '../games/parse.ts';
import { formatInstant } from '../time.ts';
import { withDatabase } from './database.ts';
import { unreadable } from './input.ts';
import { counted, exitCodes, print, printProblems, table } from './output.ts';

/** A game file that was read and found right. */
export interface GameFile {
  file: string;
  text: string;
  config: GameConfig;
}

/** The fields that rules may name, by the sources of the configuration folder. */
export async function ruleFields(config: Config): Promise<FieldTypes> {
  return attributeFields(attributeCatalogue(await readSources(join(config.GAME_CONFIGS, 'sources'))));
}

/** Reads and checks one game file. */
export async function readGame(file: string, fields: FieldTypes): Promise<GameFile> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw unreadable(file, error);
  });
  return { file, text, config: parseGame(text, file, fields) };
}

/** A game file, or what is wrong with it. */
type Verdict = GameFile | { file: string; problems: readonly Problem[] };

/** Reads and checks game files, each for itself and all together: a game has one file. */
async function judgeGames(files: readonly string[], fields: FieldTypes): Promise<Verdict[]> {
  const verdicts = await Promise.all(files.map((file) => judgeGame(file, fields)));
  const fileOf = new Map<string, string>();
  return verdicts.map((verdict) => {
    if (!('config' in verdict)) return verdict;
    const { file, config } = verdict;
    const earlier = fileOf.get(config.game_id) ?? file;
    fileOf.set(config.game_id, earlier);
    if (earlier === file) return verdict;
    const message = `${JSON.stringify(config.game_id)} is the game of ${earlier} already; give one file, or rename one game`;
    return { file, problems: [{ path: '$.game_id', message }] };
  });
}

async function judgeGame(file: string, fields: FieldTypes): Promise<Verdict> {
  try {
    return await readGame(file, fields);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { file, problems: error.problems.length > 0 ? error.problems : [{ path: '', message: error.message }] };
  }
}

/** Problems with the file in front of each path, unless the message names it. */
function inFile({ file, problems }: { file: string; problems: readonly Problem[] }): Problem[] {
  return problems.map(({ path, message }) => ({ path: path === '' ? '' : `${file} ${path}`, message }));
}

export async function validateGames(files: string[], options: { json?: boolean }): Promise<void> {
  const verdicts = await judgeGames(files, await ruleFields(readConfig()));
  const wrong = verdicts.filter((verdict) => 'problems' in verdict);
  const right = verdicts.filter((verdict) => 'config' in verdict);
  if (wrong.length > 0) {
    process.exitCode = exitCodes.notRight;
    const message = `${wrong.length} of ${counted(files.length, 'file')} not right`;
    if (options.json !== true) printProblems(new UserError(message, wrong.flatMap(inFile)));
  }
  const document = verdicts.map((verdict) =>
    'config' in verdict
      ? { file: verdict.file, valid: true, game_id: verdict.config.game_id, problems: [] }
      : { file: verdict.file, valid: false, problems: verdict.problems },
  );
  print(options, document, () => right.map(({ file, config }) => `${file}: ${config.game_id} is right`).join('\n'));
}

export async function activateGames(files: string[], options: { reason: string; json?: boolean }): Promise<void> {
  const config = readConfig();
  const verdicts = await judgeGames(files, await ruleFields(config));
  const wrong = verdicts.filter((verdict) => 'problems' in verdict);
  if (wrong.length > 0) {
    const message = `nothing was activated: ${wrong.length} of ${counted(files.length, 'file')} not right`;
    throw new UserError(message, wrong.flatMap(inFile));
  }
  const games = verdicts.filter((verdict) => 'config' in verdict);
  const by = userInfo().username;
  const activations = await withDatabase(config, 'milepost_owner', (db) =>
    transaction(db, async (tx) => {
      const done = [];
      for (const game of games) done.push(await activateGame(tx, { ...game, by, reason: options.reason }));
      return done;
    }),
  );
  const document = activations.map(({ gameId, version, inForceFrom, changed }) => ({
    game_id: gameId,
    version,
    in_force_from: formatInstant(inForceFrom),
    changed,
  }));
  print(options, document, () =>
    document
      .map(({ game_id, version, in_force_from, changed }) =>
        changed
          ? `${game_id}: version ${version} is in force from ${in_force_from}`
          : `${game_id}: unchanged, version ${version} is in force since ${in_force_from}`,
      )
      .join('\n'),
  );
}

export async function listGames(options: { json?: boolean }): Promise<void> {
  const { games } = await withDatabase(readConfig(), 'milepost_owner', loadDefinitions);
  const now = Date.now();
  const document = games.map((timeline) => {
    const game = versionInForce(timeline, now);
    return {
      game_id: timeline.gameId,
      version: game.version,
      versions: timeline.versions.length,
      state: now < game.start ? 'upcoming' : now < game.end ? 'active' : 'ended',
      window: { start: formatInstant(game.start), end: game.config.game_window.end },
      cohort_id: game.config.cohort_id,
      archetype: game.config.game_archetype,
    };
  });
  print(options, document, () =>
    document.length === 0
      ? 'There are no games. Activate one: milepost games activate FILE'
      : table(
          ['GAME', 'VERSION', 'STATE', 'FROM', 'TO', 'COHORT'],
          document.map((game) => [
            game.game_id,
            game.version,
            game.state,
            game.window.start.slice(0, 10),
            game.window.end.slice(0, 10),
            game.cohort_id,
          ]),
        ),
  );
}
