// Given two players, when they become one person: the decision alone, without a database.
import { expect, test } from 'vitest';
import type { Definitions } from '../definitions/definitions.ts';
import type { IncomingEvent } from '../event/event.ts';
import type { Sending } from '../games/games.ts';
import { bucketOf } from '../ids.ts';
import { gameHistory, makeDefinitions, makeGame, upiPayment } from '../testing/make.ts';
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
