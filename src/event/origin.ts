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

/** Reads what formatOrigin has written. */
export function parseOrigin(text: string): Origin {
  const kafka = /^kafka:(.*)\/(\d+)@(\d+)$/.exec(text);
  if (kafka !== null) {
    const [, topic, partition, offset] = kafka as unknown as [string, string, string, string];
    return { transport: 'kafka', topic, partition: Number(partition), offset };
  }
  const file = /^file:(.*):(\d+)$/.exec(text);
  if (file === null) return { transport: 'http' };
  const [, name, line] = file as unknown as [string, string, string];
  return { transport: 'file', file: name, line: Number(line) };
}
