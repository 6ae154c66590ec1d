-- What has been stated about the batch's players and the wanted cohorts, as JSON columns: player's place, place of the cohort among the wanted
-- ones, the instant in ms from which it holds, whether it says "a member".
create or replace function milepost.cohorts_memberships(p_bucket smallint[], p_player_id bigint[], p_cohort_id text[]) returns text
language plpgsql stable as $$
begin
  return (
    select json_build_array(array_agg(wanted.place), array_agg(array_position(p_cohort_id, m.cohort_id)),
                            array_agg(milepost.ms_of(m.valid_from)), array_agg(m.member))::text
      from unnest(p_bucket, p_player_id) with ordinality as wanted(bucket, player_id, place)
     cross join lateral (
        select m.cohort_id, m.valid_from, m.member from milepost.cohort_membership m
         where m.bucket = wanted.bucket and m.player_id = wanted.player_id and m.cohort_id = any (p_cohort_id)
        offset 0
      ) as m
  );
end
$$;
grant execute on function milepost.cohorts_memberships to milepost_ingest, milepost_support;
