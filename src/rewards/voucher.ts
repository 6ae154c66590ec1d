// The voucher service's contract: what the requests of an issue and a cancellation look like, and how their answers are read. docs/rewards.md
// describes it. The code in the answer is worth money: only its last characters leave this module, and, sealed, all of it.
import { z } from 'zod';
import type { RewardMessage, TakeBackMessage } from '../event/message.ts';
import type { Sealer } from '../seal.ts';
import { createHttpService, type HttpOperation, type HttpServiceOptions } from './http-service.ts';
import { paidWith, referenceOf } from './request.ts';
import type { RewardService } from './service.ts';
import { maskCode, ownerOf } from './voucher-code.ts';

const identifier = z.string().min(1).max(128);
const issued = z.object({
  voucher_id: identifier,
  status: z.literal('issued'),
  amount: z.number(),
  code: z.string().min(1).max(256),
});
const cancelled = z.object({ cancellation_id: identifier, voucher_id: identifier, status: z.literal('cancelled') });

const issue = (sealer: Sealer | undefined): HttpOperation<RewardMessage> => ({
  path: '/v1/vouchers',
  request: (message, key) => ({
    idempotency_key: key,
    user_id: message.user_id,
    amount: message.amount,
    currency: 'INR',
    ...(message.pool === undefined ? {} : { pool: message.pool }),
    reference: referenceOf(message),
  }),
  receipt(body, { amount, user_id, game_id }) {
    const voucher = issued.safeParse(body).data;
    if (voucher === undefined) return undefined;
    const { code, ...kept } = voucher;
    const answer = { ...kept, masked_code: maskCode(code) };
    return kept.amount === amount
      ? { kind: 'done', answer, sealed: sealer?.seal(code, ownerOf(user_id, game_id)) }
      : { kind: 'ambiguous', answer, error: `issued ${kept.amount} where ${amount} was asked for` };
  },
  refusals: new Set(['USER_UNKNOWN', 'USER_BLOCKED', 'AMOUNT_INVALID']),
});

const cancel: HttpOperation<TakeBackMessage> = {
  path: '/v1/cancellations',
  request(message, key) {
    const { key: paidKey, answer } = paidWith(message, issued.pick({ voucher_id: true }));
    return {
      idempotency_key: key,
      user_id: message.user_id,
      voucher: { idempotency_key: paidKey, voucher_id: answer.voucher_id },
      reference: referenceOf(message),
    };
  },
  receipt(body, message) {
    const answer = cancelled.safeParse(body).data;
    if (answer === undefined) return undefined;
    const { voucher_id } = paidWith(message, issued.pick({ voucher_id: true })).answer;
    return answer.voucher_id === voucher_id
      ? { kind: 'done', answer }
      : { kind: 'ambiguous', answer, error: `cancelled ${answer.voucher_id} where ${voucher_id} was asked for` };
  },
  refusals: new Set([
    'USER_UNKNOWN',
    'USER_BLOCKED',
    'VOUCHER_UNKNOWN',
    'ALREADY_USED',
    'ALREADY_CANCELLED',
    'EXPIRED',
  ]),
};

/** Without a `sealer` codes are not kept at all. */
export function createVoucher(options: HttpServiceOptions & { sealer?: Sealer | undefined }): RewardService {
  return createHttpService({ pay: issue(options.sealer), takeBack: cancel }, options);
}
