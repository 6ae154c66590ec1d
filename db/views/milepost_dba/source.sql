-- Kafka partitions: where each stands, since when, and what keeps it from being read.
create or replace view milepost_dba.source as
select topic, partition, p.next_offset, now() - p.updated_at as age_of_position, a.reason as alarm, now() - a.raised_at as age_of_alarm,
       s.starts as unfinished_starts,
       (select string_agg(last.changed_by || ': ' || last.reason, '; ' order by last.pause_no)
          from (select distinct on (i.topic) i.* from milepost.ingest_pause i where i.topic in (p.topic, a.topic, s.topic, '*')
                 order by i.topic, i.pause_no desc) as last
         where last.paused) as paused
  from milepost.source_position p
  full join milepost.source_alarm a using (topic, partition)
  full join milepost.source_start s using (topic, partition);
comment on view milepost_dba.source is 'Kafka partitions: where each stands, since when, and what keeps it from being read.';
grant select on milepost_dba.source to milepost_dba;
