// What the lines of a statement may say, and what is told of those that cannot be read.
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { UserError } from '../errors.ts';
import { readStatement } from './statement.ts';

async function read(text: string): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of readStatement(Readable.from([Buffer.from(text)]), 'may.csv')) {
    lines.push(
      'problem' in line
        ? `${line.line} ! ${line.problem}`
        : `${line.line} ${line.key} ${line.takesBack ? 'taken back' : 'paid'} ${line.amount} ${line.transactionId} ${line.at}`,
    );
  }
  return lines;
}

test('values under a header, columns in any order, those that we do not know left alone', async () => {
  expect(
    await read(
      [
        '\ufefftime,Idempotency_Key,amount,kind,transaction_id,user_id',
        '2026-05-01T00:00:00.5Z,k1,10.50,credit,t1,"U,1"',
        '',
        '2026-05-01T05:30:00+05:30,k2,7,DEBIT,,U2\r',
        ',k3,,cancel,t3,U3',
      ].join('\n'),
    ),
  ).toEqual([
    `2 k1 paid 10.50 t1 ${Date.UTC(2026, 4, 1) + 500}`,
    `4 k2 taken back 7 null ${Date.UTC(2026, 4, 1)}`,
    '5 k3 taken back null t3 null',
  ]);
});

test('JSON lines; without a kind every line was paid', async () => {
  expect(
    await read(
      '{"idempotency_key":"k1","amount":10,"transaction_id":7}\n{"idempotency_key":"k2","amount":"0.10","kind":"issue"}\n',
    ),
  ).toEqual(['1 k1 paid 10 7 null', '2 k2 paid 0.10 null null']);
});

test('a line that cannot be read is told with its number and value, and the next is read', async () => {
  expect(
    await read(
      [
        'idempotency_key,kind,amount,time',
        'k1,credit,-3,2026-05-01T00:00:00Z',
        'k2,credti,3,2026-05-01T00:00:00Z',
        'k3,credit,3,2026-05-01 00:00',
        ',credit,3,2026-05-01T00:00:00Z',
        'k5,credit',
        'k6,credit,1234567890.1234567,',
        'k7,"credit,3,',
        `${'k'.repeat(200)},credit,3,`,
        'k9,credit,3,2026-05-01T00:00:00Z',
      ].join('\n'),
    ),
  ).toEqual([
    '2 ! amount: expected a number that is not negative, such as 250 or 99.50; found "-3"',
    '3 ! kind: expected one of credit, issue, debit, cancel; found "credti" (did you mean "credit"?)',
    '4 ! time: expected a time with an offset, such as 2026-06-01T00:00:00+05:30; found "2026-05-01 00:00"',
    '5 ! idempotency_key: expected a key; found ""',
    '6 ! 2 values where the header has 4 columns; found "k5,credit"',
    '7 ! amount: expected a number that is not negative, such as 250 or 99.50; found "1234567890.1234567"',
    '8 ! a double quote that is not closed, or not around the whole value; found "k7,\\"credit,3,"',
    expect.stringMatching(/^9 ! idempotency_key: expected a text of at most 128 bytes; found "kkk/),
    `10 k9 paid 3 null ${Date.UTC(2026, 4, 1)}`,
  ]);
  expect(await read('{"idempotency_key":"k1","amount":1}\n[1]\n{"idempotency_kee":"k2","amount":1}\n{')).toEqual([
    '1 k1 paid 1 null null',
    '2 ! expected an object; found "[1]"',
    '3 ! idempotency_key is missing; there is "idempotency_kee" (did you mean "idempotency_key"?)',
    '4 ! not JSON; found "{"',
  ]);
});

test('a header without a needed column is refused as a whole, with what was most likely meant', async () => {
  const refused = await read('idempotency-key,amuont,time\nk1,3,').catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(UserError);
  expect((refused as UserError).problems).toEqual([
    {
      path: 'idempotency_key',
      message: 'the column is missing; there is "idempotency-key" (did you mean "idempotency_key"?)',
    },
    { path: 'amount', message: 'the column is missing; there is "amuont" (did you mean "amount"?)' },
    {
      path: '',
      message:
        'columns: idempotency_key, kind, amount, transaction_id, time, separated by commas; found "idempotency-key,amuont,time"',
    },
  ]);
});
