// The schema as text, read from the catalogs: what the migrations and functions leave behind, in an order and form that do not depend on the server,
// so that two dumps differ only where the schemas do. Function bodies are left to db/functions. Reads only.
import type pg from 'pg';

const WIDTH = 120;
/** Days of the inbox are made as they are needed; they are data. */
const NO_PARTITION = 'not c.relispartition';
const IN_SCHEMA = `n.nspname = 'milepost'`;
/** Views for DBAs have a schema of their own. */
const WITH_VIEWS = `n.nspname in ('milepost', 'milepost_dba')`;

/** Describes the schema `milepost` of a migrated database as SQL. */
export async function describeSchema(client: pg.Client): Promise<string> {
  // Names are written without their schema where the search path finds them: only the server's own shall be.
  await client.query("set search_path = ''");
  const sections = [
    ['The schema, and the roles that may use it', await schemaLines(client)],
    ['Types', await typeLines(client)],
    ['Sequences', await sequenceLines(client)],
    ['Tables', await tableLines(client)],
    ['Views; what they select is in db/views', await viewLines(client)],
    ['Functions; their bodies are in db/functions', await functionLines(client)],
  ] as const;
  const header =
    '-- What the migrations and functions of this version leave in a database. Written by `npm run schema`; not run by anything.\n';
  const written = sections.filter(([, lines]) => lines.length > 0);
  return `${header}${written.map(([title, lines]) => `\n-- ${title}\n\n${lines.join('\n')}\n`).join('')}`;
}

async function schemaLines(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string; login: boolean; parents: string[] }>(
    `select r.rolname as name, r.rolcanlogin as login,
            array(select p.rolname::text from pg_auth_members m join pg_roles p on p.oid = m.roleid
                   where m.member = r.oid order by p.rolname collate "C") as parents
       from pg_roles r
      where r.oid in (select (aclexplode(n.nspacl)).grantee from pg_namespace n where ${WITH_VIEWS})
        and r.oid not in (select n.nspowner from pg_namespace n where ${WITH_VIEWS})
      order by r.rolname collate "C"`,
  );
  const lines = rows.map(
    ({ name, login, parents }) =>
      `create role ${name} ${login ? 'login' : 'nologin'}${parents.length > 0 ? ` in role ${parents.join(', ')}` : ''};`,
  );
  for (const schema of ['milepost', 'milepost_dba']) {
    const from = `from pg_namespace n where n.nspname = $1`;
    const grants = await readGrants(client, `'n'`, 'n.nspowner', 'n.nspacl', from, [schema]);
    lines.push('', `create schema ${schema};`, ...grantLines(grants, `schema ${schema}`));
  }
  return lines;
}

async function typeLines(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string; labels: string }>(
    `select t.typname as name, string_agg(quote_literal(e.enumlabel), ', ' order by e.enumsortorder) as labels
       from pg_type t join pg_namespace n on n.oid = t.typnamespace join pg_enum e on e.enumtypid = t.oid
      where ${IN_SCHEMA} group by t.typname order by t.typname collate "C"`,
  );
  return rows.map(({ name, labels }) => `create type milepost.${name} as enum (${labels});`);
}

async function sequenceLines(client: pg.Client): Promise<string[]> {
  // Sequences behind identity columns belong to their tables.
  const { rows } = await client.query<{ oid: number; name: string; type: string; start: string; increment: string }>(
    `select c.oid, c.relname as name, format_type(s.seqtypid, null) as type, s.seqstart as start, s.seqincrement as increment
       from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_sequence s on s.seqrelid = c.oid
      where ${IN_SCHEMA} and not exists (select from pg_depend d where d.objid = c.oid and d.deptype in ('a', 'i'))
      order by c.relname collate "C"`,
  );
  const lines: string[] = [];
  for (const { oid, name, type, start, increment } of rows) {
    lines.push(`create sequence milepost.${name} as ${type} start ${start} increment ${increment};`);
    lines.push(...grantLines(await relationGrants(client, oid, 's'), `sequence milepost.${name}`));
  }
  return lines;
}

async function tableLines(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<Table>(
    `select c.oid, c.relname as name, c.reloptions as parameters, pg_get_partkeydef(c.oid) as "partitionKey",
            c.relrowsecurity as "rowSecurity"
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where ${IN_SCHEMA} and c.relkind in ('r', 'p') and ${NO_PARTITION} order by c.relname collate "C"`,
  );
  const lines: string[] = [];
  for (const table of rows) {
    if (lines.length > 0) lines.push('');
    const storage =
      table.parameters === null ? '' : ` with (${table.parameters.sort().join(', ').replaceAll('=', ' = ')})`;
    const partitioning = table.partitionKey === null ? '' : ` partition by ${lowerCased(table.partitionKey)}`;
    const parts = [...(await columns(client, table)), ...(await constraints(client, table))];
    lines.push(`create table milepost.${table.name} (`, parts.map((part) => `  ${part}`).join(',\n'));
    lines.push(`)${partitioning}${storage};`);
    if (table.rowSecurity) lines.push(`alter table milepost.${table.name} enable row level security;`);
    lines.push(...(await belongings(client, table)));
    lines.push(...grantLines(await relationGrants(client, table.oid, 'r'), `milepost.${table.name}`));
    lines.push(...(await columnGrantLines(client, table)));
  }
  return lines;
}

interface Table {
  oid: number;
  name: string;
  parameters: string[] | null;
  partitionKey: string | null;
  rowSecurity: boolean;
}

async function columns(client: pg.Client, table: Table): Promise<string[]> {
  const { rows } = await client.query<{ name: string; type: string; rest: string }>(
    `select quote_ident(a.attname) as name, format_type(a.atttypid, a.atttypmod) as type,
            concat(case when a.attnotnull then ' not null' end,
                   case when a.attcollation <> t.typcollation then ' collate ' || quote_ident(l.collname) end,
                   case a.attidentity when 'a' then ' generated always as identity' when 'd' then ' generated by default as identity' end,
                   case when a.attgenerated <> '' then ' generated as ' || pg_get_expr(d.adbin, d.adrelid)
                        when d.oid is not null then ' default ' || pg_get_expr(d.adbin, d.adrelid) end) as rest
       from pg_attribute a join pg_type t on t.oid = a.atttypid
       left join pg_collation l on l.oid = a.attcollation
       left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
      where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped order by a.attnum`,
    [table.oid],
  );
  const nameWidth = Math.max(...rows.map(({ name }) => name.length));
  return rows.map(({ name, type, rest }) => `${name.padEnd(nameWidth)} ${type}${rest}`);
}

async function constraints(client: pg.Client, table: Table): Promise<string[]> {
  // Since version 18 `not null` is a constraint too ('n'); here it is a word of its column.
  const { rows } = await client.query<{ name: string; definition: string }>(
    `select conname as name, pg_get_constraintdef(oid) as definition from pg_constraint
      where conrelid = $1 and contype in ('p', 'u', 'x', 'f', 'c')
      order by array_position(array['p', 'u', 'x', 'f', 'c'], contype::text), conname collate "C"`,
    [table.oid],
  );
  return rows.map(({ name, definition }) => `constraint ${name} ${lowerCased(definition)}`);
}

/** Indexes that no constraint makes, and triggers. */
async function belongings(client: pg.Client, table: Table): Promise<string[]> {
  const { rows } = await client.query<{ definition: string }>(
    `select pg_get_indexdef(i.indexrelid) as definition from pg_index i
      where i.indrelid = $1 and not exists (select from pg_constraint k where k.conindid = i.indexrelid)
      union all
     select pg_get_triggerdef(g.oid) from pg_trigger g where g.tgrelid = $1 and not g.tgisinternal
      order by 1`,
    [table.oid],
  );
  return rows.map(({ definition }) => `${lowerCased(definition)};`);
}

/** What a view shows, and to whom. */
async function viewLines(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ oid: number; name: string; columns: string }>(
    `select c.oid, n.nspname || '.' || c.relname as name,
            (select string_agg(quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod), ', ' order by a.attnum)
               from pg_attribute a where a.attrelid = c.oid and a.attnum > 0) as columns
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where ${WITH_VIEWS} and c.relkind = 'v' order by n.nspname, c.relname collate "C"`,
  );
  const lines: string[] = [];
  for (const { oid, name, columns } of rows) {
    const inOneLine = `create view ${name} (${columns}) as …;`;
    if (lines.length > 0) lines.push('');
    lines.push(
      inOneLine.length <= WIDTH ? inOneLine : `create view ${name} (\n  ${columns.replaceAll(', ', ',\n  ')}\n) as …;`,
    );
    lines.push(...grantLines(await relationGrants(client, oid, 'r'), name));
  }
  return lines;
}

async function functionLines(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{
    oid: number;
    name: string;
    kind: string;
    parameters: string[];
    result: string;
    traits: string;
    owner: string | null;
  }>(
    `select p.oid, p.proname as name, case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate' else 'function' end as kind,
            array(select concat_ws(' ', p.proargnames[place], format_type(type, null), 'default ' || pg_get_function_arg_default(p.oid, place::integer))
                    from unnest(p.proargtypes) with ordinality as parameter(type, place) order by place) as parameters,
            pg_get_function_result(p.oid) as result,
            concat_ws(' ', 'language', l.lanname,
              case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end,
              case when p.proisstrict then 'strict' end,
              case p.proparallel when 's' then 'parallel safe' when 'r' then 'parallel restricted' end,
              case when p.prosecdef then 'security definer' end,
              (select string_agg('set ' || setting, ' ') from unnest(p.proconfig) as setting)) as traits,
            case when p.proowner <> n.nspowner then p.proowner::regrole::text end as owner
       from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang
      where ${IN_SCHEMA} order by p.proname collate "C", pg_get_function_identity_arguments(p.oid) collate "C"`,
  );
  const lines: string[] = [];
  for (const { oid, name, kind, parameters, result, traits, owner } of rows) {
    if (lines.length > 0) lines.push('');
    const start = `create ${kind} milepost.${name}(`;
    const end = `) returns ${lowerCased(result)}`;
    const inOneLine = `${start}${parameters.join(', ')}${end}`;
    lines.push(inOneLine.length <= WIDTH ? inOneLine : `${start}\n  ${parameters.join(',\n  ')}\n${end}`, `${traits};`);
    if (owner !== null) lines.push(`alter ${kind} milepost.${name} owner to ${owner};`);
    const grants = await readGrants(client, `'f'`, 'p.proowner', 'p.proacl', 'from pg_proc p where p.oid = $1', [oid]);
    lines.push(...grantLines(grants, `${kind} milepost.${name}`));
  }
  return lines;
}

/** A right that somebody has; `public` is everybody. */
interface Grant {
  grantee: string;
  privilege: string;
}

/** The rights on a relation of a kind (`r` table or view, `s` sequence), besides its owner's. */
function relationGrants(client: pg.Client, oid: number, kind: 'r' | 's'): Promise<Grant[]> {
  return readGrants(client, `'${kind}'`, 'c.relowner', 'c.relacl', 'from pg_class c where c.oid = $1', [oid]);
}

/** Rights besides the owner's. An object without a list of rights has its kind's default ones, such as everybody's on functions. */
async function readGrants(
  client: pg.Client,
  kind: string,
  owner: string,
  acl: string,
  from: string,
  values: unknown[] = [],
): Promise<Grant[]> {
  const { rows } = await client.query<Grant>(
    `select case granted.grantee when 0 then 'public' else granted.grantee::regrole::text end as grantee,
            lower(granted.privilege_type) || case when granted.is_grantable then ' with grant option' else '' end as privilege
       from (select (aclexplode(coalesce(${acl}, acldefault(${kind}, ${owner})))).*, ${owner} as owner ${from}) as granted
      where granted.grantee <> granted.owner`,
    values,
  );
  return rows;
}

async function columnGrantLines(client: pg.Client, table: Table): Promise<string[]> {
  const { rows } = await client.query<Grant & { column: string }>(
    `select granted.grantee::regrole::text as grantee, lower(granted.privilege_type) as privilege, quote_ident(granted.attname) as column
       from (select a.attname, a.attnum, (aclexplode(a.attacl)).* from pg_attribute a where a.attrelid = $1) as granted
      order by granted.attnum`,
    [table.oid],
  );
  const named = Map.groupBy(rows, ({ grantee, privilege }) => `${grantee} ${privilege}`);
  const grants = [...named.values()].map((group) => {
    const { grantee, privilege } = group[0] as Grant;
    return { grantee, privilege: `${privilege} (${group.map(({ column }) => column).join(', ')})` };
  });
  return grantLines(grants, `milepost.${table.name}`);
}

const USUAL_ORDER = ['usage', 'select', 'insert', 'update', 'delete'];

/** One line per set of rights, with all who have exactly these. */
function grantLines(grants: readonly Grant[], object: string): string[] {
  const place = (privilege: string): string => `${(USUAL_ORDER.indexOf(privilege) + 9) % 9}${privilege}`;
  const rightsOf = Map.groupBy(grants, ({ grantee }) => grantee);
  const granted = [...rightsOf].map(([grantee, rights]) => ({
    grantee,
    privileges: rights
      .map(({ privilege }) => privilege)
      .sort((a, b) => (place(a) < place(b) ? -1 : 1))
      .join(', '),
  }));
  const alike = Map.groupBy(granted, ({ privileges }) => privileges);
  return [...alike]
    .map(
      ([privileges, who]) =>
        `grant ${privileges} on ${object} to ${who
          .map(({ grantee }) => grantee)
          .sort()
          .join(', ')};`,
    )
    .sort();
}

/** The server's own words in lower case, as in our files; what is quoted stays. */
function lowerCased(definition: string): string {
  return definition.replace(/'[^']*'|"[^"]*"|\b[A-Z]+\b/g, (word) => (/^['"]/.test(word) ? word : word.toLowerCase()));
}
