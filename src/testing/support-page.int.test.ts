// docs/support.md tells the truth: each command of the page is run, in its order, and prints what the page shows. With -u the page is written anew.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ParkedMessage } from '../event/event.ts';
import { testDatabase } from './database.ts';
import { install, testEngine } from './engine.ts';
import { at, gameHistory, makeEvent, makeGame, paymentTrigger, upiPayment } from './make.ts';
import { milepost } from './milepost.ts';

const page = join(import.meta.dirname, '../../docs/support.md');

const summer = makeGame({
  game_id: 'summer',
  cohort_id: 'early_lifecycle',
  milestone_steps: [1, 3],
  triggers: [{ ...paymentTrigger({ id: 'upi_payment', from: 1_200 }), cap: { per_day: 2 } }],
  on_reversal: 'claw_back',
});

const member = (id: string, user: string, occurred: string) =>
  makeEvent({
    id,
    user,
    type: 'cohort_changed',
    producer: 'milepost',
    occurred,
    attributes: { cohort_id: 'early_lifecycle', member: true, until: null },
  });

const payment = (number: number, amount: number, options: Parameters<typeof upiPayment>[1]) =>
  upiPayment(amount, {
    id: `evt_${number}`,
    user: 'U123',
    producer: 'payments',
    correlation: { payment_id: `pay_${number}` },
    origin: { transport: 'kafka', topic: 'payments', partition: 3, offset: String(1_000 + number) },
    ...options,
  });

/** What producers send besides payments. */
const said = (number: number, type: string, options: Parameters<typeof makeEvent>[0]) =>
  makeEvent({
    id: `evt_${number}`,
    type,
    producer: 'payments',
    origin: { transport: 'kafka', topic: 'payments', partition: 3, offset: String(1_000 + number) },
    ...options,
  });

const parked: ParkedMessage = {
  source: 'canonical',
  origin: { transport: 'kafka', topic: 'payments', partition: 3, offset: '1009' },
  bytes: Buffer.from(
    JSON.stringify({
      event_id: 'evt_9',
      event_type: 'payment_success',
      occurred_at: '2026-05-14T10:00:00Z',
      producer: 'payments',
      user_id: 'U123',
      correlation: { payment_id: 'pay_9' },
      attributes: { transaction_amount: 1_500 },
    }),
  ),
  receivedAt: at('05-14'),
  reason: 'unmapped_type',
  detail: 'no mapping takes payment_success',
};

test('each command of the page prints what the page shows', { timeout: 300_000 }, async () => {
  await using database = await testDatabase();
  await install(database.pool, { games: [gameHistory(summer)] });
  {
    await using engine = testEngine(database.url);
    await engine.take([member('m1', 'U123', '05-02')]);
    await engine.take([
      payment(1, 900, { occurred: '05-10' }),
      payment(2, 1_500, { occurred: '05-11' }),
      payment(3, 1_500, { occurred: '05-11' }),
      payment(4, 1_500, { occurred: '05-11' }),
      payment(5, 1_500, { occurred: '05-20', received: '06-10' }),
      payment(6, 1_500, { occurred: '05-12', attributes: { frm_flag: 'VELOCITY' } }),
      payment(7, 1_500, { user: 'U124', occurred: '05-03' }),
    ]);
    await engine.take([member('m2', 'U124', '05-01')]);
    await engine.process({ events: [], parked: [parked] });
    await engine.take([
      member('m3', 'U125', '05-01'),
      payment(11, 2_000, { user: 'U125', occurred: '05-10' }),
      member('m4', 'U126', '05-01'),
      payment(13, 2_000, { user: 'U126', occurred: '05-10', attributes: { frm_flag: 'VELOCITY' } }),
    ]);
    await database.pool.query(
      `update milepost.outbox set state = 'done', attempts = 1, settled_at = '2026-05-10T12:00:03Z'
        where body ->> 'user_id' = 'U125'`,
    );
    await engine.take([
      said(12, 'payment_reversed', { user: 'U125', occurred: '05-20', correlation: { payment_id: 'pay_11' } }),
      said(14, 'hold_released', { user: 'U126', occurred: '05-11', correlation: { original_event_id: 'evt_13' } }),
    ]);
  }

  const text = await readFile(page, 'utf8');
  let written = '';
  for (const part of text.split(/(```console\n[\s\S]*?```)/)) {
    const [, command] = /^```console\n\$ milepost (.*)\n/.exec(part) ?? [];
    if (command === undefined) {
      written += part;
      continue;
    }
    const args = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
    const { stdout, stderr } = await milepost(args, { env: { DATABASE_URL: database.url } });
    expect(stderr, command).toBe('');
    written += `\`\`\`console\n$ milepost ${command}\n${settled(stdout)}\`\`\``;
  }
  await expect(written).toMatchFileSnapshot(page);
});

/** What depends on when and by whom the commands are given, as if that had been in June 2026. */
function settled(output: string): string {
  return output
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (time) => (time < '2026-07' ? time : '2026-06-12T04:30:00.000Z'))
    .replaceAll(/\S+ on the command line/g, 'asha on the command line');
}
