-- Services that are not called, or were not lately, and how much of its rate each has left.
create or replace view milepost_dba.circuit as
select destination, coalesce(c.state::text, 'closed') as state, coalesce(c.by_hand, false) as by_hand, coalesce(c.failures, 0) as failures,
       now() - c.opened_at as open_for, c.probe_at - now() as next_probe_in, milepost.dba_error_shape(c.reason) as reason,
       round(r.tokens::numeric, 1) as tokens_left
  from milepost.circuit c
  full join milepost.dispatch_rate r using (destination);
comment on view milepost_dba.circuit is 'Services that are not called, or were not lately, and how much of its rate each has left.';
grant select on milepost_dba.circuit to milepost_dba;
