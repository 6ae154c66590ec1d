-- What all workers know of a service together: whether it is called at all (its circuit), and how often it may be. And the second way of a message:
-- one that ended badly, tried again by a person.

create type milepost.circuit_state as enum ('closed', 'open', 'half_open');

-- A destination without a row is closed, and its last call succeeded. open: nothing is leased before probe_at, or, opened by
-- hand, until it is closed by hand. half_open: one lease at a time, of `wave` messages; probe_token is that lease, probe_left what has not been
-- settled of it, and probe_at its end, past which its holder counts as dead.
create table milepost.circuit (
  destination text not null,
  state       milepost.circuit_state not null default 'closed',
  by_hand     boolean  not null default false,
  failures    integer  not null default 0,
  openings    integer  not null default 0,
  wave        integer  not null default 1,
  probe_at    timestamptz,
  probe_token uuid,
  probe_left  integer  not null default 0,
  opened_at   timestamptz,
  reason      text,
  changed_at  timestamptz not null,
  constraint circuit_pkey primary key (destination),
  constraint circuit_by_hand_check check (not by_hand or state = 'open'),
  constraint circuit_open_check check ((state = 'closed') = (opened_at is null)),
  constraint circuit_probe_check check (state = 'half_open' or probe_token is null),
  constraint circuit_counts_check check (failures >= 0 and openings >= 0 and wave > 0 and probe_left >= 0)
) with (fillfactor = 50);

-- Each time a circuit was opened, by failures or by hand, and closed. Append-only.
create table milepost.circuit_change (
  change_no   bigint not null generated always as identity,
  destination text   not null,
  state       milepost.circuit_state not null,
  reason      text   not null,
  changed_by  text   not null,
  changed_at  timestamptz not null,
  constraint circuit_change_pkey primary key (change_no)
);

-- A token bucket per destination that has a rate. A lease takes as many tokens as messages.
create table milepost.dispatch_rate (
  destination text not null,
  tokens      double precision not null,
  filled_at   timestamptz not null,
  constraint dispatch_rate_pkey primary key (destination)
) with (fillfactor = 50);

-- service_key: the key sent to the service where it is no longer message_key, which stays the claim's identity. ask_key: the key that the
-- service is asked for before anything is sent. retried_at: when service_key was made; retried_after: the attempts made before.
alter table milepost.outbox
  add column service_key uuid,
  add column ask_key uuid,
  add column retried_at timestamptz,
  add column retried_after integer,
  add constraint outbox_retried_check check ((retried_at is null) = (retried_after is null) and (service_key is null or retried_at is not null));

-- What ended badly, for those who look after it.
create index outbox_dead on milepost.outbox (settled_at) where state in ('failed', 'ambiguous');

-- Each message that somebody had tried again after it had ended: who, when, why. Append-only.
create table milepost.outbox_retry (
  bucket      smallint not null,
  message_no  bigint   not null,
  retry_no    bigint   not null generated always as identity,
  from_state  milepost.outbox_state not null,
  error       text,
  key_before  uuid     not null,
  key_after   uuid     not null,
  retried_by  text     not null,
  reason      text     not null,
  retried_at  timestamptz not null,
  constraint outbox_retry_pkey primary key (bucket, message_no, retry_no),
  constraint outbox_retry_state_check check (from_state in ('failed', 'ambiguous'))
);

grant select, insert, update, delete on milepost.circuit to milepost_worker;
grant select, insert, update on milepost.dispatch_rate to milepost_worker;
grant select, insert on milepost.circuit_change, milepost.outbox_retry to milepost_worker;
grant select on milepost.circuit, milepost.circuit_change, milepost.dispatch_rate, milepost.outbox_retry to milepost_api, milepost_support;
