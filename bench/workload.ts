// What the benchmarks send: canonical messages as a producer writes them, made from a seed. Owns how the load is shaped (players, repeats, how much
// of it counts) and what must come out of it. Nothing here is measured.
import type { KafkaRecord } from '../src/event/from-kafka.ts';
import { bucketOf } from '../src/ids.ts';
import { createSampleRandom } from '../src/local/sample-random.ts';
import { formatInstant, type Instant, utcDay } from '../src/time.ts';

export const workload = {
  /** Each player appears about this often. */
  eventsPerPlayer: 20,
  /** How many of the messages were sent before, byte for byte. */
  repeated: 0.05,
  /** How far back a repeat reaches. */
  repeatedWithin: 2_000,
  /** Financial services instead of payments. */
  fs: 0.1,
  /** Payments too small to count. */
  small: 0.15,
  topic: 'payments',
} as const;

/** One message and what its maker knows about it. */
export interface Delivery {
  value: Buffer;
  /** When the broker received it. */
  timestamp: Instant;
  bucket: number;
  /** What stands in for a player's id where nobody looks it up. */
  playerNo: number;
  /** It was sent before. */
  repeat: boolean;
  /** What it is worth in the seed game; undefined when it does not count. */
  worth: { triggerId: string; amount: number } | undefined;
}

/** The game that the load is made for. */
export const gameFile = 'game-configs/upi_fs_milestone_may_2026.json';
export const windowStart = Date.UTC(2026, 4, 1);
/** The first message's time; a millisecond lies between any two. */
const beginning = Date.UTC(2026, 4, 10, 8);
/** The inbox partition that takes all of it. */
export const day = utcDay(beginning);

export function playersOf(events: number): number {
  return Math.ceil(events / workload.eventsPerPlayer);
}

export function userId(playerNo: number): string {
  return `U${String(playerNo).padStart(9, '0')}`;
}

/** How a load differs from the usual one. */
export interface Shape {
  players: number;
  /** When the broker receives the first message, and how long it takes from one to the next. */
  from: Instant;
  everyMs: number;
}

/** The messages, one after the other: a million take no more memory than a thousand. */
export function* deliveries(events: number, shape: Partial<Shape> = {}): Generator<Delivery> {
  const { players = playersOf(events), from = beginning, everyMs = 1 } = shape;
  const random = createSampleRandom(7);
  const recent: Delivery[] = [];
  let fresh = 0;
  for (let index = 0; index < events; index++) {
    if (recent.length > 0 && random.chance(workload.repeated)) {
      yield { ...random.pick(recent), repeat: true };
      continue;
    }
    const timestamp = from + Math.floor(index * everyMs);
    const delivery = makeDelivery(index, timestamp, random.whole(0, players - 1), random.chance(workload.fs), random);
    recent[fresh++ % workload.repeatedWithin] = delivery;
    yield delivery;
  }
}

function makeDelivery(
  index: number,
  timestamp: Instant,
  playerNo: number,
  fs: boolean,
  random: ReturnType<typeof createSampleRandom>,
): Delivery {
  const number = String(index).padStart(12, '0');
  const amount = random.chance(workload.small)
    ? random.whole(1, 119_900) / 100
    : random.whole(120_000, 2_500_000) / 100;
  const user = userId(playerNo);
  const event = {
    event_id: `evt_${fs ? 'fs' : 'pay'}_${number}`,
    event_type: fs ? 'fs_action_complete' : 'payment_success',
    event_version: '1.0',
    occurred_at: formatInstant(timestamp - 400),
    producer: fs ? 'fs-journeys' : 'payments',
    user_id: user,
    correlation: {
      payment_id: `pay_${number}`,
      txn_id: `txn_${number}`,
      canonical_transaction_id: `txn_${number}`,
      original_event_id: null,
    },
    attributes: {
      transaction_type: 'UPI',
      payment_status: 'SUCCESS',
      transaction_amount: amount,
      currency: 'INR',
      merchant_id: `m_${random.whole(1, 5_000)}`,
      merchant_category: random.pick(['UTILITY', 'GROCERY', 'FUEL', 'TRAVEL']),
      billpay_category: null,
      action_type: fs ? 'CREDIT_CARD_APPLY' : null,
      frm_flag: null,
    },
  };
  return {
    value: Buffer.from(JSON.stringify(event)),
    timestamp,
    bucket: bucketOf(user),
    playerNo,
    repeat: false,
    worth: fs
      ? { triggerId: 'fs_plus_three', amount: 3 }
      : amount >= 1200
        ? { triggerId: 'upi_plus_one', amount: 1 }
        : undefined,
  };
}

/** The messages of one connection, in order: what a Kafka partition is to a consumer. */
export interface Lane {
  partition: number;
  deliveries: Delivery[];
}

/** Spreads messages over lanes so that no two lanes share a player. */
export function lanesOf(all: readonly Delivery[], count: number): Lane[] {
  const lanes = Array.from({ length: count }, (_, partition): Lane => ({ partition, deliveries: [] }));
  for (const delivery of all) (lanes[delivery.bucket % count] as Lane).deliveries.push(delivery);
  return lanes;
}

/** A delivery as the broker would hand it over. */
export function recordOf(delivery: Delivery, offset: number): KafkaRecord {
  return { offset: BigInt(offset), timestamp: delivery.timestamp, value: delivery.value };
}

/** The rows that a load must leave behind, whoever writes them. */
export interface Expected {
  events: number;
  credits: number;
  /** The sum of all credits. */
  worth: number;
}

export function expectedOf(all: readonly Delivery[]): Expected {
  const fresh = all.filter(({ repeat }) => !repeat);
  const credited = fresh.flatMap(({ worth }) => worth ?? []);
  return {
    events: fresh.length,
    credits: credited.length,
    worth: credited.reduce((sum, { amount }) => sum + amount, 0),
  };
}
