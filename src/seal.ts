// Seals short secrets for keeping them at rest: AES-256-GCM under one of several keys, which are known by their ids so that they can be replaced. The
// first key seals; all of them open. What is sealed is bound to a context (whose it is): put anywhere else, it does not open.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

export interface SealKey {
  id: string;
  /** 32 bytes. */
  key: Buffer;
}

/** A secret that only who has the key can read. */
export interface Sealed {
  keyId: string;
  /** In base64: the nonce, the tag, the ciphertext. */
  bytes: string;
}

export interface Sealer {
  seal(secret: string, context: readonly string[]): Sealed;
  /** The secret. Throws when the key is not there, or what was sealed is not what is given. */
  open(sealed: Sealed, context: readonly string[]): string;
}

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export function createSealer(keys: readonly [SealKey, ...SealKey[]]): Sealer {
  const [current] = keys;
  return {
    seal(secret, context) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(ALGORITHM, current.key, nonce).setAAD(boundTo(context));
      const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
      return { keyId: current.id, bytes: Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64') };
    },
    open({ keyId, bytes }, context) {
      const known = keys.find(({ id }) => id === keyId);
      if (known === undefined) throw new Error(`it was sealed with the key ${keyId}, which is not there`);
      const all = Buffer.from(bytes, 'base64');
      const decipher = createDecipheriv(ALGORITHM, known.key, all.subarray(0, NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      })
        .setAAD(boundTo(context))
        .setAuthTag(all.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
      return Buffer.concat([decipher.update(all.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString('utf8');
    },
  };
}

function boundTo(context: readonly string[]): Buffer {
  return Buffer.from(JSON.stringify(context), 'utf8');
}
