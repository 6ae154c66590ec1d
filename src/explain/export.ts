// All that is stored of a person, for the person: every table that knows players, as it is, and the messages that are to pay them, under each of the
// accounts that are one person. Reads only. Which tables those are is asked of the schema, so that a new one cannot be forgotten; what the role may not
// read is named instead.
import { sql } from 'kysely';
import type { Db } from '../db/connect.ts';
import { transaction } from '../db/transaction.ts';
import type { Json } from '../event/event.ts';
import { bucketOf } from '../ids.ts';

export interface PlayerExport {
  /** Who was asked for. */
  user_id: string;
  /** All accounts of the person, who counts for it first. */
  accounts: string[];
  exported_at: string;
  /** The rows of each table, by its name, each with the account that it stands under; tables that hold nothing of the person are left out. */
  tables: { [table: string]: { account: string; [column: string]: Json }[] };
  /** Tables that may hold something and that this role may not read. */
  left_out: string[];
}

/** As of one snapshot. Undefined for a player of whom nothing has come. */
export async function exportPlayer(db: Db, userId: string): Promise<PlayerExport | undefined> {
  return transaction(db, async (tx) => {
    await sql`set transaction isolation level repeatable read read only`.execute(tx.query);
    const { rows: accounts } = await sql<{ bucket: number; player_id: string; account: string; now: string }>`
      select own.bucket, own.player_id, own.user_id as account, to_json(now()) #>> '{}' as now
        from milepost.accounts_of(${bucketOf(userId)}::smallint, ${userId}) as own
        left join milepost.player_owner o using (bucket, player_id)
       order by o.owner_id is not null, own.user_id`.execute(tx.query);
    const [first] = accounts;
    if (first === undefined) return undefined;
    const { rows: known } = await sql<{ name: string; readable: boolean }>`
      select c.relname as name, has_table_privilege(c.oid, 'select') as readable
        from pg_class c
       where c.relnamespace = 'milepost'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
         and 2 = (select count(*) from pg_attribute a where a.attrelid = c.oid and a.attname in ('bucket', 'player_id') and not a.attisdropped)
       order by 1`.execute(tx.query);
    const tables: PlayerExport['tables'] = {};
    for (const { bucket, player_id, account } of accounts) {
      const add = (name: string, rows: readonly { row: { [column: string]: Json } }[]): void => {
        if (rows.length > 0) tables[name] = [...(tables[name] ?? []), ...rows.map(({ row }) => ({ account, ...row }))];
      };
      for (const { name, readable } of known) {
        if (!readable) continue;
        const { rows } = await sql<{ row: { [column: string]: Json } }>`
          select row_to_json(t) as row from ${sql.table(`milepost.${name}`)} t
           where t.bucket = ${bucket} and t.player_id = ${player_id} order by row_to_json(t)::text`.execute(tx.query);
        add(name, rows);
      }
      const messages = await sql<{ row: { [column: string]: Json } }>`
        select row_to_json(o) as row from milepost.outbox o
         where o.bucket = ${bucket} and o.message_key is not null and o.body ->> 'user_id' = ${account} order by o.message_no`.execute(
        tx.query,
      );
      add('outbox', messages.rows);
      const calls = await sql<{ row: { [column: string]: Json } }>`
        select row_to_json(a) as row from milepost.outbox o join milepost.dispatch_attempt a using (bucket, message_no)
         where o.bucket = ${bucket} and o.message_key is not null and o.body ->> 'user_id' = ${account}
         order by a.message_no, a.attempt`.execute(tx.query);
      add('dispatch_attempt', calls.rows);
    }
    return {
      user_id: userId,
      accounts: accounts.map(({ account }) => account),
      exported_at: first.now,
      tables,
      left_out: known.filter(({ readable }) => !readable).map(({ name }) => name),
    };
  });
}
