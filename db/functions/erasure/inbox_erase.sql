-- Deletes payloads of a player's events, at most p_limit at a time, also from days that retention has detached and not dropped yet. Returns how many;
-- less than p_limit: nothing is left. With p_event_no, of these events alone. Runs as the inbox's owner: nobody else may delete from it.
create or replace function milepost.inbox_erase(p_bucket smallint, p_player_id bigint, p_limit integer, p_event_no bigint[] default null)
returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_table regclass;
  v_deleted integer := 0;
  v_rows integer;
begin
  for v_table in
    select 'milepost.inbox'::regclass
    union all
    select r.relation from (
      select to_regclass('milepost.' || quote_ident(p.partition)) as relation from milepost_dba.inbox_partition p where p.state <> 'attached'
    ) as r where r.relation is not null
  loop
    execute format(
      'delete from %1$s where (bucket, player_id, received_at, event_no) in
         (select bucket, player_id, received_at, event_no from %1$s where bucket = $1 and player_id = $2 and event_no = any (coalesce($4, array[event_no])) limit $3)', v_table)
      using p_bucket, p_player_id, p_limit - v_deleted, p_event_no;
    get diagnostics v_rows = row_count;
    v_deleted := v_deleted + v_rows;
    exit when v_deleted >= p_limit;
  end loop;
  return v_deleted;
end
$$;
alter function milepost.inbox_erase(smallint, bigint, integer, bigint[]) owner to milepost_retention;
grant execute on function milepost.inbox_erase to milepost_erase;
