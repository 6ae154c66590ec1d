// Milepost as its users run it: a process with arguments and an environment of its own; what it says, and how it ends.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
/** What Node has read once it need not read again: a third less of the time that a process takes to start. */
const compiled = join(root, '.milepost/compiled');

export interface RunOptions {
  /** All of its environment, but for what finding programs takes. */
  env?: Record<string, string>;
  /** What it reads from standard input. */
  input?: string | Buffer;
  cwd?: string;
  /** `main`: without the launcher in between, so that a signal that cannot be passed on reaches the process itself. */
  program?: 'launcher' | 'main';
}

export interface Ended {
  /** Null when a signal ended it. */
  status: number | null;
  stdout: string;
  stderr: string;
}

export interface Running extends AsyncDisposable {
  stdout(): string;
  stderr(): string;
  /** What it has logged so far, oldest first. */
  log(): LogLine[];
  /** Closes its standard output at this end, as `| head` does. */
  stopReading(): void;
  running(): boolean;
  ended: Promise<Ended>;
  /** Sends a signal: to the process alone, or, as a terminal does, to its whole group. */
  signal(name: NodeJS.Signals, to?: 'process' | 'group'): void;
}

export interface LogLine {
  level: number;
  msg: string;
  [field: string]: unknown;
}

/** Runs a command to its end. */
export async function milepost(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  await using running = startMilepost(args, options);
  return await running.ended;
}

/** Starts a command. Disposing of it ends it at once, if it still runs. */
export function startMilepost(args: readonly string[], options: RunOptions = {}): Running {
  const program = join(root, 'src/cli', options.program === 'main' ? 'main.ts' : 'milepost.mjs');
  const child = spawn(process.execPath, [program, ...args], {
    cwd: options.cwd ?? root,
    env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: compiled, ...options.env },
    // A group of its own, so that a signal to the group does not reach the test.
    detached: true,
  });
  child.stdin.on('error', () => {}); // it may end without having read
  child.stdin.end(options.input);
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  const closed = once(child, 'close');
  return {
    stdout,
    stderr,
    log: () => {
      const lines = stderr().split('\n').slice(0, -1);
      return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as LogLine);
    },
    stopReading: () => child.stdout.destroy(),
    running: () => isRunning(child),
    ended: closed.then(([status]) => ({ status, stdout: stdout(), stderr: stderr() })),
    signal: (name, to = 'process') => send(child, name, to),
    async [Symbol.asyncDispose]() {
      send(child, 'SIGKILL', 'group');
      await closed;
    },
  };
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString('utf8');
}

function send(child: ChildProcess, name: NodeJS.Signals, to: 'process' | 'group'): void {
  if (child.pid !== undefined && isRunning(child)) process.kill(to === 'group' ? -child.pid : child.pid, name);
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}
