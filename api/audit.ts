// The record of what owners and support ask for. A row is written before anything is done; where it cannot be written, nothing is done.
import type { Db } from '../src/db/connect.ts';
import { DatabaseAway, failureOf } from '../src/db/failure.ts';
import { messageOf } from '../src/errors.ts';
import type { Route, Scope } from './contract/route.ts';
import type { Caller } from './state.ts';

/** Whose requests are recorded. */
const RECORDED: readonly Scope[] = ['support', 'owner'];

/** One request, as it was understood. */
export interface Action {
  route: Route;
  caller: Caller;
  params: Readonly<Record<string, unknown>>;
  query: unknown;
  /** The value of the body, where there is one; what it says as its `reason` is the reason. */
  body: unknown;
  requestId: string;
}

export type Audit = (action: Action) => Promise<void>;

export function isAudited({ scopes }: Route): boolean {
  return scopes.some((scope) => RECORDED.includes(scope));
}

/** Writes as milepost_owner. */
export function createAudit(owner: Db): Audit {
  return async ({ route, caller, params, query, body, requestId }) => {
    const scope = route.scopes.find((candidate) => caller.scopes.has(candidate));
    const reason = reasonIn(body);
    const subject = Object.values(params).join(' ');
    try {
      await owner.pool.query(
        `insert into milepost.audit (actor, scope, action, subject, reason, details) values ($1, $2, $3, $4, $5, $6)`,
        [
          ...[caller.subject, scope, route.operationId, withoutNul(subject), reason],
          withoutNul(
            JSON.stringify({
              request_id: requestId,
              query: query ?? null,
              ...(route.body?.isRecorded ? { body } : {}),
            }),
          ),
        ],
      );
    } catch (error) {
      if (failureOf(error) !== 'infrastructure') throw error;
      throw new DatabaseAway(messageOf(error), { cause: error });
    }
  };
}

function reasonIn(body: unknown): string | null {
  const { reason } = (typeof body === 'object' && body !== null ? body : {}) as { reason?: unknown };
  return typeof reason === 'string' ? withoutNul(reason) : null;
}

/** PostgreSQL holds no NUL; nothing in this system is called so. */
function withoutNul(text: string): string {
  return text.replaceAll('\0', '\uFFFD').replaceAll('\\u0000', '\\ufffd');
}
