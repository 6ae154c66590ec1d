-- A text with a pseudonym in the place of a user id, where that stands by itself: U12 in U123 is somebody else.
create or replace function milepost.erased_text(p_text text, p_user_id text, p_pseudonym text) returns text
language sql immutable as $$
  select regexp_replace(p_text, '(?<![[:alnum:]_-])' || regexp_replace(p_user_id, '([^[:alnum:]])', '\\\1', 'g') || '(?![[:alnum:]_-])', p_pseudonym, 'g')
$$;
grant execute on function milepost.erased_text to milepost_erase;
