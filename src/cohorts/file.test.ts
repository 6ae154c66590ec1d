import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { formatInstant } from '../time.ts';
import { playersFromFile } from './file.ts';

async function read(content: string | Buffer): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of playersFromFile(Readable.from([Buffer.from(content)]), 'players.txt')) {
    const at = `${line.origin.line}: `;
    if ('problem' in line) lines.push(`${at}! ${line.problem}`);
    else {
      const instants = [line.from, line.to].map((instant) => (instant === undefined ? '-' : formatInstant(instant)));
      lines.push(`${at}${line.userId} ${instants.join(' ')}`);
    }
  }
  return lines;
}

test('without a header a line is a user id; with a comma it is none', async () => {
  expect(await read('\uFEFF"U1\r\n  U2 \n\nU,3\n"U4\nü ☕\nuser_id')).toEqual([
    '1: "U1 - -',
    '2: U2 - -',
    '4: ! a comma, but no header: begin the file with user_id,from,to; found "U,3"',
    '5: "U4 - -',
    '6: ü ☕ - -',
    '7: user_id - -',
  ]);
});

test('with a header, columns by name', async () => {
  const may = '2026-05-01T00:00:00+05:30';
  expect(await read(`\uFEFFuser_id,from,to\nU1,${may},2026-06-01T00:00:00Z\n"U,2",,\nU3 , , ${may}\n"U""4",,`)).toEqual(
    [
      '2: U1 2026-04-30T18:30:00.000Z 2026-06-01T00:00:00.000Z',
      '3: U,2 - -',
      '4: U3 - 2026-04-30T18:30:00.000Z',
      '5: U"4 - -',
    ],
  );
  expect(await read(`to,USER_ID\n${may},U1`)).toEqual(['2: U1 - 2026-04-30T18:30:00.000Z']);
  expect(await read('user_id\nU1')).toEqual(['2: U1 - -']);
});

test('lines that are not right are named with what was found, and the others are read', async () => {
  expect(await read('user_id,from\nU1\nU2,tomorrow\nU3,\n"U4,\nU5,2026-05-01')).toEqual([
    '2: ! 1 values where the header has 2 columns; found "U1"',
    '3: ! from: expected a time with an offset, such as 2026-06-01T00:00:00+05:30; found "tomorrow"',
    '4: U3 - -',
    '5: ! a double quote that is not closed, or not around the whole value; found "\\"U4,"',
    '6: ! from: expected a time with an offset, such as 2026-06-01T00:00:00+05:30; found "2026-05-01"',
  ]);
  expect(await read(Buffer.from([0x55, 0xff, 0x0a, 0x55]))).toEqual(['1: ! not UTF-8 text', '2: U - -']);
});

test('a header that is not right is the only problem', async () => {
  expect(await read('user_id,form\nU1,x\nU2,y')).toEqual([
    '1: ! no such column: "form" (did you mean "from"?); allowed: user_id, from, to, separated by commas',
  ]);
  expect(await read('user_id;from\nU1;x')).toEqual([
    '1: ! no such column: "user_id;from"; allowed: user_id, from, to, separated by commas',
  ]);
  expect(await read('user_id,from,from\nU1,,')).toEqual(['1: ! the column from is there twice']);
});
