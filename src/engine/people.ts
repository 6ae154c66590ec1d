// People: the players that are one person, as the engine sees them while a batch is decided. What stands under a player stays there for ever; here it is
// put together for the one who counts for all of them, each row with the account that it stands under, and taken apart again. Pure.
import { addStatement, intervalsOf } from '../cohorts/cohorts.ts';
import type { RewardType } from '../event/message.ts';
import type { Account } from '../games/games.ts';
import type { Debts } from '../rewards/debts.ts';
import type { Instant } from '../time.ts';
import type { Merge, MergedAccount, PlayerState } from './effect.ts';

/** Puts a player, with all that had been merged into it, into another one: what is one's is the other's from now on. Progress is not touched. */
export function takeIn(player: PlayerState, taken: PlayerState, at: Instant): void {
  const account = accountOf(taken);
  const standing = <Row extends { account?: Account }>(row: Row): Row => ({ account, ...row });
  player.credits.push(...taken.credits.map(standing));
  player.claims.push(...taken.claims.map(standing));
  player.rulings.push(...taken.rulings.map(standing));
  player.joins.push(...taken.joins);
  for (const statement of taken.statements) addStatement(player.statements, statement);
  player.memberships = intervalsOf(player.statements);
  player.debts = sum(player.debts, taken.debts, 1);
  const own = taken.accounts.reduce((rest, { debts }) => sum(rest, debts, -1), taken.debts);
  player.accounts.push({ ...account, into: player.playerId, mergedAt: at, debts: own }, ...taken.accounts);
}

/**
 * Takes a player, with all that had been merged into it, out of another one again: as that player was opened, but for cohorts and joinings, which no claim
 * asks for.
 */
export function letGo(player: PlayerState, account: MergedAccount): PlayerState {
  const leaving = new Set([account.playerId]);
  for (let size = 0; size < leaving.size; ) {
    size = leaving.size;
    for (const { playerId, into } of player.accounts) if (leaving.has(into)) leaving.add(playerId);
  }
  const goes = ({ account: under }: { account?: Account }): boolean =>
    under !== undefined && leaving.has(under.playerId);
  const standing = <Row extends { account?: Account }>(row: Row): Row => {
    const { account: under, ...rest } = row;
    return under?.playerId === account.playerId ? (rest as Row) : row;
  };
  const accounts = player.accounts.filter(({ playerId }) => leaving.has(playerId));
  const freed: PlayerState = {
    ...accountOf(account),
    progress: [],
    claims: player.claims.filter(goes).map(standing),
    credits: player.credits.filter(goes).map(standing),
    rulings: player.rulings.filter(goes).map(standing),
    joins: [],
    statements: [],
    memberships: [],
    debts: accounts.reduce((all, { debts }) => sum(all, debts, 1), {}),
    accounts: accounts.filter(({ playerId }) => playerId !== account.playerId),
  };
  player.claims = player.claims.filter((row) => !goes(row));
  player.credits = player.credits.filter((row) => !goes(row));
  player.rulings = player.rulings.filter((row) => !goes(row));
  player.accounts = player.accounts.filter(({ playerId }) => !leaving.has(playerId));
  player.debts = sum(player.debts, freed.debts, -1);
  return freed;
}

/** Whether a player's debts were made up for by more than the player owed: by rewards of another one of the person. */
export function isOverpaid({ debts }: PlayerState): boolean {
  return Object.values(debts).some((owed = 0) => owed < 0);
}

/** All players of a person. */
export function membersOf(player: PlayerState): Account[] {
  return [player, ...player.accounts].map(accountOf);
}

/** Who counts for some of the players of a person, and what each was merged into. */
export function ownedBy(owner: PlayerState, accounts: readonly MergedAccount[]): Merge['owned'] {
  const members = membersOf(owner);
  return accounts.map((account) => {
    const into = members.find(({ playerId }) => playerId === account.into);
    if (into === undefined)
      throw new Error(`player ${account.playerId} was merged into ${account.into}, who is not of its person`);
    return { account: accountOf(account), owner: accountOf(owner), into, mergedAt: account.mergedAt };
  });
}

/** A player by number and name alone. */
export function accountOf({ bucket, playerId, userId }: Account): Account {
  return { bucket, playerId, userId };
}

/** What two owe together; with -1, what is left of the first without the second. */
export function sum(debts: Debts, more: Debts, sign: 1 | -1): Debts {
  const types = new Set([...Object.keys(debts), ...Object.keys(more)] as RewardType[]);
  return Object.fromEntries([...types].map((type) => [type, (debts[type] ?? 0) + sign * (more[type] ?? 0)]));
}
