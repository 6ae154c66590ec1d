// Sets the stage for a scenario: reads its file and the game's, checks one against the other and against the sources, and makes of what the owner
// wrote a timeline, players and events as the engine knows them. Reads files; judges nothing.
import { readdir } from 'node:fs/promises';
import { basename, dirname, join, normalize } from 'node:path';
import { applyEdits, modify } from 'jsonc-parser';
import { attributeFields, type FieldTypes } from '../condition/condition.ts';
import { type Problem, UserError } from '../errors.ts';
import type { Origin } from '../event/event.ts';
import { createNormaliser, type Normaliser } from '../event/normalise.ts';
import { type AttributeType, attributeCatalogue, canonicalSource, parsePath, type Source } from '../event/source.ts';
import { forbiddenChanges, hasBegun } from '../games/changes.ts';
import type { StatusChange, Timeline } from '../games/decide.ts';
import { type Game, prepareGame } from '../games/game.ts';
import { parseGame } from '../games/parse.ts';
import { parseJsonc } from '../jsonc.ts';
import { didYouMean } from '../spelling.ts';
import { readTextFile, whyUnreadable } from '../text-file.ts';
import { formatInstant, type Instant } from '../time.ts';
import { instantOf, later } from './moment.ts';
import { openingEvent } from './opening.ts';
import type { Beginning, TimedEvent } from './rehearsal.ts';
import {
  type EventKind,
  type Expectation,
  type ExpectedVerdict,
  expectationsOf,
  expectedOf,
  type Happening,
  parseScenario,
  type Scenario,
  scenarioSchema,
  somePlayer,
} from './scenario.ts';

/** A scenario ready to be run. */
export interface Stage {
  file: string;
  title: string;
  /** The game's file. */
  gameFile: string;
  timeline: Timeline;
  beginning: Beginning;
  /** In the order in which they arrive. */
  events: readonly StagedEvent[];
  looks: readonly Look[];
}

export interface StagedEvent {
  incoming: TimedEvent;
  /** Where it is written. */
  path: string;
  expected: ExpectedVerdict | undefined;
  /** The step whose newest cookie the player opens: which that is, the events before it say. */
  opens?: number;
}

/** An expectation of a player, and when it is looked. */
export interface Look {
  path: string;
  player: string;
  at: Instant;
  expectation: Expectation;
}

/** What scenarios are checked against and made with. */
export interface Props {
  fields: FieldTypes;
  attributes: ReadonlyMap<string, AttributeType>;
  normaliser: Normaliser;
}

/** What scenarios need of the sources. */
export function propsOf(sources: readonly Source[]): Props {
  const attributes = attributeCatalogue(sources);
  // Events of a scenario are canonical, and may carry what any source declares.
  const source: Source = { ...canonicalSource, attributes: Object.fromEntries(attributes) };
  return { fields: attributeFields(attributes), attributes, normaliser: createNormaliser([source]) };
}

/**
 * Reads a scenario and its game.
 * @throws UserError naming the file and, for each problem, the path, the value found and the mend.
 */
export async function setStage(file: string, props: Props): Promise<Stage> {
  const text = await readText(file, file);
  const draft = parseScenario(text, file);
  const gameFile = join(dirname(file), draft.game);
  const versions = await readVersions(draft, file, gameFile, props.fields);
  const timeline: Timeline = {
    gameNo: 1,
    gameId: (versions[0] as Game).config.game_id,
    versions,
    statuses: statusesOf(draft, versions[0] as Game),
  };
  // Once more, now beside the game: so that its problems, too, come with their place.
  const checked = scenarioSchema.superRefine((scenario, context) => {
    const report: Report = (path, message) => context.addIssue({ code: 'custom', path, message });
    checkEvents(scenario, props.attributes, timeline, report);
    checkPlayers(scenario, timeline, report);
    checkThen(scenario, timeline, report);
  });
  const scenario = parseJsonc(text, checked, file);
  const events = eventsOf(scenario, file, versions[0] as Game, props.normaliser);
  return {
    file,
    title: scenario.scenario,
    gameFile,
    timeline,
    beginning: beginningOf(scenario, timeline),
    events,
    looks: looksOf(scenario, versions[0] as Game, events),
  };
}

type Path = (string | number)[];
type Report = (path: Path, message: string) => void;

function problem(file: string, path: string, message: string): UserError {
  return new UserError(`${file}: 1 problem`, [{ path, message }]);
}

/** Reads a file that `named` is called by, in a scenario or on the command line. */
async function readText(
  file: string,
  named: string,
  refuse = (message: string) => new UserError(message),
): Promise<string> {
  try {
    return await readTextFile(file);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    const beside = await readdir(dirname(file)).catch((): string[] => []);
    const guess = code === 'ENOENT' ? didYouMean(basename(file), beside) : '';
    throw refuse(`${named} cannot be read: ${whyUnreadable(error)}${guess}`);
  }
}

// ---- the game and its versions

async function readVersions(scenario: Scenario, file: string, gameFile: string, fields: FieldTypes): Promise<Game[]> {
  let text = await readText(gameFile, JSON.stringify(scenario.game), (message) => problem(file, '$.game', message));
  const first = parseGame(text, gameFile, fields);
  const versions = [prepareGame(first, { gameNo: 1, version: 1, inForceFrom: Number.NEGATIVE_INFINITY })];
  for (const [index, { from, file: other, change }] of scenario.later_versions.entries()) {
    const at = `$.later_versions[${index}]`;
    const named = other === undefined ? `${file} ${at}` : normalize(join(dirname(file), other));
    text =
      other === undefined
        ? changed(text, change ?? {}, (path, message) =>
            problem(file, `${at}.change[${JSON.stringify(path)}]`, message),
          )
        : await readText(named, JSON.stringify(other), (message) => problem(file, `${at}.file`, message));
    const config = parseGame(text, named, fields);
    const before = versions.at(-1) as Game;
    const next = prepareGame(config, {
      gameNo: 1,
      version: index + 2,
      inForceFrom: instantOf(from, before.zone, 'beginning'),
    });
    if (next.inForceFrom <= before.inForceFrom) {
      throw problem(file, `${at}.from`, 'comes before the version that it follows');
    }
    if (config.game_id !== first.game_id) {
      const message = `is the game ${JSON.stringify(config.game_id)}; a version of ${JSON.stringify(first.game_id)} is needed`;
      throw problem(file, at, message);
    }
    // Owners may activate long before it is in force.
    const forbidden = hasBegun(before, next, Number.NEGATIVE_INFINITY) ? forbiddenChanges(before.config, config) : [];
    if (forbidden.length > 0) {
      throw new UserError(`${file}: version ${next.version} could not be activated while the window runs`, forbidden);
    }
    versions.push(next);
  }
  return versions;
}

/** The text of a game with some values changed, by their paths; null removes. */
function changed(
  text: string,
  change: Readonly<Record<string, unknown>>,
  refuse: (path: string, message: string) => UserError,
): string {
  return Object.entries(change).reduce((before, [path, value]) => {
    try {
      const place = parsePath(path);
      if (place !== undefined) return applyEdits(before, modify(before, [...place], value ?? undefined, {}));
    } catch {
      // The editor's way of saying that there is no such place.
    }
    throw refuse(path, 'is no place in the game, such as milestone_steps[0].reward.value');
  }, text);
}

function statusesOf({ given }: Scenario, { zone }: Game): StatusChange[] {
  const changes: Omit<StatusChange, 'changeNo'>[] = given.paused.flatMap(({ from, to }) => [
    { status: 'paused', from: instantOf(from, zone, 'beginning') },
    ...(to === undefined ? [] : [{ status: 'active', from: instantOf(to, zone, 'end') } as const]),
  ]);
  const ended = given.ended === undefined ? Number.POSITIVE_INFINITY : instantOf(given.ended, zone, 'beginning');
  if (given.ended !== undefined) changes.push({ status: 'ended', from: ended });
  // An end is final.
  return changes
    .filter(({ status, from }) => status === 'ended' || from < ended)
    .sort((a, b) => a.from - b.from)
    .map((change, index) => ({ ...change, changeNo: index + 1 }));
}

// ---- what is checked beside the game and the sources

function checkEvents(scenario: Scenario, attributes: Props['attributes'], timeline: Timeline, report: Report): void {
  const kinds = Object.keys(scenario.given.events);
  for (const [name, kind] of Object.entries(scenario.given.events)) {
    checkAttributes(kind, ['given', 'events', name], attributes, report);
  }
  scenario.when.forEach((happening, index) => {
    const at = ['when', index];
    const { event, event_type, times, every, expect, event_id } = happening;
    checkAttributes(happening, at, attributes, report);
    if (happening.open !== undefined) {
      checkOpening(happening, happening.open, at, timeline, report);
      return;
    }
    if (event !== undefined && event_type !== undefined) {
      report([...at, 'event_type'], `beside "event" it has no meaning; remove one`);
    } else if (event !== undefined && !kinds.includes(event)) {
      const known =
        kinds.length === 0 ? '; there are none' : `; there are ${kinds.map((kind) => JSON.stringify(kind)).join(', ')}`;
      report([...at, 'event'], `is no kind of event of given.events${didYouMean(event, kinds)}${known}`);
    } else if (event === undefined && event_type === undefined && kinds.length !== 1) {
      const which = kinds.length === 0 ? '"event_type"' : `"event" (${kinds.join(', ')}) or "event_type"`;
      report(at, `does not say what happens: give ${which}`);
    }
    if (every !== undefined && times === undefined) report([...at, 'every'], 'has no meaning without "times"');
    if (event_id !== undefined && times !== undefined) {
      report([...at, 'event_id'], 'would be the id of several events; leave it out, or write them one by one');
    }
    if (Array.isArray(expect) && expect.length !== (times ?? 1)) {
      report(
        [...at, 'expect'],
        `has ${expect.length} entries for ${times ?? 1} events; write one for each, or one for all`,
      );
    }
  });
}

function checkOpening(happening: Happening, step: number, at: Path, { versions }: Timeline, report: Report): void {
  for (const key of ['event', 'event_type', 'attributes', 'correlation', 'producer', 'event_id', 'times'] as const) {
    if (happening[key] !== undefined) report([...at, key], 'beside "open" it has no meaning; remove one');
  }
  const steps = versions.flatMap(({ config }) => config.milestone_steps);
  const cookies = new Set(steps.filter(({ step_type }) => step_type === 'FORTUNE_COOKIE').map((each) => each.step));
  if (cookies.has(step)) return;
  const are = cookies.size === 0 ? 'there is none' : `these have one: ${[...cookies].join(', ')}`;
  report([...at, 'open'], `no cookie comes of step ${step}; ${are}`);
}

const valueKinds: Record<AttributeType, 'string' | 'number' | 'boolean'> = {
  text: 'string',
  number: 'number',
  amount: 'number',
  boolean: 'boolean',
};

function checkAttributes(
  { attributes }: Pick<EventKind, 'attributes'>,
  at: Path,
  known: Props['attributes'],
  report: Report,
): void {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    const type = known.get(name);
    if (type === undefined) {
      report([...at, 'attributes', name], `no source declares it${didYouMean(name, known.keys())}`);
    } else if (value !== null && typeof value !== valueKinds[type]) {
      const wanted = { string: 'text in quotes', number: 'a number', boolean: 'true or false' }[valueKinds[type]];
      report([...at, 'attributes', name], `is ${type === 'amount' ? 'an amount' : type} and is written as ${wanted}`);
    }
  }
}

function checkPlayers({ given }: Scenario, { versions }: Timeline, report: Report): void {
  const cohorts = new Set(versions.map(({ config }) => config.cohort_id));
  if (given.members !== undefined && cohorts.size === 1 && cohorts.has('everyone')) {
    report(['given', 'members'], 'has no meaning: the game is for everyone; leave it out');
  }
  given.members?.forEach((member, index) => {
    if (typeof member === 'string' || member.cohort === undefined || cohorts.has(member.cohort)) return;
    const message = `the game has no such cohort${didYouMean(member.cohort, cohorts)}; there is ${[...cohorts].join(', ')}`;
    report(['given', 'members', index, 'cohort'], message);
  });
  if (given.joined.length > 0 && versions.every(({ config }) => config.join === undefined)) {
    report(['given', 'joined'], 'has no meaning: nobody has to join this game; leave it out');
  }
}

function checkThen(scenario: Scenario, { versions }: Timeline, report: Report): void {
  const players = new Set([
    ...scenario.when.map(({ player }) => player ?? somePlayer),
    ...(scenario.given.members ?? []).map((member) => (typeof member === 'string' ? member : member.player)),
    ...scenario.given.joined.map(({ player }) => player ?? somePlayer),
  ]);
  const steps = new Set(versions.flatMap(({ config }) => config.milestone_steps.map(({ step }) => String(step))));
  expectationsOf(scenario).forEach((expectation, index) => {
    const at: Path = Array.isArray(scenario.then) ? ['then', index] : ['then'];
    const { player = somePlayer, at: _, ...wanted } = expectation;
    if (!players.has(player)) {
      const message = `nothing happens to ${JSON.stringify(player)}${didYouMean(player, players)}; there is ${[...players].join(', ')}`;
      report(expectation.player === undefined ? at : [...at, 'player'], message);
    }
    if (Object.values({ ...wanted, player: undefined }).every((value) => value === undefined)) {
      report(at, 'expects nothing; give progress, steps, rewards, shown, cleared or detail');
    }
    for (const step of Object.keys(expectation.steps ?? {})) {
      if (!steps.has(step))
        report([...at, 'steps', step], `the game has no such step; there are ${[...steps].join(', ')}`);
    }
  });
}

// ---- events and players as the engine knows them

function eventsOf(scenario: Scenario, file: string, game: Game, normaliser: Normaliser): StagedEvent[] {
  const problems: Problem[] = [];
  const events = scenario.when.flatMap((happening, index) =>
    Array.from({ length: happening.times ?? 1 }, (_, occurrence): StagedEvent[] => {
      const path = `$.when[${index}]`;
      const origin = { transport: 'file' as const, file, line: index + 1 };
      if (happening.open !== undefined) {
        return [
          { ...openingOf(happening, happening.open, game, origin), path, expected: expectedOf(happening, occurrence) },
        ];
      }
      const result = normaliser.normalise('canonical', {
        bytes: Buffer.from(JSON.stringify(messageOfEvent(scenario, happening, index, occurrence, game))),
        origin,
        receivedAt: undefined,
      });
      if (result.kind === 'parked') {
        problems.push({ path, message: result.parked.detail });
        return [];
      }
      return [{ incoming: result.event as TimedEvent, path, expected: expectedOf(happening, occurrence) }];
    }).flat(),
  );
  if (problems.length > 0) throw new UserError(`${file}: ${problems.length} of its events are not right`, problems);
  return events;
}

/** The opening of a cookie, named as if it were the first of the game. */
function openingOf(happening: Happening, step: number, game: Game, origin: Origin) {
  const at = instantOf(happening.at, game.zone, 'noon');
  const { received_at } = happening;
  const receivedAt = received_at === undefined ? at + 1_000 : instantOf(received_at, game.zone, 'noon');
  const opening = { gameId: game.config.game_id, windowStart: game.start, step, earning: 1 };
  return { incoming: openingEvent(happening.player ?? somePlayer, opening, { at, receivedAt, origin }), opens: step };
}

/** An event as a producer would send it, with what the scenario leaves out. */
function messageOfEvent(
  { given }: Scenario,
  happening: Happening,
  index: number,
  occurrence: number,
  { zone }: Game,
): Record<string, unknown> {
  const { event, event_type, times, every, received_at } = happening;
  const kind = given.events[event ?? Object.keys(given.events)[0] ?? ''];
  const own: Partial<EventKind> = event_type === undefined ? (kind ?? {}) : { event_type };
  const first = instantOf(happening.at, zone, 'noon');
  const occurredAt = every === undefined ? first : later(first, every, occurrence, zone);
  const receivedAt = received_at === undefined ? occurredAt + 1_000 : instantOf(received_at, zone, 'noon');
  return {
    event_id: happening.event_id ?? `event ${index + 1}${times === undefined ? '' : `.${occurrence + 1}`}`,
    event_type: own.event_type,
    occurred_at: formatInstant(occurredAt),
    received_at: formatInstant(receivedAt),
    producer: happening.producer ?? own.producer ?? 'scenario',
    user_id: happening.player ?? somePlayer,
    correlation: { ...own.correlation, ...happening.correlation },
    attributes: { ...own.attributes, ...happening.attributes },
  };
}

function beginningOf({ given, when }: Scenario, { gameNo, versions }: Timeline): Beginning {
  const { zone } = versions[0] as Game;
  const cohorts = [...new Set(versions.map(({ config }) => config.cohort_id))];
  const players = [...new Set(when.map(({ player }) => player ?? somePlayer))];
  const members = (given.members ?? players).map((member) =>
    typeof member === 'string' ? { player: member } : member,
  );
  return {
    memberships: members.flatMap(
      ({ player, cohort, from, to }: Exclude<NonNullable<typeof given.members>[number], string>) =>
        (cohort === undefined ? cohorts : [cohort]).map((cohortId) => ({
          userId: player,
          cohortId,
          from: from === undefined ? Number.NEGATIVE_INFINITY : instantOf(from, zone, 'beginning'),
          to: to === undefined ? Number.POSITIVE_INFINITY : instantOf(to, zone, 'end'),
        })),
    ),
    joins: given.joined.map(({ player, at }) => ({
      userId: player ?? somePlayer,
      gameNo,
      at: instantOf(at, zone, 'noon'),
    })),
  };
}

function looksOf(scenario: Scenario, { zone }: Game, events: readonly StagedEvent[]): Look[] {
  const latest = Math.max(...events.map(({ incoming }) => incoming.event.occurred_at));
  return expectationsOf(scenario).map((expectation, index) => ({
    path: Array.isArray(scenario.then) ? `$.then[${index}]` : '$.then',
    player: expectation.player ?? somePlayer,
    at: expectation.at === undefined ? latest : instantOf(expectation.at, zone, 'noon'),
    expectation,
  }));
}
