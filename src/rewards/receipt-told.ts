// The receipt of a payment that we were told of otherwise than by an answer to our call: by a statement, or in writing. It has what taking the payment
// back will ask for later. A voucher's code is not in a statement, and so not in it.
import type { Json } from '../event/event.ts';
import type { RewardDestination } from '../outbox/find.ts';

export function receiptTold(
  service: RewardDestination,
  { transactionId, amount, takesBack }: { transactionId: string; amount: number; takesBack: boolean },
): { [field: string]: Json } {
  if (takesBack) return { transaction_id: transactionId };
  switch (service) {
    case 'neucoin':
      return { transaction_id: transactionId, status: 'credited', amount };
    case 'voucher':
      return { voucher_id: transactionId, status: 'issued', amount };
    default:
      return { transaction_id: transactionId, amount };
  }
}
