// The agenda of a simulation in memory that threads share: which bucket is next, and how much is done.
import { limits } from '../limits.ts';
import type { Agenda } from './replay.ts';

const NEXT = 0;
const DONE = 1;
const JUDGED = 2;

/** The memory of an agenda, which can be sent to a thread. */
export function agendaMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(3 * BigInt64Array.BYTES_PER_ELEMENT);
}

export interface SharedAgenda extends Agenda {
  /** Which share of the buckets is done, and how many events have been judged. */
  soFar(): { share: number; events: number };
  /** Leaves nothing to be taken. */
  stop(): void;
}

/** The agenda in that memory, as every thread sees it. */
export function agendaIn(memory: SharedArrayBuffer): SharedAgenda {
  const numbers = new BigInt64Array(memory);
  return {
    take() {
      const bucket = Number(Atomics.add(numbers, NEXT, 1n));
      return bucket < limits.buckets ? bucket : undefined;
    },
    judged(events) {
      Atomics.add(numbers, JUDGED, BigInt(events));
    },
    done() {
      Atomics.add(numbers, DONE, 1n);
    },
    stop() {
      Atomics.store(numbers, NEXT, BigInt(limits.buckets));
    },
    soFar: () => ({
      share: Number(Atomics.load(numbers, DONE)) / limits.buckets,
      events: Number(Atomics.load(numbers, JUDGED)),
    }),
  };
}
