// One server (PostgreSQL, Kafka, Redis) as a child process. Owns its life: start, readiness, stop, kill. The child sits in a session of its
// own, so that Ctrl-C reaches only Milepost, which stops first and its servers last; and it hangs on a lifeline, a pipe from this process,
// so that it stops by itself when this process dies, however it dies. Must never be left running without an owner.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf, UserError } from '../errors.ts';

export interface ServerProcess {
  /** Asks the server to stop, waits until it has, and kills it only when it does not within a minute. */
  stop(): Promise<void>;
  /** Ends the server at once, as a power cut would. */
  kill(): Promise<void>;
}

export interface ServerOptions {
  /** As people call it, for messages. */
  name: string;
  /** The program and its arguments. */
  command: readonly string[];
  /** The signal on which the server stops in good order. */
  stopSignal: 'INT' | 'TERM';
  /** The signal that ends it at once. */
  killSignal: 'KILL' | 'QUIT';
  /** Where its output goes, appended. */
  logFile: string;
  /** Resolves once the server answers; a rejection means: not yet. It is given what the server has logged since its start. */
  probe: (output: string) => Promise<unknown>;
  /** What to tell somebody on whose machine the command does not exist. */
  whenMissing: string;
}

const readyWithinMs = 60_000;
const stopWithinMs = 60_000;
const probeEveryMs = 50;

// $1 and $2 are the signals for stop and kill, the rest is the command. The server runs until it ends by itself or the lifeline (the shell's
// standard input) ends, by a line that says kill or by closing. A shell gives its background commands /dev/null as input, hence the copy as
// descriptor 3. The shell waits for the server in any case: when the shell has exited, the server's files and ports are free.
const lifeline = `
stop=$1; kill=$2; shift 2
"$@" </dev/null &
server=$!
exec 3<&0
{ if read -r line <&3; then kill -"$kill" "$server"; else kill -"$stop" "$server"; fi; } 2>/dev/null &
watcher=$!
wait "$server"; code=$?
kill "$watcher" 2>/dev/null
exit "$code"
`;

/** Starts a server and returns once it answers. A server that ends before, or never answers, is an error that quotes the end of its log. */
export async function startServer(options: ServerOptions): Promise<ServerProcess> {
  const log = openSync(options.logFile, 'a');
  const logStart = statSync(options.logFile).size;
  const child = spawn('sh', ['-c', lifeline, 'sh', options.stopSignal, options.killSignal, ...options.command], {
    detached: true,
    stdio: ['pipe', log, log],
  });
  closeSync(log);
  const rope = child.stdin;
  assert(rope);
  // A pipe whose other end has gone says so by an error event; that the server ended is told by its exit.
  rope.on('error', () => {});
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(messageOf(error)));
    child.once('exit', (code, signal) => {
      rope.destroy();
      resolve(code === 127 ? options.whenMissing : `it ended with ${signal ?? `exit code ${code}`}`);
    });
  });

  const end = async (how: 'stop' | 'kill') => {
    if (how === 'stop') rope.destroy();
    else rope.end('kill\n');
    const patience = new AbortController();
    const outcome = await Promise.race([ended, late(stopWithinMs, patience.signal)]);
    patience.abort();
    // The negative id means the whole group: the shell, its watcher and the server.
    if (outcome === 'late' && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    await ended;
  };

  const output = () => readFileSync(options.logFile).subarray(logStart).toString('utf8');
  const patience = new AbortController();
  const failure = await Promise.race([ended, untilReady(() => options.probe(output()), patience.signal)]);
  patience.abort();
  if (failure !== 'ready') {
    await end('kill');
    throw new UserError(
      `${options.name} did not start: ${failure}\nThe end of ${options.logFile}:\n${lastLines(output())}`,
    );
  }
  return { stop: () => end('stop'), kill: () => end('kill') };
}

async function untilReady(probe: () => Promise<unknown>, signal: AbortSignal): Promise<string> {
  const deadline = Date.now() + readyWithinMs;
  let lastError: unknown;
  while (!signal.aborted && Date.now() < deadline) {
    try {
      await probe();
      return 'ready';
    } catch (error) {
      lastError = error;
    }
    await delay(probeEveryMs);
  }
  return `it did not answer within ${readyWithinMs / 1_000} s (${messageOf(lastError)})`;
}

/** Resolves to 'late' after the time, unless the signal comes first: then it leaves no timer behind. */
async function late(afterMs: number, signal: AbortSignal): Promise<'late' | 'called off'> {
  return delay(afterMs, 'late' as const, { signal }).catch(() => 'called off' as const);
}

/** The end of a server's output, indented, as a part of a message. */
export function lastLines(output: string): string {
  return output
    .trimEnd()
    .split('\n')
    .slice(-15)
    .map((line) => `  ${line}`)
    .join('\n');
}
