// Refusal: why a message cannot be read as an event. Thrown by whatever reads a part of a message and caught in one place, normalise.ts,
// which makes it data (a parked message); it never leaves this folder.
import type { ParkReason } from './event.ts';

export class Refusal extends Error {
  readonly reason: ParkReason;

  constructor(reason: ParkReason, detail: string) {
    // It may quote the message, and no text of the database takes a NUL.
    super(detail.replaceAll('\0', '\\0'));
    this.reason = reason;
  }
}
