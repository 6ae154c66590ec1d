-- Called by the form of open_batch before players could be merged; players_open has taken its place, and this is its ids alone.
create or replace function milepost.players_of(p_bucket smallint[], p_user_id text[]) returns bigint[]
language plpgsql volatile as $$
begin
  return (select o.player_ids from milepost.players_open(p_bucket, p_user_id) as o);
end
$$;
grant execute on function milepost.players_of to milepost_ingest;
