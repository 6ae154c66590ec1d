// The published schema says what the normaliser does.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalEventSchema } from './canonical.ts';
import type { Json } from './event.ts';
import { createNormaliser } from './normalise.ts';
import { canonicalSource } from './source.ts';

const normaliser = createNormaliser([canonicalSource]);

function normalise(content: unknown) {
  const bytes = Buffer.from(JSON.stringify(content));
  return normaliser.normalise('canonical', { bytes, origin: { transport: 'http' }, receivedAt: undefined });
}

test('the schema and the source declare the same attributes', () => {
  const shape = canonicalEventSchema.shape.attributes.unwrap().unwrap().shape;
  expect(Object.keys(shape)).toEqual(Object.keys(canonicalSource.attributes));
});

const id = fc.constantFrom('evt_1', 'भुगतान', 'x'.repeat(128), '', 'x'.repeat(129), null, 7, undefined);
const text = fc.constantFrom('x', '', null, undefined, 'भुगतान', 5);
const message = fc.record({
  event_id: id,
  event_type: id,
  producer: id,
  user_id: fc.constantFrom('U1', '', null),
  event_version: fc.constantFrom('1.0', '1', '1.12.3', '2.0', undefined, 'x', 1),
  occurred_at: fc.constantFrom(
    '2026-06-10T11:05:00+05:30',
    '2026-06-10T05:35:00.123Z',
    '2026-06-10T05:35:00',
    '2026-02-30T00:00:00Z',
    5,
    null,
  ),
  correlation: fc.option(fc.record({ txn_id: text, payment_id: text, unknown: text })),
  attributes: fc.oneof(
    fc.record({
      merchant_id: text,
      transaction_amount: fc.constantFrom(0, 1200.5, -1, '5', null, undefined),
      currency: fc.constantFrom('INR', 'inr', 'KWD', null, undefined),
      frm_flag: fc.constantFrom(true, 'X', null),
      more: fc.jsonValue({ maxDepth: 3 }),
    }),
    fc.constantFrom<Json[]>([], null, 'x'),
  ),
});

test('what the schema accepts becomes an event, as far as a schema can say', () => {
  fc.assert(
    fc.property(message, (given) => {
      const sent = JSON.parse(JSON.stringify(given));
      if (!canonicalEventSchema.safeParse(sent).success) return;
      expect(normalise(sent)).toMatchObject({ kind: 'event' });
    }),
    { numRuns: 3_000 },
  );
});

test('what becomes an event has all that the schema requires', () => {
  fc.assert(
    fc.property(message, (given) => {
      const sent = JSON.parse(JSON.stringify(given));
      if (normalise(sent).kind === 'parked') return;
      // Types of attributes other than amounts are the one place where the normaliser is more lenient: they are kept as they are.
      const objections = canonicalEventSchema.safeParse(sent).error?.issues ?? [];
      const others = objections.filter(({ path }) => path[0] !== 'attributes' || path[1] === 'transaction_amount');
      expect(others).toEqual([]);
    }),
    { numRuns: 3_000 },
  );
});
