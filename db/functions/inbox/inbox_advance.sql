-- Moves the position of a Kafka partition, in the transaction of the batch that ends there.
create or replace function milepost.inbox_advance(p_topic text, p_partition integer, p_next_offset bigint, p_now timestamptz) returns void
language plpgsql volatile as $$
begin
  if p_topic is null then return; end if;
  insert into milepost.source_position (topic, partition, next_offset, updated_at)
  values (p_topic, p_partition, p_next_offset, p_now)
  on conflict (topic, partition) do update set next_offset = excluded.next_offset, updated_at = excluded.updated_at;
end
$$;
grant execute on function milepost.inbox_advance to milepost_ingest;
