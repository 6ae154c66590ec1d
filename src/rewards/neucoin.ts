// The NeuCoin service's contract: what the requests of a credit and a debit look like, and how their answers are read. docs/rewards.md describes it.
import { z } from 'zod';
import type { RewardMessage, TakeBackMessage } from '../event/message.ts';
import { createHttpService, type HttpOperation, type HttpServiceOptions } from './http-service.ts';
import { paidWith, referenceOf } from './request.ts';
import type { RewardService } from './service.ts';

const transaction = z.object({ transaction_id: z.string().min(1).max(128), amount: z.number() });
const receipts = {
  credited: transaction.extend({ status: z.literal('credited') }),
  debited: transaction.extend({ status: z.literal('debited') }),
};

const credit: HttpOperation<RewardMessage> = {
  path: '/v1/credits',
  request: (message, key) => ({
    idempotency_key: key,
    user_id: message.user_id,
    amount: message.amount,
    currency: 'NC',
    reference: referenceOf(message),
  }),
  receipt: readReceipt('credited'),
  refusals: new Set(['USER_UNKNOWN', 'USER_BLOCKED', 'AMOUNT_INVALID']),
};

const debit: HttpOperation<TakeBackMessage> = {
  path: '/v1/debits',
  request(message, key) {
    const { key: paidKey, answer } = paidWith(message, receipts.credited);
    return {
      idempotency_key: key,
      user_id: message.user_id,
      amount: message.amount,
      currency: 'NC',
      credit: { idempotency_key: paidKey, transaction_id: answer.transaction_id },
      reference: referenceOf(message),
    };
  },
  receipt: readReceipt('debited'),
  refusals: new Set([
    'USER_UNKNOWN',
    'USER_BLOCKED',
    'AMOUNT_INVALID',
    'CREDIT_UNKNOWN',
    'CREDIT_EXCEEDED',
    'INSUFFICIENT_BALANCE',
  ]),
};

function readReceipt(status: keyof typeof receipts): HttpOperation<RewardMessage>['receipt'] {
  return (body, { amount }) => {
    const answer = receipts[status].safeParse(body).data;
    if (answer === undefined) return undefined;
    return answer.amount === amount
      ? { kind: 'done', answer }
      : { kind: 'ambiguous', answer, error: `${status} ${answer.amount} where ${amount} was asked for` };
  };
}

export function createNeucoin(options: HttpServiceOptions): RewardService {
  return createHttpService({ pay: credit, takeBack: debit }, options);
}
