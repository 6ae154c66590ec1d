// How far a long command is, on standard error: a line that is written over on a terminal; elsewhere one line every ten seconds.

export interface Progress {
  /** Says how far it is; shown only now and then, so it may be called as often as one likes. */
  at(text: () => string): void;
  /** Takes the line away again, before anything else is written. */
  clear(): void;
}

const QUIET_MS = 1_000;
const TERMINAL_MS = 200;
const LINES_MS = 10_000;

/** Nothing is shown within the first second. */
export function createProgress(): Progress {
  const began = performance.now();
  let shownAt = began;
  let shown = false;
  return {
    at(text) {
      const now = performance.now();
      const terminal = process.stderr.isTTY;
      if (now - began < QUIET_MS || now - shownAt < (terminal ? TERMINAL_MS : LINES_MS)) return;
      shownAt = now;
      shown = true;
      process.stderr.write(terminal ? `\r\u001b[K${text()}` : `${text()}\n`);
    },
    clear() {
      if (shown && process.stderr.isTTY) process.stderr.write('\r\u001b[K');
    },
  };
}
