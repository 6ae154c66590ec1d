-- An event that was set aside, for reading: what no text can hold (NUL, half a surrogate pair) is written in it as escapes, which make PostgreSQL refuse
-- the whole document; here U+FFFD stands in their place.
create or replace function milepost.failed_event(p_event text) returns json
language sql immutable strict parallel safe as $$
  select regexp_replace(p_event, '\\u(0000|d[89a-f]..)', '\\ufffd', 'g')::json
$$;
grant execute on function milepost.failed_event to milepost_ingest, milepost_api, milepost_support, milepost_erase;
