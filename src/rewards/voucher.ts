// The voucher service's contract: what an issue's request looks like, and how its answer is read. docs/rewards.md describes it.
// The code in the answer is worth money: only its last characters leave this module.
import { z } from 'zod';
import { createHttpService, type HttpServiceOptions } from './http-service.ts';
import type { RewardService } from './service.ts';

const voucher = z.object({
  voucher_id: z.string().min(1).max(128),
  status: z.literal('issued'),
  amount: z.number(),
  code: z.string().min(1).max(256),
});

export function createVoucher(options: HttpServiceOptions): RewardService {
  return createHttpService(
    {
      path: '/v1/vouchers',
      request: ({ user_id, amount, game_id, window_start, step, earning }, key) => ({
        idempotency_key: key,
        user_id,
        amount,
        currency: 'INR',
        reference: { game_id, window_start, step, earning },
      }),
      receipt(body, { amount }) {
        const receipt = voucher.safeParse(body);
        if (!receipt.success) return undefined;
        const { code, ...kept } = receipt.data;
        const answer = { ...kept, masked_code: maskCode(code) };
        return kept.amount === amount
          ? { kind: 'done', answer }
          : { kind: 'ambiguous', answer, error: `issued ${kept.amount} where ${amount} was asked for` };
      },
      refusals: new Set(['USER_UNKNOWN', 'USER_BLOCKED', 'AMOUNT_INVALID']),
    },
    options,
  );
}

/** The last four characters, and of a short code none: enough to tell codes apart, too little to spend one. */
function maskCode(code: string): string {
  return `****${code.length >= 12 ? code.slice(-4) : ''}`;
}
