-- The outbox: the only way out. The row is the truth about a message (state, lease, next attempt); a job is only the wake-up that drains due rows.

create type milepost.outbox_state as enum ('pending', 'leased', 'done', 'failed', 'ambiguous');

create table milepost.outbox (
  bucket           smallint not null,
  message_no       bigint   not null generated always as identity,
  destination      text     not null,
  message_key      uuid,
  body             jsonb    not null,
  state            milepost.outbox_state not null default 'pending',
  claim_token      uuid,
  leased_until     timestamptz,
  next_attempt_at  timestamptz not null,
  attempts         integer  not null default 0,
  first_attempt_at timestamptz,
  last_error       text,
  answer           jsonb,
  revision         smallint not null default 0,
  created_at       timestamptz not null,
  settled_at       timestamptz,
  constraint outbox_pkey primary key (bucket, message_no),
  -- Not led by bucket: on empty statistics all indexes that are look alike to the planner, and this one would be taken for look-ups by number.
  constraint outbox_message_key_key unique (message_key, bucket),
  constraint outbox_lease_check check ((state = 'leased') = (claim_token is not null and leased_until is not null)),
  constraint outbox_settled_check check ((state in ('done', 'failed', 'ambiguous')) = (settled_at is not null)),
  constraint outbox_attempts_check check (attempts >= 0)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);

-- Due rows of a destination, oldest first. Rows that ended leave the index, so that it stays as small as the backlog.
create index outbox_due on milepost.outbox (destination, next_attempt_at) where state in ('pending', 'leased');

-- Each call of a service: what was sent, what came back. Append-only.
create table milepost.dispatch_attempt (
  bucket     smallint not null,
  message_no bigint   not null,
  attempt    integer  not null,
  started_at timestamptz not null,
  ended_at   timestamptz not null,
  result     text     not null,
  request    jsonb    not null,
  answer     jsonb,
  error      text,
  constraint dispatch_attempt_pkey primary key (bucket, message_no, attempt),
  constraint dispatch_attempt_result_check check (result in ('done', 'refused', 'ambiguous', 'retry'))
);

grant insert on milepost.outbox to milepost_ingest, milepost_owner;
grant select, insert, update, delete on milepost.outbox to milepost_worker;
grant select, insert on milepost.dispatch_attempt to milepost_worker;
grant select on milepost.outbox, milepost.dispatch_attempt to milepost_api, milepost_support;
