import { expect, test } from 'vitest';
import { waitFor } from './wait.ts';

test('returns the first truthy answer', async () => {
  let asked = 0;
  expect(await waitFor('the third question', () => (++asked === 3 ? `asked ${asked}` : undefined))).toBe('asked 3');
});

test('a probe that throws is asked again', async () => {
  let asked = 0;
  const probe = async () => {
    if (++asked < 2) throw new Error('not yet');
    return true;
  };
  expect(await waitFor('an answer', probe)).toBe(true);
});

test('says what it waited for and what it last saw', async () => {
  await expect(waitFor('the moon', () => false, { deadlineMs: 50 })).rejects.toThrow(
    'waited 50 ms for: the moon; last seen: the answer false',
  );
  const broken = () => {
    throw new Error('no such table');
  };
  await expect(waitFor('a row', broken, { deadlineMs: 0 })).rejects.toThrow('last seen: the error "no such table"');
});
