// Bytes → JSON. Owns encodings and framings: plain UTF-8, with a byte order mark, or framed by a Confluent Schema Registry serialiser.
// It never guesses a binary body: what is not JSON is refused with the name of what it looks like.
import { limits } from '../limits.ts';
import type { Json } from './event.ts';
import { parseExact } from './exact-json.ts';
import { Refusal } from './refusal.ts';

/** The registry's framing: a zero byte, then the schema's id in four bytes, then the body. */
const FRAME_BYTES = 5;

// V8 may take such a key for a backslash once it has seen one as a key (nodejs/node#63785), which would change an attribute's name.
const ESCAPED_CHARACTER_KEY = /"\\(?:u[0-9a-fA-F]{4}|.)"\s*:/;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** A message's text and its value; `text` is there so that a caller can tell cheaply what it cannot hold. */
export interface Decoded {
  text: string;
  value: Json;
}

/** Reads a message as JSON, or throws a Refusal. */
export function decode(bytes: Uint8Array): Decoded {
  if (bytes.length > limits.messageBytes) {
    throw new Refusal('too_large', `${bytes.length} bytes; at most ${limits.messageBytes} are allowed`);
  }
  if (bytes.length === 0) throw new Refusal('invalid_json', 'the message is empty (a tombstone of a compacted topic?)');
  const framed = bytes[0] === 0 && bytes.length > FRAME_BYTES;
  const body = framed ? bytes.subarray(FRAME_BYTES) : bytes;
  if (framed && !startsLikeJson(body)) throw unreadableFrame(bytes, body);

  const text = decodeText(body);
  if (text.includes('\\') && ESCAPED_CHARACTER_KEY.test(text)) {
    throw new Refusal(
      'invalid_json',
      'a key is a single character written as an escape; write it plainly, or name it otherwise',
    );
  }
  try {
    return { text, value: parseExact(text) };
  } catch (error) {
    if (error instanceof RangeError) throw new Refusal('too_large', 'nested too deeply to be read');
    if (!(error instanceof SyntaxError)) throw error;
    throw new Refusal('invalid_json', `not JSON: ${error.message}`);
  }
}

function decodeText(body: Uint8Array): string {
  try {
    return utf8.decode(body);
  } catch {
    const looksLike =
      body[0] === 0x1f && body[1] === 0x8b
        ? 'gzip; compress in the Kafka producer instead, or send it plain'
        : (body[0] === 0xff && body[1] === 0xfe) || (body[0] === 0xfe && body[1] === 0xff)
          ? 'UTF-16; send UTF-8'
          : 'another encoding or binary data; send JSON in UTF-8';
    throw new Refusal('unsupported_encoding', `not valid UTF-8: it looks like ${looksLike}`);
  }
}

/** Past white space, an opening brace or bracket. */
function startsLikeJson(body: Uint8Array): boolean {
  let at = 0;
  while (body[at] === 0x20 || body[at] === 0x0a || body[at] === 0x0d || body[at] === 0x09) at++;
  return body[at] === 0x7b || body[at] === 0x5b;
}

function unreadableFrame(bytes: Uint8Array, body: Uint8Array): Refusal {
  const schemaId = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1);
  // Protobuf bodies begin with the indices of the message type, a single zero for the first; then a tag with a field number from 1 on.
  const tag = body[1] ?? 0;
  const looksLike = body[0] === 0 && tag >> 3 > 0 && [0, 1, 2, 5].includes(tag & 7) ? 'Protobuf' : 'Avro';
  const mend =
    'produce it with the JSON Schema serialiser (or as plain JSON), or convert the topic before it gets here';
  return new Refusal(
    'unsupported_encoding',
    `framed by a schema registry (schema id ${schemaId}) and not JSON; it looks like ${looksLike}. ${mend}`,
  );
}
