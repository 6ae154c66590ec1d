import { expect, test } from 'vitest';
import { connect } from '../db/connect.ts';
import { testDatabase } from '../testing/database.ts';
import { install, silent, testEngine } from '../testing/engine.ts';
import { changed, gameHistory, makeEvent, makeGame, upiPayment } from '../testing/make.ts';
import { mergeOf } from '../testing/merge.ts';
import { exportPlayer } from './export.ts';

test('a player’s data is all there, in every table that knows players, and nobody else’s', async () => {
  await using database = await testDatabase();
  await install(database.pool, { games: [gameHistory(makeGame({ milestone_steps: [1] }))] });
  {
    await using engine = testEngine(database.url);
    const event = upiPayment(5, { id: 'a', attributes: { merchant_id: 'M1' } });
    const member = { cohort_id: 'early', member: true, until: null };
    await engine.take([
      event,
      changed(event, { attributes: { merchant_id: 'M9' } }),
      upiPayment(5, { id: 'b', user: 'U2', attributes: { merchant_id: 'M2' } }),
      makeEvent({ id: 'm', type: 'cohort_changed', attributes: member }),
    ]);
  }
  const support = connect(database.url, { role: 'milepost_support', size: 1, log: silent });
  try {
    const found = await exportPlayer(support, 'U1');
    expect(found).toMatchObject({
      user_id: 'U1',
      exported_at: expect.stringMatching(/^\d{4}-/),
      tables: {
        player: [{ user_id: 'U1' }],
        event_key: [{ event_id: 'a' }, { event_id: 'm' }],
        inbox: [{ payload: { attributes: { merchant_id: 'M1' } } }, {}],
        event_conflict: [{ payload: { attributes: { merchant_id: 'M9' } } }],
        cohort_membership: [{ cohort_id: 'early', member: true }],
        credit: [{ trigger_id: 'payment', amount: 1 }],
        progress: [{ value: 1 }],
        claim: [{ step: 1, amount: 10 }],
        outbox: [{ destination: 'neucoin', body: { user_id: 'U1', amount: 10 } }],
      },
    });
    expect(JSON.stringify(found)).not.toMatch(/U2|M2/);
    expect(await exportPlayer(support, 'nobody')).toBeUndefined();

    // Nothing that holds something of the player is passed over in silence.
    const { rows } = await database.pool.query<{ name: string }>(
      `select table_name as name from information_schema.columns
        where table_schema = 'milepost' and column_name = 'player_id' and table_name !~ '^inbox_\\d' order by 1`,
    );
    for (const { name } of rows) {
      const { rows: held } = await database.pool.query(
        `select from milepost.${name} t join milepost.player p using (bucket, player_id) where p.user_id = 'U1'`,
      );
      if (held.length === 0) continue;
      expect(found?.tables[name]?.length ?? (found?.left_out.includes(name) ? held.length : 0), name).toBe(held.length);
    }

    // Of a person, what stands under each account, whichever is named.
    await using engine = testEngine(database.url);
    await engine.take([upiPayment(5, { id: 'c', user: 'U3' }), mergeOf('U3', 'U1', { id: 'merge' })]);
    const together = await exportPlayer(support, 'U3');
    expect(together).toMatchObject({
      user_id: 'U3',
      accounts: ['U1', 'U3'],
      tables: {
        event_key: [
          { account: 'U1', event_id: 'a' },
          { account: 'U1', event_id: 'm' },
          { account: 'U1', event_id: 'merge' },
          { account: 'U3', event_id: 'c' },
        ],
        outbox: [
          { account: 'U1', body: { user_id: 'U1' } },
          { account: 'U3', body: { user_id: 'U3' } },
        ],
        player_merge: [{ account: 'U3', kind: 'merged' }],
      },
    });
    expect({ ...(await exportPlayer(support, 'U1')), exported_at: '' }).toEqual({
      ...{ ...together, user_id: 'U1' },
      exported_at: '',
    });
  } finally {
    await support.close();
  }
});
