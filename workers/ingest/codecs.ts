// The compressions a Kafka producer may use: gzip, snappy, lz4, zstd. kafkajs has only the first of its own and lets one broken batch of records
// stop every partition of its broker, nameless. Here broken records keep their place: each comes out marked, with its offset and the reason.
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { gunzipSync, gzip, zstdCompress, zstdDecompressSync } from 'node:zlib';
import kafkajs, { CompressionTypes } from 'kafkajs';
import { compressFrame, decompressFrameSync } from 'lz4-napi';
import * as snappy from 'snappy';
import { messageOf } from '../../src/errors.ts';
import { limits } from '../../src/limits.ts';

// Of this CommonJS module Node finds only some exports by name.
const { CompressionCodecs } = kafkajs;

/** What kafkajs asks of a compression: the producer's side takes its encoder, the consumer's side the bytes of a batch of records. */
interface Codec {
  compress(encoder: { buffer: Buffer }): Promise<Buffer>;
  decompress(bytes: Buffer): Buffer | Promise<Buffer>;
}

const bounded = { maxOutputLength: limits.decompressedBytes };
const gzipAsync = promisify(gzip);
const zstdCompressAsync = promisify(zstdCompress);

// Decompressed at once, not in Node's pool of threads: a batch of records takes a millisecond or two, and memory that is taken by one thread and
// freed by another goes back late (measured: 400 MB more with snappy).
const codecs: Record<string, { type: number } & Codec> = {
  gzip: {
    type: CompressionTypes.GZIP,
    compress: ({ buffer }) => gzipAsync(buffer),
    decompress: (bytes) => gunzipSync(bytes, bounded),
  },
  snappy: {
    type: CompressionTypes.Snappy,
    compress: ({ buffer }) => snappy.compress(buffer),
    decompress: unsnappy,
  },
  lz4: {
    type: CompressionTypes.LZ4,
    compress: ({ buffer }) => compressFrame(buffer),
    decompress: decompressFrameSync,
  },
  zstd: {
    type: CompressionTypes.ZSTD,
    compress: ({ buffer }) => zstdCompressAsync(buffer),
    decompress: (bytes) => zstdDecompressSync(bytes, bounded),
  },
};

/** Makes kafkajs read and write all four, in this process. */
export function registerCodecs(): void {
  for (const [name, { type, compress, decompress }] of Object.entries(codecs)) {
    const marking: Codec = {
      compress,
      decompress: (bytes) => {
        const header = headerOf(bytes, type);
        if (header !== undefined && !checksumHolds(header, bytes)) return marked(header, 'its checksum does not hold');
        try {
          return decompress(bytes);
        } catch (error) {
          // Without a header (the message format of before 2017) there is no place to keep: the consumer crashes.
          if (header === undefined) throw error;
          return marked(header, `${name} cannot be decompressed: ${messageOf(error)}`);
        }
      },
    };
    (CompressionCodecs as Record<number, () => Codec>)[type] = () => marking;
  }
}

// Java's producers write snappy in chunks behind a header of their own (snappy-java's); others write one raw block.
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const XERIAL_HEADER_BYTES = 16;

function unsnappy(bytes: Buffer): Buffer {
  if (!bytes.subarray(0, XERIAL.length).equals(XERIAL)) return unsnappyBlock(bytes);
  const blocks: Buffer[] = [];
  let at = XERIAL_HEADER_BYTES;
  while (at < bytes.length) {
    const start = at + 4;
    const end = start + bytes.readInt32BE(at);
    if (end <= start || end > bytes.length)
      throw new Error(`a chunk of ${end - start} bytes does not fit at byte ${at}`);
    blocks.push(unsnappyBlock(bytes.subarray(start, end)));
    at = end;
  }
  return Buffer.concat(blocks);
}

function unsnappyBlock(block: Buffer): Buffer {
  return snappy.uncompressSync(block, { asBuffer: true }) as Buffer;
}

/** The header that broken records carry. Its name is drawn anew by each process, so that no producer can write it. */
const UNDECODABLE = `milepost-undecodable-${randomUUID()}`;

/** Why the bytes of a record could not be read; undefined for a sound one. */
export function undecodableReason(headers: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const reason = headers?.[UNDECODABLE];
  return reason === undefined ? undefined : String(reason);
}

// A record batch (magic 2): its header, right before its compressed records.
const HEADER_BYTES = 61;
const LENGTH_AT = 8;
const MAGIC_AT = 16;
const CHECKSUM_AT = 17;
const ATTRIBUTES_AT = 21;
const COUNT_AT = 57;

/** The header of the batch whose compressed records these are: kafkajs cuts them out of the whole answer, so it lies before them in memory. */
function headerOf(records: Buffer, type: number): Buffer | undefined {
  const start = records.byteOffset - HEADER_BYTES;
  if (start < 0) return undefined;
  const header = Buffer.from(records.buffer, start, HEADER_BYTES);
  const isHeader =
    header.readInt8(MAGIC_AT) === 2 &&
    (header.readInt16BE(ATTRIBUTES_AT) & 0x07) === type &&
    header.readInt32BE(LENGTH_AT) === HEADER_BYTES - LENGTH_AT - 4 + records.length;
  return isHeader ? header : undefined;
}

// kafkajs computes this checksum when it writes; when it reads, it does not look.
const crc32c: (bytes: Buffer) => number = createRequire(import.meta.url)('kafkajs/src/protocol/recordBatch/crc32C');

function checksumHolds(header: Buffer, records: Buffer): boolean {
  const length = HEADER_BYTES - ATTRIBUTES_AT + records.length;
  return (
    crc32c(Buffer.from(header.buffer, header.byteOffset + ATTRIBUTES_AT, length)) === header.readUInt32BE(CHECKSUM_AT)
  );
}

/** Stands in for the records of a broken batch: as many empty ones as its header promises. */
function marked(header: Buffer, reason: string): Buffer {
  const count = header.readInt32BE(COUNT_AT);
  return Buffer.concat(Array.from({ length: count }, (_, delta) => markedRecord(delta, reason)));
}

function markedRecord(offsetDelta: number, reason: string): Buffer {
  const key = Buffer.from(UNDECODABLE);
  const value = Buffer.from(reason);
  const body = Buffer.concat([
    Buffer.from([0]), // attributes
    varint(0), // timestamp delta
    varint(offsetDelta),
    varint(-1), // no key
    varint(-1), // no value
    varint(1), // headers
    varint(key.length),
    key,
    varint(value.length),
    value,
  ]);
  return Buffer.concat([varint(body.length), body]);
}

/** A zigzag varint, as records are written with. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = ((value << 1) ^ (value >> 31)) >>> 0;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  return Buffer.from([...bytes, rest]);
}
