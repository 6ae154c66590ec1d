// What the requests of reward services are made of: how a claim is referred to, and what is known of a payment that is to be taken back.
import type { z } from 'zod';
import type { Json } from '../event/event.ts';
import type { RewardMessage, TakeBackMessage } from '../event/message.ts';

/** The claim, as a service may show it to people; the key is what identifies it. */
export function referenceOf({ game_id, window_start, step, earning }: RewardMessage): Json {
  return { game_id, window_start, step, earning };
}

/** The payment's key, and of its kept answer what `answer` picks. Throws where the message was sent too early: it waits until its payment is done. */
export function paidWith<Answer>(
  { paid }: TakeBackMessage,
  answer: z.ZodType<Answer>,
): { key: string; answer: Answer } {
  if (paid === null) throw new Error('a reward was to be taken back before it was known to be paid');
  return { key: paid.key, answer: answer.parse(paid.answer) };
}
