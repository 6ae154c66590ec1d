-- The bucket of a player: Kafka's murmur2 over the UTF-8 bytes, sign bit cleared, modulo 256. The same as bucketOf in src/ids.ts.
-- bigint arithmetic with masks stands in for the 32-bit unsigned arithmetic of the original.
create or replace function milepost.bucket_of(p_user_id text) returns smallint
language plpgsql immutable strict parallel safe as $$
declare
  c_m constant bigint := 1540483477;   -- 0x5bd1e995
  c_mask constant bigint := 4294967295;
  v_data bytea := convert_to(p_user_id, 'UTF8');
  v_length integer := length(v_data);
  v_h bigint := (2538058380::bigint # v_length);  -- 0x9747b28c
  v_k bigint;
  v_at integer;
begin
  for i in 0 .. v_length / 4 - 1 loop
    v_at := i * 4;
    v_k := get_byte(v_data, v_at)::bigint | (get_byte(v_data, v_at + 1)::bigint << 8)
         | (get_byte(v_data, v_at + 2)::bigint << 16) | (get_byte(v_data, v_at + 3)::bigint << 24);
    v_k := ((v_k & 65535) * c_m + ((((v_k >> 16) * c_m) & 65535) << 16)) & c_mask;
    v_k := v_k # (v_k >> 24);
    v_k := ((v_k & 65535) * c_m + ((((v_k >> 16) * c_m) & 65535) << 16)) & c_mask;
    v_h := ((v_h & 65535) * c_m + ((((v_h >> 16) * c_m) & 65535) << 16)) & c_mask;
    v_h := v_h # v_k;
  end loop;
  v_at := v_length - v_length % 4;
  if v_length % 4 = 3 then v_h := v_h # (get_byte(v_data, v_at + 2)::bigint << 16); end if;
  if v_length % 4 >= 2 then v_h := v_h # (get_byte(v_data, v_at + 1)::bigint << 8); end if;
  if v_length % 4 >= 1 then
    v_h := v_h # get_byte(v_data, v_at)::bigint;
    v_h := ((v_h & 65535) * c_m + ((((v_h >> 16) * c_m) & 65535) << 16)) & c_mask;
  end if;
  v_h := v_h # (v_h >> 13);
  v_h := ((v_h & 65535) * c_m + ((((v_h >> 16) * c_m) & 65535) << 16)) & c_mask;
  v_h := v_h # (v_h >> 15);
  return ((v_h & 2147483647) % 256)::smallint;
end
$$;
grant execute on function milepost.bucket_of to milepost_ingest, milepost_worker, milepost_api, milepost_support;
