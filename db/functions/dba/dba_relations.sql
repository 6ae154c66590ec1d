-- Tables and indexes of the schema with their sizes, and an estimate of how much of each is not needed. Runs with its owner's rights: statistics of
-- columns are shown to those who may read the columns.
--
-- needed: the rows that the planner believes in, by the width of their columns in the last ANALYZE, with the page and row headers that PostgreSQL adds
-- and the fill factor that the relation asks for. Out of line storage is left out, alignment taken as 4 bytes a row. Null before the first
-- ANALYZE. Within a fifth of the truth it says nothing; a relation of several times what it needs is bloated.
create or replace function milepost.dba_relations() returns table (
  relation text, kind text, of_table text, main_bytes bigint, total_bytes bigint, estimated_rows bigint, needed_bytes bigint,
  live_rows bigint, dead_rows bigint, last_vacuum timestamptz, last_analyze timestamptz, scans bigint
)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  return query
    with relations as (
      select c.oid, c.relname, c.relkind, c.reltuples, coalesce(i.indrelid, c.oid) as table_oid, i.indkey,
             coalesce((select o.option_value::integer from pg_options_to_table(c.reloptions) o where o.option_name = 'fillfactor'),
                      case c.relkind when 'i' then 90 else 100 end) as fillfactor,
             m.amname
        from pg_class c
        left join pg_index i on i.indexrelid = c.oid
        left join pg_am m on m.oid = c.relam
       where c.relnamespace = 'milepost'::regnamespace and c.relkind in ('r', 'i')
    ), widths as (
      select r.oid, sum(s.avg_width * (1 - s.null_frac)) as bytes
        from relations r
        join pg_class t on t.oid = r.table_oid
        join pg_attribute a on a.attrelid = r.table_oid and a.attnum > 0 and not a.attisdropped
                           and (r.indkey is null or a.attnum = any (r.indkey))
        join pg_stats s on s.schemaname = 'milepost' and s.tablename = t.relname and s.attname = a.attname and not s.inherited
       group by r.oid
    )
    select r.relname::text, case r.relkind when 'i' then 'index' else 'table' end, r.table_oid::regclass::text, pg_relation_size(r.oid),
           case r.relkind when 'i' then pg_relation_size(r.oid) else pg_table_size(r.oid) end,
           case when r.reltuples >= 0 then r.reltuples::bigint end,
           case when r.amname in ('heap', 'btree') and r.reltuples >= 0 and w.bytes is not null
                then (ceil(r.reltuples * (w.bytes + case r.relkind when 'i' then 8 + 4 + 4 else 23 + 4 + 4 end)
                           / (current_setting('block_size')::integer - 40) * 100 / r.fillfactor)
                      + case r.relkind when 'i' then 1 else 0 end)::bigint * current_setting('block_size')::integer end,
           u.n_live_tup, u.n_dead_tup, greatest(u.last_vacuum, u.last_autovacuum), greatest(u.last_analyze, u.last_autoanalyze),
           coalesce(x.idx_scan, u.seq_scan)
      from relations r
      left join widths w on w.oid = r.oid
      left join pg_stat_user_tables u on u.relid = r.oid
      left join pg_stat_user_indexes x on x.indexrelid = r.oid;
end
$$;
grant execute on function milepost.dba_relations to milepost_dba;
