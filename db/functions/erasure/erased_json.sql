-- A document with a pseudonym in the place of an id in its texts, as erased_text has it. Numbers stay: 12 may be somebody's id as well.
create or replace function milepost.erased_json(p_json jsonb, p_id text, p_pseudonym text) returns jsonb
language plpgsql immutable as $$
begin
  return case jsonb_typeof(p_json)
    when 'string' then to_jsonb(milepost.erased_text(p_json #>> '{}', p_id, p_pseudonym))
    when 'array' then (
      select coalesce(jsonb_agg(milepost.erased_json(e.value, p_id, p_pseudonym) order by e.place), '[]')
        from jsonb_array_elements(p_json) with ordinality as e(value, place)
    )
    when 'object' then (
      select coalesce(jsonb_object_agg(milepost.erased_text(e.key, p_id, p_pseudonym), milepost.erased_json(e.value, p_id, p_pseudonym)), '{}')
        from jsonb_each(p_json) as e(key, value)
    )
    else p_json
  end;
end
$$;
grant execute on function milepost.erased_json to milepost_erase;
