// Administration of games over HTTP, for a portal: look, check, activate, pause, resume, end, roll back. It only turns requests into changes of the
// definitions. Whoever changes a game says which revision they saw (If-Match), so that nobody overwrites what they have not read.
import { findNodeAtLocation, parseTree } from 'jsonc-parser';
import type { FieldTypes } from '../src/condition/condition.ts';
import type { Db } from '../src/db/connect.ts';
import { DatabaseAway, failureOf, reading } from '../src/db/failure.ts';
import { type Tx, transaction } from '../src/db/transaction.ts';
import { type Activation, activateGame, remarksOn, rollbackGame } from '../src/definitions/activate.ts';
import { viewBudgets } from '../src/definitions/budget-view.ts';
import { type ChangeRequest, IntoThePast, StaleRevision } from '../src/definitions/change.ts';
import { diffGames } from '../src/definitions/diff.ts';
import {
  type GameRecord,
  gameAt,
  readGamesAt,
  readRecords,
  UnknownGame,
  unknownGame,
} from '../src/definitions/record.ts';
import { endGame, pauseGame, resumeGame } from '../src/definitions/status.ts';
import {
  describeActivation,
  describeStatusChange,
  describeTracks,
  describeVersion,
  summarize,
} from '../src/definitions/view.ts';
import { type Problem as InputProblem, messageOf, UserError } from '../src/errors.ts';
import type { GameConfig } from '../src/games/config.ts';
import { versionInForce } from '../src/games/decide.ts';
import { parseGame } from '../src/games/parse.ts';
import { type Instant, parseInstant } from '../src/time.ts';
import * as routes from './contract/admin-games.ts';
import type { Reply } from './contract/route.ts';
import { Problem } from './problem.ts';
import type { Asked, Serve } from './serve.ts';
import type { Caller } from './state.ts';

type StatusRoute = typeof routes.pause | typeof routes.resume | typeof routes.end;
const statusChanges: readonly (readonly [StatusRoute, typeof pauseGame])[] = [
  [routes.pause, pauseGame],
  [routes.resume, resumeGame],
  [routes.end, endGame],
];

export function adminGameRoutes(
  serve: Serve,
  options: {
    /** As milepost_api: what is looked at. */
    db: Db;
    /** As milepost_owner: what is changed. */
    owner: Db;
    /** The fields that rules may name. */
    fields: FieldTypes;
    clock: () => Instant;
  },
): void {
  const { db, owner, fields, clock } = options;

  serve(routes.listGames, async () => {
    const now = clock();
    const games = (await reading(() => readGamesAt(db, now))).map((game) => summarize(game, now));
    return { status: 200, body: { games } };
  });

  serve(routes.lookAtGame, async ({ params }) => {
    const now = clock();
    const record = await recordOf(params.game_id);
    const game = gameAt(record, now);
    return {
      status: 200,
      headers: { ETag: etag(record.revision) },
      body: { ...summarize(game, now), timeline: describeTracks(record, now), config: game.inForce.config },
    };
  });

  serve(routes.lookAtVersion, async ({ params }) => {
    const { gameId, versions } = await recordOf(params.game_id);
    const version = /^[1-9]\d{0,8}$/.test(params.version) ? Number(params.version) : 0;
    const entry = versions.find((candidate) => candidate.version === version);
    if (entry === undefined) throw new Problem(404, `there is no version ${params.version} of ${gameId}`);
    return { status: 200, body: describeVersion(gameId, entry) };
  });

  serve(routes.lookAtBudgets, async ({ params }) => {
    const record = await recordOf(params.game_id);
    return { status: 200, body: await reading(() => viewBudgets(db, record, clock())) };
  });

  serve(routes.validateGame, async (asked) => {
    const checked = check((await asked.body()).text);
    if ('problems' in checked) {
      const { problems } = checked;
      const nothing = { game_id: null, against: null, differences: [], remarks: [] };
      return { status: 200, body: { valid: false, problems, ...nothing } };
    }
    const { config } = checked;
    const [record] = await reading(() => readRecords(db, config.game_id));
    const now = clock();
    const current = record === undefined ? undefined : versionInForce(record.timeline, now);
    const body = {
      valid: true,
      problems: [],
      game_id: config.game_id,
      against: current?.version ?? null,
      differences: current === undefined ? [] : diffGames(current.config, config),
      // Of the moment, not of the file: it may be right for a later window.
      remarks: record === undefined ? [] : remarksOn(record, { config }, now),
    };
    return { status: 200, body };
  });

  serve(routes.activateVersion, async (asked) => {
    const expectedRevision = revisionOf(asked.headers);
    const { value: body, text } = await asked.body();
    const configText = textOf(text, 'config');
    const checked = check(configText);
    if ('problems' in checked) throw new Problem(422, 'the game is not right', {}, inConfig(checked.problems));
    const { config } = checked;
    const gameId = gameIdOf(asked.params.game_id);
    if (config.game_id !== gameId) {
      const message = `must be that of the path, ${JSON.stringify(gameId)}; found ${JSON.stringify(config.game_id)}`;
      throw new Problem(422, 'the game is not right', {}, [{ path: '$.config.game_id', message }]);
    }
    const request = { ...changeOf(asked.caller, body, expectedRevision), from: instantOf(body.from) };
    const done = await changed((tx) => activateGame(tx, { ...request, config, text: configText, file: 'config' }));
    return activated(done);
  });

  serve(routes.rollBack, async (asked) => {
    const gameId = gameIdOf(asked.params.game_id);
    const expectedRevision = revisionOf(asked.headers);
    const { value: body } = await asked.body();
    const request = { ...changeOf(asked.caller, body, expectedRevision), from: instantOf(body.from) };
    const done = await changed((tx) => rollbackGame(tx, { ...request, gameId, toVersion: body.to_version }));
    return activated(done);
  });

  for (const [route, setStatus] of statusChanges) {
    serve(route, async (asked) => {
      const gameId = gameIdOf(asked.params.game_id);
      const expectedRevision = revisionOf(asked.headers);
      const { value: body } = await asked.body();
      const request = { ...changeOf(asked.caller, body, expectedRevision), at: instantOf(body.at) };
      const done = await changed((tx) => setStatus(tx, { ...request, gameId }));
      return { status: 200, headers: { ETag: etag(done.revision) }, body: describeStatusChange(done) };
    });
  }

  async function recordOf(given: string): Promise<GameRecord> {
    const gameId = gameIdOf(given);
    const [record] = await reading(() => readRecords(db, gameId));
    if (record !== undefined) return record;
    throw new Problem(404, (await reading(() => unknownGame(db, gameId))).message);
  }

  function check(text: string): { config: GameConfig } | { problems: readonly InputProblem[] } {
    try {
      return { config: parseGame(text, 'the game', fields) };
    } catch (error) {
      if (error instanceof UserError) return { problems: error.problems };
      throw error;
    }
  }

  /**
   * Makes a change. It is waited for as long as the database works on it: whoever gets no answer asks again with the same revision, and is told whether
   * it was made.
   */
  async function changed<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    try {
      return await told(transaction(owner, work));
    } catch (error) {
      if (error instanceof Problem || failureOf(error) !== 'infrastructure') throw error;
      throw new DatabaseAway(messageOf(error), { cause: error });
    }
  }
}

/** What a caller is told when the definitions refuse. */
async function told<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof UnknownGame) throw new Problem(404, error.message);
    if (error instanceof StaleRevision) throw new Problem(412, error.message, { ETag: etag(error.found) });
    if (error instanceof IntoThePast) {
      throw new Problem(409, `${error.message}. If that is meant, send "into_the_past": true`);
    }
    if (error instanceof UserError) throw new Problem(409, error.message, {}, inConfig(error.problems));
    throw error;
  }
}

function activated(done: Activation): Reply<typeof routes.activateVersion> {
  const headers = { ETag: etag(done.revision) };
  const body = describeActivation(done);
  if (!done.changed) return { status: 200, headers, body };
  const Location = `/api/admin/games/${encodeURIComponent(done.gameId)}/versions/${done.version}`;
  return { status: 201, headers: { ...headers, Location }, body };
}

function gameIdOf(gameId: string): string {
  // PostgreSQL holds no NUL, so no game is called so; asking would be an error.
  if (gameId.includes('\0')) throw new Problem(404, 'there is no such game');
  return gameId;
}

function etag(revision: number): string {
  return `"${revision}"`;
}

/** The revision that the caller has seen; 0 for a game that is new. */
function revisionOf(headers: Asked<typeof routes.activateVersion>['headers']): number {
  const { 'if-match': match = '', 'if-none-match': noneMatch = '' } = headers;
  if (match === '' && noneMatch === '*') return 0;
  const [, revision] = /^"(\d{1,9})"$/.exec(match) ?? [];
  if (revision !== undefined && noneMatch === '') return Number(revision);
  const mend = 'send the ETag of the game as If-Match, such as If-Match: "3"; for a new game If-None-Match: *';
  if (match === '' && noneMatch === '') throw new Problem(428, `say which revision of the game you have seen: ${mend}`);
  throw new Problem(400, `If-Match and If-None-Match do not name one revision: ${mend}`);
}

/** The text of one value of the body, as its owner wrote it. */
function textOf(body: string, key: string): string {
  const root = parseTree(body);
  const node = root === undefined ? undefined : findNodeAtLocation(root, [key]);
  if (node === undefined) throw new Error(`the body has no ${key}`);
  return body.slice(node.offset, node.offset + node.length);
}

function inConfig(problems: readonly InputProblem[]): InputProblem[] {
  return problems.map(({ path, message }) => ({ path: path.replace(/^\$/, '$.config'), message }));
}

function changeOf(
  { subject }: Caller,
  body: { reason: string; into_the_past: boolean },
  expectedRevision: number,
): ChangeRequest {
  return { by: subject, reason: body.reason, intoThePast: body.into_the_past, expectedRevision };
}

function instantOf(text: string | undefined): Instant | undefined {
  return text === undefined ? undefined : parseInstant(text);
}
