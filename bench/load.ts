// Load on an HTTP server over plain sockets, cheap enough to share two cores with what it measures. Owns the connections and the clock: with a fixed rate
// (open loop) a request's time counts from the moment it was meant to leave, so that a server which stalls cannot hide the requests it held up.
import { connect, type Socket } from 'node:net';

export interface Measured {
  requests: number;
  perSecond: number;
  /** In ms, from the intended start; of requests sent back to back from the real one. */
  p50: number;
  p95: number;
  p99: number;
  /** Answers that were not 200. */
  refused: number;
}

interface Target {
  host: string;
  port: number;
  /** Requests as bytes, taken in turn. */
  requests: readonly Buffer[];
  connections: number;
}

/** Every connection sends its next request when the last is answered: the most the server can do. */
export async function backToBack(target: Target, seconds: number): Promise<Measured> {
  const times: number[] = [];
  const end = performance.now() + seconds * 1_000;
  let sent = 0;
  let refused = 0;
  const began = performance.now();
  await Promise.all(
    Array.from({ length: target.connections }, async () => {
      await using line = await openLine(target);
      while (performance.now() < end) {
        const start = performance.now();
        const status = await line.ask(target.requests[sent++ % target.requests.length] as Buffer);
        times.push(performance.now() - start);
        if (status !== 200) refused++;
      }
    }),
  );
  return measured(times, (performance.now() - began) / 1_000, refused);
}

/** So many requests a second, whatever the server does; a request for which no connection is free waits, and its time runs. */
export async function atRate(target: Target, perSecond: number, seconds: number): Promise<Measured> {
  const total = Math.floor(perSecond * seconds);
  const lines = await Promise.all(Array.from({ length: target.connections }, () => openLine(target)));
  const idle = [...lines];
  const times: number[] = [];
  const all = Promise.withResolvers<void>();
  const began = performance.now();
  let begun = 0;
  let refused = 0;

  async function send(line: Line): Promise<void> {
    const intended = began + (begun / perSecond) * 1_000;
    const status = await line.ask(target.requests[begun++ % target.requests.length] as Buffer);
    times.push(performance.now() - intended);
    if (status !== 200) refused++;
    idle.push(line);
    if (times.length === total) all.resolve();
    else sendDue();
  }

  function sendDue(): void {
    const due = Math.min(total, Math.floor(((performance.now() - began) / 1_000) * perSecond));
    while (begun < due) {
      const line = idle.pop();
      if (line === undefined) return;
      void send(line);
    }
  }

  const timer = setInterval(sendDue, 1);
  await all.promise;
  clearInterval(timer);
  for (const line of lines) await line[Symbol.asyncDispose]();
  return measured(times, (performance.now() - began) / 1_000, refused);
}

export interface Line extends AsyncDisposable {
  /** Sends a request and resolves to the status of its answer. One at a time. */
  ask(request: Buffer): Promise<number>;
  /** The body of the last answer. */
  body(): string;
}

/** A connection that is kept alive. */
export async function openLine({ host, port }: Pick<Target, 'host' | 'port'>): Promise<Line> {
  const socket: Socket = connect({ host, port, noDelay: true });
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  let answered: PromiseWithResolvers<number> | undefined;
  let rest: Buffer | undefined;
  let body: Buffer | undefined;
  socket.on('data', (chunk) => {
    const bytes = rest === undefined ? chunk : Buffer.concat([rest, chunk]);
    const headEnd = bytes.indexOf('\r\n\r\n');
    const head = headEnd === -1 ? '' : bytes.toString('latin1', 0, headEnd);
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
    if (headEnd === -1 || bytes.length < headEnd + 4 + length) {
      rest = bytes;
      return;
    }
    rest = undefined;
    body = bytes.subarray(headEnd + 4);
    answered?.resolve(Number(head.slice(9, 12)));
  });
  const broken = (error?: Error) => answered?.reject(error ?? new Error('the connection was closed'));
  socket.on('error', broken).on('close', () => broken());
  return {
    ask(request) {
      answered = Promise.withResolvers();
      socket.write(request);
      return answered.promise;
    },
    body: () => body?.toString('utf8') ?? '',
    async [Symbol.asyncDispose]() {
      answered = undefined;
      socket.destroy();
    },
  };
}

export function measured(times: readonly number[], seconds: number, refused: number): Measured {
  const sorted = Float64Array.from(times).sort();
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return {
    requests: sorted.length,
    perSecond: sorted.length / seconds,
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    refused,
  };
}
