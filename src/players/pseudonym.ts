// The names that erased players bear in the ledgers. Nobody is called so, and nothing happens to them any more.
import { randomUUID } from 'node:crypto';
import { bucketOf } from '../ids.ts';

/** A name that says nothing. The bucket is a function of the name, and rows stay where they are: names are drawn until one falls into the same bucket. */
export function pseudonymIn(bucket: number): string {
  for (;;) {
    const name = `erased:${randomUUID()}`;
    if (bucketOf(name) === bucket) return name;
  }
}

/** Whether a user id is such a name. */
export function isPseudonym(userId: string): boolean {
  return /^erased:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(userId);
}
