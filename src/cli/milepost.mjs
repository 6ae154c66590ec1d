#!/usr/bin/env node
// Starts the command line: on the Node that the project pins (npm package `node`) where the machine's is too old, as Milepost is TypeScript that Node
// 24 runs as it is; and with a heap of a stated size. Must stay plain JavaScript that an old Node can read.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const pinned = fileURLToPath(new URL('../../node_modules/node/bin/node', import.meta.url));
const [major] = process.versions.node.split('.');
const node = Number(major) >= 24 ? process.execPath : pinned;
// Left to itself, V8 lets garbage grow in proportion to the machine's memory: to 400 MB where 40 MB are in use. The same in the Dockerfile.
const heap = ['--max-old-space-size=1536', '--max-semi-space-size=8'];

if (!existsSync(node)) {
  console.error(
    `Milepost needs Node 24 or newer, this is ${process.versions.node}. Run npm ci, which installs one beside it.`,
  );
  process.exitCode = 2;
} else {
  const child = spawn(node, [...heap, main, ...process.argv.slice(2)], { stdio: 'inherit' });
  // The parent must outlive the child's graceful stop. A terminal sends Ctrl-C to both, so the child may hear of it twice.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + constants.signals[signal];
  });
}
