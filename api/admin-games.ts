// Administration of games over HTTP, for a portal: look, check, activate, pause, resume, end, roll back. It only turns requests into changes of the
// definitions. Whoever changes a game says which revision they saw (If-Match), so that nobody overwrites what they have not read.
import type Router from '@koa/router';
import { findNodeAtLocation, parseTree } from 'jsonc-parser';
import type { Context } from 'koa';
import { z } from 'zod';
import type { FieldTypes } from '../src/condition/condition.ts';
import type { Db } from '../src/db/connect.ts';
import { DatabaseAway, failureOf, reading } from '../src/db/failure.ts';
import { type Tx, transaction } from '../src/db/transaction.ts';
import { type Activation, activateGame, remarksOn, rollbackGame } from '../src/definitions/activate.ts';
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
import { limits } from '../src/limits.ts';
import { type Instant, parseInstant } from '../src/time.ts';
import type { createAuth } from './auth.ts';
import { Problem } from './problem.ts';
import { instant, parseBody, readText } from './request.ts';
import type { ApiState, Caller } from './state.ts';

/** What every change says beside what it changes. */
const change = {
  reason: z
    .string()
    .max(limits.reasonChars)
    .refine((text) => text.trim() !== '', { error: 'must say why, for the record' }),
  into_the_past: z.boolean().default(false),
};
const activation = z.strictObject({ config: z.record(z.string(), z.unknown()), from: instant.optional(), ...change });
const rollback = z.strictObject({ to_version: z.number().int().min(1), from: instant.optional(), ...change });
const statusChange = z.strictObject({ at: instant.optional(), ...change });
const statusChanges = { pause: pauseGame, resume: resumeGame, end: endGame };

export function adminGameRoutes(
  router: Router<ApiState>,
  options: {
    /** As milepost_api: what is looked at. */
    db: Db;
    /** As milepost_owner: what is changed. */
    owner: Db;
    /** The fields that rules may name. */
    fields: FieldTypes;
    auth: ReturnType<typeof createAuth>;
    clock: () => Instant;
  },
): void {
  const { db, owner, fields, clock } = options;
  const auth = options.auth('owner');

  router.get('/api/admin/games', auth, async (ctx) => {
    const now = clock();
    ctx.body = { games: (await reading(() => readGamesAt(db, now))).map((game) => summarize(game, now)) };
  });

  router.get('/api/admin/games/:game_id', auth, async (ctx) => {
    const now = clock();
    const record = await recordOf(ctx);
    const game = gameAt(record, now);
    ctx.set('ETag', etag(record.revision));
    ctx.body = { ...summarize(game, now), timeline: describeTracks(record, now), config: game.inForce.config };
  });

  router.get('/api/admin/games/:game_id/versions/:version', auth, async (ctx) => {
    const { gameId, versions } = await recordOf(ctx);
    const version = /^[1-9]\d{0,8}$/.test(String(ctx.params.version)) ? Number(ctx.params.version) : 0;
    const entry = versions.find((candidate) => candidate.version === version);
    if (entry === undefined) throw new Problem(404, `there is no version ${ctx.params.version} of ${gameId}`);
    ctx.body = describeVersion(gameId, entry);
  });

  router.post('/api/admin/games/validate', auth, async (ctx) => {
    const text = await readText(ctx);
    const checked = check(text);
    if ('problems' in checked) {
      const { problems } = checked;
      ctx.body = { valid: false, problems, game_id: null, against: null, differences: [], remarks: [] };
      return;
    }
    const { config } = checked;
    const [record] = await reading(() => readRecords(db, config.game_id));
    const now = clock();
    const current = record === undefined ? undefined : versionInForce(record.timeline, now);
    ctx.body = {
      valid: true,
      problems: [],
      game_id: config.game_id,
      against: current?.version ?? null,
      differences: current === undefined ? [] : diffGames(current.config, config),
      // Of the moment, not of the file: it may be right for a later window.
      remarks: record === undefined ? [] : remarksOn(record, { config }, now),
    };
  });

  router.post('/api/admin/games/:game_id/versions', auth, async (ctx) => {
    const expectedRevision = revisionOf(ctx);
    const text = await readText(ctx);
    const body = parseBody(text, activation);
    const configText = textOf(text, 'config');
    const checked = check(configText);
    if ('problems' in checked) throw new Problem(422, 'the game is not right', {}, inConfig(checked.problems));
    const { config } = checked;
    const gameId = gameIdOf(ctx);
    if (config.game_id !== gameId) {
      const message = `must be that of the path, ${JSON.stringify(gameId)}; found ${JSON.stringify(config.game_id)}`;
      throw new Problem(422, 'the game is not right', {}, [{ path: '$.config.game_id', message }]);
    }
    const request = { ...changeOf(ctx, body, expectedRevision), from: instantOf(body.from) };
    const done = await changed((tx) => activateGame(tx, { ...request, config, text: configText, file: 'config' }));
    answerActivation(ctx, done);
  });

  router.post('/api/admin/games/:game_id/rollback', auth, async (ctx) => {
    const gameId = gameIdOf(ctx);
    const expectedRevision = revisionOf(ctx);
    const body = parseBody(await readText(ctx), rollback);
    const request = { ...changeOf(ctx, body, expectedRevision), from: instantOf(body.from) };
    const done = await changed((tx) => rollbackGame(tx, { ...request, gameId, toVersion: body.to_version }));
    answerActivation(ctx, done);
  });

  for (const [verb, setStatus] of Object.entries(statusChanges)) {
    router.post(`/api/admin/games/:game_id/${verb}`, auth, async (ctx) => {
      const gameId = gameIdOf(ctx);
      const expectedRevision = revisionOf(ctx);
      const body = parseBody(await readText(ctx), statusChange);
      const request = { ...changeOf(ctx, body, expectedRevision), at: instantOf(body.at) };
      const done = await changed((tx) => setStatus(tx, { ...request, gameId }));
      ctx.set('ETag', etag(done.revision));
      ctx.body = describeStatusChange(done);
    });
  }

  async function recordOf(ctx: Context): Promise<GameRecord> {
    const gameId = gameIdOf(ctx);
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

function answerActivation(ctx: Context, done: Activation): void {
  ctx.status = done.changed ? 201 : 200;
  ctx.set('ETag', etag(done.revision));
  if (done.changed) {
    ctx.set('Location', `/api/admin/games/${encodeURIComponent(done.gameId)}/versions/${done.version}`);
  }
  ctx.body = describeActivation(done);
}

function gameIdOf(ctx: Context): string {
  const gameId = String(ctx.params.game_id);
  // PostgreSQL holds no NUL, so no game is called so; asking would be an error.
  if (gameId.includes('\0')) throw new Problem(404, 'there is no such game');
  return gameId;
}

function etag(revision: number): string {
  return `"${revision}"`;
}

/** The revision that the caller has seen; 0 for a game that is new. */
function revisionOf(ctx: Context): number {
  const [match, noneMatch] = [ctx.get('If-Match'), ctx.get('If-None-Match')];
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
  ctx: Context,
  body: { reason: string; into_the_past: boolean },
  expectedRevision: number,
): ChangeRequest {
  const { subject } = (ctx.state as ApiState).caller as Caller;
  return { by: subject, reason: body.reason, intoThePast: body.into_the_past, expectedRevision };
}

function instantOf(text: string | undefined): Instant | undefined {
  return text === undefined ? undefined : parseInstant(text);
}
