// milepost games validate | activate | list
import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { attributeFields, type FieldTypes } from '../condition/condition.ts';
import { type Config, readConfig } from '../config.ts';
import { transaction } from '../db/transaction.ts';
import { activateGame } from '../definitions/activate.ts';
import { loadDefinitions } from '../definitions/definitions.ts';
import { UserError } from '../errors.ts';
import { attributeCatalogue, readSources } from '../event/source.ts';
import { type GameConfig, parseGame } from '../games/config.ts';
import { versionInForce } from '../games/decide.ts';
import { formatInstant } from '../time.ts';
import { withDatabase } from './database.ts';
import { unreadable } from './input.ts';
import { exitCodes, print, printProblems, table } from './output.ts';

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

export async function validateGames(files: string[], options: { json?: boolean }): Promise<void> {
  const fields = await ruleFields(readConfig());
  const verdicts = await Promise.all(files.map((file) => verdictOn(file, fields)));
  const wrong = verdicts.filter((verdict) => verdict.error !== undefined);
  if (wrong.length > 0) process.exitCode = exitCodes.notRight;
  const document = verdicts.map(({ file, game_id, error }) => ({
    file,
    valid: error === undefined,
    ...(game_id === undefined ? {} : { game_id }),
    problems:
      error === undefined ? [] : error.problems.length > 0 ? error.problems : [{ path: '', message: error.message }],
  }));
  if (options.json !== true) for (const { error } of wrong) if (error !== undefined) printProblems(error);
  print(options, document, () => {
    const right = verdicts.length - wrong.length;
    const lines = verdicts
      .filter(({ error }) => error === undefined)
      .map(({ file, game_id }) => `${file}: ${game_id} is right`);
    return [...lines, ...(wrong.length > 0 ? [`${right} right, ${wrong.length} not`] : [])].join('\n');
  });
}

async function verdictOn(
  file: string,
  fields: FieldTypes,
): Promise<{ file: string; game_id?: string; error?: UserError }> {
  try {
    return { file, game_id: (await readGame(file, fields)).config.game_id };
  } catch (error) {
    if (error instanceof UserError) return { file, error };
    throw error;
  }
}

export async function activateGames(files: string[], options: { reason: string; json?: boolean }): Promise<void> {
  const config = readConfig();
  const fields = await ruleFields(config);
  const games = await Promise.all(files.map((file) => readGame(file, fields)));
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
      state: now < game.windowStart ? 'upcoming' : now < game.windowEnd ? 'active' : 'ended',
      window: { start: formatInstant(game.windowStart), end: game.config.game_window.end },
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
