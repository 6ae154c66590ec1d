// The stand-in services in a process of their own, so that what answers is not what is measured.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export interface StandIn extends AsyncDisposable {
  /** Of its NeuCoin service; the others are beside it. */
  url: string;
  /** Payments in its books. */
  paid(): Promise<number>;
  /** Processor time so far. */
  cpuMs(): Promise<number>;
}

/** Starts it; disposing of it ends it at once. */
export async function startStandIn(): Promise<StandIn> {
  const child = fork(join(import.meta.dirname, 'stand-in-process.ts'));
  const [{ neucoinUrl }] = (await once(child, 'message')) as [{ neucoinUrl: string }];
  // Not by HTTP: the books of millions are too long for one answer.
  async function ask(): Promise<{ cpuMs: number; paid: number }> {
    const answered = once(child, 'message');
    child.send('how far');
    const [answer] = (await answered) as [{ cpuMs: number; paid: number }];
    return answer;
  }
  return {
    url: neucoinUrl,
    paid: async () => (await ask()).paid,
    cpuMs: async () => (await ask()).cpuMs,
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}
