// One message in, one event or one parked message out, whatever the bytes.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { parseInstant } from '../time.ts';
import { decode } from './decode.ts';
import type { IncomingEvent, Message, ParkedMessage } from './event.ts';
import { createNormaliser } from './normalise.ts';
import { canonicalSource, parseSource } from './source.ts';

const shop = parseSource(
  `{
    "source_id": "shop",
    "producer": "shop-backend",
    "topics": ["shop.orders"],
    "event_version": { "path": "v", "default": "1" },
    "message_type": "kind",
    "attributes": {
      "status": "text", "transaction_amount": "amount", "currency": "text", "weight": "number", "first": "boolean",
      "code": "text", "fee": "amount"
    },
    "common": {
      "event_id": "id",
      "user_id": { "first_of": ["customer.id", "customer.email"], "trim": true, "lower_case": true },
      "correlation": { "payment_id": "payment.ref" }
    },
    "mappings": [
      {
        "message_types": ["order"],
        "event_type": { "const": "order_placed" },
        "occurred_at": { "path": "at", "zone_offset": "+05:30", "record_timestamp": true },
        "attributes": {
          "status": { "path": "state", "values": { "0": "OPEN", "9": null, "true": "DONE" }, "default": "NEW" },
          "transaction_amount": { "path": "items[0].price", "as": "decimal_text" },
          "fee": { "path": "fee", "as": "paise" },
          "weight": "weight",
          "first": "first",
          "code": { "path": "[\\"odd.key\\"]", "required": true }
        }
      },
      {
        "message_types": ["visit"],
        "event_id": { "digest_of": ["kind", "customer.id", "at"] },
        "event_type": { "path": "what", "values": { "in": "store_entered" } },
        "occurred_at": { "path": "at", "as": "epoch_s" }
      }
    ]
  }`,
  'shop.json',
);
const payments = parseSource(
  '{ "source_id": "payments", "shape": "canonical", "producer": "pay", "topics": ["pay"], "attributes": { "cashback": "amount" } }',
  'payments.json',
);
const normaliser = createNormaliser([canonicalSource, shop, payments]);

const payment = {
  event_id: 'evt_pay_001',
  event_type: 'payment_success',
  event_version: '1.0',
  occurred_at: '2026-06-10T11:05:00+05:30',
  producer: 'payments',
  user_id: 'U123',
  correlation: {
    payment_id: 'pay_123',
    txn_id: 'txn_123',
    canonical_transaction_id: 'txn_123',
    original_event_id: null,
  },
  attributes: { transaction_type: 'UPI', transaction_amount: 25000, currency: 'INR', frm_flag: null },
};
const order = { kind: 'order', id: 'o1', customer: { id: 'C1' }, at: '2026-06-10T11:05:00', 'odd.key': 'x' };

function message(content: unknown, over: Partial<Message> = {}): Message {
  const bytes =
    content instanceof Uint8Array
      ? content
      : Buffer.from(typeof content === 'string' ? content : JSON.stringify(content));
  return {
    bytes,
    origin: { transport: 'kafka', topic: 't', partition: 0, offset: '7' },
    receivedAt: 1_781_069_700_000,
    ...over,
  };
}

function eventOf(content: unknown, source = 'canonical', over: Partial<Message> = {}): IncomingEvent {
  const result = normaliser.normalise(source, message(content, over));
  if (result.kind === 'parked') throw new Error(`parked: ${result.parked.reason}: ${result.parked.detail}`);
  return result.event;
}

function parkedOf(content: unknown, source = 'canonical', over: Partial<Message> = {}): ParkedMessage {
  const result = normaliser.normalise(source, message(content, over));
  if (result.kind === 'event') throw new Error('not parked');
  return result.parked;
}

const why = (content: unknown, source?: string, over?: Partial<Message>) => {
  const { reason, detail } = parkedOf(content, source, over);
  return `${reason} · ${detail}`;
};

describe('canonical messages', () => {
  test('are taken as they are', () => {
    expect(eventOf(payment)).toEqual({
      event: { ...payment, occurred_at: parseInstant('2026-06-10T11:05:00+05:30') },
      source: 'canonical',
      origin: { transport: 'kafka', topic: 't', partition: 0, offset: '7' },
      receivedAt: 1_781_069_700_000,
      payload:
        '{"attributes":{"currency":"INR","frm_flag":null,"transaction_amount":25000,"transaction_type":"UPI"},' +
        '"correlation":{"canonical_transaction_id":"txn_123","original_event_id":null,"payment_id":"pay_123","txn_id":"txn_123"}}',
      contentHash: '7af49651-9ed8-9baa-730b-18a010cba4c5',
    });
  });

  test('need no version, correlation or attributes', () => {
    const { event_version, correlation, attributes, ...least } = payment;
    const none = { payment_id: null, txn_id: null, canonical_transaction_id: null, original_event_id: null };
    expect(eventOf(least).event).toMatchObject({ event_version: '1.0', correlation: none, attributes: {} });
    expect(eventOf({ ...least, correlation: null, attributes: null }).event.attributes).toEqual({});
  });

  test('an empty correlation id ties nothing together', () => {
    expect(
      eventOf({ ...payment, correlation: { canonical_transaction_id: '' } }).event.correlation.canonical_transaction_id,
    ).toBeNull();
  });

  test('the Idempotency-Key of an HTTP producer stands in for a missing event_id, never for a present one', () => {
    const { event_id, ...without } = payment;
    expect(eventOf(without, 'canonical', { idempotencyKey: 'key-1' }).event.event_id).toBe('key-1');
    expect(eventOf(payment, 'canonical', { idempotencyKey: 'key-1' }).event.event_id).toBe('evt_pay_001');
  });

  test('a line of a file may say when it was received; a Kafka message may not', () => {
    const line = { ...payment, received_at: '2026-06-11T00:00:00Z' };
    const file = { origin: { transport: 'file', file: 'a.ndjson', line: 3 }, receivedAt: undefined } as const;
    expect(eventOf(line, 'canonical', file).receivedAt).toBe(Date.UTC(2026, 5, 11));
    expect(eventOf(line).receivedAt).toBe(1_781_069_700_000);
    expect(why({ ...line, received_at: 'yesterday' }, 'canonical', file)).toBe(
      'invalid_field · received_at: expected a time with an offset; found "yesterday"',
    );
  });

  test('a source of canonical shape knows its topic, its producer and its own amounts', () => {
    const { producer, ...without } = payment;
    expect(eventOf(without, 'pay')).toMatchObject({ source: 'payments', event: { producer: 'pay' } });
    expect(eventOf(payment, 'pay').event.producer).toBe('payments');
    expect(why({ ...payment, attributes: { cashback: 0.001 } }, 'pay')).toBe(
      'invalid_field · attributes.cashback: has more than 2 decimals (INR); found 0.001',
    );
  });
});

describe('parked, with the reason', () => {
  const without = (field: string) => Object.fromEntries(Object.entries(payment).filter(([key]) => key !== field));
  const deep = (levels: number): unknown => (levels === 0 ? 1 : { a: deep(levels - 1) });

  test.each<[string, unknown, string]>([
    ['no user', without('user_id'), 'invalid_field · user_id: missing'],
    ['a null id', { ...payment, event_id: null }, 'invalid_field · event_id: missing'],
    ['an empty id', { ...payment, event_id: '' }, 'invalid_field · event_id: empty'],
    ['a number as user', { ...payment, user_id: 7 }, 'invalid_field · user_id: expected text; found 7'],
    [
      'an overlong type',
      { ...payment, event_type: 'é'.repeat(65) },
      `invalid_field · event_type: 130 bytes, at most 128 are allowed; found "${'é'.repeat(65)}"`,
    ],
    ['NUL in a user', { ...payment, user_id: 'U\0' }, 'invalid_field · user_id: holds the character NUL (\\u0000)'],
    [
      'half a surrogate pair in a producer',
      { ...payment, producer: '\ud83d' },
      'invalid_field · producer: holds half of a surrogate pair (broken text)',
    ],
    [
      'NUL deep in the attributes',
      { ...payment, attributes: { a: [{ b: 'x\0' }] } },
      'invalid_field · attributes: holds the character NUL (\\u0000); leave it out',
    ],
    [
      'NUL in the name of an attribute',
      { ...payment, attributes: { 'a\0': 1 } },
      'invalid_field · attributes: holds the character NUL (\\u0000); leave it out',
    ],
    [
      'half a surrogate pair in an attribute',
      { ...payment, attributes: { a: 'x\udc00' } },
      'invalid_field · attributes: holds half of a surrogate pair (broken text)',
    ],
    [
      'NUL in the correlation',
      { ...payment, correlation: { txn_id: '\0' } },
      'invalid_field · correlation.txn_id: holds the character NUL (\\u0000)',
    ],
    [
      'a number in the correlation',
      { ...payment, correlation: { txn_id: 5 } },
      'invalid_field · correlation.txn_id: expected text; found 5',
    ],
    [
      'a correlation that is a list',
      { ...payment, correlation: [1] },
      'invalid_field · correlation: expected an object; found a list of 1',
    ],
    [
      'attributes that are text',
      { ...payment, attributes: 'x' },
      'invalid_field · attributes: expected an object; found "x"',
    ],
    [
      'no time',
      without('occurred_at'),
      'invalid_field · occurred_at: expected a time with an offset, such as 2026-06-10T11:05:00+05:30; found nothing',
    ],
    [
      'a time without offset',
      { ...payment, occurred_at: '2026-06-10T11:05:00' },
      'invalid_field · occurred_at: expected a time with an offset, such as 2026-06-10T11:05:00+05:30; found "2026-06-10T11:05:00"',
    ],
    [
      'a time as a number',
      { ...payment, occurred_at: 1781069700 },
      'invalid_field · occurred_at: expected a time with an offset, such as 2026-06-10T11:05:00+05:30; found 1781069700',
    ],
    [
      'a time long ago',
      { ...payment, occurred_at: '1970-01-21T14:44:29Z' },
      'invalid_field · occurred_at: 1970-01-21T14:44:29.000Z is not between 2000 and 2100; are seconds and milliseconds mixed up?',
    ],
    [
      'another major version',
      { ...payment, event_version: '2.0' },
      'unknown_version · event_version: expected "1.x"; found "2.0"',
    ],
    [
      'an amount as text',
      { ...payment, attributes: { transaction_amount: '1200' } },
      'invalid_field · attributes.transaction_amount: expected a number in major units, such as 1200.5; found "1200"',
    ],
    [
      'a negative amount',
      { ...payment, attributes: { transaction_amount: -1 } },
      'invalid_field · attributes.transaction_amount: must not be negative; found -1',
    ],
    [
      'a third decimal',
      { ...payment, attributes: { transaction_amount: 1.005 } },
      'invalid_field · attributes.transaction_amount: has more than 2 decimals (INR); found 1.005',
    ],
    [
      'yen with decimals',
      { ...payment, attributes: { transaction_amount: 1.5, currency: 'JPY' } },
      'invalid_field · attributes.transaction_amount: has more than 0 decimals (JPY); found 1.5',
    ],
    [
      'an amount that no number holds',
      JSON.stringify(payment).replace('25000', '25000.0000000000000001'),
      'invalid_field · attributes.transaction_amount: expected a number in major units, such as 1200.5; found "25000.0000000000000001"',
    ],
    [
      'too deep',
      { ...payment, attributes: deep(limits.messageDepth + 1) },
      'too_large · attributes: nested more than 32 levels deep',
    ],
    [
      'far too deep',
      `{"attributes":${'['.repeat(100_000)}1.5e1${']'.repeat(100_000)}}`,
      'too_large · nested too deeply to be read',
    ],
    ['a list', '[1]', 'not_an_object · expected a JSON object; found a list of 1'],
    ['null', 'null', 'not_an_object · expected a JSON object; found null'],
    ['text', '"x"', 'not_an_object · expected a JSON object; found "x"'],
    ['nothing', '', 'invalid_json · the message is empty (a tombstone of a compacted topic?)'],
    [
      'too large',
      `"${'x'.repeat(limits.messageBytes)}"`,
      `too_large · ${limits.messageBytes + 2} bytes; at most ${limits.messageBytes} are allowed`,
    ],
    [
      'Latin-1',
      Buffer.from('{"user_id":"Ren\xe9"}', 'latin1'),
      'unsupported_encoding · not valid UTF-8: it looks like another encoding or binary data; send JSON in UTF-8',
    ],
    [
      'UTF-16',
      Buffer.from('\ufeff{}', 'utf16le'),
      'unsupported_encoding · not valid UTF-8: it looks like UTF-16; send UTF-8',
    ],
    [
      'gzip',
      Buffer.from([0x1f, 0x8b, 8, 0]),
      'unsupported_encoding · not valid UTF-8: it looks like gzip; compress in the Kafka producer instead, or send it plain',
    ],
  ])('%s', (_name, content, expected) => {
    expect(why(content)).toBe(expected);
  });

  test('bad JSON is told as the parser tells it', () => {
    expect(why('{"user_id": "U1",')).toMatch(/^invalid_json · not JSON: Expected double-quoted property name/);
  });

  test('the bytes are kept as they came, up to a bound', () => {
    expect(parkedOf('{').bytes).toEqual(Buffer.from('{'));
    expect(parkedOf('x'.repeat(limits.parkedBytes + 1)).bytes).toHaveLength(limits.parkedBytes);
  });
});

describe('a key of one escaped character', () => {
  test.each(['{"\\\\":1}', '{"a":{"\\t":1}}', '{"\\u0041" : 1}'])('is refused: %s', (text) => {
    expect(() => decode(Buffer.from(text))).toThrow(/single character written as an escape/);
  });

  test('a value or a longer key with escapes is read', () => {
    const text = '{"a\\tb":"\\n","c":["\\\\","\\u0041"]}';
    expect(decode(Buffer.from(text)).value).toEqual({ 'a\tb': '\n', c: ['\\', 'A'] });
  });
});

describe('framings', () => {
  const framed = (body: Uint8Array | string) => Buffer.concat([Buffer.from([0, 0, 0, 1, 2]), Buffer.from(body)]);

  test('a byte order mark is tolerated', () => {
    expect(eventOf(`\uFEFF${JSON.stringify(payment)}`).contentHash).toBe(eventOf(payment).contentHash);
  });

  test('JSON framed by a schema registry is the same event', () => {
    expect(eventOf(framed(JSON.stringify(payment))).contentHash).toBe(eventOf(payment).contentHash);
    expect(eventOf(framed(`\n ${JSON.stringify(payment)}`)).contentHash).toBe(eventOf(payment).contentHash);
  });

  const mend =
    'produce it with the JSON Schema serialiser (or as plain JSON), or convert the topic before it gets here';
  test.each([
    ['Avro', Buffer.from('\x16evt_pay_001\x1epayment_success', 'latin1')],
    ['Protobuf', Buffer.from([0, 0x0a, 3, 0x65, 0x76, 0x74])],
  ])('%s is parked by name', (name, body) => {
    expect(why(framed(body))).toBe(
      `unsupported_encoding · framed by a schema registry (schema id 258) and not JSON; it looks like ${name}. ${mend}`,
    );
  });

  test('a frame around broken JSON is broken JSON', () => {
    expect(parkedOf(framed('{"a":')).reason).toBe('invalid_json');
  });
});

describe('mapped messages', () => {
  test('names, nesting, times and amounts become canonical; what is absent stays absent', () => {
    const full = {
      ...order,
      v: 'v1.4',
      customer: { id: ' C1 ', email: 'x@y' },
      state: 0,
      items: [{ price: '1,20,000.50' }, { price: '1' }],
      fee: 1999,
      weight: 1.25,
      first: true,
      payment: { ref: 42 },
    };
    expect(eventOf(full, 'shop.orders').event).toEqual({
      event_id: 'o1',
      event_type: 'order_placed',
      event_version: 'v1.4',
      occurred_at: parseInstant('2026-06-10T11:05:00+05:30'),
      producer: 'shop-backend',
      user_id: 'c1',
      correlation: { payment_id: '42', txn_id: null, canonical_transaction_id: null, original_event_id: null },
      attributes: { status: 'OPEN', transaction_amount: 120000.5, fee: 19.99, weight: 1.25, first: true, code: 'x' },
    });
    expect(eventOf(order, 'shop').event.attributes).toEqual({ code: 'x', status: 'NEW' });
    expect(eventOf({ ...order, state: '9' }, 'shop').event.attributes).toEqual({ code: 'x' });
    expect(eventOf({ ...order, state: true }, 'shop').event.attributes).toEqual({ code: 'x', status: 'DONE' });
  });

  test('the second of several places is taken when the first is empty', () => {
    expect(eventOf({ ...order, customer: { id: ' ', email: 'A@B' } }, 'shop').event.user_id).toBe('a@b');
  });

  test('the record says when, if the message does not', () => {
    expect(eventOf({ ...order, at: null }, 'shop').event.occurred_at).toBe(1_781_069_700_000);
    expect(why({ ...order, at: '' }, 'shop', { receivedAt: undefined })).toBe(
      'invalid_field · occurred_at: missing at $.at, and the message has no record timestamp',
    );
  });

  test('a derived event_id depends on the named fields and on nothing else', () => {
    const visit = { kind: 'visit', customer: { id: 'C1' }, at: 1781069700, what: 'in' };
    const first = eventOf(visit, 'shop').event;
    expect(first.event_id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/);
    expect(eventOf({ ...visit, more: 1 }, 'shop').event.event_id).toBe(first.event_id);
    expect(eventOf({ ...visit, at: '1781069700' }, 'shop').event.event_id).toBe(first.event_id);
    expect(eventOf({ ...visit, at: 1781069701 }, 'shop').event.event_id).not.toBe(first.event_id);
    expect(eventOf({ ...visit, at: 1781069700.25 }, 'shop').event.occurred_at).toBe(1_781_069_700_250);
    expect(why({ ...visit, customer: {} }, 'shop')).toBe(
      'invalid_field · event_id: missing; it is made of $.kind and $.customer.id and $.at',
    );
  });

  test('numbers of many digits are kept as text', () => {
    const raw = JSON.stringify({ ...order, 'odd.key': 1 }).replace('"odd.key":1', '"odd.key":12345678901234567890');
    expect(eventOf(raw, 'shop').event.attributes.code).toBe('12345678901234567890');
  });

  test('inherited properties are no fields', () => {
    expect(why({ ...order, customer: [] }, 'shop')).toMatch(/^invalid_field · user_id: missing/);
    const reader = parseSource(
      `{ "source_id": "s", "producer": "p", "attributes": { "a": "text" }, "mappings": [{ "event_id": "id", "event_type": "id",
         "user_id": "constructor.name", "occurred_at": { "record_timestamp": true } }] }`,
      's.json',
    );
    expect(createNormaliser([reader]).normalise('s', message({ id: 'x' })).kind).toBe('parked');
  });

  test.each<[string, object, string]>([
    [
      'an unmapped version',
      { v: '3.1' },
      'unknown_version · no mapping for event_version "3.1"; mapped major versions: 1',
    ],
    [
      'an unmapped type',
      { kind: 'refund' },
      'unmapped_type · no mapping for message type "refund"; mapped: "order", "visit"',
    ],
    ['no type', { kind: null }, 'unmapped_type · no mapping for message type null; mapped: "order", "visit"'],
    ['no user', { customer: null }, 'invalid_field · user_id: missing at $.customer.id or $.customer.email'],
    [
      'a user that is an object',
      { customer: { id: {} } },
      'invalid_field · user_id: expected text, a number, true or false; found an object',
    ],
    ['no id', { id: '' }, 'invalid_field · event_id: missing at $.id'],
    [
      'a required attribute that is missing',
      { 'odd.key': null },
      'invalid_field · attributes.code: missing at $["odd.key"]',
    ],
    [
      'a value that is not mapped',
      { state: 5 },
      'invalid_field · attributes.status: no value is given for "5"; known: "0", "9", "true"',
    ],
    [
      'an amount in another notation',
      { items: [{ price: '1.200,50' }] },
      'invalid_field · attributes.transaction_amount: expected a decimal number as text, such as "1,200.50", at most 15 digits; found "1.200,50"',
    ],
    [
      'an amount with too many decimals',
      { items: [{ price: '1.005' }] },
      'invalid_field · attributes.transaction_amount: has more than 2 decimals (INR); found 1.005',
    ],
    [
      'half a paisa',
      { fee: 1.5 },
      'invalid_field · attributes.fee: expected a whole number of paise, at most 15 digits; found 1.5',
    ],
    [
      'a number as text',
      { weight: '1.25' },
      'invalid_field · attributes.weight: expected a number of at most 15 digits; found "1.25"',
    ],
    ['a number for a boolean', { first: 1 }, 'invalid_field · attributes.first: expected true or false; found 1'],
    [
      'a time that is none',
      { at: 'noon' },
      'invalid_field · occurred_at: expected a time such as 2026-06-10T11:05:00; found "noon"',
    ],
  ])('parked: %s', (_name, over, expected) => {
    expect(why({ ...order, ...over }, 'shop')).toBe(expected);
  });
});

/** What becomes of a number: itself in at most 15 digits, else its text. */
function inFifteenDigits(_key: string, value: unknown): unknown {
  if (typeof value !== 'number' || value === 0) return value;
  const size = Math.abs(value);
  return Number(value.toPrecision(15)) === value && size <= Number.MAX_SAFE_INTEGER && size >= 1e-300
    ? value
    : String(value);
}

describe('properties', () => {
  const attributes = fc.dictionary(
    fc.string({ unit: 'grapheme' }).filter((key) => key !== 'transaction_amount'),
    fc.jsonValue({ maxDepth: 5, stringUnit: 'grapheme' }),
  );
  const storable = (value: unknown) => {
    const json = JSON.stringify(value);
    return !json.includes('\\u0000') && !/"\\(?:u[0-9a-f]{4}|.)"\s*:/.test(json);
  };

  test('any attributes survive, and only the content makes the hash', () => {
    fc.assert(
      fc.property(
        attributes.filter(storable),
        fc.date({ min: new Date('2001-01-01'), max: new Date('2099-01-01'), noInvalidDate: true }),
        (given, date) => {
          const sent = JSON.parse(JSON.stringify(given)) as Record<string, never>;
          const kept = JSON.parse(JSON.stringify(given), inFifteenDigits);
          const first = eventOf({ ...payment, attributes: sent });
          expect(first.event.attributes).toEqual(kept);
          expect(JSON.parse(first.payload)).toEqual({ attributes: kept, correlation: payment.correlation });

          const attributes = Object.fromEntries(Object.entries(sent).reverse());
          const shuffled = Object.fromEntries(Object.entries({ ...payment, attributes }).reverse());
          const again = eventOf({ ...shuffled, occurred_at: date.toISOString() });
          expect(again.payload).toBe(first.payload);
          expect(again.contentHash).toBe(first.contentHash);
          expect(eventOf({ ...payment, event_type: 'other', attributes: sent }).contentHash).not.toBe(
            first.contentHash,
          );
          expect(eventOf({ ...payment, attributes: { ...sent, one_more: 1 } }).contentHash).not.toBe(first.contentHash);
        },
      ),
    );
  });

  const anyBytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.uint8Array({ maxLength: 300 }).map((body) => Buffer.concat([Buffer.from([0, 0, 0, 0, 1]), body])),
    fc.string({ unit: 'binary', maxLength: 300 }).map((text) => Buffer.from(text)),
    fc.json({ maxDepth: 8, stringUnit: 'binary' }).map((text) => Buffer.from(text)),
  );
  const source = fc.constantFrom('canonical', 'shop', 'payments');

  test('bytes of any kind become an event or are parked with a reason', () => {
    fc.assert(
      fc.property(anyBytes, source, (bytes, name) => {
        const parked = parkedOf(bytes, name);
        expect(parked).toMatchObject({ source: name, bytes });
        expect(parked.detail).not.toBe('');
        // It is stored beside the bytes, and may quote them.
        expect(parked.detail).not.toContain('\0');
      }),
      { numRuns: 2_000 },
    );
  });

  test('an event with anything in its fields becomes an event that can be stored, or is parked', () => {
    const anything = fc.oneof(fc.jsonValue({ maxDepth: 3, stringUnit: 'binary' }), fc.constant(undefined));
    const fields = [...Object.keys(payment), ...Object.keys(order), 'items', 'fee', 'state', 'what', 'payment'];
    const change = fc.dictionary(fc.constantFrom(...fields), anything, { maxKeys: 3 });
    fc.assert(
      fc.property(fc.constantFrom(payment, order), change, source, (base, over, name) => {
        const result = normaliser.normalise(name, message({ ...base, ...over }));
        if (result.kind === 'parked') {
          expect(result.parked.detail).not.toBe('');
          return;
        }
        const { event, payload, contentHash } = result.event;
        for (const id of [
          event.event_id,
          event.event_type,
          event.producer,
          event.user_id,
          ...Object.values(event.correlation),
        ]) {
          if (id === null) continue;
          expect(id.length).toBeGreaterThan(0);
          expect(Buffer.byteLength(id)).toBeLessThanOrEqual(limits.identifierBytes);
          expect(id.isWellFormed() && !id.includes('\0')).toBe(true);
        }
        expect(JSON.parse(payload)).toEqual({ attributes: event.attributes, correlation: event.correlation });
        expect(payload).not.toContain('\\u0000');
        expect(payload).not.toMatch(/\\ud[89a-f]/i);
        expect(contentHash).toHaveLength(36);
      }),
      { numRuns: 2_000 },
    );
  });
});

test('two sources cannot share a topic', () => {
  expect(() => createNormaliser([shop, { ...payments, topics: ['shop.orders'] }])).toThrow(
    'belongs to one source only',
  );
});

test('a source that does not exist is a mistake of the caller', () => {
  expect(normaliser.sourceOf('nobody')).toBeUndefined();
  expect(normaliser.sourceOf('pay')?.sourceId).toBe('payments');
  expect(normaliser.topics).toEqual(['milepost.events', 'shop.orders', 'pay']);
  expect(() => normaliser.normalise('nobody', message('{}'))).toThrow('nobody');
});

describe('events that control', () => {
  const change = { ...payment, event_type: 'cohort_changed', attributes: { cohort_id: 'early', member: true } };
  const controlled = (controls: string[]) => {
    const source = parseSource(JSON.stringify({ source_id: 'crm', shape: 'canonical', controls }), 'crm.json');
    return createNormaliser([canonicalSource, source]);
  };

  test.each(['canonical', 'crm'])('are parked from the source %s, which may not', (name) => {
    expect(controlled([]).normalise(name, message(JSON.stringify(change)))).toMatchObject({
      kind: 'parked',
      parked: {
        reason: 'not_permitted',
        detail: `event_type: the source ${name} may not send cohort_changed events; if it may, its file says "controls": ["cohorts"]`,
      },
    });
  });

  test('pass from one that may', () => {
    const result = controlled(['cohorts']).normalise('crm', message(JSON.stringify(change)));
    expect(result).toMatchObject({ kind: 'event', event: { event: { event_type: 'cohort_changed' } } });
  });
});
