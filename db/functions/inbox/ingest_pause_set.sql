-- Pauses the reading of a topic, or resumes it; `*` pauses every topic, and resumes whatever is paused. Returns the topics (or `*`) for which that
-- changed anything. Runs as consumers do: support may do this, and nothing else to what they read.
create or replace function milepost.ingest_pause_set(p_topic text, p_paused boolean, p_by text, p_reason text) returns setof text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
  if coalesce(btrim(p_by), '') = '' or coalesce(btrim(p_reason), '') = '' then
    raise exception 'who pauses or resumes, and why, must be told' using errcode = 'invalid_parameter_value';
  end if;
  perform pg_advisory_xact_lock(hashtextextended('milepost.ingest_pause', 0)); -- else two at once would both change something
  return query
    with current as (
      select distinct on (p.topic) p.topic, p.paused from milepost.ingest_pause p order by p.topic, p.pause_no desc
    ), changed as (
      select p_topic as topic where p_paused and not exists (select from current c where c.topic = p_topic and c.paused)
      union all
      select c.topic from current c where not p_paused and c.paused and p_topic in ('*', c.topic)
    )
    insert into milepost.ingest_pause (topic, paused, reason, changed_by, changed_at)
    select c.topic, p_paused, p_reason, p_by, clock_timestamp() from changed c order by c.topic
    returning topic;
end
$$;
grant create on schema milepost to milepost_ingest;
alter function milepost.ingest_pause_set(text, boolean, text, text) owner to milepost_ingest;
revoke create on schema milepost from milepost_ingest;
grant execute on function milepost.ingest_pause_set to milepost_support;
