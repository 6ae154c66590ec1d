-- Whole milliseconds since 1970 of an instant. date_part computes in doubles; extract would compute in numeric, several times slower.
create or replace function milepost.ms_of(p_instant timestamptz) returns bigint
language sql immutable strict parallel safe as $$ select (date_part('epoch', p_instant) * 1000)::bigint $$;
grant execute on function milepost.ms_of to milepost_ingest;
