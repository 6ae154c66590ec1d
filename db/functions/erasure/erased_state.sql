-- Which players of a batch had been erased before they came back, and when: JSON columns of place and instant in ms; null for nobody, as nearly always.
create or replace function milepost.erased_state(p_bucket smallint[], p_player_id bigint[]) returns json
language plpgsql stable as $$
begin
  if not exists (select from milepost.erased_user e where e.player_id is not null) then return null; end if;
  return (
    select case when count(*) > 0 then json_build_array(array_agg(w.place), array_agg(milepost.ms_of(e.erased_at))) end
      from unnest(p_bucket, p_player_id) with ordinality as w(bucket, player_id, place)
     cross join lateral (
        select e.erased_at from milepost.erased_user e where e.player_id = w.player_id and e.bucket = w.bucket limit 1
      ) as e
  );
end
$$;
grant execute on function milepost.erased_state to milepost_ingest;
