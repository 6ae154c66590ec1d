-- Writes statements about players and cohorts. Repeats change nothing; of two about the same instant that contradict each other, the one that says
-- "not a member" stays, whichever came first. revision rises with every change, because the projection is versioned by it.
create or replace function milepost.cohorts_apply(
  p_bucket smallint[], p_player_id bigint[], p_cohort_id text[], p_valid_from bigint[], p_member boolean[]
) returns void
language plpgsql volatile as $$
begin
  -- Few batches change cohorts.
  if coalesce(cardinality(p_bucket), 0) = 0 then return; end if;

  insert into milepost.cohort_membership as m (bucket, player_id, cohort_id, valid_from, member, revision)
  -- One row per statement: an upsert may touch a row only once.
  select s.bucket, s.player_id, s.cohort_id, milepost.instant_of(s.valid_from), bool_and(s.member), 1
    from unnest(p_bucket, p_player_id, p_cohort_id, p_valid_from, p_member) as s(bucket, player_id, cohort_id, valid_from, member)
   group by s.bucket, s.player_id, s.cohort_id, s.valid_from
  on conflict (bucket, player_id, cohort_id, valid_from) do update
    set member = excluded.member, revision = m.revision + 1
    where m.member and not excluded.member;
end
$$;
grant execute on function milepost.cohorts_apply to milepost_ingest;
