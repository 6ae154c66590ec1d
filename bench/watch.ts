// Runs a command of Milepost as a process of its own and watches it from outside, as /proc of Linux tells; elsewhere a benchmark that needs it says
// that it cannot.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { UserError } from '../src/errors.ts';

const LOOK_EVERY_MS = 100;
const CLOCK_TICK_MS = 10;

export interface Sample {
  nowMb: number;
  /** The most since the process began, as the kernel counts it. */
  peakMb: number;
  /** Processor time since it began. */
  cpuMs: number;
}

/** Runs `milepost <args> --json` to its end. Nothing is inherited: `env` is all that the process gets. Returns what it printed, read, and what was seen. */
export async function runMilepost<Printed>(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ printed: Printed; samples: Sample[] }> {
  const child = spawn(process.execPath, ['src/cli/milepost.mjs', ...args, '--json'], {
    cwd: join(import.meta.dirname, '..'),
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  const output = text(child.stdout);
  assert(child.pid !== undefined);
  const samples = await watch(child.pid);
  const code = await ended;
  assert.equal(code, 0, `milepost ${args.join(' ')} ended with ${code}`);
  return { printed: JSON.parse(await output), samples };
}

/** Looks at the process that a launcher has started, until the launcher has ended. */
async function watch(launcher: number): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (;;) {
    const children = await readFile(`/proc/${launcher}/task/${launcher}/children`, 'utf8').catch(() => undefined);
    if (children === undefined) break;
    const process = `/proc/${children.trim()}`;
    const status = await readFile(`${process}/status`, 'utf8').catch(() => '');
    const stat = await readFile(`${process}/stat`, 'utf8').catch(() => '');
    const [now, peak] = ['VmRSS', 'VmHWM'].map((field) => new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]);
    // After the command in brackets: state, parent, …, and from the twelfth on user and system time.
    const [user, system] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13);
    if (now !== undefined && peak !== undefined && user !== undefined && system !== undefined) {
      const cpuMs = (Number(user) + Number(system)) * CLOCK_TICK_MS;
      samples.push({ nowMb: Number(now) / 1_024, peakMb: Number(peak) / 1_024, cpuMs });
    }
    await delay(LOOK_EVERY_MS);
  }
  if (samples.length === 0)
    throw new UserError('the memory of a process is read from /proc, which this system does not have');
  return samples;
}
