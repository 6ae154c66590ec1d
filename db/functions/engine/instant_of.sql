-- An instant from whole milliseconds since 1970, the form in which batches carry instants: shorter to send and cheaper to read than text.
-- Exact: a double holds microseconds of this century without loss.
create or replace function milepost.instant_of(p_ms bigint) returns timestamptz
language sql immutable strict parallel safe as $$ select to_timestamp(p_ms::double precision / 1000) $$;
grant execute on function milepost.instant_of to milepost_ingest, milepost_api;
