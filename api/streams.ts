// A player's games as a stream of server-sent events: the widget at once, and again whenever it means something else. Owns the open streams: how many
// there may be, how long they last, their heartbeats and their end. Between news of a player nothing is read.
import { Readable } from 'node:stream';
import { Gauge } from 'prom-client';
import { messageOf } from '../src/errors.ts';
import { limits } from '../src/limits.ts';
import type { Log } from '../src/log.ts';
import { registry } from '../src/metrics.ts';
import type { News } from '../src/outbox/news.ts';
import { tagOf } from './fresh.ts';
import { unavailable } from './problem.ts';

const open = new Gauge({
  name: 'milepost_open_streams',
  help: 'Streams of players’ games that are open.',
  registers: [registry],
});

export interface Streams {
  /** A stream of a player's games. `known`: the id of the last event that the player has had; what means the same is not sent again. */
  open(userId: string, known: string | undefined): Readable;
  /** Ends all of them, and what they read. */
  stop(): Promise<void>;
}

interface Stream {
  userId: string;
  body: Readable;
  endsAt: number;
  /** Says that something may have changed. */
  look: () => void;
  send: (text: string) => void;
  end: () => void;
}

export function createStreams(options: {
  news: News;
  /** The widget's body, with everything that has been committed by now. */
  widget: (userId: string) => Promise<object>;
  /** Stands for the games that are open: where it changes, players see something else without any news of them. */
  season: () => Promise<string>;
  log: Log;
}): Streams {
  const { news, log } = options;
  const streams = new Set<Stream>();
  const ofPlayer = new Map<string, number>();
  const looks = new Set<Promise<void>>();
  let season: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  /** One timer for all: keeps connections from looking idle, ends the old ones, and sees games begin and end. */
  async function beat(): Promise<void> {
    const now = performance.now();
    for (const stream of streams) {
      if (now >= stream.endsAt) stream.end();
      else stream.send(':\n\n');
    }
    const current = await options.season().catch(() => season);
    if (current !== season && season !== undefined) for (const stream of streams) stream.look();
    season = current;
  }

  function begin(userId: string, known: string | undefined): Stream {
    const body = new Readable({ read() {}, highWaterMark: limits.streamBytes });
    let tag = known;
    let due = false;
    let ended = false;
    let looking: Promise<void> | undefined;

    const end = (): void => {
      if (!ended) body.push(null);
      ended = true;
    };

    const send = (text: string): void => {
      if (ended || body.destroyed) return;
      // Who reads so slowly had better come back.
      if (body.readableLength > limits.streamBytes) body.destroy();
      else body.push(text);
    };

    async function lookUp(): Promise<void> {
      try {
        while (due && !ended && !body.destroyed) {
          due = false;
          const text = JSON.stringify(await options.widget(userId));
          const next = tagOf(text);
          if (next !== tag) send(`id: ${next}\nevent: games\ndata: ${text}\n\n`);
          tag = next;
        }
      } catch (error) {
        log.warn({ error: messageOf(error) }, 'a stream ends: its games could not be read');
        end();
      }
      looking = undefined;
    }

    const look = (): void => {
      due = true;
      if (looking !== undefined) return;
      const begun = lookUp().finally(() => looks.delete(begun));
      looking = begun;
      looks.add(begun);
    };
    return { userId, body, endsAt: performance.now() + limits.streamMs, look, send, end };
  }

  return {
    open(userId, known) {
      const others = ofPlayer.get(userId) ?? 0;
      if (stopped || streams.size >= limits.streams || others >= limits.streamsOfPlayer) {
        throw unavailable('there are too many open streams');
      }
      const stream = begin(userId, known);
      streams.add(stream);
      ofPlayer.set(userId, others + 1);
      open.inc();
      timer ??= setInterval(() => void beat(), limits.streamBeatMs);
      const unhear = news.about(userId, stream.look);
      stream.body.once('close', () => {
        unhear();
        streams.delete(stream);
        open.dec();
        const left = (ofPlayer.get(userId) ?? 1) - 1;
        if (left > 0) ofPlayer.set(userId, left);
        else ofPlayer.delete(userId);
        if (streams.size > 0) return;
        clearInterval(timer);
        timer = undefined;
      });
      // A client that comes back waits two seconds, so that not everybody is there at once.
      stream.send('retry: 2000\n\n');
      stream.look();
      return stream.body;
    },
    async stop() {
      stopped = true;
      for (const stream of streams) stream.end();
      await Promise.all(looks);
    },
  };
}
