-- Messages that have met an error and are not done, by kind of error. Reads the whole outbox.
create or replace view milepost_dba.outbox_error as
select o.destination, o.state::text as state, milepost.dba_error_shape(o.last_error) as error, count(*) as messages,
       now() - min(o.created_at) as age_of_oldest, max(o.attempts) as most_attempts, min(o.next_attempt_at) - now() as next_attempt_in
  from milepost.outbox o
 where o.last_error is not null and o.state <> 'done'
 group by o.destination, o.state, milepost.dba_error_shape(o.last_error);
comment on view milepost_dba.outbox_error is 'Messages that have met an error and are not done, by kind of error. Reads the whole outbox.';
grant select on milepost_dba.outbox_error to milepost_dba;
