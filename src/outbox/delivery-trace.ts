// What is traced of deliveries: one span for each attempt of a message that carries its cause. What is sent to a service knows nothing of it.
import { type Span, tracer } from '../tracing.ts';
import type { Delivery } from './delivery.ts';
import type { LeasedMessage } from './lease.ts';

/** Begins the span of an attempt; undefined when traces are off, and for messages without a cause, such as refreshes. */
export function traceDelivery(destination: string, { body, messageKey, attempt }: LeasedMessage): Span | undefined {
  const active = tracer();
  if (active === undefined) return undefined;
  const { trace } = body as { trace?: unknown };
  if (typeof trace !== 'string') return undefined;
  return active.startSpan('milepost.deliver', {
    kind: 'client',
    parent: trace,
    attributes: {
      'milepost.destination': destination,
      'milepost.message_key': messageKey ?? '',
      'milepost.attempt': attempt,
    },
  });
}

/** Ends it. */
export function endDelivery(span: Span | undefined, delivery: Delivery): void {
  if (span === undefined) return;
  const error = delivery.kind === 'done' ? undefined : delivery.kind === 'retry' ? delivery.reason : delivery.kind;
  span.end({ attributes: { 'milepost.result': delivery.kind }, ...(error === undefined ? {} : { error }) });
}
