// The contract of sending events over HTTP.
import { z } from 'zod';
import { limits } from '../../src/limits.ts';
import { defineRoute } from './route.ts';
import { identifier, outcome } from './shapes.ts';

/** What became of one event. */
export const eventResult = z.object({
  event_id: z.string(),
  outcome,
  reason: z.string().nullable(),
  replayed: z.boolean().describe('Judged before: outcome and reason are the original ones.'),
});

const answer = z
  .union([
    eventResult,
    z.object({
      event_id: z.null(),
      outcome: z.literal('parked'),
      reason: z.string(),
      detail: z.string().describe('What was wrong with it.'),
      replayed: z.literal(false),
    }),
  ])
  .meta({ id: 'EventAnswer' });

export const sendEvents = defineRoute({
  method: 'post',
  path: '/api/events',
  operationId: 'sendEvents',
  tag: 'Events',
  summary: 'Send one event, or a batch',
  description:
    'An event that was judged before answers with its original outcome, so that a producer that got no answer repeats the request. One that cannot be read is kept, and answered as parked; the others are not delayed by it.',
  scopes: ['producer'],
  query: z.object({
    source: z.string().optional().describe('The mapping that reads the events; canonical unless given.'),
  }),
  headers: z.object({
    'idempotency-key': identifier.optional().describe('Stands in for a missing event_id, for one event only.'),
  }),
  body: {
    description: `One event as its source maps it (canonical: docs/schemas/event.schema.json), or {"events": […]} with at most ${limits.httpBatchEvents}.`,
    // A source decides what an event looks like; what does not fit is parked.
    schema: z.union([
      z.object({ events: z.array(z.looseObject({})).min(1).max(limits.httpBatchEvents) }),
      z.looseObject({}),
    ]),
    isChecked: false,
    example: {
      event_id: 'evt_pay_001',
      event_type: 'payment_success',
      occurred_at: '2026-06-10T11:05:00+05:30',
      producer: 'payments',
      user_id: 'U1',
      attributes: { transaction_type: 'UPI', payment_status: 'SUCCESS', transaction_amount: 25_000 },
    },
  },
  answers: {
    200: { description: 'What became of each, in their order.', schema: z.object({ results: z.array(answer) }) },
  },
  problems: {
    403: 'The token lacks the scope, or an event is of a producer or source that it does not name.',
  },
});
