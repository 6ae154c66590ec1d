-- The message_key of what takes a payment back. The same as takeBackKey in src/rewards/decide.ts.
create or replace function milepost.take_back_key(p_payment_key uuid) returns uuid
language sql immutable strict parallel safe as $$
  select left(encode(sha256(convert_to('9:take_back36:' || p_payment_key, 'UTF8')), 'hex'), 32)::uuid
$$;
grant execute on function milepost.take_back_key to milepost_api;
