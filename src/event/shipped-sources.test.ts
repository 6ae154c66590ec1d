// The shipped sources read their sample messages as their writers meant them, and so does the example of docs/sources.md.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { formatInstant } from '../time.ts';
import { createNormaliser } from './normalise.ts';
import { attributeCatalogue, parseSource, readSources } from './source.ts';

const folder = join(import.meta.dirname, '../../game-configs/sources');
const sources = await readSources(folder);
const normaliser = createNormaliser(sources);

/** One line per message: what it became, in words. */
function outcomes(source: string): string[] {
  const lines = readFileSync(join(folder, 'samples', `${source}.ndjson`), 'utf8')
    .trimEnd()
    .split('\n');
  return lines.map((text, index) => {
    const origin = { transport: 'file', file: `${source}.ndjson`, line: index + 1 } as const;
    const result = normaliser.normalise(source, { bytes: Buffer.from(text), origin, receivedAt: undefined });
    if (result.kind === 'parked') return `${result.parked.reason} · ${result.parked.detail}`;
    const { event_type, user_id, occurred_at, correlation, attributes } = result.event.event;
    const ids = [correlation.payment_id, correlation.txn_id, correlation.canonical_transaction_id].map(
      (id) => id ?? '-',
    );
    return `${event_type} · ${user_id} · ${formatInstant(occurred_at)} · ${ids.join(' ')} · ${JSON.stringify(attributes)}`;
  });
}

test.each(sources.map(({ sourceId }) => sourceId))('%s', (source) => {
  expect(outcomes(source)).toMatchSnapshot();
});

test('a restamped payment with its attributes in another order is the same event', () => {
  const [first, again] = readFileSync(join(folder, 'samples/canonical.ndjson'), 'utf8').split('\n', 2) as [
    string,
    string,
  ];
  const hashOf = (text: string) => {
    const origin = { transport: 'http' } as const;
    const result = normaliser.normalise('canonical', { bytes: Buffer.from(text), origin, receivedAt: undefined });
    return result.kind === 'event' ? result.event.contentHash : result.parked.detail;
  };
  expect(hashOf(again)).toBe(hashOf(first));
});

test('the attributes of all sources together', () => {
  const catalogue = attributeCatalogue(sources);
  expect(catalogue.get('transaction_amount')).toBe('amount');
  expect(catalogue.get('payment_mode')).toBe('text');
  expect(catalogue.get('new_to_product')).toBe('boolean');
  expect(catalogue.get('loan_amount')).toBe('amount');
});

test('the worked example of docs/sources.md does what it says', () => {
  const guide = readFileSync(join(import.meta.dirname, '../../docs/sources.md'), 'utf8');
  const blocks = [...guide.matchAll(/```jsonc?\n(.*?)```/gs)].map((match) => match[1] as string);
  const [raw, source, event] = blocks as [string, string, string];
  const shop = createNormaliser([parseSource(source, 'docs/sources.md')]);
  const result = shop.normalise('shop_till', {
    bytes: Buffer.from(raw),
    origin: { transport: 'http' },
    receivedAt: undefined,
  });
  if (result.kind === 'parked') throw new Error(result.parked.detail);
  const { occurred_at, ...rest } = result.event.event;
  expect({ ...rest, occurred_at: formatInstant(occurred_at) }).toEqual(JSON.parse(event));
});
