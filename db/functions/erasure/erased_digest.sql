-- What is remembered of a user id once it is erased.
create or replace function milepost.erased_digest(p_user_id text) returns bytea
language sql stable as $$ select sha256(s.salt || convert_to(p_user_id, 'UTF8')) from milepost.erasure_salt s $$;
grant execute on function milepost.erased_digest to milepost_ingest, milepost_erase;
