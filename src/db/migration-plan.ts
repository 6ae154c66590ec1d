// What the statements of a migration lock, read from their text before anything is run. Knows the statements that migrations are written in; of any other
// it says that it does not know. A test runs every migration and compares.
import type pg from 'pg';

/** Weakest first, as PostgreSQL names them. */
const locks = [
  'ACCESS SHARE',
  'ROW SHARE',
  'ROW EXCLUSIVE',
  'SHARE UPDATE EXCLUSIVE',
  'SHARE',
  'SHARE ROW EXCLUSIVE',
  'EXCLUSIVE',
  'ACCESS EXCLUSIVE',
] as const;
export type Lock = (typeof locks)[number];

export interface TableLock {
  table: string;
  lock: Lock;
  /** Whether the lock is held for as long as it takes to read, or write, all of the table; else for a moment. */
  whole: boolean;
}

export interface PlannedStatement {
  migration: string;
  statement: string;
  /** Null: nobody knows but who reads the statement. Empty: no table that is there. */
  locks: (TableLock & { stops: Stopped; bytes: number; estimated_rows: number | null })[] | null;
}

/** What of a running Milepost waits while a lock is held. */
type Stopped = 'nothing' | 'writes' | 'reads and writes';

/** What the statements of migrations would lock, on tables as big as they are now. Tables that a migration makes are nobody's yet and left out. */
export async function planStatements(
  client: pg.Client,
  migrations: readonly { name: string; text: string }[],
): Promise<PlannedStatement[]> {
  const { rows } = await client.query<{ table: string; bytes: number; estimated_rows: number | null }>(
    `select 'milepost.' || c.relname as table, sum(pg_total_relation_size(t.relid))::double precision as bytes,
            case when bool_and(p.reltuples >= 0) then sum(p.reltuples)::double precision end as estimated_rows
       from pg_class c
      cross join lateral (select relid from pg_partition_tree(c.oid) where isleaf and relid <> c.oid union all select c.oid where c.relkind = 'r') as t
       join pg_class p on p.oid = t.relid
      where c.relkind in ('r', 'p') and c.relnamespace = to_regnamespace('milepost')
      group by c.oid`,
  );
  const sizes = new Map(rows.map(({ table, ...size }) => [table, size]));
  return migrations.flatMap(({ name, text }) =>
    statementsOf(text).map((statement) => {
      const found = locksOf(statement);
      return {
        migration: name,
        statement,
        locks:
          found?.flatMap((lock) => {
            const size = sizes.get(lock.table);
            return size === undefined ? [] : [{ ...lock, stops: stoppedBy(lock.lock), ...size }];
          }) ?? null,
      };
    }),
  );
}

/** Batches write rows, and the API reads them. */
function stoppedBy(lock: Lock): Stopped {
  if (lock === 'ACCESS EXCLUSIVE') return 'reads and writes';
  return locks.indexOf(lock) >= locks.indexOf('SHARE') ? 'writes' : 'nothing';
}

/** The statements of a script, without the comments around them. */
export function statementsOf(script: string): string[] {
  const token = /--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|"(?:[^"]|"")*"|(\$\w*\$)[\s\S]*?\1|;|[^-/'"$;]+|[\s\S]/g;
  const statements: string[] = [];
  let statement = '';
  for (const [text] of script.matchAll(token)) {
    if (text === ';') {
      statements.push(statement);
      statement = '';
    } else if (!text.startsWith('--') && !text.startsWith('/*')) statement += text;
  }
  return [...statements, statement].map((each) => each.trim()).filter((each) => each !== '');
}

const NAME = '((?:"[^"]+"|\\w+)(?:\\.(?:"[^"]+"|\\w+))?)';

/** The tables that a statement locks, beyond reading them. Undefined: it is none of those that are known. */
export function locksOf(text: string): TableLock[] | undefined {
  const statement = text.replace(/\s+/g, ' ');
  const match = (pattern: string) => new RegExp(`^${pattern}`, 'i').exec(statement);
  const index = match(`create (?:unique )?index (concurrently )?(?:if not exists )?(?:\\w+ )?on (?:only )?${NAME}`);
  if (index !== null) {
    return [
      { table: index[2] as string, lock: index[1] === undefined ? 'SHARE' : 'SHARE UPDATE EXCLUSIVE', whole: true },
    ];
  }
  const altered = match(`alter table (?:if exists )?(?:only )?${NAME} (.*)$`);
  if (altered !== null) {
    const table = altered[1] as string;
    return strongest(
      partsOf(altered[2] as string).flatMap((action) => [{ table, ...lockOfAction(action) }, ...referenced(action)]),
    );
  }
  const dropped = match(`drop (?:table|view) (?:if exists )?${NAME}`);
  if (dropped !== null) return [{ table: dropped[1] as string, lock: 'ACCESS EXCLUSIVE', whole: false }];
  const written = match(`(?:insert into|update|delete from) (?:only )?${NAME}`);
  if (written !== null)
    return [{ table: written[1] as string, lock: 'ROW EXCLUSIVE', whole: !/^insert/i.test(statement) }];
  const told = match(`comment on (?:table|view) ${NAME}`);
  if (told !== null) return [{ table: told[1] as string, lock: 'SHARE UPDATE EXCLUSIVE', whole: false }];
  if (match('create table ') !== null) return strongest(referenced(statement));
  const nobody =
    'create (?:schema|type|sequence|role|extension)|alter (?:type|sequence)|grant|revoke|comment on (?:schema|type|function|role|index)';
  return match(`(?:${nobody}) `) === null ? undefined : [];
}

function lockOfAction(action: string): Omit<TableLock, 'table'> {
  const does = (pattern: RegExp) => pattern.test(action);
  if (does(/^validate constraint/i)) return { lock: 'SHARE UPDATE EXCLUSIVE', whole: true };
  if (does(/^(re)?set \(|^alter column \S+ set statistics|^attach partition|^detach partition .* concurrently/i))
    return { lock: 'SHARE UPDATE EXCLUSIVE', whole: false };
  if (does(/^add (constraint \S+ )?foreign key/i)) return { lock: 'SHARE ROW EXCLUSIVE', whole: !does(/not valid$/i) };
  if (does(/^add (constraint|check|unique|primary|exclude)/i))
    return { lock: 'ACCESS EXCLUSIVE', whole: !does(/not valid$|using index/i) };
  // A default that must be worked out for each row, or a check of each: all rows are written, or read.
  if (does(/^add column/i))
    return { lock: 'ACCESS EXCLUSIVE', whole: does(/generated | default [^,]*\w\(| check \(|serial/i) };
  return {
    lock: 'ACCESS EXCLUSIVE',
    whole: does(/^alter column \S+ (set data )?type|^alter column \S+ set not null/i),
  };
}

/** A foreign key locks what it refers to as well. */
function referenced(text: string): TableLock[] {
  return [...text.matchAll(new RegExp(`\\breferences ${NAME}`, 'gi'))].map(([, table = '']) => {
    return { table, lock: 'SHARE ROW EXCLUSIVE', whole: false };
  });
}

/** What stands between commas that no brackets enclose. */
function partsOf(list: string): string[] {
  const parts = [''];
  let depth = 0;
  for (const [text] of list.matchAll(/'(?:[^']|'')*'|[^']/g)) {
    if (text === '(' || text === '[') depth++;
    if (text === ')' || text === ']') depth--;
    if (text === ',' && depth === 0) parts.push('');
    else parts.push((parts.pop() as string) + text);
  }
  return parts.map((part) => part.trim());
}

/** One lock a table: the strongest, for as long as the longest. */
function strongest(all: readonly TableLock[]): TableLock[] {
  const byTable = new Map<string, TableLock>();
  for (const each of all) {
    const known = byTable.get(each.table);
    const stronger = known !== undefined && locks.indexOf(known.lock) > locks.indexOf(each.lock) ? known : each;
    byTable.set(each.table, { ...stronger, whole: each.whole || (known?.whole ?? false) });
  }
  return [...byTable.values()];
}
