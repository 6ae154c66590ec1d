// Given some games, when events arrive, then the books say this: decisions as sentences, without a database.
import { expect } from 'vitest';
import type { IncomingEvent, Json } from '../event/event.ts';
import type { GameConfig } from '../games/config.ts';
import { type DryRun, dryRun } from './dry-run.ts';
import { at, correctionTo, type GameHistory, gameHistory } from './make.ts';
import type { History } from './model.ts';

export type Membership = History['memberships'][number];
export type Fact = GameConfig | GameHistory | Membership;

/** What is expected; what is left out is not looked at. Texts begin with the game's id where more than one game is given. */
export interface Expected {
  /** One per event of the last `when`: `applied`, `no_match (condition_failed)`, `applied again` for a repeat. */
  outcomes?: string[];
  /** Of the player U1: a number, or one per game. */
  progress?: number | Record<string, number>;
  /** The part of progress that no hold touches; like progress. */
  cleared?: number | Record<string, number>;
  /** Each credit, in order: `upi_plus_one +1`, `upi_plus_one +1 held`, `… by version 2` if it is not the first. */
  credits?: string[];
  /** Each claim, in order: `3 earned NC 10`, `6 unopened`, `9 held NC 10`, `… by version 2`. */
  claims?: string[];
  /** Each reward to be paid, in order: `NC 10`. */
  rewards?: string[];
}

export interface When {
  /** Delivers events as one batch. */
  when(...events: IncomingEvent[]): When;
  /** Corrects an event, for the first time. */
  corrected(event: IncomingEvent, attributes: Record<string, Json>): When;
  /** Looks at the books. */
  thenBooks(expected: Expected): When;
}

/** A membership of U1, or of another player, in a cohort. `from` and `to` as for events; for ever unless said. */
export function member(cohortId: string, options: { user?: string; from?: string; to?: string } = {}): Membership {
  const { user = 'U1', from, to } = options;
  return {
    userId: user,
    cohortId,
    from: from === undefined ? Number.NEGATIVE_INFINITY : at(from),
    to: to === undefined ? Number.POSITIVE_INFINITY : at(to),
  };
}

export function given(...facts: Fact[]): When {
  const games: GameHistory[] = facts.flatMap((fact) =>
    'game_id' in fact ? gameHistory(fact) : 'versions' in fact ? fact : [],
  );
  const run = dryRun(
    games,
    facts.filter((fact) => 'cohortId' in fact),
  );
  return scene(run, games.length > 1, []);
}

function scene(run: DryRun, severalGames: boolean, outcomes: string[]): When {
  const process = (...given: Parameters<DryRun['process']>): When => {
    const { results } = run.process(...given);
    const words = results.map(
      ({ outcome, reason, replayed }) =>
        `${outcome}${reason === null ? '' : ` (${reason})`}${replayed ? ' again' : ''}`,
    );
    return scene(run, severalGames, words);
  };
  return {
    when: (...events) => process(events),
    corrected: (event, attributes) => process(correctionTo(event, attributes), 'correction'),
    thenBooks(expected) {
      const wanted = Object.keys(expected) as (keyof Expected)[];
      const found: Expected = { outcomes, ...describe(run, severalGames) };
      expect(Object.fromEntries(wanted.map((key) => [key, found[key]]))).toEqual(expected);
      return this;
    },
  };
}

function describe(run: DryRun, severalGames: boolean): Required<Omit<Expected, 'outcomes'>> {
  const books = run.books();
  const lineOf = (line: { game_id: string; version: number }, ...words: (string | number | null | false)[]) => {
    const text = words.filter((word) => word !== null && word !== false).join(' ');
    return `${severalGames ? `${line.game_id}: ` : ''}${text}${line.version === 1 ? '' : ` by version ${line.version}`}`;
  };
  const own = books.progress.filter(({ user_id }) => user_id === 'U1');
  const totals = (key: 'value' | 'cleared') =>
    severalGames ? Object.fromEntries(own.map((line) => [line.game_id, line[key]])) : (own[0]?.[key] ?? 0);
  return {
    progress: totals('value'),
    cleared: totals('cleared'),
    credits: books.credits.map((line) => lineOf(line, line.trigger_id, `+${line.amount}`, line.held && 'held')),
    claims: books.claims.map((line) => lineOf(line, line.step, line.status, line.reward_type, line.amount)),
    rewards: books.rewards.map((line) => lineOf({ ...line, version: 1 }, line.reward_type, line.amount)),
  };
}
