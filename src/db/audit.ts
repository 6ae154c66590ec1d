// The record of what people ask for: who, in which right, what, about what, why. A row is added before anything is done, or in the transaction that does
// it; where it cannot be added, nothing is done. None is changed, by grant; old ones go by retention (inbox/retention.ts).
import type pg from 'pg';

/** One thing that somebody asks for. */
export interface Action {
  actor: string;
  /** The right that it takes: a scope of the API, or the database role of a command. */
  scope: string;
  /** What, in the words of the API's contract. */
  action: string;
  /** About what; empty where about nothing single. */
  subject: string;
  reason: string | null;
  details: Record<string, unknown>;
}

export async function recordAction(client: Pick<pg.ClientBase, 'query'>, action: Action): Promise<void> {
  const { actor, scope, subject, reason, details } = action;
  await client.query(
    'insert into milepost.audit (actor, scope, action, subject, reason, details) values ($1, $2, $3, $4, $5, $6)',
    [
      actor,
      scope,
      action.action,
      withoutNul(subject),
      reason && withoutNul(reason),
      withoutNul(JSON.stringify(details)),
    ],
  );
}

/** PostgreSQL holds no NUL; nothing in this system is called so. */
function withoutNul(text: string): string {
  return text.replaceAll('\0', '\uFFFD').replaceAll('\\u0000', '\\ufffd');
}
