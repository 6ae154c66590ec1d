-- What nobody will take up again by itself: messages that could not be read, events that could not be judged, rewards that ended badly. What has been read
-- or judged since is none.
create or replace view milepost_dba.dead_letter as
select 'parked message' as kind, p.source as subject, p.reason, count(*) as entries, min(p.received_at) as oldest, max(p.received_at) as newest
  from milepost.parked_message p
 where not exists (select from milepost.parked_resolution r where r.parked_no = p.parked_no)
 group by p.source, p.reason
union all
select 'failed event', 'inbox', milepost.dba_error_shape(f.error), count(*), min(f.failed_at), max(f.failed_at)
  from milepost.event_failure f
 where not exists (
   select from milepost.event_rejudged j
    where j.bucket = f.bucket and j.player_id = f.player_id and j.event_no = f.event_no and j.to_outcome <> 'failed'
 )
 group by milepost.dba_error_shape(f.error)
union all
select o.state || ' message', o.destination, milepost.dba_error_shape(o.last_error), count(*), min(o.settled_at), max(o.settled_at)
  from milepost.outbox o
 where o.state in ('failed', 'ambiguous')
 group by o.state, o.destination, milepost.dba_error_shape(o.last_error);
comment on view milepost_dba.dead_letter is 'What nobody will take up again by itself: messages that could not be read, events that could not be judged, rewards that ended badly.';
grant select on milepost_dba.dead_letter to milepost_dba;
