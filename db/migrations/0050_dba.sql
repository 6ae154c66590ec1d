-- What DBAs look at: views of their own (db/views/milepost_dba), which show neither players nor payloads, and a role that can read nothing else.
do $$
begin
  begin
    create role milepost_dba nologin;
  exception when duplicate_object or unique_violation then
    null; -- made by another database of this server, perhaps at this very moment
  end;
  if not pg_has_role(current_user, 'milepost_dba', 'usage') then
    grant milepost_dba to current_user;
  end if;
  -- What other logins' sessions do is shown to members of pg_read_all_stats only. Without it, views show that there is a session, and no more.
  begin
    if not pg_has_role(current_user, 'pg_read_all_stats', 'usage') then
      grant pg_read_all_stats to current_user;
    end if;
  exception when insufficient_privilege then
    raise notice 'milepost_dba.session shows little of other logins: grant pg_read_all_stats to %', current_user;
  end;
end
$$;

create schema milepost_dba;
grant usage on schema milepost_dba to milepost_dba;

-- Identities come in the order of their receipt, so that a few bytes per 32 pages find those of an hour, of a day, or of before a day.
create index event_key_received on milepost.event_key using brin (received_at) with (pages_per_range = 32, autosummarize = on);

-- Claims that wait for a verdict, of all buckets. The second condition is always true; it keeps the index from being taken for the engine's
-- look-ups by player, which do not state it: on empty statistics all indexes look alike to the planner.
create index claim_held on milepost.claim (claimed_at) where status = 'held' and claimed_at > '-infinity';
