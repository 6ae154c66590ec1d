// The NeuCoin service's contract: what a credit's request looks like, and how its answer is read. docs/rewards.md describes it.
import { z } from 'zod';
import { createHttpService, type HttpServiceOptions } from './http-service.ts';
import type { RewardService } from './service.ts';

const credit = z.object({
  transaction_id: z.string().min(1).max(128),
  status: z.literal('credited'),
  amount: z.number(),
});

export function createNeucoin(options: HttpServiceOptions): RewardService {
  return createHttpService(
    {
      path: '/v1/credits',
      request: ({ user_id, amount, game_id, window_start, step, earning }, key) => ({
        idempotency_key: key,
        user_id,
        amount,
        currency: 'NC',
        reference: { game_id, window_start, step, earning },
      }),
      receipt(answer, { amount }) {
        const receipt = credit.safeParse(answer);
        if (!receipt.success) return undefined;
        return receipt.data.amount === amount
          ? { kind: 'done', answer: receipt.data }
          : {
              kind: 'ambiguous',
              answer: receipt.data,
              error: `credited ${receipt.data.amount} where ${amount} was asked for`,
            };
      },
      refusals: new Set(['USER_UNKNOWN', 'USER_BLOCKED', 'AMOUNT_INVALID']),
    },
    options,
  );
}
