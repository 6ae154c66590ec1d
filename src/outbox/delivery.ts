// What comes of bringing a message to its destination: a closed set of endings, the same words as dispatch_attempt.result.
import type { Json } from '../event/event.ts';
import type { Sealed } from '../seal.ts';

/** Why a delivery will be tried again; closed, a label of metrics, and what the circuit goes by (db/functions/outbox/circuit_observe.sql). */
export type RetryReason =
  | 'unreachable'
  | 'untrusted'
  | 'timeout'
  | 'unauthorised'
  | 'no_route'
  | 'overloaded'
  | 'server_error'
  | 'unexpected_answer'
  | 'handler_failed';

/**
 * - `done`: it has its effect, now or at an earlier attempt.
 * - `refused`: it has none and never will; `error` is the destination's reason.
 * - `ambiguous`: whether it has its effect cannot be found out by asking; it is never sent again, and reconciliation decides.
 * - `retry`: not known; trying again with the same key is harmless.
 * `sealed` is a secret that came back and is kept in a table of its own (a voucher's code); nowhere else.
 * `request` is what was sent and `answer` what is kept of what came back; both are null where there is nothing to record.
 */
export type Delivery =
  | { kind: 'done'; request: Json; answer: Json; sealed?: Sealed | undefined }
  | { kind: 'refused'; request: Json; answer: Json; error: string }
  | { kind: 'ambiguous'; request: Json; answer: Json; error: string }
  | {
      kind: 'retry';
      request: Json;
      reason: RetryReason;
      error: string;
      /** The destination asked not to be called before. */
      retryAfterMs?: number;
    };
