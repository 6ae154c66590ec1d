// Reconciliation: what a service says it has paid, against what we say it has. The statement goes into a table of this session alone, line by line, and
// is compared in one snapshot of our books, set by set: memory stays flat however long it is. Reads only; what follows from it is conclude.ts.
import type pg from 'pg';
import type { Db } from '../db/connect.ts';
import { UserError } from '../errors.ts';
import { limits } from '../limits.ts';
import { formatInstant, type Instant } from '../time.ts';
import type { RewardDestination } from './find.ts';
import type { StatementLine, StatementProblem } from './statement.ts';

/** A list of a reconciliation: how many there are, and the first of them. */
export interface Finding<Line> {
  count: number;
  first: Line[];
}

/** A line of the statement, as it is shown. */
export interface ShownLine {
  line: number;
  idempotency_key: string;
  kind: 'paid' | 'taken back';
  amount: string | null;
  transaction_id: string | null;
  time: Instant | null;
}

/** A reward of ours, as it is shown. */
export interface ShownReward {
  /** The claim's key, which the commands take. */
  key: string;
  user_id: string;
  kind: 'paid' | 'taken back';
  amount: string;
  state: string;
  settled_at: Instant | null;
}

/** What a statement says about a reward of which we do not know whether it was paid. */
export interface AmbiguousReward extends ShownReward {
  /** `differs`: paid, but not what was asked for. `untold`: the statement does not cover the time of its attempts. */
  statement: 'paid' | 'not paid' | 'differs' | 'untold';
  transaction_id: string | null;
}

export interface Reconciliation {
  service: RewardDestination;
  agree: boolean;
  lines: number;
  period: { from: Instant; to: Instant };
  /** Lines that cannot be read. */
  problems: Finding<StatementProblem>;
  /** Paid by the service, and not by our books: no such key, another service's, or in a state that is not paid. */
  unknown: Finding<ShownLine & { key: string | null; state: string | null }>;
  /** Paid by our books, and not by the service, though all attempts lie in the period. */
  unpaid: Finding<ShownReward>;
  /** Both say paid, and not the same. */
  differs: Finding<ShownLine & { key: string; ours: string }>;
  /** One reward, or one key that we do not know, in several lines. */
  doubled: Finding<{ key: string; kind: 'paid' | 'taken back'; lines: number[]; transaction_ids: string[] }>;
  /** Of which we do not know whether they were paid. */
  ambiguous: Finding<AmbiguousReward>;
  /** Rewards of ours whose attempts began before the period, or ended after it, and that the statement does not have: no disagreement. */
  at_the_edges: number;
  /** Whether we ever had a reward for this service. */
  known: boolean;
}

export interface ReconcileOptions {
  service: RewardDestination;
  /** What the statement covers; absent: from its first to its last time. */
  from?: Instant | undefined;
  to?: Instant | undefined;
  /** How many of each list are told. */
  shown: number;
  progress?: (lines: number) => void;
}

// Reading every row may take longer than an answer is usually waited for.
const unhurried = { query_timeout: 24 * 3_600_000 };

/** Compares a statement with our books. Needs no more than reading them, and a table of its own. */
export async function reconcile(
  db: Db,
  statement: AsyncIterable<StatementLine | StatementProblem>,
  options: ReconcileOptions,
): Promise<Reconciliation> {
  const client = await db.pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('set statement_timeout = 0');
    const { lines, problems } = await load(client, statement, options);
    const period = await periodOf(client, options);
    const found = await compare(client, { ...options, period });
    const agree =
      [problems, found.unknown, found.unpaid, found.differs, found.doubled].every(({ count }) => count === 0) &&
      found.told === 0;
    const { told: _, ...lists } = found;
    return { service: options.service, agree, lines, period, problems, ...lists };
  } catch (error) {
    broken = error as Error;
    throw error;
  } finally {
    // With its table and its settings, whatever came of it.
    client.release(broken ?? true);
  }
}

async function load(
  client: pg.PoolClient,
  statement: AsyncIterable<StatementLine | StatementProblem>,
  { shown, progress }: ReconcileOptions,
): Promise<{ lines: number; problems: Finding<StatementProblem> }> {
  await client.query(`
    create temp table statement_line (
      line bigint not null, key_text text not null, key uuid, takes_back boolean not null, amount numeric, transaction_id text, at timestamptz
    )`);
  const problems: Finding<StatementProblem> = { count: 0, first: [] };
  let lines = 0;
  let batch: StatementLine[] = [];
  const flush = async (): Promise<void> => {
    await client.query(
      `insert into pg_temp.statement_line
       select l.line, l.key_text, l.key, l.takes_back, l.amount, l.transaction_id, to_timestamp(l.at / 1000)
         from unnest($1::bigint[], $2::text[], $3::uuid[], $4::boolean[], $5::numeric[], $6::text[], $7::double precision[])
           as l(line, key_text, key, takes_back, amount, transaction_id, at)`,
      [
        batch.map(({ line }) => line),
        batch.map(({ key }) => key),
        // Keys that are not ours need not look like ours.
        batch.map(({ key }) => (UUID.test(key) ? key : null)),
        batch.map(({ takesBack }) => takesBack),
        batch.map(({ amount }) => amount),
        batch.map(({ transactionId }) => transactionId),
        batch.map(({ at }) => at),
      ],
    );
    batch = [];
  };
  for await (const line of statement) {
    lines += 1;
    if ('problem' in line) {
      problems.count += 1;
      if (problems.first.length < shown) problems.first.push(line);
    } else if (batch.push(line) === limits.statementRows) await flush();
    progress?.(lines);
  }
  await flush();
  await client.query('analyze pg_temp.statement_line');
  return { lines, problems };
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

async function periodOf(
  client: pg.PoolClient,
  { from, to }: ReconcileOptions,
): Promise<{ from: Instant; to: Instant }> {
  const { rows } = await client.query<{ from: Instant | null; to: Instant | null; untimed: string | null }>(
    `select min(at) as from, max(at) as to, min(line) filter (where at is null) as untimed from pg_temp.statement_line`,
  );
  const own = rows[0] as (typeof rows)[0];
  if (from === undefined || to === undefined) {
    if (own.untimed !== null) {
      throw new UserError(`line ${own.untimed} of the statement has no time: say with --from and --to what it covers`);
    }
    if (own.from === null) throw new UserError('the statement is empty: say with --from and --to what it covers');
  }
  const period = { from: from ?? (own.from as Instant), to: to ?? (own.to as Instant) };
  if (period.from <= period.to) return period;
  throw new UserError(`the period ends (${formatInstant(period.to)}) before it begins (${formatInstant(period.from)})`);
}

const TAKES_BACK = `(o.body ->> 'operation' is not distinct from 'take_back')`;

// Each line with what we have under its key. A reward is known by the key of its claim, and by those that it was sent under after a person had it
// tried again. Joined once, since lines and rewards may be millions.
const TOLD = `
  create temp table told on commit drop as
  select l.*, o.bucket, o.message_no, o.message_key, o.destination, o.state::text as state, o.body ->> 'amount' as our_amount,
         ${TAKES_BACK} as we_take_back,
         l.takes_back = ${TAKES_BACK}
           -- Of a cancellation it need not say how much.
           and (l.amount = (o.body ->> 'amount')::numeric or (l.takes_back and l.amount is null)) as same
    from pg_temp.statement_line l
    left join (select distinct k.key, o.message_key
                 from (select bucket, message_no, key_before as key from milepost.outbox_retry
                       union select bucket, message_no, key_after from milepost.outbox_retry) as k
                 join milepost.outbox o using (bucket, message_no)
                where k.key <> o.message_key) as later using (key)
    left join milepost.outbox o on o.message_key = coalesce(later.message_key, l.key)`;

const wordsOf = (takesBack: string) => `case when ${takesBack} then 'taken back' else 'paid' end`;

const LINE = `line::integer as line, key_text as idempotency_key, ${wordsOf('takes_back')} as kind, amount::text as amount, transaction_id, at as time`;

const REWARD = `o.message_key as key, o.body ->> 'user_id' as user_id, ${wordsOf(TAKES_BACK)} as kind,
  o.body ->> 'amount' as amount, o.state::text as state, o.settled_at`;

// From the first call there may have been to the end. Tried again by a person, the calls before that are not in first_attempt_at.
const SINCE = `(case when o.retried_at is null then coalesce(o.first_attempt_at, o.created_at) else o.created_at end)`;
const INSIDE = `(${SINCE} >= $2 and o.settled_at <= $3)`;

const queries = {
  unknown: `
    select ${LINE}, message_key as key, case when destination <> $1 then 'of ' || destination else state end as state
      from pg_temp.told
     where message_no is null or destination <> $1 or state not in ('done', 'ambiguous')
     order by line`,
  unpaid: `
    select ${REWARD}
      from milepost.outbox o left join pg_temp.told t using (bucket, message_no)
     where o.destination = $1 and o.state = 'done' and ${INSIDE} and t.line is null
     order by o.settled_at, o.message_no`,
  differs: `
    select ${LINE}, message_key as key, ${wordsOf('we_take_back')} || ' ' || our_amount as ours
      from pg_temp.told
     where destination = $1 and state = 'done' and not same
     order by line`,
  doubled: `
    select coalesce(message_key::text, key_text) as key, ${wordsOf('takes_back')} as kind,
           (array_agg(line::integer order by line))[1:20] as lines,
           coalesce((array_agg(transaction_id order by line) filter (where transaction_id is not null))[1:20], '{}') as transaction_ids
      from pg_temp.told
     group by coalesce(message_key::text, key_text), takes_back
    having count(*) > 1
     order by min(line)`,
  ambiguous: `
    select ${REWARD},
           case when bool_or(t.same) then 'paid' when count(t.line) > 0 then 'differs' when ${INSIDE} then 'not paid' else 'untold' end as statement,
           min(t.transaction_id) as transaction_id
      from milepost.outbox o left join pg_temp.told t using (bucket, message_no)
     where o.destination = $1 and o.state = 'ambiguous'
     group by o.bucket, o.message_no
     order by o.settled_at, o.message_no`,
} as const;

type Lists = Pick<Reconciliation, keyof typeof queries>;

async function compare(
  client: pg.PoolClient,
  { service, period, shown }: ReconcileOptions & { period: Reconciliation['period'] },
): Promise<
  Lists &
    Pick<Reconciliation, 'at_the_edges' | 'known'> & {
      /** Ambiguous rewards that the statement says something about. */ told: number;
    }
> {
  const values = [service, formatInstant(period.from), formatInstant(period.to)];
  await client.query('begin isolation level repeatable read');
  await client.query({ ...unhurried, text: TOLD });
  await client.query({ ...unhurried, text: 'analyze pg_temp.told' });
  const list = async <Line>(name: keyof typeof queries): Promise<Finding<Line>> => {
    const { rows } = await client.query<Line & { found: string }>({
      ...unhurried,
      // All have the same parameters, whether they need them or not.
      text: `select f.*, count(*) over () as found from (${queries[name]}) as f where ($1::text, $2::timestamptz, $3::timestamptz) is not null limit $4`,
      values: [...values, shown],
    });
    return { count: Number(rows[0]?.found ?? 0), first: rows.map(({ found: _, ...row }) => row as unknown as Line) };
  };
  const lists: Lists = {
    unknown: await list('unknown'),
    unpaid: await list('unpaid'),
    differs: await list('differs'),
    doubled: await list('doubled'),
    ambiguous: await list('ambiguous'),
  };
  const { rows } = await client.query<{ edges: string; known: boolean; told: string }>({
    ...unhurried,
    text: `
      select count(*) filter (where o.state = 'done' and t.line is null and not ${INSIDE} and ${SINCE} <= $3 and o.settled_at >= $2) as edges,
             count(*) > 0 as known,
             (select count(*) from (${queries.ambiguous}) as a where a.statement <> 'untold') as told
        from milepost.outbox o left join pg_temp.told t using (bucket, message_no)
       where o.destination = $1`,
    values,
  });
  await client.query('commit');
  const [{ edges, known, told } = { edges: '0', known: false, told: '0' }] = rows;
  return { ...lists, at_the_edges: Number(edges), known, told: Number(told) };
}
