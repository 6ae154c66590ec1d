-- Commands are on record like requests are. They work under other roles: each may add who, what and why, and none the number or the time of it.
revoke insert on milepost.audit from milepost_owner;
grant insert (actor, scope, action, subject, reason, details) on milepost.audit
  to milepost_owner, milepost_ingest, milepost_support, milepost_retention;

-- The record is kept for ever, unless somebody says for how long.
alter table milepost.retention_policy
  add column audit_days integer,
  add constraint retention_policy_audit_check check (audit_days >= 365);
grant select, delete on milepost.audit to milepost_retention;
