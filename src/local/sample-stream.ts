// A stream of sample messages for the demonstration and the tests: UPI and FS events of Indian players in the three shapes that the shipped
// sources read, with the disorder of real life in stated shares. Deterministic by its seed, and lazy: a million take no more memory than ten.
import type { Instant } from '../time.ts';
import { createSampleRandom, type SampleRandom } from './sample-random.ts';

export interface SampleOptions {
  seed: number;
  /** Messages in all: fresh ones, repeats and malformed ones together. */
  events: number;
  players: number;
  /** Fresh events happen between these, in this order, evenly spread. */
  from: Instant;
  to: Instant;
  /** Late messages are received after this; `to` and 73 hours unless said. */
  lateFrom?: Instant;
  shares?: Partial<SampleShares>;
}

/** How much of what is in the stream, each from 0 to 1. The first three are shares of all messages, the others of the fresh ones. */
export interface SampleShares {
  /** Sent again byte for byte. */
  repeated: number;
  /** Sent again with another time. */
  restamped: number;
  malformed: number;
  /** Happened before `from`. */
  outside: number;
  /** Received long after it happened. */
  late: number;
  /** Flagged by fraud and risk management. */
  flagged: number;
  /** Financial services instead of UPI. */
  fs: number;
  /** Sent in canonical shape instead of the producer's own. */
  canonical: number;
  /** Payments that failed, and journeys that were left half-way. */
  failed: number;
  /** Payments below 1,200 rupees. */
  small: number;
}

const usualShares: SampleShares = {
  repeated: 0.04,
  restamped: 0.02,
  malformed: 0.01,
  outside: 0.02,
  late: 0,
  flagged: 0.005,
  fs: 0.12,
  canonical: 0.3,
  failed: 0.08,
  small: 0.45,
};

export interface SampleMessage {
  source: 'canonical' | 'upi_switch' | 'fs_journey';
  topic: string;
  bytes: Buffer;
  /** The player: the key of the Kafka record. */
  key: string;
  receivedAt: Instant;
  /** What it was made as. */
  kind: 'fresh' | 'repeated' | 'restamped' | 'malformed' | 'outside' | 'late';
}

/** The user_id of the sample's player number `index`, from 0. */
export function samplePlayer(index: number): string {
  return `U${100_001 + index}`;
}

/** The sample messages, one after the other, as they arrive. */
export function* sampleStream(options: SampleOptions): Generator<SampleMessage> {
  const { events, players, from, to } = options;
  const lateFrom = options.lateFrom ?? to + 73 * HOUR;
  const shares = { ...usualShares, ...options.shares };
  const random = createSampleRandom(options.seed);
  const recent: Fact[] = [];

  for (let index = 0; index < events; index++) {
    const now = Math.floor(from + ((to - from) * (index + random.next())) / events);
    const draw = random.next();
    const again = recent.length > 0 && draw < shares.repeated + shares.restamped;
    if (again) {
      const earlier = random.pick(recent);
      const kind = draw < shares.repeated ? 'repeated' : 'restamped';
      yield message(kind === 'repeated' ? earlier : { ...earlier, occurredAt: now }, kind, now + delay(random));
      continue;
    }

    const fact = drawFact(index, now, players, shares, random);
    if (draw >= 1 - shares.malformed) {
      yield { ...message(fact, 'malformed', now + delay(random)), bytes: malformed(fact, random) };
      continue;
    }
    const place = random.next();
    if (place < shares.outside) {
      fact.occurredAt = from - random.whole(1, 20 * 24) * HOUR;
      yield message(fact, 'outside', fact.occurredAt + delay(random));
    } else if (place < shares.outside + shares.late) {
      yield message(fact, 'late', lateFrom + random.whole(0, 24) * HOUR);
    } else {
      if (recent.length < REMEMBERED) recent.push(fact);
      else recent[random.whole(0, REMEMBERED - 1)] = fact;
      yield message(fact, 'fresh', now + delay(random));
    }
  }
}

const HOUR = 3_600_000;
/** Repeats are drawn from this many earlier messages. */
const REMEMBERED = 1_000;

/** From what happened to its arrival at the broker. */
function delay(random: SampleRandom): number {
  return random.whole(40, 2_500);
}

// ---- what happened, whoever tells it

interface Fact {
  index: number;
  user: string;
  occurredAt: Instant;
  shape: SampleMessage['source'];
  failed: boolean;
  flagged: boolean;
  paise: number;
  merchant: (typeof merchants)[number];
  /** Undefined: a UPI payment. */
  journey: (typeof journeys)[number] | undefined;
  transaction: string;
}

function drawFact(index: number, now: Instant, players: number, shares: SampleShares, random: SampleRandom): Fact {
  // Squared, so that some players are far busier than others.
  const user = samplePlayer(Math.floor(random.next() ** 2 * players));
  const journey = random.chance(shares.fs) ? random.pick(journeys) : undefined;
  const ownShape = journey === undefined ? 'upi_switch' : 'fs_journey';
  const merchant = random.pick(merchants);
  return {
    index,
    user,
    occurredAt: now,
    shape: random.chance(shares.canonical) ? 'canonical' : ownShape,
    failed: random.chance(shares.failed),
    flagged: random.chance(shares.flagged),
    paise: drawPaise(merchant, random.chance(shares.small), random),
    merchant,
    journey,
    transaction: `HDFC${random.whole(0, 0xffffffff).toString(16).padStart(8, '0')}${index.toString(16).padStart(8, '0')}`,
  };
}

/** Small amounts end in odd rupees and paise, larger ones are mostly round: as bills and transfers do. */
function drawPaise(merchant: Fact['merchant'], small: boolean, random: SampleRandom): number {
  if (small) return random.whole(merchant.from * 100, 119_999);
  const rupees = Math.floor(1_200 + random.next() ** 3 * (merchant.to - 1_200));
  return random.chance(0.6) ? Math.max(1_200, Math.round(rupees / 50) * 50) * 100 : rupees * 100 + random.whole(0, 99);
}

const merchants = [
  { id: 'm_bescom', vpa: 'bescom@billdesk', mcc: '4900', category: 'UTILITY', from: 180, to: 6_000 },
  { id: 'm_tatapower', vpa: 'tatapower@hdfcbank', mcc: '4900', category: 'UTILITY', from: 220, to: 7_500 },
  { id: 'm_jio', vpa: 'jio@sbi', mcc: '4814', category: 'TELECOM', from: 19, to: 3_599 },
  { id: 'm_dmart', vpa: 'dmart@icici', mcc: '5411', category: 'GROCERY', from: 40, to: 6_500 },
  { id: 'm_kirana_17', vpa: 'shreekirana@ybl', mcc: '5411', category: 'GROCERY', from: 10, to: 2_200 },
  { id: 'm_iocl', vpa: 'indianoil@axisbank', mcc: '5541', category: 'FUEL', from: 100, to: 4_500 },
  { id: 'm_saravana', vpa: 'saravanabhavan@paytm', mcc: '5812', category: 'RESTAURANT', from: 60, to: 3_200 },
  { id: 'm_apollo', vpa: 'apollopharmacy@hdfcbank', mcc: '5912', category: 'PHARMACY', from: 35, to: 5_000 },
  { id: 'm_metro', vpa: 'dmrc@sbi', mcc: '4111', category: 'TRANSPORT', from: 10, to: 2_000 },
  { id: 'm_croma', vpa: 'croma@icici', mcc: '5311', category: 'SHOPPING', from: 199, to: 45_000 },
] as const;

const journeys = [
  { name: 'credit_card_application_submitted', action: 'CREDIT_CARD_APPLY', product: 'CC-REGALIA' },
  { name: 'loan_enquiry_submitted', action: 'LOAN_ENQUIRY', product: 'PL-FLEXI' },
  { name: 'insurance_policy_issued', action: 'INSURANCE_PURCHASE', product: 'HEALTH-SILVER' },
  { name: 'bill_paid', action: 'BILL_PAY', product: 'BBPS', biller: 'Electricity', category: 'ELECTRICITY' },
  { name: 'bill_paid', action: 'BILL_PAY', product: 'BBPS', biller: 'Mobile Postpaid', category: 'MOBILE_POSTPAID' },
  { name: 'bill_paid', action: 'BILL_PAY', product: 'BBPS', biller: 'Piped Gas', category: 'GAS' },
] as const;

// ---- the same fact in each shape

const topics = {
  canonical: 'milepost.events',
  upi_switch: 'upi.switch.transactions',
  fs_journey: 'fs.journey.events',
} as const;

function message(fact: Fact, kind: SampleMessage['kind'], receivedAt: Instant): SampleMessage {
  return {
    source: fact.shape,
    topic: topics[fact.shape],
    bytes: Buffer.from(JSON.stringify(contentOf(fact))),
    key: fact.user,
    receivedAt,
    kind,
  };
}

function contentOf(fact: Fact): { [key: string]: unknown } {
  if (fact.shape === 'upi_switch') return upiSwitch(fact);
  if (fact.shape === 'fs_journey') return fsJourney(fact, fact.journey ?? journeys[0]);
  return fact.journey === undefined ? canonicalPayment(fact) : canonicalJourney(fact, fact.journey);
}

function canonicalPayment(fact: Fact): { [key: string]: unknown } {
  const { merchant, failed } = fact;
  return {
    ...canonicalHead(fact, failed ? 'payment_failed' : 'payment_success', 'payments'),
    attributes: {
      transaction_type: 'UPI',
      payment_status: failed ? 'FAILED' : 'SUCCESS',
      transaction_amount: fact.paise / 100,
      currency: 'INR',
      merchant_id: merchant.id,
      merchant_category: merchant.category,
      billpay_category: null,
      action_type: null,
      frm_flag: fact.flagged ? 'FRM_REVIEW' : null,
    },
  };
}

function canonicalJourney(fact: Fact, journey: NonNullable<Fact['journey']>): { [key: string]: unknown } {
  return {
    ...canonicalHead(fact, fact.failed ? 'fs_action_abandoned' : 'fs_action_complete', 'fs'),
    attributes: {
      transaction_type: 'FS',
      payment_status: null,
      transaction_amount: journey.action === 'BILL_PAY' ? fact.paise / 100 : null,
      currency: 'INR',
      merchant_id: null,
      merchant_category: null,
      billpay_category: 'category' in journey ? journey.category : null,
      action_type: journey.action,
      frm_flag: fact.flagged ? 'FRM_REVIEW' : null,
    },
  };
}

function canonicalHead(fact: Fact, type: string, producer: string): { [key: string]: unknown } {
  return {
    event_id: `evt_${fact.transaction}`,
    event_type: type,
    event_version: '1.0',
    occurred_at: inIndia(fact.occurredAt),
    producer,
    user_id: fact.user,
    correlation: {
      payment_id: `pay_${fact.transaction}`,
      txn_id: rrn(fact),
      canonical_transaction_id: fact.transaction,
      original_event_id: null,
    },
  };
}

function upiSwitch(fact: Fact): { [key: string]: unknown } {
  const { merchant, paise } = fact;
  // One in eight comes from the older nodes, which speak version 1.
  const old = fact.index % 8 === 0;
  return {
    hdr: { ver: old ? '1.4' : '2.1', msgType: 'TXN_STATUS', msgId: `SW${rrn(fact)}`, ts: fact.occurredAt },
    txn: {
      upiTxnId: fact.transaction,
      rrn: rrn(fact),
      type: 'PAY',
      subType: 'P2M',
      ...(old ? { amount: (paise / 100).toFixed(2) } : { amtPaise: paise }),
      ccy: 'INR',
      respCode: fact.failed ? (['U30', 'Z9', 'U69'] as const)[fact.index % 3] : '00',
    },
    payer: { custRef: fact.user, bank: 'HDFC' },
    payee: { vpa: merchant.vpa, merchantId: merchant.id, mcc: merchant.mcc },
    risk: { score: fact.flagged ? 912 : 40 + (fact.index % 50), frm: fact.flagged ? 'Y' : 'N' },
  };
}

function fsJourney(fact: Fact, journey: NonNullable<Fact['journey']>): { [key: string]: unknown } {
  const rupees = inLakhs(fact.paise);
  const payment = {
    reference: `pay_${fact.transaction}`,
    upiTxnId: fact.transaction,
    status: fact.failed ? 'FAILED' : 'PAID',
  };
  const parts = {
    CREDIT_CARD_APPLY: {},
    LOAN_ENQUIRY: { enquiry: { amount: inLakhs(fact.paise * 100), tenureMonths: 36 } },
    INSURANCE_PURCHASE: { policy: { premium: rupees, termYears: 1 }, payment },
    BILL_PAY: {
      bill: {
        category: 'biller' in journey ? journey.biller : 'Electricity',
        billerId: fact.merchant.id,
        amount: rupees,
      },
      payment,
    },
  };
  return {
    eventName: journey.name,
    schemaVersion: '1.2',
    eventUuid: `fs-${fact.transaction.toLowerCase()}`,
    journeyId: `J${fact.index}`,
    status: fact.failed ? 'ABANDONED' : 'COMPLETED',
    occurredOn: inIndia(fact.occurredAt),
    customer: { id: fact.user, firstTime: fact.index % 3 === 0 },
    product: { code: journey.product },
    ...(fact.flagged ? { riskTag: 'FRM_REVIEW' } : {}),
    ...parts[journey.action],
  };
}

/** Twelve digits, as the retrieval reference number of a UPI payment has. */
function rrn(fact: Fact): string {
  return String(600_000_000_000 + fact.index);
}

function inIndia(instant: Instant): string {
  return `${new Date(instant + 5.5 * HOUR).toISOString().slice(0, -1)}+05:30`;
}

/** `1234567.80` as `12,34,567.80`. */
function inLakhs(paise: number): string {
  const [whole, fraction] = (paise / 100).toFixed(2).split('.') as [string, string];
  const head = whole.slice(0, -3);
  const grouped = head === '' ? whole : `${head.replace(/\B(?=(\d\d)+$)/g, ',')},${whole.slice(-3)}`;
  return `${grouped}.${fraction}`;
}

// ---- what cannot be read

function malformed(fact: Fact, random: SampleRandom): Buffer {
  const content = contentOf(fact);
  const text = JSON.stringify(content);
  switch (random.whole(0, 5)) {
    case 0:
      return Buffer.from(text.slice(0, random.whole(1, text.length - 1)));
    case 1:
      return Buffer.from(JSON.stringify({ ...content, user_id: null, payer: {}, customer: null }));
    case 2:
      return Buffer.from(
        JSON.stringify({ ...content, attributes: 'none', txn: { amtPaise: 'many' }, customer: { id: {} } }),
      );
    case 3:
      return Buffer.from(
        JSON.stringify({ ...content, event_version: '9.0', hdr: { ver: '9.0' }, schemaVersion: '9.0' }),
      );
    case 4:
      return Buffer.concat([Buffer.from([0, 0, 0, 0, 7]), Buffer.from(`\x16${fact.transaction}`, 'latin1')]);
    default:
      return Buffer.from(`${text.slice(0, -1)},"note":"caf\xe9"}`, 'latin1');
  }
}
