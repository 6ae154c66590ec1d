// The record of what owners and support ask for. A row is written before anything is done; where it cannot be written, nothing is done.
import { recordAction } from '../src/db/audit.ts';
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
    const kept = route.body?.isRecorded ? { body } : {};
    try {
      await recordAction(owner.pool, {
        ...{ actor: caller.subject, scope: scope as Scope, action: route.operationId, reason: reasonIn(body) },
        subject: Object.values(params).join(' '),
        details: { request_id: requestId, query: query ?? null, ...kept },
      });
    } catch (error) {
      if (failureOf(error) !== 'infrastructure') throw error;
      throw new DatabaseAway(messageOf(error), { cause: error });
    }
  };
}

function reasonIn(body: unknown): string | null {
  const { reason } = (typeof body === 'object' && body !== null ? body : {}) as { reason?: unknown };
  return typeof reason === 'string' ? reason : null;
}
