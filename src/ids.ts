// Identifiers: the bucket of a player, and identities derived from facts. Never random, never from a sequence, so that they survive a restore.
import { hash } from 'node:crypto';
import { limits } from './limits.ts';

const SEED = 0x9747b28c;
const M = 0x5bd1e995;

/**
 * The bucket of a player, 0–255: Kafka's murmur2 of the UTF-8 bytes of `user_id` (as its Java client and kafkajs hash a key),
 * sign bit cleared, modulo 256. `milepost.bucket_of(text)` is the same function in SQL.
 */
export function bucketOf(userId: string): number {
  return (murmur2(Buffer.from(userId, 'utf8')) & 0x7fffffff) % limits.buckets;
}

/** 32 bits of a player's id, the same in every process. */
export function hash32(userId: string): number {
  return murmur2(Buffer.from(userId, 'utf8')) >>> 0;
}

function murmur2(data: Uint8Array): number {
  const length = data.length;
  let h = SEED ^ length;
  const words = length >> 2;
  for (let i = 0; i < words; i++) {
    const at = i * 4;
    let k =
      (data[at] as number) |
      ((data[at + 1] as number) << 8) |
      ((data[at + 2] as number) << 16) |
      ((data[at + 3] as number) << 24);
    k = Math.imul(k, M);
    k ^= k >>> 24;
    k = Math.imul(k, M);
    h = Math.imul(h, M) ^ k;
  }
  const tail = words * 4;
  const rest = length & 3;
  if (rest === 3) h ^= (data[tail + 2] as number) << 16;
  if (rest >= 2) h ^= (data[tail + 1] as number) << 8;
  if (rest >= 1) {
    h ^= data[tail] as number;
    h = Math.imul(h, M);
  }
  h ^= h >>> 13;
  h = Math.imul(h, M);
  h ^= h >>> 15;
  return h;
}

/**
 * A UUID-shaped digest (the first 128 bits of SHA-256) of the given parts, in order.
 * Parts are length-prefixed, so that ('ab', 'c') and ('a', 'bc') differ.
 */
export function digestOf(...parts: string[]): string {
  return toUuid(hash('sha256', parts.map((part) => `${part.length}:${part}`).join(''), 'hex'));
}

/** Writes the first 32 hexadecimal digits as a UUID, the form PostgreSQL stores in 16 bytes. */
export function toUuid(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}

/** Whether a text may be an identifier: of 1 to 128 bytes, and storable, so without NUL or half a surrogate pair. */
export function isIdentifier(text: string): boolean {
  return (
    text !== '' && Buffer.byteLength(text) <= limits.identifierBytes && !text.includes('\0') && text.isWellFormed()
  );
}
