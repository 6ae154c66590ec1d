-- One page of what has become of a user's person, newest first: merges and their undoings that any of its accounts was part of, as entries like those of
-- player_history, of which place keeps them apart. Accounts are named while they are of the person; of one that was taken out since nothing shows but that
-- there was one.
create or replace function milepost.person_history(
  p_bucket smallint, p_user_id text, p_before_us bigint, p_before_place text, p_limit integer
) returns table (at_us bigint, place text, entry json)
language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
#variable_conflict use_column
begin
  return query
  with person as materialized (
    select a.bucket, a.player_id, a.user_id from milepost.accounts_of(p_bucket, p_user_id) as a
  ), merges as (
    select m.*
      from person p
     cross join lateral (
        select * from milepost.player_merge m where m.bucket = p.bucket and m.player_id = p.player_id offset 0
      ) as m
    union
    select m.*
      from person p
     cross join lateral (
        select * from milepost.player_merge m where m.into_bucket = p.bucket and m.into_player_id = p.player_id offset 0
      ) as m
  ), placed as (
    select (extract(epoch from m.stated_at) * 1000000)::bigint as at_us,
           -- What came of it stands at the same instant, and after it.
           ('0:' || to_char(m.event_no, 'FM0000000000000000000') || ' ' || m.player_id) collate "C" as place,
           json_build_object('kind', 'merge', 'what', m.kind,
             'user_id', (select p.user_id from person p where p.bucket = m.bucket and p.player_id = m.player_id),
             'into', (select p.user_id from person p where p.bucket = m.into_bucket and p.player_id = m.into_player_id)) as entry
      from merges m
  )
  select p.at_us, p.place, p.entry
    from placed p
   where p_before_us is null or (p.at_us, p.place) < (p_before_us, p_before_place collate "C")
   order by p.at_us desc, p.place desc
   limit p_limit;
end
$$;
grant execute on function milepost.person_history to milepost_api;
