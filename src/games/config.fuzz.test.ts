// Ten thousand configurations gone wrong, made of the shipped games: each is a game that can be judged, shown, explained and compared, or is
// refused with paths; nothing else ever happens. And the published schema agrees with the code on every one of them.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { parse } from 'jsonc-parser';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { attributeFields, type Condition, eventFields } from '../condition/condition.ts';
import { createDefinitions } from '../definitions/definitions.ts';
import { diffGames } from '../definitions/diff.ts';
import { UserError } from '../errors.ts';
import type { Json } from '../event/event.ts';
import { attributeCatalogue, readSources } from '../event/source.ts';
import { parseJsonc } from '../jsonc.ts';
import { createSampleRandom, type SampleRandom } from '../local/sample-random.ts';
import { createRehearsal, type TimedEvent } from '../scenarios/rehearsal.ts';
import { makeEvent } from '../testing/make.ts';
import { publish, published, subschemas } from '../testing/published.ts';
import type { Instant } from '../time.ts';
import { archetypes } from './archetypes/archetype.ts';
import { forbiddenChanges } from './changes.ts';
import { type GameConfig, gameSchema } from './config.ts';
import type { Timeline } from './decide.ts';
import { gameField, type PlayerFacts } from './facts.ts';
import { type Game, prepareGame } from './game.ts';
import type { Player } from './games.ts';
import { parseGame } from './parse.ts';
import { renderJourney, renderWidget } from './view.ts';
import { windowAt, windowFromJoin } from './window.ts';

// A failure names the seed and the path of its counterexample: give both to fc.assert to see it again.
const SEED = 20_260_501;
const CONFIGURATIONS = 10_000;

const folder = join(import.meta.dirname, '../../game-configs');
const fields = attributeFields(attributeCatalogue(await readSources(join(folder, 'sources'))));
const originals: Json[] = globSync('{*,gallery/*}.{json,jsonc}', { cwd: folder })
  .filter((file) => !file.startsWith('cohorts'))
  .sort()
  .map((file) => parse(readFileSync(join(folder, file), 'utf8'), [], { allowTrailingComma: true }));

const gamePublished = publish(published.find(({ file }) => file === 'game.schema.json') as (typeof published)[number]);
const isRightBySchema = new Ajv2020({ strict: false, validateFormats: false }).compile(gamePublished);

// ---- what goes wrong

/** A place in a document: what holds it, and its key there. */
interface Place {
  parent: { [key: string]: Json } | Json[];
  key: string | number;
}

function placesIn(value: Json): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  const keys = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  return keys.flatMap((key) => [
    { parent: value as Place['parent'], key },
    ...placesIn((value as Record<string | number, Json>)[key] as Json),
  ]);
}

const valueAt = ({ parent, key }: Place): Json => (parent as Record<string | number, Json>)[key] as Json;
const put = ({ parent, key }: Place, value: Json): void => {
  // Not by assignment: __proto__ is to be a key like any other.
  Object.defineProperty(parent, key, { value, enumerable: true, configurable: true, writable: true });
};

const remove = ({ parent, key }: Place): void => {
  if (Array.isArray(parent)) parent.splice(key as number, 1);
  else delete parent[key];
};

/** Written into the text as it is, where JSON.stringify would not write it. */
const raw = (text: string): string => `raw ${text} raw`;
const rawNumbers = ['1e999', '-1e999', '1e-400', '-0', '1234567890123456789', '0.1234567890123456789', 'NaN', '01'];

const hostile: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json>(null, true, false, 0, 1, -1, 0.5, 2 ** 31, 2 ** 53, -(2 ** 53), 1e12, 1e12 + 1, 1e15, 5e-324),
  fc.constantFrom<Json>('', ' ', '0', 'null', '__proto__', 'constructor', 'active', 'everyone', 'Infinity', '१२'),
  fc.constantFrom<Json>('x'.repeat(121), 'x'.repeat(5_000), '\u0000', '\ud800', '👾'.repeat(70), 'a\u202eb', '.*', '('),
  fc.constantFrom<Json>([], {}, [[]], [{}], { toString: 1 }, { length: 3 }),
  fc.constantFrom(...rawNumbers).map(raw),
  fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>,
);

/** By key, values that a game may hold there: those of all shipped games, those the schema lists, and some that are right but unusual. */
const vocabulary = Map.groupBy(
  [
    ...originals.flatMap((original) =>
      placesIn(original).map((place): [string, Json] => [String(place.key), valueAt(place)]),
    ),
    ...subschemas(gamePublished).flatMap(({ schema }) =>
      Object.entries(schema.properties ?? {}).flatMap(([key, property]) =>
        [property, ...(property.anyOf ?? [])]
          .flatMap((form) => [...(form.enum ?? []), ...(form.examples ?? []), 'const' in form ? form.const : 1])
          .map((value): [string, Json] => [key, value as Json]),
      ),
    ),
    ...[...eventFields.keys(), ...fields.keys()].map((name): [string, Json] => ['field', name]),
    ...['Pacific/Apia', 'America/Sao_Paulo', 'Africa/Monrovia', 'utc'].map((name): [string, Json] => [
      'time_zone',
      name,
    ]),
    ...['P1D', 'P999W', 'PT1H', 'PT9999H'].flatMap((text): [string, Json][] => [
      ['from_join', text],
      ['grace', text],
      ['recurrence', text],
    ]),
    ...[
      '2000-01-01T00:00:00+23:59',
      '0000-01-01T00:00:00Z',
      '2026-05-10T12:00:00+05:30',
      '2026-02-28 23:59:59-1200',
    ].map((text): [string, Json] => ['start', text]),
    ...['2099-12-31T23:59:59.999999999-23:59', '9999-12-31T23:59:59Z', '2026-08-31T12:00:00Z'].map(
      (text): [string, Json] => ['end', text],
    ),
    ...['step', 'count', 'value', 'max_value', 'per_day', 'per_window', 'max_per_event', 'per_period'].flatMap((key) =>
      [1, 2, 5, 366, 1_000, 1_000_000_000, 1_000_000_000_000].map((number): [string, Json] => [key, number]),
    ),
  ],
  ([key]) => key,
);

const nat = fc.nat({ max: 100_000 });
const change = fc.record({
  kind: fc.oneof(
    // Most changes are small ones, so that many configurations stay games, though unusual ones.
    { weight: 10, arbitrary: fc.constant('plausible' as const) },
    {
      weight: 6,
      arbitrary: fc.constantFrom('delete', 'copy', 'hostile', 'typo', 'nest', 'swap', 'graft', 'add', 'section'),
    },
  ),
  at: nat,
  other: nat,
  value: hostile,
});
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

const pick = <T>(list: readonly T[], index: number): T => list[index % list.length] as T;

function applyChange(document: Json, { kind, at, other, ...drawn }: Change): void {
  // What was drawn may be drawn again: it must stay as it is.
  const value = structuredClone(drawn.value);
  const places = placesIn(document);
  if (places.length === 0) return;
  const place = pick(places, at);
  const elsewhere = pick(places, other);
  switch (kind) {
    case 'plausible': {
      const known = places.filter(({ key }) => vocabulary.has(String(key)));
      const leaf = pick(known.length === 0 ? places : known, at);
      const [, alike] = pick(vocabulary.get(String(leaf.key)) ?? [['', value]], other);
      put(leaf, structuredClone(alike));
      break;
    }
    case 'delete':
      remove(place);
      break;
    case 'copy':
      if (Array.isArray(place.parent)) place.parent.push(structuredClone(valueAt(place)));
      else put({ ...place, key: `${place.key}_2` }, structuredClone(valueAt(place)));
      break;
    case 'hostile':
      put(place, value);
      break;
    case 'typo': {
      const key = String(place.key);
      const cut = other % (key.length + 1);
      const was = valueAt(place);
      remove(place);
      const typo = `${key.slice(0, cut)}${pick(['', 'x', '_'], other)}${key.slice(cut + 1)}`;
      put({ ...place, key: Array.isArray(place.parent) ? place.parent.length : typo }, was);
      break;
    }
    case 'nest': {
      let nested = valueAt(place);
      for (let depth = other % 40; depth > 0; depth--) {
        nested = at % 2 === 0 ? [nested] : { operator: 'and', conditions: [nested] };
      }
      put(place, nested);
      break;
    }
    case 'swap': {
      const [mine, theirs] = [structuredClone(valueAt(place)), structuredClone(valueAt(elsewhere))];
      put(place, theirs);
      put(elsewhere, mine);
      break;
    }
    case 'graft':
      put(place, structuredClone(valueAt(elsewhere)));
      break;
    case 'add': {
      const key = pick(['__proto__', 'constructor', '', 'x', 'value', 'rule', '$schema'], other);
      put({ parent: place.parent, key: Array.isArray(place.parent) ? place.parent.length : key }, value);
      break;
    }
    case 'section': {
      // What another game has in this place.
      const donor = pick(originals, other) as { [key: string]: Json };
      const key = pick(Object.keys(donor), at);
      if (typeof document === 'object' && document !== null && !Array.isArray(document)) {
        put({ parent: document, key }, structuredClone(donor[key] as Json));
      }
      break;
    }
  }
}

const seldom = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.oneof({ weight: 25, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });

/** A configuration: a shipped game after some changes, seldom any JSON, and sometimes with its text cut or doubled somewhere. */
const configuration = fc.record({
  original: nat,
  changes: fc.array(change, { minLength: 1, maxLength: 4 }),
  anything: seldom(fc.jsonValue() as fc.Arbitrary<Json>),
  cut: seldom(nat),
  /** Seeds what happens to the game, if it is one. */
  chance: nat,
});
type Configuration = typeof configuration extends fc.Arbitrary<infer T> ? T : never;

function textOf({ original, changes, anything, cut }: Configuration): string {
  const document = structuredClone(anything ?? pick(originals, original));
  for (const each of changes) applyChange(document, each);
  const text = JSON.stringify(document).replaceAll(/"raw (\S+) raw"/g, '$1');
  if (cut === null) return text;
  const at = cut % text.length;
  return cut % 2 === 0 ? text.slice(0, at) + text.slice(at + 1) : text.slice(0, at) + text[at] + text.slice(at);
}

// ---- what becomes of it

test(`${CONFIGURATIONS.toLocaleString('en')} configurations are games or are refused with paths`, {
  timeout: 300_000,
}, () => {
  const seen = { games: 0, refused: 0, counted: 0, steps: 0 };
  fc.assert(
    fc.property(configuration, (given) => {
      const text = textOf(given);
      checkAgreement(text);
      const game = readOrRefuse(text);
      if (game === undefined) {
        seen.refused++;
        return;
      }
      seen.games++;
      const { counted, steps } = play(game, createSampleRandom(given.chance));
      seen.counted += counted;
      seen.steps += steps;
      compare(game, pick(originals, given.original));
    }),
    { seed: SEED, numRuns: CONFIGURATIONS },
  );
  // Else little was tried.
  expect(seen.games).toBeGreaterThan(CONFIGURATIONS / 10);
  expect(seen.refused).toBeGreaterThan(CONFIGURATIONS / 4);
  expect(seen.counted).toBeGreaterThan(seen.games);
  expect(seen.steps).toBeGreaterThan(seen.games / 4);
});

/** A game, or undefined: it was refused as a person may expect it. */
function readOrRefuse(text: string): GameConfig | undefined {
  try {
    return parseGame(text, 'game.json', fields);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    expect(error.message).toMatch(/^game\.json: \d+ problems?$/);
    expect(error.problems.length).toBeGreaterThan(0);
    for (const { path, message } of error.problems) {
      expect(path).toMatch(/^\$/);
      expect(message).not.toBe('');
      expect(message).not.toMatch(/invalid input|undefined|\[object/i);
    }
    return undefined;
  }
}

/**
 * The published schema takes what the zod schema takes, and refuses what that refuses, but for what only code can say (a day that exists, a time
 * zone, how deep rules nest) and that it counts characters where zod counts UTF-16 units.
 */
function checkAgreement(text: string): void {
  let value: unknown;
  try {
    value = parseJsonc(text, z.unknown(), 'game.json');
  } catch (error) {
    if (error instanceof UserError) return;
    throw error;
  }
  const issues = gameSchema.safeParse(value).error?.issues ?? [];
  const sayable = issues.filter(
    (issue) => issue.code !== 'custom' && !(issue.code === 'too_big' && issue.origin === 'string'),
  );
  const isRight = isRightBySchema(value);
  if (isRight) expect(sayable).toEqual([]);
  if (issues.length === 0) expect(isRight ? null : isRightBySchema.errors).toBeNull();
}

/** Lets things happen in a game, and looks at it as players, owners and support do. */
function play(config: GameConfig, random: SampleRandom): { counted: number; steps: number } {
  const game = prepareGame(config, { gameNo: 1, version: 1, inForceFrom: 0 });
  const timeline: Timeline = { gameNo: 1, gameId: config.game_id, versions: [game], statuses: [] };
  const userId = 'U1';
  const memberships = [
    { userId, cohortId: config.cohort_id, from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY },
  ];
  const rehearsal = createRehearsal(createDefinitions(1, [timeline]), { memberships });
  const events = eventsFor(game, random);
  rehearsal.process(events.slice(0, 5));
  rehearsal.process(events.slice(5));

  const player = rehearsal.playerOf(userId);
  for (const { all, cleared, windowStart } of player.progress) {
    expect(Number.isSafeInteger(all.value) && all.value >= cleared.value && cleared.value >= 0).toBe(true);
    const window = windowFromJoin(game, windowStart, [windowStart]) ?? windowAt(game, windowStart);
    if (window === undefined) throw new Error('progress in a window that is none');
    const strategy = archetypes[config.game_archetype];
    expect(strategy.explain(game, all, window).join('')).not.toMatch(/undefined|NaN/);
    const { current, max } = strategy.view(game, all, window, window.end);
    expect(current).toBeLessThanOrEqual(max);
  }
  const moments = events.slice(0, 4).map(({ event }) => event.occurred_at);
  for (const now of [game.start, ...moments, game.end]) {
    for (const shown of [
      renderJourney(timeline, factsOf(player, now), now),
      renderWidget([timeline], factsOf(player, now), now),
    ]) {
      expect(JSON.stringify(shown ?? null)).not.toMatch(/undefined|NaN/);
    }
  }
  return { counted: rehearsal.credits.length, steps: rehearsal.claims.length };
}

function factsOf(player: Player, now: Instant): PlayerFacts {
  const games = player.progress.map(
    ({ gameNo, windowStart, all, cleared, claimed }) =>
      [
        gameField(gameNo, windowStart),
        {
          version: 1,
          value: all.value,
          cleared: cleared.value,
          detail: all.detail,
          recent: [],
          claims: claimed.map((step) => ({
            step,
            earning: 1,
            stepType: 'EMPTY' as const,
            status: 'earned' as const,
            rewardType: null,
            amount: null,
            claimedAt: now,
            version: 1,
            payment: null,
            netted: 0,
            downgradedFrom: null,
            opening: null,
          })),
        },
      ] as const,
  );
  return { asOf: now, memberships: player.memberships, joins: player.joins, games: new Map(games) };
}

/** Events that the game's rules speak of, at all times that matter, and some that mean it harm. */
function eventsFor(game: Game, random: SampleRandom): TimedEvent[] {
  const { config } = game;
  const types = config.triggers.map(({ event_type }) => event_type);
  const join = config.join?.event_type;
  const times = [game.start, game.end - 1, game.start + 1, game.start + 3_600_000, (game.start + game.end) / 2];
  return Array.from({ length: 12 }, (_, index) => {
    const trigger = random.pick(config.triggers);
    const around = random.chance(0.8) ? random.pick(times) + random.whole(0, 40) * 86_400_000 : random.pick([0, 4e12]);
    const occurred = Math.min(Math.max(Math.floor(around), -6e13), 2.5e14);
    return makeEvent({
      id: String(index),
      type:
        join !== undefined && (index === 0 || random.chance(0.1)) ? join : random.pick([trigger.event_type, ...types]),
      occurred,
      received: occurred + (random.chance(0.9) ? 1_000 : 40 * 86_400_000),
      attributes: Object.fromEntries([...attributesFor(config, random)]),
      correlation: {
        canonical_transaction_id: random.pick([null, 'T1', 'T2']),
        txn_id: random.pick([null, 'UPI123456', '']),
      },
    }) as TimedEvent;
  });
}

/** Each declared attribute: what the rules compare it with, or anything of its type, or nothing. */
function attributesFor(config: GameConfig, random: SampleRandom): Map<string, Json> {
  const wanted = new Map<string, Json[]>();
  const note = (field: string, value: Json): void => {
    wanted.set(field, [...(wanted.get(field) ?? []), ...(Array.isArray(value) ? value : [value])]);
  };
  const visit = (condition: Condition): void => {
    if ('operator' in condition) condition.conditions.forEach(visit);
    else note(condition.field, condition.value);
  };
  for (const { rule, progression_config } of config.triggers) {
    visit(rule as Condition);
    if (progression_config.mode === 'weighted') {
      note(progression_config.field, [
        ...Object.keys(progression_config.weights ?? {}),
        ...(progression_config.bands ?? []).map(({ at_least }) => at_least),
      ]);
    }
  }
  const attributes = new Map<string, Json>();
  for (const [field, type] of fields) {
    const name = field.slice('attributes.'.length);
    const anything: Json[] =
      type === 'number' || type === 'amount'
        ? [0, 0.01, 1_200, 4_999.99, 9_999_999]
        : type === 'boolean'
          ? [true, false]
          : ['', 'UPI', 'SUCCESS', '__proto__', 'x'.repeat(2_000)];
    if (name === 'frm_flag' && random.chance(0.9)) continue;
    if (random.chance(0.05)) continue;
    const known = wanted.get(field) ?? [];
    attributes.set(name, random.pick(known.length > 0 && random.chance(0.8) ? known : anything));
  }
  return attributes;
}

/** The game beside the one that it was made of: told in words, both ways, and held against what a version may not change. */
function compare(game: GameConfig, original: Json): void {
  const before = parseGame(JSON.stringify(original), 'original.json', fields);
  for (const [older, newer] of [
    [before, game],
    [game, before],
  ] as const) {
    for (const { path, sentence } of diffGames(older, newer)) {
      expect(path).toMatch(/^\$/);
      expect(sentence).not.toMatch(/undefined|NaN|\[object/);
    }
    for (const { path } of forbiddenChanges(older, newer)) expect(path).toMatch(/^\$/);
  }
  expect(diffGames(game, game)).toEqual([]);
}
