// Support over HTTP: the same explanation as on the command line, for whoever has the scope.
import { expect, test } from 'vitest';
import { testApi } from '../src/testing/api.ts';
import { gameHistory, makeGame, paymentTrigger, reversalOf, upiPayment } from '../src/testing/make.ts';

const games = [gameHistory(makeGame({ milestone_steps: [1], triggers: [paymentTrigger({ from: 1_200 })] }))];

test('an event, a payment, a player are explained to support, and to nobody else', async () => {
  await using api = await testApi({ games });
  await api.engine.take([
    upiPayment(900, { id: 'evt_1', occurred: '05-09', correlation: { payment_id: 'pay_1' } }),
    upiPayment(1_200, { id: 'evt_2', occurred: '05-09' }),
  ]);
  const token = await api.token({ sub: 'asha', scope: 'support' });
  const ask = async (query: string) => api.get(`/api/support/explanations?${query}`, { token });

  const { status, body } = await ask('event_id=evt_1');
  expect(status).toBe(200);
  expect(body.events).toMatchObject([
    {
      event_id: 'evt_1',
      outcome: 'no_match',
      answer: expect.stringContaining('transaction_amount is at least 1200, and transaction_amount is 900'),
      recomputed: { agrees: true, differences: [] },
      games: [{ triggers: [{ failed: { wanted: 1_200, found: 900 } }] }],
    },
  ]);
  expect((await ask('payment_id=pay_1&user_id=U1&game_id=game')).body.events).toEqual(body.events);
  expect((await ask('user_id=U1')).body.events).toMatchObject([
    { event_id: 'evt_2', changed: { claims: [{ step: 1, reward: { state: 'pending' } }] } },
    { event_id: 'evt_1' },
  ]);
  await api.engine.take([reversalOf('evt_2', null, { id: 'evt_3' })]);
  expect((await ask('event_id=evt_3')).body.events).toMatchObject([
    {
      answer: expect.stringMatching(/^It takes back the event evt_2\. /),
      games: [],
      ruling: { kind: 'reversed', original_event_id: 'evt_2', games: [{ progress: { before: 1, after: 0 } }] },
      changed: {
        transitions: [{ event_id: 'evt_2', from: 'earned', to: 'cancelled', reward: { state: 'cancelled' } }],
      },
    },
  ]);
  expect((await ask('event_id=nothing')).body).toEqual({ events: [], parked: [] });

  for (const query of ['', 'event_id=evt_1&payment_id=pay_1', 'payment_id=pay_1']) {
    expect((await ask(query)).status, query).toBe(400);
  }
  const owner = await api.token({ sub: 'asha', scope: 'owner' });
  expect((await api.get('/api/support/explanations?event_id=evt_1', { token: owner })).status).toBe(403);
});
