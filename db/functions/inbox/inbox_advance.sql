-- Moves the position of a Kafka partition, in the transaction of the batch that ends there. The batch was read from p_from_offset (null: not
-- compared). Where the stored position is neither that nor the batch's own end (a repeat), the batch must not commit: another consumer, a
-- person, or a restored backup has moved it or taken it away, and what lies between would be skipped.
create or replace function milepost.inbox_advance(
  p_topic text, p_partition integer, p_from_offset bigint, p_next_offset bigint, p_now timestamptz
) returns void
language plpgsql volatile as $$
begin
  if p_topic is null then return; end if;
  if p_from_offset is null then
    insert into milepost.source_position (topic, partition, next_offset, updated_at)
    values (p_topic, p_partition, p_next_offset, p_now)
    on conflict (topic, partition) do update set next_offset = excluded.next_offset, updated_at = excluded.updated_at;
    return;
  end if;
  update milepost.source_position set next_offset = p_next_offset, updated_at = p_now
   where topic = p_topic and partition = p_partition and next_offset in (p_from_offset, p_next_offset);
  if not found then
    raise exception 'the position of %/% is not % any more', p_topic, p_partition, p_from_offset using errcode = 'MP001';
  end if;
end
$$;
grant execute on function milepost.inbox_advance to milepost_ingest;
