// What is traced of an attempt at a batch: one span for it, one for each of its steps, and one for each event that made a reward due, which hangs
// under what its producer has sent. The trace of a reward goes on where it is paid: its message carries the event's span. Does nothing when traces
// are off, and never changes what is decided.
import { messageOf } from '../errors.ts';
import type { IncomingEvent } from '../event/event.ts';
import type { RewardMessage } from '../event/message.ts';
import { limits } from '../limits.ts';
import { type Span, tracer } from '../tracing.ts';
import type { Batch } from './batch.ts';
import type { Step } from './batch-metrics.ts';
import type { Decision } from './effect.ts';

export interface BatchTrace {
  /** A step that has ended, by performance.now(). */
  step(step: Step, startedAt: number, endedAt: number): void;
  /** Lets the messages of rewards carry the span of their event; to be called before they are written. */
  carry(decision: Decision): void;
}

/** Runs an attempt at a batch, within a span when traces are on. */
export async function traced<T>(batch: Batch, work: (trace?: BatchTrace) => Promise<T>): Promise<T> {
  const active = tracer();
  if (active === undefined || batch.rehearsal) return work();
  const { position } = batch;
  const links = [...new Set(batch.events.flatMap(({ trace }) => trace ?? []))].slice(0, limits.traceLinks);
  const startedAt = performance.now();
  const whole = active.startSpan('milepost.batch', {
    kind: 'consumer',
    links,
    startedAt,
    attributes: {
      'milepost.events': batch.events.length,
      'milepost.parked': batch.parked.length,
      ...(position === undefined
        ? {}
        : {
            'messaging.system': 'kafka',
            'messaging.destination.name': position.topic,
            'messaging.destination.partition.id': String(position.partition),
            'milepost.next_offset': position.nextOffset,
          }),
    },
  });
  const events = new Map<IncomingEvent, Span>();

  function spanOf(incoming: IncomingEvent): Span {
    const known = events.get(incoming);
    if (known !== undefined) return known;
    const span = (active as NonNullable<typeof active>).startSpan('milepost.event', {
      kind: 'consumer',
      parent: incoming.trace ?? whole.traceparent,
      links: incoming.trace === undefined ? [] : [whole.traceparent],
      startedAt,
      attributes: {
        'milepost.event_id': incoming.event.event_id,
        'milepost.event_type': incoming.event.event_type,
        'milepost.source': incoming.source,
      },
    });
    events.set(incoming, span);
    return span;
  }

  const ending = (how: Parameters<Span['end']>[0]): void => {
    for (const span of events.values()) span.end(how);
    whole.end(how);
  };
  try {
    const result = await work({
      step: (step, from, to) =>
        active
          .startSpan(`milepost.${step}`, { kind: 'internal', parent: whole.traceparent, startedAt: from })
          .end({ endedAt: to }),
      carry(decision) {
        const causes = new Map(decision.claims.map(({ messageKey, judged }) => [messageKey, judged.opened.incoming]));
        for (const { messageKey, body } of decision.messages) {
          const cause = messageKey === null ? undefined : causes.get(messageKey);
          if (cause !== undefined) (body as RewardMessage).trace = spanOf(cause).traceparent;
        }
      },
    });
    ending({});
    return result;
  } catch (error) {
    ending({ error: messageOf(error) });
    throw error;
  }
}
