-- All players that are one person with a user, as person_of says them; nobody where the user is not known.
create or replace function milepost.accounts_of(p_bucket smallint, p_user_id text)
returns table (bucket smallint, player_id bigint, user_id text)
language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
#variable_conflict use_column
begin
  return query
  select own.bucket, own.player_id, own.user_id
    from (
      -- A range in the order of the wanted index: see player_facts.
      select p.bucket, p.player_id, p.user_id, p.merges from milepost.player p
       where p.bucket = p_bucket and p.user_id between p_user_id and p_user_id
       order by p.user_id
       limit 1
    ) as named
   cross join lateral (
      select named.bucket, named.player_id, named.user_id where named.merges = 0
      union all
      select m.bucket, m.player_id, u.user_id
        from milepost.person_of(named.bucket, named.player_id) as m
       cross join lateral (
          select u.user_id from milepost.player u
           where u.bucket = m.bucket and u.player_id between m.player_id and m.player_id
           order by u.player_id
           limit 1
        ) as u
       where named.merges > 0
    ) as own;
end
$$;
grant execute on function milepost.accounts_of to milepost_ingest, milepost_api, milepost_support, milepost_erase;
