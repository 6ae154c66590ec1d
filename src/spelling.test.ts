import { expect, test } from 'vitest';
import { didYouMean, nearestSpelling } from './spelling.ts';

test.each([
  ['topic', ['topics', 'type'], 'topics'],
  ['valeu', ['field', 'op', 'value'], 'value'],
  ['cohort', ['game_id', 'cohort_id'], 'cohort_id'],
  ['amount', ['attributes.count', 'attributes.amount'], 'attributes.amount'],
  ['GTE', ['gt', 'gte', 'lte'], 'gte'],
  ['op', ['to', 'value'], undefined],
  ['no', ['node', 'value'], undefined],
  ['completely_else', ['field', 'op'], undefined],
  ['x', [], undefined],
])('%s among %j', (word, candidates, nearest) => {
  expect(nearestSpelling(word, candidates)).toBe(nearest);
});

test('without a likely word nothing is suggested', () => {
  expect(didYouMean('opp', ['op', 'value'])).toBe(' (did you mean "op"?)');
  expect(didYouMean('reward', ['op', 'value'])).toBe('');
});
