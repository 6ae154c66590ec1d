-- Sessions of Milepost: what they do, for how long, and whom they wait for; and the sessions of others that they wait for.
create or replace view milepost_dba.session as
select s.pid, s.login, s.application, s.state, now() - s.transaction_began as in_transaction, now() - s.statement_began as in_statement,
       s.wait_event_type, s.wait_event, s.blocked_by,
       (select count(*) from milepost.dba_sessions() as b where s.pid = any (b.blocked_by)) as blocks, s.statement
  from milepost.dba_sessions() as s;
comment on view milepost_dba.session is 'Sessions of Milepost: what they do, for how long, and whom they wait for; and the sessions of others that they wait for.';
grant select on milepost_dba.session to milepost_dba, milepost_support;
