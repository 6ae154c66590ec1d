// Refusal: why a message cannot be read as an event. Thrown by whatever reads a part of a message and caught in one place, normalise.ts,
// which makes it data (a parked message); it never leaves this folder.
import type { ParkReason } from './event.ts';

export class Refusal extends Error {
  readonly reason: ParkReason;

  constructor(reason: ParkReason, detail: string) {
    super(detail);
    this.reason = reason;
  }
}
