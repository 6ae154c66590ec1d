// JSON lines out of a stream of bytes. Owns where a line ends; what a line means is normalise.ts. A line is never held beyond the limit of a message.
import { limits } from '../limits.ts';
import type { Message, Origin } from './event.ts';

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

export interface FileMessage extends Message {
  origin: Extract<Origin, { transport: 'file' }>;
}

/**
 * The lines of a file as messages; empty lines are passed over. Of a line longer than a message may be, one byte more than the limit is kept, which is
 * enough for it to be parked as too large.
 */
export async function* messagesFromFile(stream: AsyncIterable<Uint8Array>, file: string): AsyncGenerator<FileMessage> {
  let pieces: Uint8Array[] = [];
  let held = 0;
  let line = 1;
  const keep = (piece: Uint8Array): void => {
    const room = limits.messageBytes + 1 - held;
    if (room <= 0 || piece.length === 0) return;
    const kept = piece.subarray(0, room);
    pieces.push(kept);
    held += kept.length;
  };
  const take = (): FileMessage | undefined => {
    const whole = pieces.length === 1 ? (pieces[0] as Uint8Array) : Buffer.concat(pieces);
    const bytes = whole.at(-1) === CARRIAGE_RETURN ? whole.subarray(0, -1) : whole;
    pieces = [];
    held = 0;
    const origin = { transport: 'file', file, line } as const;
    return bytes.length === 0 ? undefined : { bytes, origin, receivedAt: undefined };
  };
  for await (const chunk of stream) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      keep(chunk.subarray(from, end));
      from = end + 1;
      const message = take();
      line++;
      if (message !== undefined) yield message;
    }
    keep(chunk.subarray(from));
  }
  const last = take();
  if (last !== undefined) yield last;
}
