// What is held, and verdicts on it, over HTTP. A verdict is an event through the same door as everything else; this only finds what is held, and answers
// what became of each verdict.
import { reading } from '../src/db/failure.ts';
import { ruleOnHolds } from '../src/engine/rule-on-holds.ts';
import { findHolds, type Hold } from '../src/games/hold.ts';
import { limits } from '../src/limits.ts';
import { type Instant, parseInstant } from '../src/time.ts';
import { giveVerdicts, listHolds } from './contract/holds.ts';
import type { BodyOf } from './contract/route.ts';
import { inTime, type OrderOptions } from './events.ts';
import type { Serve } from './serve.ts';

const LISTED = 100;

type NamedHold = BodyOf<typeof giveVerdicts>['holds'][number];

export function holdRoutes(serve: Serve, { db, engine, clock }: OrderOptions): void {
  serve(listHolds, async ({ query }) => {
    const { kind, game_id: gameId, user_id, producer, since, until, limit = LISTED } = query;
    const filter = {
      ...{ kind, gameId, producer, since: instantOf(since), until: instantOf(until) },
      userIds: user_id === undefined ? undefined : [user_id],
    };
    // One more, to know whether there are more.
    const found = await reading(() => findHolds(db, filter, limit + 1));
    return { status: 200, body: { holds: found.slice(0, limit), more: found.length > limit } };
  });

  serve(giveVerdicts, async (asked) => {
    const { verdict, reason, holds: named } = (await asked.body()).value;
    const held = await reading(() => findNamed(named));
    const request = { verdict, reason, by: asked.caller.subject, at: clock(), origin: { transport: 'http' } } as const;
    const ruled = await inTime('the verdicts', (signal) =>
      ruleOnHolds(engine, [...held.values()], request, { signal }),
    );
    const results = new Map(ruled.map(({ hold, result }) => [nameOf(hold), result]));
    const notHeld = { event_id: null, outcome: 'rejected', reason: 'not_held', replayed: false } as const;
    return {
      status: 200,
      body: { results: named.map((hold) => ({ hold, ...(results.get(nameOf(hold)) ?? notHeld) })) },
    };
  });

  /** What of this is held, by name. */
  async function findNamed(named: readonly NamedHold[]): Promise<Map<string, Hold>> {
    const events = named.filter((hold) => hold.kind === 'event');
    const keys = named.filter((hold) => hold.kind === 'claim').map(({ key }) => key);
    const ids = events.map(({ event_id }) => event_id);
    const userIds = events.map(({ user_id }) => user_id);
    const [ofEvents, ofClaims] = await Promise.all([
      events.length === 0 ? [] : findHolds(db, { kind: 'event', ids, userIds }, limits.ruledHolds),
      keys.length === 0 ? [] : findHolds(db, { kind: 'claim', ids: keys }, keys.length),
    ]);
    const names = new Set(named.map(nameOf));
    return new Map(
      [...ofEvents, ...ofClaims].map((hold) => [nameOf(hold), hold] as const).filter(([name]) => names.has(name)),
    );
  }
}

function nameOf(hold: NamedHold | Hold): string {
  return hold.kind === 'claim' ? hold.key : JSON.stringify([hold.user_id, hold.producer, hold.event_id]);
}

function instantOf(text: string | undefined): Instant | undefined {
  return text === undefined ? undefined : parseInstant(text);
}
