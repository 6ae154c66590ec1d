// Both sides of the money: whatever happens to players, workers and services, what the services have paid in the end is what an independent ledger
// says, each reward once. 2,000 random sequences: twenty worlds of a hundred players. A failure names the seed that plays it again:
//
//   LEDGER_SEED=1712 npx vitest run workers/ledger.int.test.ts           the world
//   LEDGER_SEED=1712/42 npx vitest run workers/ledger.int.test.ts        one player of it, to whom the same happens
import { expect, test } from 'vitest';
import { type Audit, type Played, play } from '../src/testing/ledger/play.ts';
import { drawWorld, seedsOf } from '../src/testing/ledger/world.ts';

const WORLDS = 20;
const bounds = { players: 100, turns: 12, takesBack: true };

test('the services have paid what the ledger says, each reward once', { timeout: 600_000 }, async () => {
  const seeds = seedsOf(WORLDS);
  process.stdout.write(`ledger: LEDGER_SEED=${seeds[0]?.world}, and ${seeds.length - 1} worlds after it\n`);
  const total: Partial<Played['counts']> = {};
  for (const seed of seeds) {
    const replay = `LEDGER_SEED=${seed.world}`;
    const { audits, counts } = await play(drawWorld(seed, bounds)).catch((cause: unknown) => {
      throw new Error(`the world could not be played to its end: ${replay}`, { cause });
    });
    for (const audit of audits) expectAgreement(audit, replay);
    for (const key of Object.keys(counts) as (keyof typeof counts)[]) total[key] = (total[key] ?? 0) + counts[key];
  }
  process.stdout.write(`ledger: ${JSON.stringify(total)}\n`);
  if (seeds.length < WORLDS) return;
  // That there was something to go wrong.
  expect(total.payments).toBeGreaterThan(WORLDS * bounds.players);
  expect(total.attempts).toBeGreaterThan(total.payments as number);
  const takenBack = bounds.takesBack
    ? (['corrected', 'takenBack', 'kept', 'netted', 'letThrough', 'givenUp', 'gaveBack'] as const)
    : [];
  for (const key of ['ambiguous', 'fenced', 'overBudget', ...takenBack] as const) {
    expect(total[key], key).toBeGreaterThan(0);
  }
});

function expectAgreement({ expected, found, differences, agree }: Audit, replay: string): void {
  expect(found, `${replay}, or alone ${divergent(expected, found, replay).join(', ')}`).toEqual(expected);
  expect(differences, replay).toEqual([]);
  expect(agree, replay).toEqual({ neucoin: true, voucher: true });
}

/** The seeds that play the first players alone of whom both sides do not say the same. */
function divergent(expected: Audit['expected'], found: Audit['found'], replay: string): string[] {
  const lines = (['claims', 'paid', 'refused'] as const).flatMap((list) => {
    const [ours, theirs] = [expected[list], found[list]];
    return [...ours.filter((line) => !theirs.includes(line)), ...theirs.filter((line) => !ours.includes(line))];
  });
  const players = new Set(lines.map((line) => line.slice(1, line.indexOf(' '))));
  return [...players].slice(0, 5).map((player) => `${replay}/${player}`);
}
