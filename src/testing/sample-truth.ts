// What the messages of the sample stream say, read by hand: the other side of a comparison must not pass through the sources' mappings. It knows
// only what the model looks at.
import { createHash } from 'node:crypto';
import type { SampleMessage } from '../local/sample-stream.ts';
import type { ModelEvent } from './model.ts';

// biome-ignore lint/suspicious/noExplicitAny: three producers' shapes, and what is not as expected here fails the comparison
type Raw = any;

/** The events of a stream, each as it was delivered first; malformed messages have none. */
export function truthOf(messages: Iterable<SampleMessage>): ModelEvent[] {
  const events = new Map<string, ModelEvent>();
  for (const message of messages) {
    if (message.kind === 'malformed') continue;
    const event = readers[message.source](JSON.parse(message.bytes.toString('utf8')));
    const identity = JSON.stringify([event.user_id, event.producer, event.event_id]);
    if (!events.has(identity)) events.set(identity, { event, receivedAt: message.receivedAt });
  }
  return [...events.values()];
}

const readers: Record<SampleMessage['source'], (raw: Raw) => ModelEvent['event']> = {
  canonical: (raw) => ({ ...raw, occurred_at: Date.parse(raw.occurred_at) }),

  upi_switch({ hdr, txn, payer, risk }) {
    const succeeded = txn.respCode === '00';
    return {
      event_id: uuidOf([hdr.msgType, txn.upiTxnId, txn.respCode]),
      event_type: succeeded ? 'payment_success' : 'payment_failed',
      event_version: hdr.ver,
      producer: 'upi-switch',
      user_id: payer.custRef,
      occurred_at: hdr.ts,
      correlation: {},
      attributes: {
        transaction_type: 'UPI',
        payment_status: succeeded ? 'SUCCESS' : 'FAILED',
        transaction_amount: txn.amount === undefined ? txn.amtPaise / 100 : Number(txn.amount),
        frm_flag: risk.frm === 'Y' ? 'FRM_REVIEW' : null,
      },
    };
  },

  fs_journey: (raw) => ({
    event_id: raw.eventUuid,
    event_type: raw.status === 'COMPLETED' ? 'fs_action_complete' : 'fs_action_abandoned',
    event_version: raw.schemaVersion,
    producer: 'fs-journey',
    user_id: raw.customer.id,
    occurred_at: Date.parse(raw.occurredOn),
    correlation: {},
    attributes: {
      transaction_type: 'FS',
      action_type: raw.eventName === 'credit_card_application_submitted' ? 'CREDIT_CARD_APPLY' : 'SOMETHING_ELSE',
      frm_flag: raw.riskTag ?? null,
    },
  }),
};

/** The id of an event whose producer sends none: a hash of some fields, each after its length, in the form of a UUID. */
function uuidOf(fields: string[]): string {
  const hex = createHash('sha256')
    .update(fields.map((field) => `${field.length}:${field}`).join(''))
    .digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}
