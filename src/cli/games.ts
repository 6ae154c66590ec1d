// milepost games validate | activate | diff | list: what has to do with game files
import { join } from 'node:path';
import { attributeFields, type FieldTypes } from '../condition/condition.ts';
import { type Config, readConfig } from '../config.ts';
import { counted } from '../counted.ts';
import { activateTogether, remarksOn, versionOf } from '../definitions/activate.ts';
import { type Difference, diffGames } from '../definitions/diff.ts';
import { formatMoment } from '../definitions/moment.ts';
import { readGamesAt, readRecords } from '../definitions/record.ts';
import { describeActivation, summarize } from '../definitions/view.ts';
import { type Problem, UserError } from '../errors.ts';
import { attributeCatalogue, readSources } from '../event/source.ts';
import type { GameConfig } from '../games/config.ts';
import { versionInForce } from '../games/decide.ts';
import { parseGame } from '../games/parse.ts';
import { destinationOf, readServices } from '../rewards/service-config.ts';
import { didYouMean } from '../spelling.ts';
import { readTextFile } from '../text-file.ts';
import { formatInstant, type Instant, parseInstant } from '../time.ts';
import { formatDay, zoneOf } from '../time-zone.ts';
import { withDatabase } from './database.ts';
import { type ChangeOptions, changeGames, readChange, recordChange } from './game-timeline.ts';
import { readCount, readInstant, unreadable } from './input.ts';
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
  const text = await readTextFile(file).catch((error: unknown) => {
    throw unreadable(file, error);
  });
  return { file, text, config: parseGame(text, file, fields) };
}

/** A game file, or what is wrong with it. */
type Verdict = GameFile | { file: string; problems: readonly Problem[] };

/** Reads and checks game files, each for itself and all together: a game has one file. */
async function judgeGames(files: readonly string[], config: Config): Promise<Verdict[]> {
  const fields = await ruleFields(config);
  const verdicts = await Promise.all(
    files.map((file) => judgeGame(file, fields, join(config.GAME_CONFIGS, 'services'))),
  );
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

async function judgeGame(file: string, fields: FieldTypes, servicesFolder: string): Promise<Verdict> {
  try {
    const game = await readGame(file, fields);
    const problems = await unknownServices(game.config, servicesFolder);
    return problems.length > 0 ? { file, problems } : game;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { file, problems: error.problems.length > 0 ? error.problems : [{ path: '', message: error.message }] };
  }
}

/** The rewards of a game that no worker could pay, since no file describes their service. The folder is read only where a game needs it. */
async function unknownServices({ milestone_steps }: GameConfig, folder: string): Promise<Problem[]> {
  const wanted = milestone_steps.flatMap((step, index) => {
    const type = step.step_type === 'REWARD' ? step.reward.reward_type : 'NC';
    return type === 'NC' || type === 'VOUCHER' ? [] : [{ type, index }];
  });
  if (wanted.length === 0) return [];
  const known = (await readServices(folder)).map(destinationOf);
  return wanted
    .filter(({ type }) => !known.includes(type))
    .map(({ type, index }) => ({
      path: `$.milestone_steps[${index}].reward.reward_type`,
      message: `no file in ${folder} describes the service of ${JSON.stringify(type)}${didYouMean(type, known)}`,
    }));
}

/** Problems with the file in front of each path, unless the message names it. */
function inFile({ file, problems }: { file: string; problems: readonly Problem[] }): Problem[] {
  return problems.map(({ path, message }) => ({ path: path === '' ? '' : `${file} ${path}`, message }));
}

export async function validateGames(files: string[], options: { json?: boolean }): Promise<void> {
  const verdicts = await judgeGames(files, readConfig());
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

export async function activateGames(files: string[], options: ChangeOptions & { from?: string }): Promise<void> {
  const config = readConfig();
  const from = readInstant('--from', options.from);
  const change = readChange(options);
  if (change.expectedRevision !== undefined && files.length > 1) {
    throw new UserError(`--expect-revision is the revision of one game; there are ${files.length} files`);
  }
  const verdicts = await judgeGames(files, config);
  const wrong = verdicts.filter((verdict) => 'problems' in verdict);
  if (wrong.length > 0) {
    const message = `nothing was activated: ${wrong.length} of ${counted(files.length, 'file')} not right`;
    throw new UserError(message, wrong.flatMap(inFile));
  }
  const games = verdicts.filter((verdict) => 'config' in verdict);
  const requests = games.map((game) => ({ ...game, ...change, from }));
  const activations = await changeGames(config, async (tx) => {
    for (const { config } of games) {
      await recordChange(tx, 'activateVersion', config.game_id, change.reason, { from: options.from ?? null });
    }
    return activateTogether(tx, requests);
  });
  print(options, activations.map(describeActivation), () =>
    activations
      .flatMap(({ gameId, version, inForceFrom, changed, differences, remarks }, index) => {
        const moment = formatMoment(inForceFrom, zoneOf((games[index] as GameFile).config.time_zone));
        const since = inForceFrom <= Date.now() ? 'since' : 'from';
        return changed
          ? [
              `${gameId}: version ${version} is in force from ${moment}`,
              ...sentences(differences),
              ...remarks.map(indent),
            ]
          : [`${gameId}: unchanged, version ${version} is in force ${since} ${moment}`];
      })
      .join('\n'),
  );
}

export async function diffGame(
  file: string,
  options: { against?: string; from?: string; json?: boolean },
): Promise<void> {
  const config = readConfig();
  const asked = readCount('--against', options.against, 1);
  const from = readInstant('--from', options.from);
  const game = await readGame(file, await ruleFields(config));
  const gameId = game.config.game_id;
  const [record] = await withDatabase(config, 'milepost_owner', (db) => readRecords(db, gameId));
  if (record === undefined) {
    if (asked !== undefined) throw new UserError(`${gameId} has no version ${asked}: there is no such game yet`);
    const document = { game_id: gameId, against: null, differences: [], remarks: [] };
    print(options, document, () => `${gameId} is new: ${file} would be its first version`);
    return;
  }
  const now = Date.now();
  const version = asked ?? versionInForce(record.timeline, from ?? now).version;
  const differences = diffGames(versionOf(gameId, record.versions, version).config, game.config);
  const document = {
    game_id: gameId,
    against: version,
    from: from === undefined ? null : formatInstant(from),
    differences,
    remarks: remarksOn(record, { config: game.config, from }, now),
  };
  print(options, document, () => {
    const when = from === undefined ? '' : `, from ${formatMoment(from, zoneOf(game.config.time_zone))}`;
    const heading =
      differences.length === 0 ? `says the same as version ${version}` : `against version ${version}${when}`;
    return [`${gameId}: ${file} ${heading}`, ...sentences(differences), ...document.remarks.map(indent)].join('\n');
  });
}

function sentences(differences: readonly Difference[]): string[] {
  return differences.map(({ sentence }) => indent(sentence));
}

function indent(sentence: string): string {
  return `  ${sentence}`;
}

export async function listGames(options: { json?: boolean }): Promise<void> {
  const now = Date.now();
  const games = await withDatabase(readConfig(), 'milepost_owner', (db) => readGamesAt(db, now));
  const document = games.map((game) => summarize(game, now));
  print(options, document, () =>
    document.length === 0
      ? 'There are no games. Activate one: milepost games activate FILE'
      : table(
          ['GAME', 'VERSION', 'STATE', 'FROM', 'TO', 'COHORT'],
          document.map((game) => [
            game.game_id,
            game.version,
            game.state,
            localDay(game.window.start, game.time_zone),
            localDay(game.window.end, game.time_zone),
            game.cohort_id,
          ]),
        ),
  );
}

/** The day in a time zone, `2026-05-01`. */
function localDay(instant: string, timeZone: string): string {
  return formatDay(zoneOf(timeZone).localOf(parseInstant(instant) as Instant).day);
}
