// What one configuration changes in another, in sentences that a game's owner reads. Steps, triggers, targets and cells are matched by their names.
// Pure, and complete: what has no words of its own here is told by the path's name, so that nothing is ever left out.
import { isDeepStrictEqual } from 'node:util';
import type { Condition } from '../condition/condition.ts';
import { describeCondition } from '../condition/words.ts';
import type { GameConfig } from '../games/config.ts';
import { formatPath } from '../jsonc.ts';
import { type Instant, parseInstant } from '../time.ts';
import { zoneOf } from '../time-zone.ts';
import { formatMoment } from './moment.ts';

/** One thing that differs: where (in the newer configuration; of what is gone, in the older), and what, in a sentence. */
export interface Difference {
  path: string;
  sentence: string;
}

type Path = readonly (string | number)[];
type Fields = Readonly<Record<string, unknown>>;

/** A place in both configurations, with the words for it. */
interface Place {
  path: Path;
  /** The step, trigger, target or cell that it belongs to. */
  owner: string | undefined;
  /** The keys that lead to it from there. */
  keys: readonly string[];
}

/** What the newer configuration changes in the older one; empty when they say the same. */
export function diffGames(before: GameConfig, after: GameConfig): Difference[] {
  const differences: Difference[] = [];
  const place: Place = { path: [], owner: undefined, keys: [] };
  const zone = zoneOf(after.time_zone);
  compare(place, before, after, {
    moment: (at) => formatMoment(at, zone),
    tell: (path, sentence) => differences.push({ path: formatPath(path), sentence }),
  });
  return differences;
}

interface Report {
  moment(at: Instant): string;
  tell(path: Path, sentence: string): void;
}

function compare(place: Place, before: unknown, after: unknown, report: Report): void {
  if (isDeepStrictEqual(before, after)) return;
  const worded = wordings[wordingOf(place)]?.(place, before, after, report);
  if (worded === true) return;
  if (isFields(before) && isFields(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      compare(inside(place, key), before[key], after[key], report);
    }
    return;
  }
  const list = lists[wordingOf(place)];
  if (list !== undefined && Array.isArray(before) && Array.isArray(after) && areNamed(before, after, list)) {
    compareLists(place, list, before, after, report);
    return;
  }
  tellChange(place, before, after, report);
}

/** What is told of everything that has no words of its own. */
function tellChange({ path, owner, keys }: Place, before: unknown, after: unknown, report: Report): void {
  const name = `the ${keys.join(' ').replaceAll('_', ' ')}${owner === undefined ? '' : ` of ${owner}`}`;
  if (before === undefined) report.tell(path, `${name} is ${say(after)}; it was not set`);
  else if (after === undefined) report.tell(path, `${name} is no longer set; it was ${say(before)}`);
  else report.tell(path, `${name} is ${say(after)} instead of ${say(before)}`);
}

// ---- lists whose entries have names

interface List {
  /** The key that names an entry. */
  name: string;
  thing: string;
  plural: string;
  describe(entry: Fields): string;
}

const lists: Partial<Record<string, List>> = {
  milestone_steps: { name: 'step', thing: 'step', plural: 'steps', describe: (step) => `it ${pays(step)}` },
  budgets: { name: 'budget_id', thing: 'budget', plural: 'budgets', describe: describeBudget },
  triggers: { name: 'trigger_id', thing: 'trigger', plural: 'triggers', describe: describeTrigger },
  'checklist.targets': { name: 'target_id', thing: 'target', plural: 'targets', describe: describeCounted },
  'milestone_steps[].cookie.prizes': { name: 'prize_id', thing: 'prize', plural: 'prizes', describe: describePrize },
  'grid.cells': { name: 'cell_id', thing: 'cell', plural: 'cells', describe: describeCounted },
};

/** Whether every entry has a name that no other has; else a list is compared as a whole. */
function areNamed(before: readonly unknown[], after: readonly unknown[], { name }: List): boolean {
  return [before, after].every((entries) => {
    const names = entries.map((entry) => (isFields(entry) ? entry[name] : undefined));
    return new Set(names).size === entries.length && !names.includes(undefined);
  });
}

function compareLists(place: Place, list: List, before: unknown[], after: unknown[], report: Report): void {
  const [older, newer] = [before, after] as [Fields[], Fields[]];
  const nameOf = (entry: Fields): unknown => entry[list.name];
  newer.forEach((entry, index) => {
    const of = place.owner === undefined ? '' : ` of ${place.owner}`;
    const at: Place = { path: [...place.path, index], owner: `${list.thing} ${nameOf(entry)}${of}`, keys: [] };
    const match = older.find((candidate) => nameOf(candidate) === nameOf(entry));
    if (match === undefined) report.tell(at.path, `${at.owner} is new: ${described(list, entry)}`);
    else compare(at, match, entry, report);
  });
  older.forEach((entry, index) => {
    if (newer.some((candidate) => nameOf(candidate) === nameOf(entry))) return;
    report.tell([...place.path, index], `${list.thing} ${nameOf(entry)} is gone: ${described(list, entry)}`);
  });
  const [olderNames, newerNames] = [older.map(nameOf), newer.map(nameOf)];
  const stayed = newerNames.filter((name) => olderNames.includes(name));
  if (
    !isDeepStrictEqual(
      stayed,
      olderNames.filter((name) => newerNames.includes(name)),
    )
  ) {
    report.tell(place.path, `the ${list.plural} are in another order: ${newerNames.join(', ')}`);
  }
}

/** An entry in words, and whatever these leave out as it is written. */
function described(list: List, entry: Fields): string {
  const rest = Object.keys(entry).filter((key) => key !== list.name && !spoken.has(key));
  return [list.describe(entry), ...rest.map((key) => `${key.replaceAll('_', ' ')} ${say(entry[key])}`)].join('; ');
}

/** The keys that the descriptions of entries speak of. */
const spoken = new Set([
  'step_type',
  'reward',
  'cookie',
  'weight',
  'stock',
  'event_type',
  'rule',
  'progression_config',
  'cap',
  'triggers',
  'count',
  'period',
  'limit',
]);

// ---- words for single places

/**
 * Tells the change of one place. False: it has no words for this change, and the place is compared in the general way.
 */
type Wording = (place: Place, before: unknown, after: unknown, report: Report) => boolean;

const wordings: Partial<Record<string, Wording>> = {
  'game_window.start': (place, before, after, report) => tellInstant('begins on', place, before, after, report),
  'game_window.end': (place, before, after, report) => tellInstant('ends on', place, before, after, report),
  cohort_id: ({ path }, before, after, report) => {
    report.tell(path, `cohort ${after} takes part instead of ${before}`);
    return true;
  },
  'progress_state_model.max_value': ({ path }, before, after, report) => {
    report.tell(path, `progress is shown up to ${say(after)} instead of ${say(before)}`);
    return true;
  },
  join: ({ path }, before, after, report) => {
    if (isFields(before) && isFields(after)) return false;
    if (before === undefined) report.tell(path, `players take part only after joining, ${joining(after)}`);
    else report.tell(path, `players take part without joining; they had to join, ${joining(before)}`);
    return true;
  },
  budgets: (place, before, after, report) => {
    if (Array.isArray(before) && Array.isArray(after)) return false;
    // Where there was none, each is new.
    compare(place, before ?? [], after ?? [], report);
    return true;
  },
  'join.rule': tellRule,
  'triggers[].rule': tellRule,
  'triggers[].progression_config': ({ path, owner }, before, after, report) => {
    report.tell(path, `${owner} adds ${adds(after)} instead of ${adds(before)}`);
    return true;
  },
  'triggers[].cap': (place, before, after, report) => {
    // Limits of a cap that is new or gone are told one by one as well.
    const [older, newer] = [isFields(before) ? before : {}, isFields(after) ? after : {}];
    for (const key of new Set([...Object.keys(older), ...Object.keys(newer)])) {
      compare(inside(place, key), older[key], newer[key], report);
    }
    return Object.keys(older).length + Object.keys(newer).length > 0;
  },
  'triggers[].cap.per_day': (place, before, after, report) => tellCap('daily cap', place, before, after, report),
  'triggers[].cap.per_window': (place, before, after, report) =>
    tellCap('cap per window', place, before, after, report),
  'milestone_steps[]': (place, before, after, report) => {
    if (!isFields(before) || !isFields(after) || before.step_type === after.step_type) return false;
    // The reward comes or goes with the type, so that both are told at once.
    report.tell(place.path, `${place.owner} ${pays(after)}; before, it ${pays(before)}`);
    const { step_type: _type, reward: _reward, cookie: _cookie, ...older } = before;
    const { step_type: _newType, reward: _newReward, cookie: _newCookie, ...newer } = after;
    compare(place, older, newer, report);
    return true;
  },
  'milestone_steps[].cookie': ({ path, owner }, before, after, report) => {
    if (isFields(before) && isFields(after)) return false;
    if (before === undefined) report.tell(path, `the cookie of ${owner} can be opened: ${contents(after)}`);
    else report.tell(path, `the cookie of ${owner} cannot be opened any more; before, ${contents(before)}`);
    return true;
  },
  'milestone_steps[].reward': (place, before, after, report) => {
    if (!isFields(before) || !isFields(after)) return false;
    const [old, now] = [payment(before), payment(after)];
    if (old !== now) report.tell(place.path, `${place.owner} pays ${now} instead of ${old}`);
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      // What the amount in words leaves open, such as a default that is written out, is told as it is.
      if (!paid.has(key) || old === now) compare(inside(place, key), before[key], after[key], report);
    }
    return true;
  },
};

/** Of `['triggers', 2, 'cap', 'per_day']` this is `triggers[].cap.per_day`. */
function wordingOf({ path }: Place): string {
  return path.map((key, index) => (typeof key === 'number' ? '[]' : `${index === 0 ? '' : '.'}${key}`)).join('');
}

function tellInstant(verb: string, place: Place, before: unknown, after: unknown, report: Report): boolean {
  const [old, now] = [before, after].map((text) => parseInstant(String(text)));
  if (old === undefined || now === undefined) return false;
  const [was, is] = [report.moment(old), report.moment(now)];
  // Times that look the same differ by less than a second, or only in how they are written.
  if (was === is) return false;
  report.tell(place.path, `the game ${verb} ${is} instead of ${was}`);
  return true;
}

function tellRule({ path, owner }: Place, before: unknown, after: unknown, report: Report): boolean {
  const subject = owner === undefined ? 'joining' : owner;
  const [was, is] = [ruleInWords(before), ruleInWords(after)];
  // Words may leave out what tells two rules apart.
  const same = was === is;
  const rule = `its rule is ${same ? say(after) : is}, was ${same ? say(before) : was}`;
  report.tell(path, `${subject} counts other events: ${rule}`);
  return true;
}

function tellCap(cap: string, { path, owner }: Place, before: unknown, after: unknown, report: Report): boolean {
  if (after === undefined) report.tell(path, `${owner} has no ${cap} any more; it was ${say(before)}`);
  else if (before === undefined) report.tell(path, `${owner} has a ${cap} now: ${say(after)}`);
  else {
    const verb = Number(after) > Number(before) ? 'rises' : 'falls';
    report.tell(path, `the ${cap} of ${owner} ${verb} from ${say(before)} to ${say(after)}`);
  }
  return true;
}

// ---- pieces of configuration in words

/** What a step gives, as the rest of a sentence about it. */
function pays(step: Fields): string {
  if (step.step_type === 'FORTUNE_COOKIE') {
    return step.cookie === undefined ? 'gives a fortune cookie' : `gives a fortune cookie: ${contents(step.cookie)}`;
  }
  if (step.step_type !== 'REWARD' || !isFields(step.reward)) return 'pays nothing';
  return `pays ${rewardInWords(step.reward)}`;
}

/** All that is said of a reward. */
function rewardInWords(reward: Fields): string {
  const rest = Object.keys(reward).filter((key) => !paid.has(key) && key !== 'visibility');
  const hidden = reward.visibility === 'hidden' ? [', hidden until it is earned'] : [];
  const others = rest.map((key) => `, ${key.replaceAll('_', ' ')} ${say(reward[key])}`);
  return [payment(reward), ...hidden, ...others].join('');
}

/** The keys of a reward that `payment` speaks of. */
const paid = new Set(['reward_type', 'value', 'display_type', 'distribution']);

function payment({ reward_type, value, display_type, distribution }: Fields): string {
  const amount = reward_type === 'VOUCHER' ? `a voucher of ${say(value)} rupees` : `${say(value)} ${reward_type}`;
  const most = display_type === 'upto' ? `up to ${amount}` : amount;
  return distribution === undefined ? most : `${most} (drawn: ${odds(distribution)})`;
}

/** What may come out of a cookie. */
function contents(cookie: unknown): string {
  if (!isFields(cookie) || !Array.isArray(cookie.prizes)) return say(cookie);
  return cookie.prizes.map((prize: Fields) => `${prize.prize_id} is ${describePrize(prize)}`).join('; ');
}

function describePrize({ reward, weight, stock }: Fields): string {
  const most = stock === undefined ? '' : `, at most ${say(stock)}`;
  return `${isFields(reward) ? rewardInWords(reward) : 'nothing'} by weight ${say(weight)}${most}`;
}

function odds(distribution: unknown): string {
  if (!Array.isArray(distribution)) return say(distribution);
  return distribution.map(({ value, weight }: Fields) => `${say(value)} by weight ${say(weight)}`).join(', ');
}

function describeTrigger({ event_type, rule, progression_config, cap }: Fields): string {
  const caps = isFields(cap) ? `; at most ${limitsInWords(cap)}` : '';
  return `it counts ${event_type} where ${ruleInWords(rule)}, and adds ${adds(progression_config)}${caps}`;
}

function limitsInWords(cap: Fields): string {
  return Object.entries(cap)
    .map(([key, value]) => `${say(value)} ${key.replaceAll('_', ' ')}`)
    .join(', ');
}

function describeBudget({ period, limit }: Fields): string {
  const most = isFields(limit) ? limitsInWords(limit) : say(limit);
  return `at most ${most} in each ${period}`;
}

/** A target of a checklist, or a cell of a grid. */
function describeCounted({ triggers, count }: Fields): string {
  return `it is complete with ${say(count)} by ${Array.isArray(triggers) ? triggers.join(' or ') : say(triggers)}`;
}

function joining(join: unknown): string {
  if (!isFields(join)) return say(join);
  return `by ${join.event_type}${join.rule === undefined ? '' : ` where ${ruleInWords(join.rule)}`}`;
}

function ruleInWords(rule: unknown): string {
  return rule === undefined ? 'anything' : describeCondition(rule as Condition);
}

/** What an event adds, as the object of "adds". */
function adds(progression: unknown): string {
  if (!isFields(progression)) return say(progression);
  const { mode, field, value, scale, rounding, max_per_event, weights, bands, otherwise } = progression;
  switch (mode) {
    case 'increment_by_constant':
      return say(value);
    case 'unique':
      return `${say(value)} for each new ${field}`;
    case 'increment_by_attribute': {
      const most = max_per_event === undefined ? '' : `, at most ${say(max_per_event)} an event`;
      return `${field} × ${say(scale)}, rounded ${String(rounding).replace('_', ' ')}${most}`;
    }
    case 'weighted': {
      const parts = isFields(weights)
        ? Object.entries(weights).map(([text, weight]) => `${say(weight)} for ${text}`)
        : (bands as Fields[]).map(({ at_least, adds: weight }) => `${say(weight)} from ${say(at_least)}`);
      return `by ${field} ${[...parts, `${say(otherwise)} otherwise`].join(', ')}`;
    }
    default:
      return say(progression);
  }
}

/** A value as it is written; large numbers with commas. */
function say(value: unknown): string {
  return typeof value === 'number' ? value.toLocaleString('en', { maximumFractionDigits: 20 }) : JSON.stringify(value);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function inside({ path, owner, keys }: Place, key: string): Place {
  return { path: [...path, key], owner, keys: [...keys, key] };
}
