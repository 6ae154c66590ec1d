-- Opens a destination's circuit by hand, which pauses the destination until it is closed by hand, or closes one, however it was opened. Closing
-- begins with one message, and with more as they succeed. Returns whether anything was changed. Runs as the workers do: support may do this,
-- and nothing else to circuits.
create or replace function milepost.circuit_set(p_destination text, p_open boolean, p_by text, p_reason text) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_now timestamptz;
  v_circuit milepost.circuit;
begin
  if coalesce(btrim(p_by), '') = '' or coalesce(btrim(p_reason), '') = '' then
    raise exception 'who changes a circuit, and why, must be told' using errcode = 'invalid_parameter_value';
  end if;
  loop
    insert into milepost.circuit (destination, changed_at) values (p_destination, clock_timestamp()) on conflict do nothing;
    select * into v_circuit from milepost.circuit c where c.destination = p_destination for update;
    exit when found; -- else somebody has just closed it
  end loop;
  v_now := clock_timestamp();
  if p_open and v_circuit.by_hand or not p_open and v_circuit.state <> 'open' then
    delete from milepost.circuit c where c.destination = p_destination and c.state = 'closed' and c.failures = 0;
    return false;
  end if;
  update milepost.circuit c
     set state = case when p_open then 'open' else 'half_open' end::milepost.circuit_state, by_hand = p_open, wave = 1, openings = 0,
         probe_at = v_now, probe_token = null, probe_left = 0, opened_at = coalesce(c.opened_at, v_now), reason = p_reason, changed_at = v_now
   where c.destination = p_destination;
  insert into milepost.circuit_change (destination, state, reason, changed_by, changed_at)
  values (p_destination, case when p_open then 'open' else 'half_open' end::milepost.circuit_state, p_reason, p_by, v_now);
  return true;
end
$$;
grant create on schema milepost to milepost_worker;
alter function milepost.circuit_set(text, boolean, text, text) owner to milepost_worker;
revoke create on schema milepost from milepost_worker;
grant execute on function milepost.circuit_set to milepost_support;
