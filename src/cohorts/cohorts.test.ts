import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addStatement, intervalsOf, type Statement, statedAt, statementsOf } from './cohorts.ts';

const statement: fc.Arbitrary<Statement> = fc.record({
  cohortId: fc.constantFrom('early', 'late'),
  from: fc.integer({ min: 0, max: 6 }),
  member: fc.boolean(),
});

/** Who is a member, said as plainly as possible: look at everything stated at the last instant at which anything was. */
function isMember(set: readonly Statement[], cohortId: string, at: number): boolean {
  for (let instant = at; instant >= 0; instant--) {
    const said = set.filter((each) => each.cohortId === cohortId && each.from === instant);
    if (said.length > 0) return said.every(({ member }) => member);
  }
  return false;
}

function told(statements: readonly Statement[]): Statement[] {
  const known: Statement[] = [];
  for (const each of statements) addStatement(known, each);
  return known;
}

test('any order and repetition of statements makes the memberships that the set means', () => {
  const deliveries = fc
    .array(statement, { maxLength: 12 })
    .chain((set) =>
      fc.tuple(
        fc.constant(set),
        fc.shuffledSubarray([...set, ...set, ...set], { minLength: set.length * 3, maxLength: set.length * 3 }),
      ),
    );
  fc.assert(
    fc.property(deliveries, ([set, delivered]) => {
      const known = told(delivered);
      const intervals = intervalsOf(known);
      for (const cohortId of ['early', 'late']) {
        for (let at = 0; at <= 8; at++) {
          const inside = intervals.filter((each) => each.cohortId === cohortId && each.from <= at && at < each.to);
          expect(inside.length).toBe(isMember(set, cohortId, at) ? 1 : 0);
          expect(statedAt(known, cohortId, at) ?? false).toBe(isMember(set, cohortId, at));
        }
      }
    }),
    { numRuns: 500 },
  );
});

test('memberships as intervals, told as statements, are the same memberships', () => {
  const interval = fc
    .tuple(fc.integer({ min: 0, max: 6 }), fc.constantFrom(1, 2, 5, Number.POSITIVE_INFINITY))
    .map(([from, length]) => ({ cohortId: 'early', from, to: from + length }));
  fc.assert(
    fc.property(fc.array(interval, { maxLength: 5 }), (intervals) => {
      const covers = (all: readonly { from: number; to: number }[], at: number) =>
        all.some(({ from, to }) => from <= at && at < to);
      const again = intervalsOf(told(statementsOf(intervals)));
      for (let at = 0; at <= 12; at++) expect(covers(again, at)).toBe(covers(intervals, at));
    }),
  );
});

test('a statement says whether it was new', () => {
  const known: Statement[] = [];
  const at = (from: number, member: boolean) => addStatement(known, { cohortId: 'early', from, member });
  expect([at(5, true), at(5, true), at(5, false), at(5, false), at(5, true), at(3, true)]).toEqual([
    true,
    false,
    true,
    false,
    false,
    true,
  ]);
  expect(intervalsOf(known)).toEqual([{ cohortId: 'early', from: 3, to: 5 }]);
});

test('before the first statement nothing is known', () => {
  const known = told([{ cohortId: 'early', from: 5, member: true }]);
  expect(statedAt(known, 'early', 4)).toBeUndefined();
  expect(statedAt(known, 'late', 5)).toBeUndefined();
  expect(statedAt(known, 'early', 5)).toBe(true);
});
