-- Messages by destination and state: how many, how many are due, and for how long. Reads the whole outbox.
create or replace view milepost_dba.outbox as
select o.destination, o.state::text as state, count(*) as messages,
       count(*) filter (where o.state in ('pending', 'leased') and o.next_attempt_at <= now()) as due,
       now() - min(o.next_attempt_at) filter (where o.state in ('pending', 'leased') and o.next_attempt_at <= now()) as longest_due,
       now() - min(o.created_at) as age_of_oldest, max(o.attempts) as most_attempts
  from milepost.outbox o
 group by o.destination, o.state;
comment on view milepost_dba.outbox is 'Messages by destination and state: how many, how many are due, and for how long. Reads the whole outbox.';
grant select on milepost_dba.outbox to milepost_dba;
