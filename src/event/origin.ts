// Where a message came from, in words: one text for rows, logs and explanations.
import type { Origin } from './event.ts';

/** `kafka:topic/3@1234`, `http`, `file:events.ndjson:17`. */
export function formatOrigin(origin: Origin): string {
  switch (origin.transport) {
    case 'kafka':
      return `kafka:${origin.topic}/${origin.partition}@${origin.offset}`;
    case 'http':
      return 'http';
    case 'file':
      return `file:${origin.file}:${origin.line}`;
  }
}
