import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bucketOf } from './ids.ts';
import { testDatabase } from './testing/database.ts';

test('milepost.bucket_of gives the same bucket as bucketOf, for any text that PostgreSQL can hold', async () => {
  await using database = await testDatabase();
  const userId = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 40 }),
    fc.string({
      unit: fc
        .integer({ min: 1, max: 0x10ffff })
        .filter(isScalar)
        .map((code) => String.fromCodePoint(code)),
      maxLength: 32,
    }),
    fc.nat().map((number) => `U${number}`),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(userId, { minLength: 100, maxLength: 400, size: 'max' }), async (userIds) => {
      const { rows } = await database.pool.query<{ buckets: number[] }>(
        'select array_agg(milepost.bucket_of(user_id) order by place) as buckets from unnest($1::text[]) with ordinality as u(user_id, place)',
        [userIds],
      );
      expect(rows[0]?.buckets).toEqual(userIds.map(bucketOf));
    }),
    { numRuns: 20 },
  );
});

test('of every length, and of nothing', async () => {
  await using database = await testDatabase();
  const userIds = Array.from({ length: 129 }, (_, length) => 'é'.repeat(length / 2) + 'x'.repeat(length % 2));
  const { rows } = await database.pool.query<{ bucket: number }>(
    'select milepost.bucket_of(user_id) as bucket from unnest($1::text[]) with ordinality as u(user_id, place) order by place',
    [userIds],
  );
  expect(rows.map(({ bucket }) => bucket)).toEqual(userIds.map(bucketOf));
  expect((await database.pool.query('select milepost.bucket_of(null) as bucket')).rows).toEqual([{ bucket: null }]);
});

function isScalar(code: number): boolean {
  return code < 0xd800 || code > 0xdfff;
}
