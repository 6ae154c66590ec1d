import { afterEach, describe, expect, test } from 'vitest';
import { limits } from '../src/limits.ts';
import { registry } from '../src/metrics.ts';
import { type TestApi, testApi } from '../src/testing/api.ts';
import { gameHistory, makeGame, upiPayment } from '../src/testing/make.ts';
import { waitFor } from '../src/testing/wait.ts';

const games = [gameHistory(makeGame())];

async function openStreams(count: number): Promise<void> {
  await waitFor(`${count} open streams`, async () => {
    const metric = await registry.getSingleMetric('milepost_open_streams')?.get();
    return metric?.values[0]?.value === count;
  });
}

interface Read {
  id: string;
  values: number[];
}

const leaving: AbortController[] = [];
afterEach(() => {
  for (const each of leaving.splice(0)) each.abort();
});

/** A stream as it is read: `next` is the next event. */
async function stream(api: TestApi, options: { user?: string; lastId?: string } = {}) {
  const leave = new AbortController();
  leaving.push(leave);
  const response = await fetch(`${api.url}/api/games/events`, {
    headers: {
      Authorization: `Bearer ${await api.token({ sub: options.user ?? 'U1' })}`,
      ...(options.lastId === undefined ? {} : { 'Last-Event-ID': options.lastId }),
    },
    signal: leave.signal,
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  async function next(): Promise<Read | 'ended'> {
    for (;;) {
      const end = text.indexOf('\n\n');
      if (end === -1) {
        const { value, done } = (await reader?.read()) ?? { done: true };
        if (done) return 'ended';
        text += value;
        continue;
      }
      const frame = text.slice(0, end);
      text = text.slice(end + 2);
      const data = /^data: (.*)$/m.exec(frame)?.[1];
      if (data === undefined) continue;
      expect(frame).toMatch(/^event: games$/m);
      const values = JSON.parse(data).games.map((game: { current_value: number }) => game.current_value);
      return { id: /^id: (.*)$/m.exec(frame)?.[1] as string, values };
    }
  }
  return { response, next, leave: () => leave.abort() };
}

describe('GET /api/games/events', () => {
  test('sends the games at once and after every change of theirs, and nothing else', async () => {
    await using api = await testApi({ games });
    const own = await stream(api);
    expect(own.response.status).toBe(200);
    expect(own.response.headers.get('content-type')).toContain('text/event-stream');
    expect(own.response.headers.get('cache-control')).toBe('private, no-cache');
    expect(await own.next()).toMatchObject({ values: [0] });
    await api.engine.take([upiPayment(1, { user: 'U2' })]);
    await api.engine.take([upiPayment(1, { occurred: '07-01' })]);
    await api.engine.take([upiPayment(1)]);
    const changed = (await own.next()) as Read;
    expect(changed.values).toEqual([1]);
    own.leave();
    await openStreams(0);

    // What the reader has had is not sent again.
    const again = await stream(api, { lastId: changed.id });
    await openStreams(1);
    await api.engine.take([upiPayment(1)]);
    expect(await again.next()).toMatchObject({ values: [2] });
    again.leave();
    await openStreams(0);
  });

  test('ends with the process, and lets it stop', async () => {
    let own: Awaited<ReturnType<typeof stream>> | undefined;
    {
      await using api = await testApi({ games });
      own = await stream(api);
      await own.next();
    }
    expect(await own.next()).toBe('ended');
    await openStreams(0);
  });

  test('ends when what it shows cannot be read, so that the reader comes back', async () => {
    await using api = await testApi({ games, redisUrl: null });
    const own = await stream(api);
    await own.next();
    await api.database.pool.query('alter function milepost.player_facts rename to gone');
    await api.engine.take([upiPayment(1)]);
    expect(await own.next()).toBe('ended');
    await api.database.pool.query('alter function milepost.gone rename to player_facts');
  });

  test('of one player only so many', async () => {
    await using api = await testApi({ games });
    for (let number = 0; number < limits.streamsOfPlayer; number++) await (await stream(api)).next();
    const { response } = await stream(api);
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe(String(limits.httpRetryAfterSeconds));
    expect((await stream(api, { user: 'U2' })).response.status).toBe(200);
    for (const each of leaving.splice(0)) each.abort();
    await openStreams(0);
  });

  test('is for players alone', async () => {
    await using api = await testApi({ games });
    expect((await api.get('/api/games/events', null)).status).toBe(401);
    expect((await api.get('/api/games/events', { token: await api.token({ scope: 'producer' }) })).status).toBe(403);
  });
});
