// What is applied again whenever its file changes: functions (db/functions) and views (db/views). Owns the record of what is applied, and how a newer
// form takes an older one's place while processes of the version before still call it (docs/decisions/0011).
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';

export interface ReplaceableFile {
  kind: 'function' | 'view';
  /** Such as `engine/open_batch.sql`. */
  path: string;
  text: string;
  digest: string;
}

/** The files whose form in the database is another one, functions first: views may call them. */
export async function changedFiles(client: pg.Client, folder: string): Promise<ReplaceableFile[]> {
  const { rows: known } = await client.query("select to_regclass('public.milepost_function') is not null as present");
  const applied = new Map<string, string>();
  if (known[0].present) {
    const { rows } = await client.query('select path, digest from public.milepost_function');
    for (const { path, digest } of rows) applied.set(path, digest);
  }
  const files = [...(await readFiles(folder, 'function')), ...(await readFiles(folder, 'view'))];
  const changed = files.filter((file) => applied.get(recordOf(file)) !== file.digest);
  // A migration may have had to drop a view to change a table under it.
  const missing: ReplaceableFile[] = [];
  for (const file of files) {
    if (file.kind === 'function' || changed.includes(file)) continue;
    const { rows } = await client.query('select to_regclass($1) is null as missing', [viewName(file)]);
    if (rows[0].missing) missing.push(file);
  }
  return files.filter((file) => changed.includes(file) || missing.includes(file));
}

/** Those of the files whose function or view is there, in whatever form. */
export async function presentFiles(client: pg.Client, files: readonly ReplaceableFile[]): Promise<ReplaceableFile[]> {
  const { rows } = await client.query<{ name: string }>(
    `select proname as name from pg_proc where pronamespace = to_regnamespace('milepost')
     union select relnamespace::regnamespace || '.' || relname from pg_class where relkind = 'v'`,
  );
  const names = new Set(rows.map(({ name }) => name));
  return files.filter((file) => names.has(file.kind === 'function' ? functionName(file) : viewName(file)));
}

/** Functions of the version before the last one that were left for its processes. The next migration drops them. */
export async function formerFunctions(client: pg.Client): Promise<string[]> {
  const { rows: known } = await client.query(
    "select to_regclass('public.milepost_former_function') is not null as present",
  );
  if (!known[0].present) return [];
  const { rows } = await client.query<{ signature: string }>(
    'select signature from public.milepost_former_function order by signature collate "C"',
  );
  return rows.map(({ signature }) => signature);
}

/** Applies the files in one transaction, and drops what the migration before this one had left for the processes of its time. */
export async function applyFiles(client: pg.Client, files: readonly ReplaceableFile[]): Promise<void> {
  await client.query('begin');
  try {
    // Signatures are kept for another session: with every name's schema.
    await client.query('set local search_path = pg_catalog, pg_temp');
    await client.query(
      `create table if not exists public.milepost_function (path text primary key, digest text not null, applied_at timestamptz not null);
       create table if not exists public.milepost_former_function (signature text primary key, superseded_at timestamptz not null)`,
    );
    for (const signature of await formerFunctions(client)) await client.query(`drop function if exists ${signature}`);
    await client.query('delete from public.milepost_former_function');
    for (const file of files) {
      if (file.kind === 'function') await applyFunction(client, file);
      else await applyView(client, file);
      await client.query(
        `insert into public.milepost_function (path, digest, applied_at) values ($1, $2, now())
         on conflict (path) do update set digest = excluded.digest, applied_at = excluded.applied_at`,
        [recordOf(file), file.digest],
      );
    }
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}

interface Form {
  /** Its types, which no other form of the name has. */
  types: string;
  signature: string;
  /** `name type` of each parameter. */
  parameters: string[];
  /** How many of the last ones have a default. */
  defaults: number;
  result: string;
  /** Who may call it besides its owner, as SQL names them. */
  grantees: string[];
}

/**
 * Makes a function what its file says. A form with the same parameters is replaced in place, so that calls under way and plans that are kept go on. One
 * with other parameters stays beside the new one until the next migration: callers name every parameter, so that each finds its own. It goes
 * at once where the new one takes its calls as well (the parameters that came have defaults): the two would be ambiguous.
 */
async function applyFunction(client: pg.Client, file: ReplaceableFile): Promise<void> {
  const name = functionName(file);
  const forms = await formsOf(client, name);
  if (forms.length === 0) {
    await client.query(file.text);
  } else {
    const wanted = await formMadeBy(client, name, forms, file);
    const others = forms.filter(({ types }) => types !== wanted.types);
    const same = forms.find(({ types }) => types === wanted.types);
    if (same !== undefined) await clear(client, same, wanted);
    // The file may speak of the function by its name alone, as long as there is one of that name.
    for (const form of others) await rename(client, form, name, aside(name));
    await client.query(file.text);
    for (const form of others) {
      if (takesCallsOf(wanted, form)) await client.query(`drop function ${signed(form, aside(name))}`);
      else await leave(client, form, name);
    }
  }
  for (const { signature } of await formsOf(client, name)) {
    await client.query(`revoke all on function ${signature} from public`);
  }
}

/** Which form the file makes: tried out, and taken back. */
async function formMadeBy(
  client: pg.Client,
  name: string,
  forms: readonly Form[],
  file: ReplaceableFile,
): Promise<Form> {
  await client.query('savepoint tried_out');
  for (const form of forms) await rename(client, form, name, aside(name));
  await client.query(file.text);
  const [made] = await formsOf(client, name);
  await client.query('rollback to savepoint tried_out');
  if (made === undefined) throw new Error(`db/functions/${file.path} does not make the function milepost.${name}`);
  return made;
}

/** Makes room for a form with the same types: takes all rights from it, or, where it cannot be replaced in place, removes it. */
async function clear(client: pg.Client, same: Form, wanted: Form): Promise<void> {
  // Parameters of other names or another result: two such functions cannot stand beside each other.
  if (
    same.result !== wanted.result ||
    same.parameters.join() !== wanted.parameters.join() ||
    same.defaults > wanted.defaults
  ) {
    await client.query(`drop function ${same.signature}`);
  } else if (same.grantees.length > 0) {
    await client.query(`revoke all on function ${same.signature} from ${same.grantees.join(', ')}`);
  }
}

const aside = (name: string): string => `${name}__former`;
const signed = ({ types }: Form, name: string): string => `milepost.${name}(${types})`;

function rename(client: pg.Client, form: Form, from: string, to: string): Promise<unknown> {
  return client.query(`alter function ${signed(form, from)} rename to ${to}`);
}

/** Whether every call of the older form, which names all of its parameters, would fit the newer one too. */
function takesCallsOf(newer: Form, older: Form): boolean {
  const needed = newer.parameters.slice(0, newer.parameters.length - newer.defaults);
  return (
    older.parameters.every((parameter) => newer.parameters.includes(parameter)) &&
    needed.every((parameter) => older.parameters.includes(parameter))
  );
}

/** Gives an older form its name back, until the next migration. */
async function leave(client: pg.Client, form: Form, name: string): Promise<void> {
  await rename(client, form, aside(name), name);
  await client.query(
    'insert into public.milepost_former_function (signature, superseded_at) values ($1, now()) on conflict do nothing',
    [form.signature],
  );
}

async function formsOf(client: pg.Client, name: string): Promise<Form[]> {
  const { rows } = await client.query<Form>(
    `select p.oid::regprocedure::text as signature, p.pronargdefaults as defaults, pg_get_function_result(p.oid) as result,
            (select coalesce(string_agg(format_type(type, null), ', ' order by place), '')
               from unnest(p.proargtypes) with ordinality as parameter(type, place)) as types,
            array(select concat_ws(' ', p.proargnames[place], format_type(type, null))
                    from unnest(p.proargtypes) with ordinality as parameter(type, place) order by place) as parameters,
            array(select case a.grantee when 0 then 'public' else a.grantee::regrole::text end
                    from aclexplode(p.proacl) as a where a.grantee <> p.proowner) as grantees
       from pg_proc p where p.pronamespace = 'milepost'::regnamespace and p.proname = $1 order by p.oid`,
    [name],
  );
  return rows;
}

/** Makes a view what its file says: in place where only columns came at its end, else anew. */
async function applyView(client: pg.Client, file: ReplaceableFile): Promise<void> {
  await client.query('savepoint replaced');
  try {
    await client.query(file.text);
  } catch (error) {
    if ((error as { code?: string }).code !== '42P16') throw error; // it would lose columns, or change them
    await client.query('rollback to savepoint replaced');
    await client.query(`drop view ${viewName(file)}`);
    await client.query(file.text);
  }
}

async function readFiles(folder: string, kind: ReplaceableFile['kind']): Promise<ReplaceableFile[]> {
  const files = join(folder, `${kind}s`);
  const entries = await readdir(files, { recursive: true });
  const paths = entries.filter((entry) => entry.endsWith('.sql')).sort();
  return Promise.all(
    paths.map(async (path) => {
      const text = await readFile(join(files, path), 'utf8');
      return { kind, path, text, digest: createHash('sha256').update(text).digest('hex') };
    }),
  );
}

/** Under which name a file is on record: functions came first and have no prefix. */
function recordOf({ kind, path }: ReplaceableFile): string {
  return kind === 'function' ? path : `views/${path}`;
}

/** `db/functions/engine/open_batch.sql` makes the function `milepost.open_batch`. */
function functionName({ path }: ReplaceableFile): string {
  return path.replace(/^.*\//, '').replace(/\.sql$/, '');
}

/** `db/views/milepost_dba/circuit.sql` makes the view `milepost_dba.circuit`. */
function viewName({ path }: ReplaceableFile): string {
  return path.replace(/\.sql$/, '').replace('/', '.');
}
