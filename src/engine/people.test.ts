// Given two players, when they become one person: the decision alone, without a database.
import { expect, test } from 'vitest';
import type { Definitions } from '../definitions/definitions.ts';
import type { IncomingEvent } from '../event/event.ts';
import type { Sending } from '../games/games.ts';
import { bucketOf } from '../ids.ts';
import { limits } from '../limits.ts';
import { gameHistory, makeDefinitions, makeEvent, makeGame, reversalOf, upiPayment } from '../testing/make.ts';
import { mergeOf, unmergeOf } from '../testing/merge.ts';
import { decide } from './decide.ts';
import type { Decision, PlayerState } from './effect.ts';

let eventNo = 0;

function nobody(userId: string): PlayerState {
  const lists = { progress: [], claims: [], statements: [], memberships: [], joins: [], credits: [], rulings: [] };
  return { bucket: bucketOf(userId), playerId: ++eventNo, userId, ...structuredClone(lists), debts: {}, accounts: [] };
}

function take(definitions: Definitions, player: PlayerState, incoming: IncomingEvent, named?: PlayerState): Decision {
  const opened = {
    incoming,
    player,
    receivedAt: incoming.receivedAt as number,
    eventNo: ++eventNo,
    known: undefined,
    originals: [],
    stock: new Map(),
  };
  return decide([named === undefined ? opened : { ...opened, named }], definitions).decision;
}

/** Players with so many payments each, whose claims' messages stand as said. */
function scene(payments: Record<string, number>, sending: Sending = 'unsent') {
  const definitions = makeDefinitions([gameHistory(makeGame({ milestone_steps: [1, 2, 4] }))]);
  const players = Object.entries(payments).map(([userId, count]) => {
    const player = nobody(userId);
    for (let index = 0; index < count; index++) take(definitions, player, upiPayment(100, { user: userId }));
    player.claims = player.claims.map((claim) => ({ ...claim, sending }));
    return player;
  }) as [PlayerState, PlayerState];
  return { definitions, players };
}

const claimsOf = ({ claims, changes }: Decision): string[] => [
  ...changes.map(
    ({ change: { claim, from } }) => `${claim.account?.userId ?? 'own'} ${claim.step} ${from} → ${claim.status}`,
  ),
  ...claims.map(({ claim }) => `${claim.step} ${claim.status}`),
];

test('a step that both have and nobody has sent is paid once; a step of both together is earned', () => {
  const { definitions, players } = scene({ new: 1, old: 3 });
  const [player, other] = players;
  const decision = take(definitions, player, mergeOf('old', 'new'), other);
  expect(claimsOf(decision)).toEqual(['old 1 earned → cancelled', '4 earned']);
  expect(decision.cancelled).toHaveLength(1);
  expect(decision.messages.filter(({ messageKey }) => messageKey !== null).map(({ body }) => body)).toMatchObject([
    { user_id: 'new', step: 4 },
  ]);
  expect(player.progress).toMatchObject([{ all: { value: 4 }, claimed: [1, 2, 4] }]);
  expect(decision.merge).toMatchObject({
    kind: 'merged',
    account: { userId: 'old' },
    into: { userId: 'new' },
    members: [{ userId: 'new' }, { userId: 'old' }],
  });
  // Credits stand where they stood: none is written.
  expect([decision.credits, decision.corrections]).toEqual([[], []]);
});

test('what was sent to both stays with both', () => {
  const { definitions, players } = scene({ new: 1, old: 1 }, 'sent');
  expect(claimsOf(take(definitions, players[0], mergeOf('old', 'new'), players[1]))).toEqual(['2 earned']);
});

test('undone, each has what it did itself, and the books are as before', () => {
  const { definitions, players } = scene({ new: 1, old: 3 }, 'sent');
  const [player, other] = players;
  const before = structuredClone([player.progress, player.claims, other.claims]);
  take(definitions, player, mergeOf('old', 'new'), other);
  const decision = take(definitions, player, unmergeOf('old', 'new'), player);
  expect(claimsOf(decision)).toEqual(['own 4 earned → cancelled']);
  expect(player.progress).toMatchObject([{ all: { value: 1 }, claimed: [1], ended: { 4: 1 } }]);
  expect(player.claims.filter(({ status }) => status === 'earned')).toEqual(before[1]);
  expect(decision.touched.map(({ userId, progress }) => [userId, progress[0]?.all.value])).toEqual([
    ['new', 1],
    ['old', 3],
  ]);
  expect(decision.touched[1]?.claims).toEqual(before[2]);
  expect(player.accounts).toEqual([]);
});

test('debts of both are one; a merge whose debts were made up for across them is not undone', () => {
  const { definitions, players } = scene({ new: 0, old: 0 });
  const [player, other] = players;
  other.debts = { NC: 15 };
  take(definitions, player, mergeOf('old', 'new'), other);
  expect(player.debts).toEqual({ NC: 15 });
  // The reward of the first step is 10.
  const paid = take(definitions, player, upiPayment(100, { user: 'new' }));
  expect(paid.messages.filter(({ messageKey }) => messageKey !== null)).toEqual([]);
  expect(player.debts).toEqual({ NC: 5 });
  const undone = take(definitions, player, unmergeOf('old', 'new'), player);
  expect(undone.judged).toMatchObject([{ outcome: 'rejected', reason: 'debts_settled' }]);
  expect(undone.merge).toBeNull();
});

test('cohorts and joinings of either hold for both', () => {
  const definitions = makeDefinitions([
    gameHistory(makeGame({ game_id: 'vips', cohort_id: 'vip' })),
    gameHistory(makeGame({ game_id: 'joined', join: { event_type: 'opted_in' } })),
  ]);
  const [player, other] = [nobody('new'), nobody('old')];
  const member = { cohort_id: 'vip', member: true, until: null };
  take(definitions, other, makeEvent({ user: 'old', type: 'cohort_changed', occurred: '05-02', attributes: member }));
  take(definitions, other, makeEvent({ user: 'old', type: 'opted_in', occurred: '05-02' }));
  const paid = () => take(definitions, player, upiPayment(100, { user: 'new' })).credits.length;
  expect(paid()).toBe(0);
  take(definitions, player, mergeOf('old', 'new'), other);
  expect(paid()).toBe(2);
});

test('each of a chain has its own debts and its own reversals again when it leaves', () => {
  const { definitions, players } = scene({ new: 0, old: 0 });
  const [player, other] = players;
  const third = nobody('older');
  Object.assign(player, { debts: { NC: 3 } });
  Object.assign(other, { debts: { NC: 7 } });
  Object.assign(third, { debts: { NC: 5 } });
  take(definitions, other, reversalOf('not yet', null, { user: 'old' }));
  take(definitions, other, mergeOf('older', 'old'), third);
  take(definitions, player, mergeOf('old', 'new'), other);
  expect(player.debts).toEqual({ NC: 15 });
  expect(player.rulings).toMatchObject([{ account: { userId: 'old' }, waiting: true }]);
  const [, freed] = take(definitions, player, unmergeOf('old', 'new'), player).touched;
  expect([freed?.debts, player.debts]).toEqual([{ NC: 12 }, { NC: 3 }]);
  expect([freed?.rulings.length, player.rulings.length]).toEqual([1, 0]);
  expect(freed?.rulings[0]?.account).toBeUndefined();
  expect(freed?.accounts).toMatchObject([{ userId: 'older', debts: { NC: 5 } }]);
});

test('too many players are no person, nor is one who was erased', () => {
  const { definitions, players } = scene({ new: 0, old: 0 });
  const [player, other] = players;
  const reasonOf = (state: PlayerState, named: PlayerState) =>
    take(definitions, structuredClone(state), mergeOf('old', 'new'), structuredClone(named)).judged[0]?.reason;
  const account = { bucket: 1, playerId: 77, userId: 'another', into: other.playerId, mergedAt: 0, debts: {} };
  const withAccounts = (state: PlayerState, count: number) => {
    const accounts = Array.from({ length: count }, (_, index) => ({
      ...account,
      ...{ playerId: 1_000 + index, userId: `another ${index}`, into: state.playerId },
    }));
    return { ...state, accounts };
  };
  const most = limits.playerAccounts - 2;
  expect(reasonOf(withAccounts(player, most), withAccounts(other, 1))).toBe('player_merged');
  expect(reasonOf(withAccounts(player, most + 1), withAccounts(other, 1))).toBe('too_many_players');
  expect(reasonOf(withAccounts(player, most), withAccounts(other, 2))).toBe('too_many_players');
  const erased = (state: PlayerState) => ({ ...state, erasedAt: 0 });
  expect(reasonOf(erased(player), other)).toBe('player_erased');
  expect(reasonOf(player, erased(other))).toBe('player_erased');
});
