// The canonical shape as producers send it: its published schema, and how such a message is taken apart. Nothing is renamed or converted.
import { z } from 'zod';
import { show } from '../errors.ts';
import { limits } from '../limits.ts';
import { parseInstant } from '../time.ts';
import type { Json, Message } from './event.ts';
import type { RawEvent } from './raw-event.ts';
import { Refusal } from './refusal.ts';

const MAJOR_VERSION = '1';

const id = z.string().min(1).max(limits.identifierBytes);
const reference = z.string().max(limits.identifierBytes).nullish();
const text = z.string().nullish();

/** The contract for producers, published as docs/schemas/event.schema.json. What a schema cannot say is in the descriptions. */
export const canonicalEventSchema = z
  .looseObject({
    event_id: id.describe(
      'Unique per producer, for ever. The same id again with the same content is a repeat and changes nothing.',
    ),
    event_type: id.describe('What happened, such as payment_success.'),
    event_version: z
      .string()
      .regex(/^1(\.\d+)*$/)
      .default('1.0')
      .describe('The version of this shape. An unknown major version is parked.'),
    occurred_at: z.iso
      .datetime({ offset: true })
      .describe('When it happened: ISO 8601 with an offset or Z, between the years 2000 and 2100.'),
    producer: id.describe('Who says so; part of the identity (producer, event_id, user_id).'),
    user_id: id.describe('The player, compared byte for byte.'),
    correlation: z
      .looseObject({
        payment_id: reference.describe('The payment; a reversal may name it.'),
        txn_id: reference.describe('The transaction at the producer.'),
        canonical_transaction_id: reference.describe(
          'One id for the same logical transaction seen by several producers.',
        ),
        original_event_id: reference.describe('In a reversal: the event it takes back.'),
      })
      .nullish()
      .describe('The ids that tie events together.'),
    attributes: z
      .looseObject({
        transaction_type: text.describe('Such as UPI.'),
        payment_status: text.describe('Such as SUCCESS.'),
        transaction_amount: z
          .number()
          .min(0)
          .nullish()
          .describe("In major units (rupees), with at most the currency's decimals and 15 digits in minor units."),
        currency: z
          .string()
          .regex(/^[A-Z]{3}$/)
          .nullish()
          .describe('ISO 4217; INR when absent.'),
        merchant_id: text.describe('Who was paid.'),
        merchant_category: text.describe('What kind of merchant that is, such as GROCERY.'),
        billpay_category: text.describe('What kind of bill was paid, such as ELECTRICITY.'),
        action_type: text.describe('What was done at a financial-services journey, such as CREDIT_CARD_APPLY.'),
        frm_flag: z
          .union([z.string(), z.boolean()])
          .nullish()
          .describe('Set by fraud and risk management; null, false and empty mean not flagged.'),
      })
      .nullish()
      .describe('Facts that rules are written about. More than these may be sent; they are kept.'),
  })
  .describe('An event as Milepost takes it in. Identifiers are at most 128 bytes of UTF-8; no text may hold U+0000.');

/** Takes a canonical message apart. `producer` stands in for a missing one. */
export function readCanonical(root: { [key: string]: Json }, message: Message, producer: string | undefined): RawEvent {
  const version = root.event_version ?? '1.0';
  if (typeof version !== 'string' || (version.split('.', 1)[0] !== MAJOR_VERSION && !isArchived(root, message))) {
    throw new Refusal('unknown_version', `event_version: expected "${MAJOR_VERSION}.x"; found ${show(version)}`);
  }
  const occurredAt = root.occurred_at;
  const instant = typeof occurredAt === 'string' ? parseInstant(occurredAt) : undefined;
  if (instant === undefined) {
    const detail = `expected a time with an offset, such as 2026-06-10T11:05:00+05:30; found ${show(occurredAt)}`;
    throw new Refusal('invalid_field', `occurred_at: ${detail}`);
  }
  const correlation = part(root, 'correlation');
  return {
    event_id: root.event_id ?? message.idempotencyKey,
    event_type: root.event_type,
    event_version: version,
    occurred_at: instant,
    producer: root.producer ?? producer,
    user_id: root.user_id,
    correlation: {
      payment_id: correlation.payment_id,
      txn_id: correlation.txn_id,
      canonical_transaction_id: correlation.canonical_transaction_id,
      original_event_id: correlation.original_event_id,
    },
    attributes: part(root, 'attributes'),
  };
}

/** A line of an archive says which source had read the message, and has the version that this said of itself. */
function isArchived({ source }: { [key: string]: Json }, { origin }: Message): boolean {
  return origin.transport === 'file' && typeof source === 'string';
}

function part(root: { [key: string]: Json }, field: 'correlation' | 'attributes'): { [key: string]: Json } {
  const value = root[field] ?? {};
  if (typeof value === 'object' && !Array.isArray(value)) return value;
  throw new Refusal('invalid_field', `${field}: expected an object; found ${show(value)}`);
}
