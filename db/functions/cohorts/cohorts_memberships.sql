-- The cohort memberships of the batch's players, as JSON rows [player's place, cohort_id, valid_from in ms, valid_to in ms or null].
create or replace function milepost.cohorts_memberships(p_bucket smallint[], p_player_id bigint[]) returns text
language plpgsql stable as $$
begin
  return (
    select coalesce(json_agg(json_build_array(
             wanted.place, m.cohort_id, (extract(epoch from m.valid_from) * 1000)::bigint,
             case when m.valid_to <> 'infinity' then (extract(epoch from m.valid_to) * 1000)::bigint end)), '[]')::text
      from unnest(p_bucket, p_player_id) with ordinality as wanted(bucket, player_id, place)
     cross join lateral (
        select * from milepost.cohort_membership m
         where m.bucket = wanted.bucket and m.player_id = wanted.player_id
        offset 0
      ) as m
  );
end
$$;
grant execute on function milepost.cohorts_memberships to milepost_ingest;
