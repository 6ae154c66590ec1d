// All that is stored of a player, for the player: every table that knows players, as it is, and the messages that are to pay them. Reads only. Which
// tables those are is asked of the schema, so that a new one cannot be forgotten; what the role may not read is named instead.
import { sql } from 'kysely';
import type { Db } from '../db/connect.ts';
import { transaction } from '../db/transaction.ts';
import type { Json } from '../event/event.ts';
import { bucketOf } from '../ids.ts';

export interface PlayerExport {
  user_id: string;
  exported_at: string;
  /** The rows of each table, by its name; those that hold nothing of the player are left out. */
  tables: { [table: string]: Json[] };
  /** Tables that may hold something and that this role may not read. */
  left_out: string[];
}

/** As of one snapshot. Undefined for a player of whom nothing has come. */
export async function exportPlayer(db: Db, userId: string): Promise<PlayerExport | undefined> {
  const bucket = bucketOf(userId);
  return transaction(db, async (tx) => {
    await sql`set transaction isolation level repeatable read read only`.execute(tx.query);
    const player = await tx.query
      .selectFrom('player')
      .select(['player_id', sql<string>`to_json(now()) #>> '{}'`.as('now')])
      .where('bucket', '=', bucket)
      .where('user_id', '=', userId)
      .executeTakeFirst();
    if (player === undefined) return undefined;
    const { rows: known } = await sql<{ name: string; readable: boolean }>`
      select c.relname as name, has_table_privilege(c.oid, 'select') as readable
        from pg_class c
       where c.relnamespace = 'milepost'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
         and 2 = (select count(*) from pg_attribute a where a.attrelid = c.oid and a.attname in ('bucket', 'player_id') and not a.attisdropped)
       order by 1`.execute(tx.query);
    const tables: PlayerExport['tables'] = {};
    const add = (name: string, rows: readonly { row: Json }[]): void => {
      if (rows.length > 0) tables[name] = rows.map(({ row }) => row);
    };
    for (const { name, readable } of known) {
      if (!readable) continue;
      const { rows } = await sql<{ row: Json }>`
        select row_to_json(t) as row from ${sql.table(`milepost.${name}`)} t
         where t.bucket = ${bucket} and t.player_id = ${player.player_id}`.execute(tx.query);
      add(name, rows);
    }
    const messages = await sql<{ row: Json }>`
      select row_to_json(o) as row from milepost.outbox o
       where o.bucket = ${bucket} and o.message_key is not null and o.body ->> 'user_id' = ${userId} order by o.message_no`.execute(
      tx.query,
    );
    add('outbox', messages.rows);
    const calls = await sql<{ row: Json }>`
      select row_to_json(a) as row from milepost.outbox o join milepost.dispatch_attempt a using (bucket, message_no)
       where o.bucket = ${bucket} and o.message_key is not null and o.body ->> 'user_id' = ${userId}
       order by a.message_no, a.attempt`.execute(tx.query);
    add('dispatch_attempt', calls.rows);
    return {
      user_id: userId,
      exported_at: player.now,
      tables,
      left_out: known.filter(({ readable }) => !readable).map(({ name }) => name),
    };
  });
}
