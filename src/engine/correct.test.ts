// Corrections as they are decided, without a database: an event and what it was corrected to are one, so that a step which both reach is not taken back
// and earned anew. All else is as if the two events had come by themselves.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { IncomingEvent } from '../event/event.ts';
import { isLive, isSameClaim } from '../games/claim.ts';
import type { OpenClaim } from '../games/games.ts';
import { rewardKey } from '../rewards/decide.ts';
import { type DryRun, dryRun } from '../testing/dry-run.ts';
import { given } from '../testing/given.ts';
import { deliveries, type EngineHistory, histories } from '../testing/histories.ts';
import { correctionTo, gameHistory, makeEvent, makeGame, reversalOf, upiPayment } from '../testing/make.ts';
import type { Decision, PlayerState } from './effect.ts';

const LIMIT_MS = 60_000;

describe('an event that is corrected', () => {
  const game = makeGame({
    milestone_steps: [100, 200],
    triggers: [
      {
        progression_config: {
          mode: 'increment_by_attribute',
          field: 'attributes.transaction_amount',
          scale: 1,
          rounding: 'down',
        },
      },
    ],
  });
  const a = upiPayment(150, { id: 'a' });
  const b = upiPayment(70, { id: 'b' });

  test('leaves a step as it was claimed that it still reaches, and takes back one that it does not', () => {
    given(game)
      .when(a, b)
      .thenBooks({ progress: 220, claims: ['100 earned NC 1000', '200 earned NC 2000'] })
      .corrected(a, { transaction_amount: 120 })
      .thenBooks({
        outcomes: ['reversed', 'applied'],
        progress: 190,
        claims: ['100 earned NC 1000', '200 cancelled NC 2000'],
        rewards: ['NC 1000'],
      });
  });

  test('reaches a step more than before', () => {
    given(game)
      .when(a)
      .corrected(a, { transaction_amount: 250 })
      .thenBooks({ progress: 250, claims: ['100 earned NC 1000', '200 earned NC 2000'] });
  });

  test('counts what refunds have left of it, and nothing where nothing counts it', () => {
    given(game)
      .when(a, reversalOf('a', 30))
      .corrected(a, { transaction_amount: 140 })
      .thenBooks({ progress: 110, claims: ['100 earned NC 1000'] });
    const from = makeGame({ milestone_steps: [1], triggers: [{ rule: ruleFrom(100) }] });
    given(from)
      .when(a)
      .corrected(a, { transaction_amount: 90 })
      .thenBooks({ outcomes: ['reversed', 'no_match (condition_failed)'], progress: 0, claims: ['1 cancelled NC 10'] });
  });

  test('counts where a rule asks for its producer', () => {
    const from = (value: string) => ({
      rule: { operator: 'and' as const, conditions: [{ field: 'producer', op: 'eq' as const, value }] },
    });
    given(makeGame({ milestone_steps: [1], triggers: [from('tests')] }))
      .when(a)
      .corrected(a, { transaction_amount: 120 })
      .thenBooks({ outcomes: ['reversed', 'applied'], progress: 1, claims: ['1 earned NC 10'] });
  });

  test('makes up with what it earns for what is owed again by what it has lost', () => {
    const of = (category: string) => ({
      ...{ game_id: category, on_reversal: 'offset' as const, milestone_steps: [5] },
      triggers: [
        {
          rule: {
            operator: 'and' as const,
            conditions: [{ field: 'attributes.merchant_category', op: 'eq' as const, value: category }],
          },
          progression_config: { mode: 'increment_by_constant' as const, value: 5 },
        },
      ],
    });
    const run = dryRun(
      [makeGame(of('fuel')), makeGame(of('food'))].map((each) => gameHistory(each)),
      [],
    );
    run.process([makeEvent()]);
    const player = run.players.get('U1') as PlayerState;
    player.debts = { NC: 30 };
    const fuel = upiPayment(100, { attributes: { merchant_category: 'fuel' } });
    run.process([fuel]);
    for (const claim of player.claims) claim.sending = 'sent';
    const { decision } = run.process(correctionTo(fuel, { merchant_category: 'food' }), 'correction');
    // 30 of the 50 had been kept back; they are again, of the 50 that are earned now.
    expect(decision.messages.flatMap(({ body }) => ('amount' in body ? [[body.game_id, body.amount]] : []))).toEqual([
      ['food', 20],
    ]);
    expect(player.debts).toEqual({ NC: 0 });
  });

  test('is not judged where something else has the identity of one of the two', () => {
    const [reversal] = correctionTo(a, {});
    const squatted = given(game).when(a, { ...reversal, contentHash: b.contentHash });
    expect(() => squatted.corrected(a, { transaction_amount: 90 })).toThrow(/has its identity/);
  });
});

function ruleFrom(value: number) {
  return {
    operator: 'and' as const,
    conditions: [{ field: 'attributes.transaction_amount', op: 'gte' as const, value }],
  };
}

const nothing = { transaction_amount: null, transaction_type: null, merchant_id: null, frm_flag: null };

/** Histories of which some event is corrected, at the end, to what another one said; and what had become of rewards by then. */
const corrected = histories({ maxEvents: 14 })
  .filter(({ events }) => events.some(isReadable))
  .chain((history) => {
    const events = history.events.filter(isReadable);
    return fc.record({
      history: fc.record({
        games: fc.tuple(
          ...history.games.map((game) => fc.constantFrom('keep', 'claw_back', 'offset').map(withPolicy(game))),
        ),
        memberships: fc.constant(history.memberships),
        events: fc.constant(events),
      }),
      batches: deliveries(events),
      pair: fc
        .tuple(fc.constantFrom(...events), fc.constantFrom(nothing, ...events.map(({ event }) => event.attributes)))
        .map(([event, said]) => correctionTo(event, said)),
      sent: fc.array(fc.constantFrom('unsent', 'sent', 'unpaid'), { minLength: 7, maxLength: 7 }),
    });
  });

/** Whether an event passes the door through which it would be corrected. */
function isReadable(event: IncomingEvent): boolean {
  try {
    return correctionTo(event, {}).length === 2;
  } catch {
    return false;
  }
}

function withPolicy({ versions, ...game }: EngineHistory['games'][number]) {
  return (on_reversal: 'keep' | 'claw_back' | 'offset') => ({
    ...game,
    versions: versions.map(({ config, ...version }) => ({ ...version, config: { ...config, on_reversal } })),
  });
}

test('comes to what the two events come to alone, but for the steps that both reach: their claims and rewards are untouched', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(corrected, ({ history, batches, pair, sent }) => {
      const runs = [dryRun(history.games, history.memberships), dryRun(history.games, history.memberships)] as const;
      for (const run of runs) {
        for (const batch of batches) run.process(batch);
        for (const [index, { claim }] of claimsOf(run).entries()) {
          if (claim.sending !== 'none') claim.sending = sent[index % sent.length] as OpenClaim['sending'];
        }
      }
      const [together, apart] = runs;
      const before = claimsOf(apart);
      const [one, two] = [together.process(pair, 'correction'), apart.process(pair)];
      expect(one.results).toEqual(two.results);
      expect(withoutClaims(together.books())).toEqual(withoutClaims(apart.books()));

      const after = claimsOf(apart);
      const expected = new Map(after.map((each) => [each.key, each.claim]));
      const expectedEffects = effectsOf(two.decision);
      for (const { claim, key, step } of before) {
        const again = after.find((other) => other.step === step && isLive(other.claim));
        const isLost = two.decision.changes.some(
          ({ change }) => isSameClaim(change.claim, claim) && !isLive(change.claim),
        );
        // Reached again by what is flagged alone, it is not what it was.
        const isFlagged = claim.status !== 'held' && again?.claim.status === 'held';
        if (!isLive(claim) || !isLost || again === undefined || isFlagged) continue;
        expected.delete(again.key);
        // What was held may have been released by it.
        expected.set(key, claim.status === 'held' ? { ...claim, status: again.claim.status } : claim);
        const paid = claim.status === 'held' ? expectedEffects.get(again.key) : undefined;
        expectedEffects.delete(again.key);
        expectedEffects.delete(key);
        if (paid !== undefined) expectedEffects.set(key, paid);
        seen.add(`${claim.stepType} ${claim.status} ${claim.sending} stays`);
      }
      const lines = (claims: ReadonlyMap<string, OpenClaim>) =>
        [...claims].map(([key, { status, version, reward }]) => [key, status, version, reward?.amount ?? null]).sort();
      expect(lines(new Map(claimsOf(together).map(({ key, claim }) => [key, claim])))).toEqual(lines(expected));
      expect(new Map([...effectsOf(one.decision)].sort())).toEqual(new Map([...expectedEffects].sort()));
      for (const { change } of one.decision.changes) seen.add(`${change.from} ${change.claim.status}`);
    }),
    { numRuns: 300, interruptAfterTimeLimit: LIMIT_MS },
  );
  // That there was something to leave alone, and something to take back.
  for (const what of [
    'REWARD earned sent stays',
    'REWARD earned unsent stays',
    'REWARD held none stays',
    'earned cancelled',
  ])
    expect(seen).toContain(what);
});

function withoutClaims({ outcomes, credits, progress }: ReturnType<DryRun['books']>) {
  return { outcomes, credits, progress };
}

/** All claims as they are now, each with its key and its player's step. */
function claimsOf({ players }: DryRun): { claim: OpenClaim; key: string; step: string }[] {
  return [...players.values()].flatMap(({ claims, userId }) =>
    claims.map((claim) => {
      const { gameId, windowStart, step } = claim;
      return { claim, key: rewardKey({ ...claim, userId }), step: `${userId} ${gameId} ${windowStart} ${step}` };
    }),
  );
}

/** What a decision does about rewards, by the keys of their claims. */
function effectsOf({ messages, cancelled, debts }: Decision): Map<string, string[]> {
  const effects = [
    ...messages.flatMap(({ messageKey, afterKey, destination }) =>
      messageKey === null
        ? []
        : [[afterKey ?? messageKey, `${afterKey === null ? 'pays' : 'takes back'} by ${destination}`]],
    ),
    ...cancelled.map(({ messageKey }) => [messageKey, 'cancelled']),
    ...debts.map(({ player, entry }) => {
      const claim = { ...entry, userId: player.userId, gameId: `game_${entry.gameNo - 1}` };
      return [rewardKey(claim), `owes ${entry.amount}`];
    }),
  ] as [string, string][];
  return new Map(
    [...Map.groupBy(effects, ([key]) => key)].map(([key, all]) => [key, all.map(([, what]) => what).sort()]),
  );
}
