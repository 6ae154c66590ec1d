// Both sides of the money: whatever happens to players, workers and services, what the services have paid in the end is what an independent ledger
// says, each reward once. 2,000 random sequences: twenty worlds of a hundred players. A failure names the seed that plays it again:
//
//   LEDGER_SEED=1712 npx vitest run workers/ledger.int.test.ts           the world
//   LEDGER_SEED=1712/42 npx vitest run workers/ledger.int.test.ts        one player of it, to whom the same happens
import { expect, test } from 'vitest';
import { type Audit, type Played, play } from '../src/testing/ledger/play.ts';
import { drawWorld, seedsOf } from '../src/testing/ledger/world.ts';

const WORLDS = 20;
const bounds = { players: 100, turns: 12 };

test('the services have paid what the ledger says, each reward once', { timeout: 600_000 }, async () => {
  const seeds = seedsOf(WORLDS);
  process.stdout.write(`ledger: LEDGER_SEED=${seeds[0]?.world}, and ${seeds.length - 1} worlds after it\n`);
  const total: Played['counts'] = { events: 0, payments: 0, attempts: 0, ambiguous: 0, fenced: 0 };
  for (const seed of seeds) {
    const replay = `LEDGER_SEED=${seed.world}`;
    const { audits, counts } = await play(drawWorld(seed, bounds)).catch((cause: unknown) => {
      throw new Error(`the world could not be played to its end: ${replay}`, { cause });
    });
    for (const audit of audits) expectAgreement(audit, replay);
    for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += counts[key];
  }
  if (seeds.length < WORLDS) return;
  // That there was something to go wrong.
  expect(total.payments).toBeGreaterThan(WORLDS * bounds.players);
  expect(total.attempts).toBeGreaterThan(total.payments);
  expect(total.ambiguous).toBeGreaterThan(0);
  expect(total.fenced).toBeGreaterThan(0);
});

function expectAgreement({ expected, found, differences, agree }: Audit, replay: string): void {
  expect(found, replay).toEqual(expected);
  expect(differences, replay).toEqual([]);
  expect(agree, replay).toEqual({ neucoin: true, voucher: true });
}
