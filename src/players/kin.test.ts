// Who was one person with whom, before each of some merges and after it.
import { expect, test } from 'vitest';
import { type Kin, personAt } from './kin.ts';

const name = (player_id: string) => ({ bucket: 1, player_id, user_id: `U${player_id}` });

test('a person is whoever was merged by then, with the one who counted first; who leaves takes along who had been merged into it', () => {
  const kin: Kin = {
    members: [name('2'), name('1'), name('3')],
    merges: [
      { kind: 'merged', eventNo: 10, account: '1', into: '2' },
      { kind: 'merged', eventNo: 20, account: '2', into: '3' },
      { kind: 'unmerged', eventNo: 30, account: '2', into: '3' },
      { kind: 'merged', eventNo: 40, account: '3', into: '1' },
    ],
  };
  const person = (playerId: string, eventNo?: number) =>
    personAt(kin, playerId, eventNo)
      .map(({ player_id }) => player_id)
      .join(' ');
  expect([person('1', 10), person('1', 11), person('2', 20)]).toEqual(['1', '2 1', '2 1']);
  expect([person('1', 21), person('3', 30)]).toEqual(['3 2 1', '3 2 1']);
  expect([person('2', 31), person('3', 31)]).toEqual(['2 1', '3']);
  expect([person('1'), person('3')]).toEqual(['2 1 3', '2 1 3']);
});
