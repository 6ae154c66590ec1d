-- What owners and support asked for over HTTP, by whom and why. Written before it is done, so that nothing is done that is not here. Append-only by grant.
create table milepost.audit (
  audit_no bigint      not null generated always as identity,
  at       timestamptz not null default now(),
  actor    text        not null,
  scope    text        not null,
  action   text        not null,
  subject  text        not null,
  reason   text,
  details  jsonb       not null,
  constraint audit_pkey primary key (audit_no)
);
create index audit_at_idx on milepost.audit (at);

grant insert on milepost.audit to milepost_owner;
grant select on milepost.audit to milepost_api, milepost_support;
