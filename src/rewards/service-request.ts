// What a configured service is sent: the requests that its file describes, kept in the database by their digest. A message is sent by those of its first
// attempt for as long as its key is the same, whatever has become of the file since: a repeat is the same to the byte.
import type { Db } from '../db/connect.ts';
import type { Destination } from '../event/message.ts';
import { digestOf } from '../ids.ts';
import type { RequestConfig, ServiceConfig } from './service-config.ts';

type Request = Omit<RequestConfig, 'answers'>;

/** What pays, and what takes back. What answers mean is no part of it: that may be learnt later. */
export interface ServiceRequests {
  pay: Request;
  /** Absent where nothing can be taken back. */
  take_back?: Request | undefined;
}

/** The requests of a file. */
export function requestsOf({ pay, take_back }: ServiceConfig): ServiceRequests {
  return { pay: requestOf(pay), ...(take_back === undefined ? {} : { take_back: requestOf(take_back) }) };
}

function requestOf({ method, path, body }: RequestConfig): Request {
  return { method, path, ...(body === undefined ? {} : { body }) };
}

export function requestsDigest(destination: Destination, requests: ServiceRequests): string {
  return digestOf('requests', destination, JSON.stringify(requests));
}

/** Keeps requests, so that every later worker can repeat what is sent by them. */
export async function keepRequests(db: Db, destination: Destination, requests: ServiceRequests): Promise<void> {
  await db.pool.query(
    `insert into milepost.service_request (digest, destination, definition, stored_at) values ($1, $2, $3, clock_timestamp())
     on conflict do nothing`,
    [requestsDigest(destination, requests), destination, JSON.stringify(requests)],
  );
}

/** Requests that were kept. */
export async function readRequests(db: Db, digest: string): Promise<ServiceRequests> {
  const { rows } = await db.pool.query<{ definition: string }>(
    'select definition::text as definition from milepost.service_request where digest = $1',
    [digest],
  );
  const [kept] = rows;
  if (kept === undefined) throw new Error(`what was sent first, by the requests ${digest}, is not on record`);
  return JSON.parse(kept.definition);
}
