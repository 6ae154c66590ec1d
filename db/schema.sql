-- What the migrations and functions of this version leave in a database. Written by `npm run schema`; not run by anything.

-- The schema, and the roles that may use it

create role milepost_api nologin;
create role milepost_dba nologin;
create role milepost_erase nologin;
create role milepost_ingest nologin;
create role milepost_owner nologin;
create role milepost_retention nologin;
create role milepost_support nologin;
create role milepost_worker nologin;

create schema milepost;
grant usage on schema milepost to milepost_api, milepost_erase, milepost_ingest, milepost_owner, milepost_support, milepost_worker;
grant usage, create on schema milepost to milepost_retention;

create schema milepost_dba;
grant usage on schema milepost_dba to milepost_dba, milepost_retention, milepost_support;

-- Types

create type milepost.budget_reservation_state as enum ('reserved', 'released', 'refused');
create type milepost.circuit_state as enum ('closed', 'open', 'half_open');
create type milepost.claim_status as enum ('earned', 'held', 'unopened', 'awaiting_budget', 'opened', 'voided', 'cancelled', 'kept', 'clawed_back', 'offset');
create type milepost.event_outcome as enum ('applied', 'held', 'reversed', 'late', 'not_in_cohort', 'outside_window', 'no_match', 'rejected', 'waiting', 'failed');
create type milepost.game_status as enum ('active', 'paused', 'ended');
create type milepost.outbox_state as enum ('pending', 'leased', 'done', 'failed', 'ambiguous', 'waiting', 'held', 'skipped', 'cancelled');
create type milepost.ruling_kind as enum ('reversed', 'released', 'voided');

-- Sequences

create sequence milepost.batch_no as bigint start 1 increment 1;
grant select on sequence milepost.batch_no to milepost_owner;
grant usage on sequence milepost.batch_no to milepost_ingest;

-- Tables

create table milepost.audit (
  audit_no bigint not null generated always as identity,
  at       timestamp with time zone not null default now(),
  actor    text not null,
  scope    text not null,
  action   text not null,
  subject  text not null,
  reason   text,
  details  jsonb not null,
  constraint audit_pkey primary key (audit_no)
);
create index audit_at_idx on milepost.audit using btree (at);
grant select on milepost.audit to milepost_api, milepost_support;
grant select, delete on milepost.audit to milepost_retention;
grant select, insert on milepost.audit to milepost_erase;
grant insert (actor, scope, action, subject, reason, details) on milepost.audit to milepost_ingest, milepost_owner, milepost_retention, milepost_support;
grant update (subject, reason, details) on milepost.audit to milepost_erase;

create table milepost.budget_period (
  game_no      integer not null,
  budget_id    text not null collate "C",
  period_start timestamp with time zone not null,
  taken_amount bigint not null default 0,
  taken_claims bigint not null default 0,
  constraint budget_period_pkey primary key (game_no, budget_id, period_start),
  constraint budget_period_game_fkey foreign key (game_no) references milepost.game(game_no),
  constraint budget_period_taken_check check (((taken_amount >= 0) and (taken_claims >= 0)))
) with (fillfactor = 50);
grant select on milepost.budget_period to milepost_api, milepost_owner, milepost_support;
grant select, insert on milepost.budget_period to milepost_worker;
grant update (taken_amount, taken_claims) on milepost.budget_period to milepost_worker;

create table milepost.budget_reservation (
  game_no      integer not null,
  budget_id    text not null collate "C",
  message_key  uuid not null,
  bucket       smallint not null,
  period_start timestamp with time zone not null,
  amount       bigint not null,
  state        milepost.budget_reservation_state not null,
  decided_at   timestamp with time zone not null,
  released_at  timestamp with time zone,
  constraint budget_reservation_pkey primary key (game_no, budget_id, message_key),
  constraint budget_reservation_period_fkey foreign key (game_no, budget_id, period_start) references milepost.budget_period(game_no, budget_id, period_start),
  constraint budget_reservation_amount_check check ((amount > 0)),
  constraint budget_reservation_released_check check (((state = 'released'::milepost.budget_reservation_state) = (released_at is not null)))
) with (fillfactor = 95);
grant select on milepost.budget_reservation to milepost_api, milepost_ingest, milepost_owner, milepost_support;
grant select, insert on milepost.budget_reservation to milepost_worker;
grant update (state, released_at) on milepost.budget_reservation to milepost_worker;

create table milepost.circuit (
  destination     text not null,
  state           milepost.circuit_state not null default 'closed'::milepost.circuit_state,
  by_hand         boolean not null default false,
  failures        integer not null default 0,
  openings        integer not null default 0,
  wave            integer not null default 1,
  probe_at        timestamp with time zone,
  probe_token     uuid,
  probe_left      integer not null default 0,
  opened_at       timestamp with time zone,
  reason          text,
  changed_at      timestamp with time zone not null,
  window_from     timestamp with time zone,
  window_results  integer not null default 0,
  window_failures integer not null default 0,
  constraint circuit_pkey primary key (destination),
  constraint circuit_by_hand_check check (((not by_hand) or (state = 'open'::milepost.circuit_state))),
  constraint circuit_counts_check check (((failures >= 0) and (openings >= 0) and (wave > 0) and (probe_left >= 0))),
  constraint circuit_open_check check (((state = 'closed'::milepost.circuit_state) = (opened_at is null))),
  constraint circuit_probe_check check (((state = 'half_open'::milepost.circuit_state) or (probe_token is null))),
  constraint circuit_window_check check ((((window_failures >= 0) and (window_failures <= window_results)) and ((window_from is null) = (window_results = 0))))
) with (fillfactor = 50);
grant select on milepost.circuit to milepost_api, milepost_support;
grant select, insert, update, delete on milepost.circuit to milepost_worker;

create table milepost.circuit_change (
  change_no   bigint not null generated always as identity,
  destination text not null,
  state       milepost.circuit_state not null,
  reason      text not null,
  changed_by  text not null,
  changed_at  timestamp with time zone not null,
  constraint circuit_change_pkey primary key (change_no)
);
grant select on milepost.circuit_change to milepost_api, milepost_support;
grant select, insert on milepost.circuit_change to milepost_worker;

create table milepost.claim (
  bucket       smallint not null,
  player_id    bigint not null,
  game_no      integer not null,
  window_start timestamp with time zone not null,
  step         bigint not null,
  earning      smallint not null,
  step_type    text not null,
  status       milepost.claim_status not null,
  version      integer not null,
  event_no     bigint not null,
  reward_type  text,
  amount       bigint,
  message_key  uuid,
  claimed_at   timestamp with time zone not null,
  constraint claim_pkey primary key (bucket, player_id, game_no, window_start, step, earning),
  constraint claim_amount_check check ((amount > 0)),
  constraint claim_earning_check check ((earning > 0)),
  constraint claim_reward_check check (
case step_type
    when 'REWARD'::text then ((reward_type is not null) and (amount is not null) and (message_key is not null))
    when 'FORTUNE_COOKIE'::text then (((reward_type is null) = (amount is null)) and ((reward_type is null) = (message_key is null)) and ((reward_type is null) or (status <> all (array['held'::milepost.claim_status, 'unopened'::milepost.claim_status]))))
    else ((reward_type is null) and (amount is null) and (message_key is null))
end)
) with (autovacuum_vacuum_insert_scale_factor = 0.05, fillfactor = 95);
create index claim_held on milepost.claim using btree (claimed_at) where ((status = 'held'::milepost.claim_status) and (claimed_at > '-infinity'::timestamp with time zone));
grant select on milepost.claim to milepost_api, milepost_erase, milepost_owner, milepost_support, milepost_worker;
grant select, insert on milepost.claim to milepost_ingest;
grant update (status) on milepost.claim to milepost_ingest;

create table milepost.claim_transition (
  bucket        smallint not null,
  player_id     bigint not null,
  game_no       integer not null,
  window_start  timestamp with time zone not null,
  step          bigint not null,
  earning       smallint not null,
  transition_no bigint not null generated always as identity,
  from_status   milepost.claim_status not null,
  to_status     milepost.claim_status not null,
  event_no      bigint not null,
  changed_at    timestamp with time zone not null,
  constraint claim_transition_pkey primary key (bucket, player_id, game_no, window_start, step, earning, transition_no),
  constraint claim_transition_change_check check ((from_status <> to_status))
);
grant select on milepost.claim_transition to milepost_api, milepost_owner, milepost_support, milepost_worker;
grant select, insert on milepost.claim_transition to milepost_ingest;

create table milepost.cohort_membership (
  bucket     smallint not null,
  player_id  bigint not null,
  cohort_id  text not null collate "C",
  valid_from timestamp with time zone not null,
  revision   smallint not null default 1,
  member     boolean not null,
  constraint cohort_membership_pkey primary key (bucket, player_id, cohort_id, valid_from),
  constraint cohort_membership_everyone_check check ((cohort_id <> 'everyone'::text))
);
grant select on milepost.cohort_membership to milepost_api, milepost_owner, milepost_support, milepost_worker;
grant select, insert on milepost.cohort_membership to milepost_ingest;
grant update (revision, member) on milepost.cohort_membership to milepost_ingest;

create table milepost.cookie_opening (
  bucket       smallint not null,
  player_id    bigint not null,
  game_no      integer not null,
  window_start timestamp with time zone not null,
  step         bigint not null,
  earning      smallint not null,
  event_no     bigint not null,
  version      integer not null,
  prizes       jsonb not null,
  key_id       text collate "C",
  prize_id     text collate "C",
  stock_window timestamp with time zone,
  opened_at    timestamp with time zone not null,
  constraint cookie_opening_pkey primary key (bucket, player_id, game_no, window_start, step, earning),
  constraint cookie_opening_drawn_check check (((prize_id is null) = (key_id is null))),
  constraint cookie_opening_prizes_check check ((jsonb_typeof(prizes) = 'array'::text)),
  constraint cookie_opening_stock_check check (((stock_window is null) or (prize_id is not null)))
);
grant select on milepost.cookie_opening to milepost_api, milepost_owner, milepost_support, milepost_worker;
grant select, insert on milepost.cookie_opening to milepost_ingest;

create table milepost.cookie_stock (
  game_no      integer not null,
  window_start timestamp with time zone not null,
  step         bigint not null,
  prize_id     text not null collate "C",
  given        bigint not null,
  stock        bigint not null,
  constraint cookie_stock_pkey primary key (game_no, window_start, step, prize_id),
  constraint cookie_stock_given_check check (((given >= 0) and (given <= stock)))
);
grant select on milepost.cookie_stock to milepost_api, milepost_owner, milepost_support, milepost_worker;
grant select, insert on milepost.cookie_stock to milepost_ingest;
grant update (given, stock) on milepost.cookie_stock to milepost_ingest;

create table milepost.credit (
  bucket             smallint not null,
  player_id          bigint not null,
  game_no            integer not null,
  window_start       timestamp with time zone not null,
  event_no           bigint not null,
  trigger_id         text not null collate "C",
  amount             bigint not null,
  held               boolean not null,
  version            integer not null,
  occurred_at        timestamp with time zone not null,
  payment_id         text collate "C",
  transaction_id     text collate "C",
  distinct_value     text collate "C",
  transaction_amount numeric,
  event_id           text collate "C",
  constraint credit_pkey primary key (bucket, player_id, game_no, window_start, event_no, trigger_id),
  constraint credit_amount_check check ((amount >= 0))
) with (autovacuum_vacuum_insert_scale_factor = 0.05);
create index credit_held on milepost.credit using btree (occurred_at, event_no) where (held and (occurred_at > '-infinity'::timestamp with time zone));
grant select on milepost.credit to milepost_api, milepost_erase, milepost_owner, milepost_support, milepost_worker;
grant select, insert on milepost.credit to milepost_ingest;
grant update (payment_id, transaction_id, distinct_value, event_id) on milepost.credit to milepost_erase;

create table milepost.credit_correction (
  bucket        smallint not null,
  player_id     bigint not null,
  game_no       integer not null,
  window_start  timestamp with time zone not null,
  event_no      bigint not null,
  trigger_id    text not null collate "C",
  correction_no bigint not null generated always as identity,
  remaining     numeric,
  amount        bigint not null,
  held          boolean not null,
  ruling_no     bigint not null,
  corrected_at  timestamp with time zone not null,
  constraint credit_correction_pkey primary key (bucket, player_id, game_no, window_start, event_no, trigger_id, correction_no),
  constraint credit_correction_amount_check check ((amount >= 0)),
  constraint credit_correction_remaining_check check ((remaining >= (0)::numeric))
);
grant select on milepost.credit_correction to milepost_api, milepost_erase, milepost_owner, milepost_support, milepost_worker;
grant select, insert on milepost.credit_correction to milepost_ingest;

create table milepost.debt_entry (
  bucket       smallint not null,
  player_id    bigint not null,
  reward_type  text not null,
  entry_no     bigint not null generated always as identity,
  amount       bigint not null,
  game_no      integer not null,
  window_start timestamp with time zone not null,
  step         bigint not null,
  earning      smallint not null,
  after_key    uuid,
  event_no     bigint not null,
  entered_at   timestamp with time zone not null,
  constraint debt_entry_pkey primary key (bucket, player_id, reward_type, entry_no),
  constraint debt_entry_amount_check check ((amount <> 0))
);
grant select on milepost.debt_entry to milepost_api, milepost_owner, milepost_support, milepost_worker;
grant select, insert on milepost.debt_entry to milepost_ingest;

create table milepost.definitions (
  one             boolean not null default true,
  epoch           bigint not null,
  event_keys_from timestamp with time zone,
  constraint definitions_pkey primary key (one),
  constraint definitions_one_check check (one)
);
grant select on milepost.definitions to milepost_api, milepost_erase, milepost_ingest, milepost_owner, milepost_retention, milepost_support, milepost_worker;
grant update (epoch) on milepost.definitions to milepost_owner;
grant update (epoch, event_keys_from) on milepost.definitions to milepost_retention;

create table milepost.dispatch_attempt (
  bucket     smallint not null,
  message_no bigint not null,
  attempt    integer not null,
  started_at timestamp with time zone not null,
  ended_at   timestamp with time zone not null,
  result     text not null,
  request    jsonb not null,
  answer     jsonb,
  error      text,
  constraint dispatch_attempt_pkey primary key (bucket, message_no, attempt),
  constraint dispatch_attempt_result_check check ((result = any (array['done'::text, 'refused'::text, 'ambiguous'::text, 'retry'::text])))
) with (autovacuum_vacuum_insert_scale_factor = 0.05);
grant select on milepost.dispatch_attempt to milepost_api, milepost_erase, milepost_support;
grant select, insert on milepost.dispatch_attempt to milepost_worker;
grant update (request, answer, error) on milepost.dispatch_attempt to milepost_erase;

create table milepost.dispatch_rate (
  destination text not null,
  tokens      double precision not null,
  filled_at   timestamp with time zone not null,
  constraint dispatch_rate_pkey primary key (destination)
) with (fillfactor = 50);
grant select on milepost.dispatch_rate to milepost_api, milepost_support;
grant select, insert, update on milepost.dispatch_rate to milepost_worker;

create table milepost.draw (
  bucket       smallint not null,
  player_id    bigint not null,
  game_no      integer not null,
  window_start timestamp with time zone not null,
  step         bigint not null,
  earning      smallint not null,
  key_id       text not null collate "C",
  odds         jsonb not null,
  value        bigint not null,
  drawn_at     timestamp with time zone not null,
  constraint draw_pkey primary key (bucket, player_id, game_no, window_start, step, earning),
  constraint draw_odds_check check ((jsonb_typeof(odds) = 'array'::text)),
  constraint draw_value_check check ((value > 0))
);
grant select on milepost.draw to milepost_api, milepost_owner, milepost_support, milepost_worker;
grant select, insert on milepost.draw to milepost_ingest;

create table milepost.erased_user (
  bucket    smallint not null,
  digest    bytea not null,
  erased_at timestamp with time zone not null,
  player_id bigint,
  constraint erased_user_pkey primary key (bucket, digest),
  constraint erased_user_digest_check check ((octet_length(digest) = 32))
);
create unique index erased_user_returned on milepost.erased_user using btree (player_id, bucket) where (player_id is not null);
grant select on milepost.erased_user to milepost_api, milepost_ingest, milepost_owner, milepost_support, milepost_worker;
grant select, insert on milepost.erased_user to milepost_erase;
grant update (erased_at, player_id) on milepost.erased_user to milepost_erase;
grant update (player_id) on milepost.erased_user to milepost_ingest;

create table milepost.erasure (
  bucket    smallint not null,
  player_id bigint not null,
  digest    bytea not null,
  begun_at  timestamp with time zone not null,
  ended_at  timestamp with time zone,
  user_id   text collate "C",
  constraint erasure_pkey primary key (bucket, player_id),
  constraint erasure_user_id_check check (((user_id is null) or (ended_at is null)))
);
grant select on milepost.erasure to milepost_api, milepost_owner, milepost_support, milepost_worker;
grant select, insert on milepost.erasure to milepost_erase;
grant update (ended_at, user_id) on milepost.erasure to milepost_erase;

create table milepost.erasure_salt (
  one  boolean not null default true,
  salt bytea not null,
  constraint erasure_salt_pkey primary key (one),
  constraint erasure_salt_one_check check (one)
);
grant select on milepost.erasure_salt to milepost_erase, milepost_ingest;

create table milepost.event_conflict (
  bucket       smallint not null,
  player_id    bigint not null,
  conflict_no  bigint not null generated always as identity,
  event_no     bigint not null,
  content_hash uuid not null,
  origin       text not null,
  payload      json not null,
  received_at  timestamp with time zone not null,
  constraint event_conflict_pkey primary key (bucket, player_id, conflict_no),
  constraint event_conflict_once unique (bucket, player_id, event_no, content_hash)
);
grant delete on milepost.event_conflict to milepost_retention;
grant select on milepost.event_conflict to milepost_api, milepost_support;
grant select, delete on milepost.event_conflict to milepost_erase;
grant select, insert on milepost.event_conflict to milepost_ingest;
grant select (bucket, player_id, event_no) on milepost.event_conflict to milepost_retention;

create table milepost.event_failure (
  bucket    smallint not null,
  player_id bigint not null,
  event_no  bigint not null,
  event     text not null,
  error     text not null,
  failed_at timestamp with time zone not null,
  constraint event_failure_pkey primary key (bucket, player_id, event_no)
);
grant delete on milepost.event_failure to milepost_retention;
grant select on milepost.event_failure to milepost_api, milepost_support;
grant select, delete on milepost.event_failure to milepost_erase;
grant select, insert on milepost.event_failure to milepost_ingest;
grant select (bucket, player_id, event_no) on milepost.event_failure to milepost_retention;
grant update (error, failed_at) on milepost.event_failure to milepost_ingest;

create table milepost.event_key (
  bucket       smallint not null,
  event_id     text not null collate "C",
  producer     text not null collate "C",
  player_id    bigint not null,
  event_no     bigint not null,
  content_hash uuid not null,
  outcome      milepost.event_outcome not null,
  reason       text,
  received_at  timestamp with time zone not null,
  constraint event_key_pkey primary key (bucket, event_id, producer, player_id)
) with (autovacuum_vacuum_insert_scale_factor = 0.05, fillfactor = 95);
create index event_key_received on milepost.event_key using brin (received_at) with (pages_per_range='32', autosummarize='on');
grant select on milepost.event_key to milepost_api, milepost_erase, milepost_support, milepost_worker;
grant select, delete on milepost.event_key to milepost_retention;
grant select, insert on milepost.event_key to milepost_ingest;
grant update (content_hash, outcome, reason, received_at) on milepost.event_key to milepost_ingest;
grant update (event_id, content_hash) on milepost.event_key to milepost_erase;
grant update (outcome, reason) on milepost.event_key to milepost_retention;

create table milepost.event_rejudged (
  bucket       smallint not null,
  player_id    bigint not null,
  event_no     bigint not null,
  judged_no    bigint not null,
  from_outcome milepost.event_outcome not null,
  from_reason  text,
  to_outcome   milepost.event_outcome not null,
  to_reason    text,
  run_no       bigint,
  judged_at    timestamp with time zone not null,
  constraint event_rejudged_pkey primary key (bucket, player_id, event_no, judged_no),
  constraint event_rejudged_order_check check ((judged_no > event_no))
);
grant delete on milepost.event_rejudged to milepost_retention;
grant select on milepost.event_rejudged to milepost_api, milepost_support;
grant select, insert on milepost.event_rejudged to milepost_ingest;
grant select (bucket, player_id, event_no) on milepost.event_rejudged to milepost_retention;

create table milepost.game (
  game_no  integer not null generated always as identity,
  game_id  text not null collate "C",
  revision integer not null default 0,
  constraint game_pkey primary key (game_no),
  constraint game_game_id_key unique (game_id),
  constraint game_game_id_check check ((game_id <> 'active'::text)),
  constraint game_revision_check check ((revision >= 0))
);
grant select on milepost.game to milepost_api, milepost_erase, milepost_ingest, milepost_retention, milepost_support, milepost_worker;
grant select, insert on milepost.game to milepost_owner;
grant update (game_id, revision) on milepost.game to milepost_owner;

create table milepost.game_join (
  bucket    smallint not null,
  player_id bigint not null,
  game_no   integer not null,
  joined_at timestamp with time zone not null,
  event_no  bigint not null,
  constraint game_join_pkey primary key (bucket, player_id, game_no, joined_at)
);
grant select on milepost.game_join to milepost_api, milepost_owner, milepost_support, milepost_worker;
grant select, insert on milepost.game_join to milepost_ingest;

create table milepost.game_status_change (
  game_no       integer not null,
  change_no     integer not null,
  status        milepost.game_status not null,
  in_force_from timestamp with time zone not null,
  changed_at    timestamp with time zone not null,
  changed_by    text not null,
  reason        text not null,
  after_batch   bigint default pg_sequence_last_value('milepost.batch_no'::regclass),
  constraint game_status_change_pkey primary key (game_no, change_no),
  constraint game_status_change_game_fkey foreign key (game_no) references milepost.game(game_no),
  constraint game_status_change_change_no_check check ((change_no > 0))
);
grant select on milepost.game_status_change to milepost_api, milepost_erase, milepost_ingest, milepost_retention, milepost_support, milepost_worker;
grant select, insert on milepost.game_status_change to milepost_owner;

create table milepost.game_version (
  game_no       integer not null,
  version       integer not null,
  in_force_from timestamp with time zone not null,
  config        jsonb not null,
  source_text   text not null,
  activated_at  timestamp with time zone not null,
  activated_by  text not null,
  reason        text not null,
  after_batch   bigint default pg_sequence_last_value('milepost.batch_no'::regclass),
  constraint game_version_pkey primary key (game_no, version),
  constraint game_version_game_fkey foreign key (game_no) references milepost.game(game_no),
  constraint game_version_version_check check ((version > 0))
);
grant select on milepost.game_version to milepost_api, milepost_erase, milepost_ingest, milepost_retention, milepost_support, milepost_worker;
grant select, insert on milepost.game_version to milepost_owner;

create table milepost.inbox (
  bucket        smallint not null,
  player_id     bigint not null,
  received_at   timestamp with time zone not null,
  event_no      bigint not null,
  occurred_at   timestamp with time zone not null,
  event_type    text not null,
  event_version text not null,
  source        text not null,
  origin        text not null,
  payload       json not null,
  event_id      text collate "C",
  constraint inbox_pkey primary key (bucket, player_id, received_at, event_no)
) partition by range (received_at);
grant select on milepost.inbox to milepost_api, milepost_erase, milepost_support;
grant select, insert on milepost.inbox to milepost_ingest;
grant select (bucket, player_id, received_at, occurred_at, event_type) on milepost.inbox to milepost_owner;

create table milepost.ingest_pause (
  pause_no   bigint not null generated always as identity,
  topic      text not null,
  paused     boolean not null,
  reason     text not null,
  changed_by text not null,
  changed_at timestamp with time zone not null,
  constraint ingest_pause_pkey primary key (topic, pause_no)
);
grant select on milepost.ingest_pause to milepost_api, milepost_support;
grant select, insert on milepost.ingest_pause to milepost_ingest;

create table milepost.outbox (
  bucket           smallint not null,
  message_no       bigint not null generated always as identity,
  destination      text not null,
  message_key      uuid,
  body             jsonb not null,
  state            milepost.outbox_state not null default 'pending'::milepost.outbox_state,
  claim_token      uuid,
  leased_until     timestamp with time zone,
  next_attempt_at  timestamp with time zone not null,
  attempts         integer not null default 0,
  first_attempt_at timestamp with time zone,
  last_error       text,
  answer           jsonb,
  revision         smallint not null default 0,
  created_at       timestamp with time zone not null,
  settled_at       timestamp with time zone,
  service_key      uuid,
  ask_key          uuid,
  retried_at       timestamp with time zone,
  retried_after    integer,
  after_key        uuid,
  reserved         boolean not null default false,
  request_digest   uuid,
  constraint outbox_pkey primary key (bucket, message_no),
  constraint outbox_message_key_key unique (message_key, bucket),
  constraint outbox_attempts_check check ((attempts >= 0)),
  constraint outbox_lease_check check (((state = 'leased'::milepost.outbox_state) = ((claim_token is not null) and (leased_until is not null)))),
  constraint outbox_retried_check check ((((retried_at is null) = (retried_after is null)) and ((service_key is null) or (retried_at is not null)))),
  constraint outbox_settled_check check (((state = any (array['done'::milepost.outbox_state, 'failed'::milepost.outbox_state, 'ambiguous'::milepost.outbox_state, 'skipped'::milepost.outbox_state, 'cancelled'::milepost.outbox_state])) = (settled_at is not null))),
  constraint outbox_waiting_check check (((state <> 'waiting'::milepost.outbox_state) or (after_key is not null)))
) with (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_vacuum_scale_factor = 0.02);
create index outbox_budget on milepost.outbox using btree (message_no) where ((destination = 'budget'::text) and (state = 'pending'::milepost.outbox_state));
create index outbox_dead on milepost.outbox using btree (settled_at) where (state = any (array['failed'::milepost.outbox_state, 'ambiguous'::milepost.outbox_state]));
create index outbox_due on milepost.outbox using btree (destination, next_attempt_at) where (state = any (array['pending'::milepost.outbox_state, 'leased'::milepost.outbox_state]));
create index outbox_over_budget on milepost.outbox using btree (created_at) where (state = any (array['held'::milepost.outbox_state, 'skipped'::milepost.outbox_state]));
create index outbox_unreleased on milepost.outbox using btree (message_no) where ((state = 'cancelled'::milepost.outbox_state) and reserved);
create index outbox_waiting on milepost.outbox using btree (after_key) where (state = 'waiting'::milepost.outbox_state);
grant select on milepost.outbox to milepost_api, milepost_erase, milepost_support;
grant select, insert on milepost.outbox to milepost_ingest;
grant select, insert, update, delete on milepost.outbox to milepost_worker;
grant update (body, state, last_error, answer) on milepost.outbox to milepost_erase;

create table milepost.outbox_conclusion (
  bucket        smallint not null,
  message_no    bigint not null,
  conclusion_no bigint not null generated always as identity,
  paid          boolean not null,
  error         text,
  concluded_by  text not null,
  reason        text not null,
  concluded_at  timestamp with time zone not null,
  constraint outbox_conclusion_pkey primary key (bucket, message_no, conclusion_no)
);
grant select on milepost.outbox_conclusion to milepost_api, milepost_erase, milepost_support;
grant select, insert on milepost.outbox_conclusion to milepost_worker;
grant update (error, reason) on milepost.outbox_conclusion to milepost_erase;

create table milepost.outbox_retry (
  bucket     smallint not null,
  message_no bigint not null,
  retry_no   bigint not null generated always as identity,
  from_state milepost.outbox_state not null,
  error      text,
  key_before uuid not null,
  key_after  uuid not null,
  retried_by text not null,
  reason     text not null,
  retried_at timestamp with time zone not null,
  constraint outbox_retry_pkey primary key (bucket, message_no, retry_no),
  constraint outbox_retry_state_check check ((from_state = any (array['failed'::milepost.outbox_state, 'ambiguous'::milepost.outbox_state])))
);
grant select on milepost.outbox_retry to milepost_api, milepost_erase, milepost_support;
grant select, insert on milepost.outbox_retry to milepost_worker;
grant update (error, reason) on milepost.outbox_retry to milepost_erase;

create table milepost.parked_message (
  parked_no   bigint not null generated always as identity,
  message_key uuid not null,
  source      text not null,
  origin      text not null,
  topic       text,
  partition   integer,
  "offset"    bigint,
  bytes       bytea not null,
  reason      text not null,
  detail      text not null,
  received_at timestamp with time zone not null,
  constraint parked_message_pkey primary key (parked_no),
  constraint parked_message_once unique (message_key)
);
grant select on milepost.parked_message to milepost_api, milepost_support;
grant select, delete on milepost.parked_message to milepost_erase;
grant select, insert on milepost.parked_message to milepost_ingest;

create table milepost.parked_resolution (
  parked_no   bigint not null,
  run_no      bigint not null,
  event_id    text not null collate "C",
  producer    text not null collate "C",
  outcome     text not null,
  resolved_at timestamp with time zone not null,
  constraint parked_resolution_pkey primary key (parked_no),
  constraint parked_resolution_message_fkey foreign key (parked_no) references milepost.parked_message(parked_no) on delete cascade,
  constraint parked_resolution_run_fkey foreign key (run_no) references milepost.reprocess_run(run_no)
);
grant select on milepost.parked_resolution to milepost_api, milepost_erase, milepost_support;
grant select, insert on milepost.parked_resolution to milepost_ingest;
grant update (event_id) on milepost.parked_resolution to milepost_erase;

create table milepost.player (
  bucket     smallint not null,
  player_id  bigint not null generated always as identity,
  user_id    text not null collate "C",
  created_at timestamp with time zone not null default now(),
  merges     integer not null default 0,
  constraint player_pkey primary key (bucket, player_id),
  constraint player_user_id_key unique (user_id, bucket),
  constraint player_bucket_check check (((bucket >= 0) and (bucket <= 255))),
  constraint player_merges_check check (((merges >= 0) and (merges <= 9000))),
  constraint player_user_id_check check (((octet_length(user_id) >= 1) and (octet_length(user_id) <= 128)))
);
grant select on milepost.player to milepost_api, milepost_erase, milepost_owner, milepost_retention, milepost_support, milepost_worker;
grant select, insert on milepost.player to milepost_ingest;
grant update (merges) on milepost.player to milepost_ingest;
grant update (user_id) on milepost.player to milepost_erase;

create table milepost.player_mention (
  bucket       smallint not null,
  player_id    bigint not null,
  by_bucket    smallint not null,
  by_player_id bigint not null,
  event_no     bigint not null,
  constraint player_mention_pkey primary key (bucket, player_id, event_no)
);
create index player_mention_by on milepost.player_mention using btree (by_bucket, by_player_id);
grant select on milepost.player_mention to milepost_api, milepost_erase, milepost_owner, milepost_support, milepost_worker;
grant select, insert on milepost.player_mention to milepost_ingest;

create table milepost.player_merge (
  bucket         smallint not null,
  player_id      bigint not null,
  event_no       bigint not null,
  kind           text not null,
  into_bucket    smallint not null,
  into_player_id bigint not null,
  reason         text not null,
  stated_by      text not null,
  stated_at      timestamp with time zone not null,
  constraint player_merge_pkey primary key (bucket, player_id, event_no),
  constraint player_merge_kind_check check ((kind = any (array['merged'::text, 'unmerged'::text]))),
  constraint player_merge_other_check check (((bucket <> into_bucket) or (player_id <> into_player_id)))
);
create index player_merge_into on milepost.player_merge using btree (into_bucket, into_player_id);
grant select on milepost.player_merge to milepost_api, milepost_erase, milepost_owner, milepost_support, milepost_worker;
grant select, insert on milepost.player_merge to milepost_ingest;
grant update (reason) on milepost.player_merge to milepost_erase;

create table milepost.player_owner (
  bucket         smallint not null,
  player_id      bigint not null,
  owner_bucket   smallint not null,
  owner_id       bigint not null,
  into_bucket    smallint not null,
  into_player_id bigint not null,
  merged_at      timestamp with time zone not null,
  constraint player_owner_pkey primary key (bucket, player_id),
  constraint player_owner_other_check check (((bucket <> owner_bucket) or (player_id <> owner_id)))
);
create index player_owner_owner on milepost.player_owner using btree (owner_bucket, owner_id);
grant select on milepost.player_owner to milepost_api, milepost_erase, milepost_owner, milepost_support, milepost_worker;
grant select, insert, delete on milepost.player_owner to milepost_ingest;
grant update (owner_bucket, owner_id) on milepost.player_owner to milepost_ingest;

create table milepost.progress (
  bucket       smallint not null,
  player_id    bigint not null,
  game_no      integer not null,
  window_start timestamp with time zone not null,
  value        bigint not null,
  cleared      bigint not null,
  state        jsonb,
  version      bigint not null,
  updated_at   timestamp with time zone not null,
  claimed      bigint[] not null default '{}'::bigint[],
  taken_back   jsonb,
  constraint progress_pkey primary key (bucket, player_id, game_no, window_start),
  constraint progress_cleared_check check (((cleared >= 0) and (cleared <= value))),
  constraint progress_value_check check ((value >= 0))
) with (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_vacuum_scale_factor = 0.02, fillfactor = 85);
grant select on milepost.progress to milepost_api, milepost_erase, milepost_owner, milepost_support, milepost_worker;
grant select, insert on milepost.progress to milepost_ingest;
grant update (state, version, updated_at) on milepost.progress to milepost_erase;
grant update (value, cleared, state, version, updated_at, claimed, taken_back) on milepost.progress to milepost_ingest;

create table milepost.rebuild (
  rebuild_no bigint not null generated always as identity,
  bucket     smallint not null default 0,
  player_id  bigint not null default 0,
  players    bigint not null default 0,
  changed    bigint not null default 0,
  started_by text not null,
  reason     text not null,
  started_at timestamp with time zone not null,
  updated_at timestamp with time zone not null,
  ended_at   timestamp with time zone,
  constraint rebuild_pkey primary key (rebuild_no)
);
create unique index rebuild_open on milepost.rebuild using btree ((true)) where (ended_at is null);
grant select on milepost.rebuild to milepost_api, milepost_owner, milepost_support, milepost_worker;
grant select, insert on milepost.rebuild to milepost_ingest;
grant update (bucket, player_id, players, changed, updated_at, ended_at) on milepost.rebuild to milepost_ingest;

create table milepost.rebuild_bucket (
  rebuild_no bigint not null,
  bucket     smallint not null,
  windows    bigint not null,
  expected   numeric not null,
  stored     numeric not null,
  constraint rebuild_bucket_pkey primary key (rebuild_no, bucket)
);
grant select on milepost.rebuild_bucket to milepost_api, milepost_owner, milepost_support, milepost_worker;
grant select, insert on milepost.rebuild_bucket to milepost_ingest;
grant update (windows, expected, stored) on milepost.rebuild_bucket to milepost_ingest;

create table milepost.rebuild_change (
  rebuild_no      bigint not null,
  bucket          smallint not null,
  player_id       bigint not null,
  game_no         integer not null,
  window_start    timestamp with time zone not null,
  progress_before jsonb,
  progress_after  jsonb not null,
  changed_at      timestamp with time zone not null,
  constraint rebuild_change_pkey primary key (rebuild_no, bucket, player_id, game_no, window_start)
);
grant select on milepost.rebuild_change to milepost_api, milepost_erase, milepost_owner, milepost_support, milepost_worker;
grant select, insert on milepost.rebuild_change to milepost_ingest;
grant update (progress_before, progress_after) on milepost.rebuild_change to milepost_erase;

create table milepost.reprocess_run (
  run_no     bigint not null generated always as identity,
  wanted     jsonb not null,
  asked_by   text not null,
  reason     text not null,
  started_at timestamp with time zone not null,
  "position" jsonb,
  looked_at  bigint not null default 0,
  changed    bigint not null default 0,
  ended_at   timestamp with time zone,
  constraint reprocess_run_pkey primary key (run_no),
  constraint reprocess_run_counts_check check (((changed >= 0) and (looked_at >= changed)))
);
grant select on milepost.reprocess_run to milepost_api, milepost_erase, milepost_support;
grant select, insert on milepost.reprocess_run to milepost_ingest;
grant update ("position", looked_at, changed, ended_at) on milepost.reprocess_run to milepost_ingest;
grant update (wanted, reason) on milepost.reprocess_run to milepost_erase;

create table milepost.retention_policy (
  one            boolean not null default true,
  inbox_days     integer,
  event_key_days integer,
  archive_folder text,
  applied_at     timestamp with time zone not null,
  audit_days     integer,
  constraint retention_policy_pkey primary key (one),
  constraint retention_policy_audit_check check ((audit_days >= 365)),
  constraint retention_policy_days_check check (((inbox_days > 0) and ((event_key_days is null) or (event_key_days >= inbox_days)))),
  constraint retention_policy_one_check check (one)
);
grant select on milepost.retention_policy to milepost_support;
grant select, insert, update on milepost.retention_policy to milepost_retention;

create table milepost.retired_partition (
  retired_no     bigint not null generated always as identity,
  partition      text not null,
  day            date not null,
  archive_folder text,
  begun_at       timestamp with time zone not null,
  detached_at    timestamp with time zone,
  archive_file   text,
  archive_events bigint,
  archive_bytes  bigint,
  archive_sha256 text,
  archived_at    timestamp with time zone,
  dropped_at     timestamp with time zone,
  constraint retired_partition_pkey primary key (retired_no),
  constraint retired_partition_archive_check check (((archived_at is null) = ((archive_file is null) or (archive_events is null) or (archive_bytes is null) or (archive_sha256 is null)))),
  constraint retired_partition_dropped_check check (((dropped_at is null) or ((detached_at is not null) and ((archive_folder is null) or (archived_at is not null)))))
);
create unique index retired_partition_once on milepost.retired_partition using btree (partition) where (dropped_at is null);
grant select on milepost.retired_partition to milepost_support;
grant select, insert on milepost.retired_partition to milepost_retention;
grant update (detached_at, archive_file, archive_events, archive_bytes, archive_sha256, archived_at, dropped_at) on milepost.retired_partition to milepost_retention;

create table milepost.ruling (
  bucket            smallint not null,
  player_id         bigint not null,
  event_no          bigint not null,
  event_id          text not null collate "C",
  producer          text not null collate "C",
  kind              milepost.ruling_kind not null,
  original_event_id text collate "C",
  original_producer text collate "C",
  payment_id        text collate "C",
  amount            numeric,
  waiting           boolean not null,
  ruled_at          timestamp with time zone not null,
  constraint ruling_pkey primary key (bucket, player_id, event_no),
  constraint ruling_amount_check check (((amount is null) or ((amount > (0)::numeric) and (kind = 'reversed'::milepost.ruling_kind)))),
  constraint ruling_names_check check (((original_event_id is not null) or (payment_id is not null))),
  constraint ruling_waiting_check check (((not waiting) or (kind = 'reversed'::milepost.ruling_kind)))
);
create index ruling_waiting on milepost.ruling using btree (ruled_at) where waiting;
grant select on milepost.ruling to milepost_api, milepost_erase, milepost_owner, milepost_support, milepost_worker;
grant select, insert on milepost.ruling to milepost_ingest;
grant select (bucket, player_id, event_no), update (waiting) on milepost.ruling to milepost_retention;
grant update (event_id, original_event_id, payment_id) on milepost.ruling to milepost_erase;
grant update (waiting) on milepost.ruling to milepost_ingest;

create table milepost.service_request (
  digest      uuid not null,
  destination text not null,
  definition  json not null,
  stored_at   timestamp with time zone not null,
  constraint service_request_pkey primary key (digest)
);
grant select on milepost.service_request to milepost_support;
grant select, insert on milepost.service_request to milepost_worker;

create table milepost.source_alarm (
  topic       text not null,
  partition   integer not null,
  next_offset bigint not null,
  reason      text not null,
  detail      text not null,
  raised_at   timestamp with time zone not null,
  constraint source_alarm_pkey primary key (topic, partition),
  constraint source_alarm_reason_check check ((reason = any (array['records_gone'::text, 'log_restarted'::text, 'undecodable'::text])))
);
grant select on milepost.source_alarm to milepost_api, milepost_support;
grant select, insert on milepost.source_alarm to milepost_ingest;

create table milepost.source_position (
  topic       text not null,
  partition   integer not null,
  next_offset bigint not null,
  updated_at  timestamp with time zone not null,
  constraint source_position_pkey primary key (topic, partition),
  constraint source_position_next_offset_check check ((next_offset >= 0))
);
grant select on milepost.source_position to milepost_support;
grant select, insert, update on milepost.source_position to milepost_ingest;

create table milepost.source_start (
  topic       text not null,
  partition   integer not null,
  next_offset bigint not null,
  alone       boolean not null,
  starts      integer not null,
  started_at  timestamp with time zone not null,
  constraint source_start_pkey primary key (topic, partition),
  constraint source_start_starts_check check ((starts >= 1))
);
grant select on milepost.source_start to milepost_api, milepost_support;
grant select, insert, update, delete on milepost.source_start to milepost_ingest;

create table milepost.voucher_code (
  bucket    smallint not null,
  claim_key uuid not null,
  key_id    text not null,
  sealed    bytea not null,
  stored_at timestamp with time zone not null,
  constraint voucher_code_pkey primary key (bucket, claim_key)
);
grant delete on milepost.voucher_code to milepost_erase;
grant insert on milepost.voucher_code to milepost_worker;
grant select on milepost.voucher_code to milepost_api;
grant select (bucket, claim_key) on milepost.voucher_code to milepost_erase;

-- Views; what they select is in db/views

create view milepost_dba.audit (
  day date,
  scope text,
  action text,
  actor text,
  requests bigint,
  with_reason bigint,
  newest timestamp with time zone
) as …;
grant select on milepost_dba.audit to milepost_dba;

create view milepost_dba.budget (
  game_id text,
  budget_id text,
  period text,
  period_start timestamp with time zone,
  taken_amount bigint,
  limit_amount numeric,
  taken_claims bigint,
  limit_claims numeric,
  taken_share numeric,
  when_exhausted text,
  refused_claims bigint,
  refused_amount numeric
) as …;
grant select on milepost_dba.budget to milepost_dba;

create view milepost_dba.circuit (
  destination text,
  state text,
  by_hand boolean,
  failures integer,
  open_for interval,
  next_probe_in interval,
  reason text,
  tokens_left numeric
) as …;
grant select on milepost_dba.circuit to milepost_dba;

create view milepost_dba.dead_letter (
  kind text,
  subject text,
  reason text,
  entries bigint,
  oldest timestamp with time zone,
  newest timestamp with time zone
) as …;
grant select on milepost_dba.dead_letter to milepost_dba;

create view milepost_dba.hold (
  kind text,
  subject text,
  reward_type text,
  entries bigint,
  amount numeric,
  age_of_oldest interval
) as …;
grant select on milepost_dba.hold to milepost_dba;

create view milepost_dba.inbox_outcome (
  hour timestamp with time zone,
  outcome text,
  reason text,
  events bigint,
  age_of_newest interval
) as …;
grant select on milepost_dba.inbox_outcome to milepost_dba;

create view milepost_dba.inbox_partition (
  partition text,
  day date,
  state text,
  days_old integer,
  estimated_rows bigint,
  bytes bigint,
  may_be_dropped boolean,
  reason text
) as …;
grant select on milepost_dba.inbox_partition to milepost_dba, milepost_retention;

create view milepost_dba.job (
  task text,
  state text,
  jobs bigint,
  longest_waiting interval,
  longest_running interval,
  most_attempts integer,
  an_error text
) as …;
grant select on milepost_dba.job to milepost_dba;

create view milepost_dba.outbox (
  destination text,
  state text,
  messages bigint,
  due bigint,
  longest_due interval,
  age_of_oldest interval,
  most_attempts integer
) as …;
grant select on milepost_dba.outbox to milepost_dba;

create view milepost_dba.outbox_error (
  destination text,
  state text,
  error text,
  messages bigint,
  age_of_oldest interval,
  most_attempts integer,
  next_attempt_in interval
) as …;
grant select on milepost_dba.outbox_error to milepost_dba;

create view milepost_dba.relation (
  relation text,
  kind text,
  of_table text,
  total_bytes bigint,
  estimated_rows bigint,
  live_rows bigint,
  dead_rows bigint,
  dead_share numeric,
  bloat_estimate numeric,
  last_vacuum timestamp with time zone,
  last_analyze timestamp with time zone,
  scans bigint
) as …;
grant select on milepost_dba.relation to milepost_dba;

create view milepost_dba.retired_partition (
  partition text,
  day date,
  begun_at timestamp with time zone,
  detached_at timestamp with time zone,
  archived_at timestamp with time zone,
  dropped_at timestamp with time zone,
  archive_folder text,
  archive_file text,
  archive_events bigint,
  archive_bytes bigint,
  archive_sha256 text
) as …;
grant select on milepost_dba.retired_partition to milepost_dba;

create view milepost_dba.session (
  pid integer,
  login text,
  application text,
  state text,
  in_transaction interval,
  in_statement interval,
  wait_event_type text,
  wait_event text,
  blocked_by integer[],
  blocks bigint,
  statement text
) as …;
grant select on milepost_dba.session to milepost_dba, milepost_support;

create view milepost_dba.source (
  topic text,
  partition integer,
  next_offset bigint,
  age_of_position interval,
  alarm text,
  age_of_alarm interval,
  unfinished_starts integer,
  paused text
) as …;
grant select on milepost_dba.source to milepost_dba;

create view milepost_dba.waiting_reversal (day timestamp with time zone, reversals bigint, age_of_oldest interval) as …;
grant select on milepost_dba.waiting_reversal to milepost_dba;

-- Functions; their bodies are in db/functions

create function milepost.accounts_of(
  p_bucket smallint,
  p_user_id text
) returns table(bucket smallint, player_id bigint, user_id text)
language plpgsql stable set enable_seqscan=off set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off;
grant execute on function milepost.accounts_of to milepost_api, milepost_erase, milepost_ingest, milepost_support;

create function milepost.apply_batch(
  p_event_bucket smallint[],
  p_event_player_id bigint[],
  p_event_no bigint[],
  p_event_id text[],
  p_event_producer text[],
  p_event_content_hash uuid[],
  p_event_outcome milepost.event_outcome[],
  p_event_reason text[],
  p_event_received_at bigint[],
  p_event_occurred_at bigint[],
  p_event_type text[],
  p_event_version text[],
  p_event_source text[],
  p_event_origin text[],
  p_event_payload json[],
  p_event_redone boolean[],
  p_credit_event integer[],
  p_credit_game_no integer[],
  p_credit_window_start bigint[],
  p_credit_trigger_id text[],
  p_credit_amount bigint[],
  p_credit_distinct_value text[],
  p_credit_held boolean[],
  p_credit_version integer[],
  p_credit_payment_id text[],
  p_credit_transaction_id text[],
  p_credit_event_id text[],
  p_credit_transaction_amount numeric[],
  p_progress_bucket smallint[],
  p_progress_player_id bigint[],
  p_progress_game_no integer[],
  p_progress_window_start bigint[],
  p_progress_value bigint[],
  p_progress_cleared bigint[],
  p_progress_claimed text[],
  p_progress_state jsonb[],
  p_progress_taken_back jsonb[],
  p_claim_event integer[],
  p_claim_bucket smallint[],
  p_claim_player_id bigint[],
  p_claim_game_no integer[],
  p_claim_window_start bigint[],
  p_claim_step bigint[],
  p_claim_earning smallint[],
  p_claim_step_type text[],
  p_claim_status milepost.claim_status[],
  p_claim_version integer[],
  p_claim_reward_type text[],
  p_claim_amount bigint[],
  p_claim_message_key uuid[],
  p_change_event integer[],
  p_change_bucket smallint[],
  p_change_player_id bigint[],
  p_change_game_no integer[],
  p_change_window_start bigint[],
  p_change_step bigint[],
  p_change_earning smallint[],
  p_change_from milepost.claim_status[],
  p_change_to milepost.claim_status[],
  p_join_event integer[],
  p_join_game_no integer[],
  p_statement_bucket smallint[],
  p_statement_player_id bigint[],
  p_statement_cohort_id text[],
  p_statement_valid_from bigint[],
  p_statement_member boolean[],
  p_message_bucket smallint[],
  p_message_destination text[],
  p_message_key uuid[],
  p_message_after_key uuid[],
  p_message_body jsonb[],
  p_rulings json,
  p_topic text,
  p_partition integer,
  p_from_offset bigint,
  p_next_offset bigint,
  p_now timestamp with time zone
) returns void
language plpgsql volatile set plan_cache_mode=force_generic_plan;
grant execute on function milepost.apply_batch to milepost_ingest;

create function milepost.bucket_of(p_user_id text) returns smallint
language plpgsql immutable strict parallel safe;
grant execute on function milepost.bucket_of to milepost_api, milepost_ingest, milepost_support, milepost_worker;

create function milepost.budget_apply(
  p_bucket smallint[],
  p_message_no bigint[],
  p_result text[],
  p_amount bigint[],
  p_refused_by text[]
) returns table(refreshed boolean)
language plpgsql volatile set enable_seqscan=off set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off;
grant execute on function milepost.budget_apply to milepost_worker;

create function milepost.budget_open(
  p_limit integer
) returns table(epoch bigint, opened_at timestamp with time zone, messages text, periods text, released integer, more boolean)
language plpgsql volatile set enable_seqscan=off set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off;
grant execute on function milepost.budget_open to milepost_worker;

create function milepost.budget_release(
  p_bucket smallint[],
  p_message_no bigint[],
  p_now timestamp with time zone
) returns void
language plpgsql volatile set enable_seqscan=off set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off;
grant execute on function milepost.budget_release to milepost_worker;

create function milepost.circuit_observe(
  p_destination text,
  p_claim_token uuid[],
  p_result text[],
  p_reason text[],
  p_asked_ms double precision[],
  p_open_after integer,
  p_wait_ms double precision,
  p_wait_max_ms double precision,
  p_full_wave integer,
  p_open_share double precision default NULL::double precision,
  p_share_results integer default NULL::integer,
  p_window_ms double precision default NULL::double precision
) returns table(state milepost.circuit_state, changed boolean, probe_token uuid, ready boolean)
language plpgsql volatile set enable_seqscan=off set enable_bitmapscan=off;
grant execute on function milepost.circuit_observe to milepost_worker;

create function milepost.circuit_set(p_destination text, p_open boolean, p_by text, p_reason text) returns boolean
language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;
alter function milepost.circuit_set owner to milepost_worker;
grant execute on function milepost.circuit_set to milepost_support;

create function milepost.cohorts_apply(
  p_bucket smallint[],
  p_player_id bigint[],
  p_cohort_id text[],
  p_valid_from bigint[],
  p_member boolean[]
) returns void
language plpgsql volatile;
grant execute on function milepost.cohorts_apply to milepost_ingest;

create function milepost.cohorts_memberships(p_bucket smallint[], p_player_id bigint[], p_cohort_id text[]) returns text
language plpgsql stable;
grant execute on function milepost.cohorts_memberships to milepost_ingest, milepost_support;

create function milepost.cookie_pay(
  p_bucket smallint[],
  p_player_id bigint[],
  p_game_no integer[],
  p_window_start timestamp with time zone[],
  p_step bigint[],
  p_earning smallint[],
  p_reward_type text[],
  p_amount bigint[],
  p_message_key uuid[]
) returns integer
language plpgsql volatile security definer set search_path=pg_catalog, pg_temp set enable_seqscan=off set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off;
grant execute on function milepost.cookie_pay to milepost_ingest;

create function milepost.cookie_stock_open(p_rulings json, p_lock boolean) returns json
language plpgsql volatile set enable_seqscan=off set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off;
grant execute on function milepost.cookie_stock_open to milepost_ingest;

create function milepost.cookies_apply(p_openings json, p_now timestamp with time zone) returns void
language plpgsql volatile;
grant execute on function milepost.cookies_apply to milepost_ingest;

create function milepost.credits_of(
  p_place integer[],
  p_bucket smallint[],
  p_player_id bigint[],
  p_game_no integer[],
  p_since bigint[],
  p_window_start bigint[]
) returns json
language sql stable;
grant execute on function milepost.credits_of to milepost_ingest;

create function milepost.dba_error_shape(p_error text) returns text
language sql immutable parallel safe;
grant execute on function milepost.dba_error_shape to milepost_dba;

create function milepost.dba_jobs(
  
) returns table(task text, state text, run_at timestamp with time zone, locked_at timestamp with time zone, attempts integer, max_attempts integer, last_error text)
language plpgsql stable security definer set search_path=pg_catalog, pg_temp;
alter function milepost.dba_jobs owner to milepost_worker;
grant execute on function milepost.dba_jobs to milepost_dba;

create function milepost.dba_relations(
  
) returns table(relation text, kind text, of_table text, main_bytes bigint, total_bytes bigint, estimated_rows bigint, needed_bytes bigint, live_rows bigint, dead_rows bigint, last_vacuum timestamp with time zone, last_analyze timestamp with time zone, scans bigint)
language plpgsql stable security definer set search_path=pg_catalog, pg_temp;
grant execute on function milepost.dba_relations to milepost_dba;

create function milepost.dba_sessions(
  
) returns table(pid integer, login text, application text, state text, transaction_began timestamp with time zone, statement_began timestamp with time zone, wait_event_type text, wait_event text, blocked_by integer[], statement text)
language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;
grant execute on function milepost.dba_sessions to milepost_dba, milepost_support;

create function milepost.erased_digest(p_user_id text) returns bytea
language sql stable;
grant execute on function milepost.erased_digest to milepost_erase, milepost_ingest;

create function milepost.erased_json(p_json jsonb, p_id text, p_pseudonym text) returns jsonb
language plpgsql immutable;
grant execute on function milepost.erased_json to milepost_erase;

create function milepost.erased_return(p_bucket smallint[], p_user_id text[]) returns void
language plpgsql volatile set enable_seqscan=off set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off;
grant execute on function milepost.erased_return to milepost_ingest;

create function milepost.erased_state(p_bucket smallint[], p_player_id bigint[]) returns json
language plpgsql stable;
grant execute on function milepost.erased_state to milepost_ingest;

create function milepost.erased_text(p_text text, p_user_id text, p_pseudonym text) returns text
language sql immutable;
grant execute on function milepost.erased_text to milepost_erase;

create function milepost.failed_event(p_event text) returns json
language sql immutable strict parallel safe;
grant execute on function milepost.failed_event to milepost_api, milepost_erase, milepost_ingest, milepost_support;

create function milepost.games_apply(
  p_event_bucket smallint[],
  p_event_player_id bigint[],
  p_event_no bigint[],
  p_event_occurred_at bigint[],
  p_credit_event integer[],
  p_credit_game_no integer[],
  p_credit_window_start bigint[],
  p_credit_trigger_id text[],
  p_credit_amount bigint[],
  p_credit_distinct_value text[],
  p_credit_held boolean[],
  p_credit_version integer[],
  p_credit_payment_id text[],
  p_credit_transaction_id text[],
  p_credit_event_id text[],
  p_credit_transaction_amount numeric[],
  p_progress_bucket smallint[],
  p_progress_player_id bigint[],
  p_progress_game_no integer[],
  p_progress_window_start bigint[],
  p_progress_value bigint[],
  p_progress_cleared bigint[],
  p_progress_claimed text[],
  p_progress_state jsonb[],
  p_progress_taken_back jsonb[],
  p_claim_event integer[],
  p_claim_bucket smallint[],
  p_claim_player_id bigint[],
  p_claim_game_no integer[],
  p_claim_window_start bigint[],
  p_claim_step bigint[],
  p_claim_earning smallint[],
  p_claim_step_type text[],
  p_claim_status milepost.claim_status[],
  p_claim_version integer[],
  p_claim_reward_type text[],
  p_claim_amount bigint[],
  p_claim_message_key uuid[],
  p_change_event integer[],
  p_change_bucket smallint[],
  p_change_player_id bigint[],
  p_change_game_no integer[],
  p_change_window_start bigint[],
  p_change_step bigint[],
  p_change_earning smallint[],
  p_change_from milepost.claim_status[],
  p_change_to milepost.claim_status[],
  p_join_event integer[],
  p_join_game_no integer[],
  p_now timestamp with time zone
) returns void
language plpgsql volatile;
grant execute on function milepost.games_apply to milepost_ingest;

create function milepost.games_state(
  p_bucket smallint[],
  p_player_id bigint[],
  p_game_no integer[],
  p_game_since bigint[],
  p_join_game_no integer[],
  p_fold_game_no integer[]
) returns text
language plpgsql stable;
grant execute on function milepost.games_state to milepost_ingest;

create function milepost.inbox_advance(
  p_topic text,
  p_partition integer,
  p_from_offset bigint,
  p_next_offset bigint,
  p_now timestamp with time zone
) returns void
language plpgsql volatile;
grant execute on function milepost.inbox_advance to milepost_ingest;

create function milepost.inbox_erase(
  p_bucket smallint,
  p_player_id bigint,
  p_limit integer,
  p_event_no bigint[] default NULL::bigint[]
) returns integer
language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;
alter function milepost.inbox_erase owner to milepost_retention;
grant execute on function milepost.inbox_erase to milepost_erase;

create function milepost.inbox_fail(
  p_bucket smallint,
  p_player_id bigint,
  p_event_no bigint,
  p_event_id text,
  p_producer text,
  p_content_hash uuid,
  p_received_at timestamp with time zone,
  p_event text,
  p_error text
) returns void
language plpgsql volatile;
grant execute on function milepost.inbox_fail to milepost_ingest;

create function milepost.inbox_outcomes(
  p_bucket smallint[],
  p_user_id text[],
  p_event_id text[],
  p_payment_id text[],
  p_since timestamp with time zone,
  p_newest integer
) returns table(place integer, event_id text, event_no bigint, outcome text, reason text)
language plpgsql stable set plan_cache_mode=force_generic_plan set enable_seqscan=off set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off;
grant execute on function milepost.inbox_outcomes to milepost_api;

create function milepost.inbox_partition(p_day date) returns boolean
language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;
alter function milepost.inbox_partition owner to milepost_retention;
grant execute on function milepost.inbox_partition to milepost_ingest, milepost_worker;

create function milepost.inbox_record(
  p_bucket smallint[],
  p_player_id bigint[],
  p_event_no bigint[],
  p_event_id text[],
  p_producer text[],
  p_content_hash uuid[],
  p_outcome milepost.event_outcome[],
  p_reason text[],
  p_received_at bigint[],
  p_occurred_at bigint[],
  p_event_type text[],
  p_event_version text[],
  p_source text[],
  p_origin text[],
  p_payload json[],
  p_redone boolean[]
) returns void
language plpgsql volatile;
grant execute on function milepost.inbox_record to milepost_ingest;

create function milepost.inbox_repeats(
  p_bucket smallint[],
  p_player_id bigint[],
  p_event_player integer[],
  p_event_id text[],
  p_producer text[]
) returns text
language plpgsql stable;
grant execute on function milepost.inbox_repeats to milepost_ingest;

create function milepost.ingest_pause_set(p_topic text, p_paused boolean, p_by text, p_reason text) returns setof text
language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;
alter function milepost.ingest_pause_set owner to milepost_ingest;
grant execute on function milepost.ingest_pause_set to milepost_support;

create function milepost.instant_of(p_ms bigint) returns timestamp with time zone
language sql immutable strict parallel safe;
grant execute on function milepost.instant_of to milepost_api, milepost_ingest;

create function milepost.kin_of(p_bucket smallint, p_player_id bigint) returns table(bucket smallint, player_id bigint)
language plpgsql stable set enable_seqscan=off set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off;
grant execute on function milepost.kin_of to milepost_api, milepost_erase, milepost_ingest, milepost_support;

create function milepost.look_batch(
  p_bucket smallint[],
  p_user_id text[],
  p_event_player integer[],
  p_event_id text[],
  p_producer text[],
  p_game_no integer[],
  p_game_since bigint[],
  p_join_game_no integer[],
  p_fold_game_no integer[],
  p_cohort_id text[],
  p_rulings json
) returns table(batch_no bigint, epoch bigint, opened_at timestamp with time zone, player_ids text, repeats text, games text, rulings text, memberships text)
language plpgsql volatile set plan_cache_mode=force_generic_plan;
grant execute on function milepost.look_batch to milepost_ingest;

create function milepost.ms_of(p_instant timestamp with time zone) returns bigint
language sql stable parallel safe;
grant execute on function milepost.ms_of to milepost_api, milepost_ingest, milepost_support, milepost_worker;

create function milepost.open_batch(
  p_bucket smallint[],
  p_user_id text[],
  p_event_player integer[],
  p_event_id text[],
  p_producer text[],
  p_game_no integer[],
  p_game_since bigint[],
  p_join_game_no integer[],
  p_fold_game_no integer[],
  p_cohort_id text[],
  p_rulings json
) returns table(batch_no bigint, epoch bigint, opened_at timestamp with time zone, player_ids text, repeats text, games text, rulings text, memberships text)
language plpgsql volatile set plan_cache_mode=force_generic_plan;
grant execute on function milepost.open_batch to milepost_ingest;

create function milepost.outbox_append(
  p_bucket smallint[],
  p_destination text[],
  p_message_key uuid[],
  p_body jsonb[],
  p_now timestamp with time zone default clock_timestamp(),
  p_after_key uuid[] default NULL::uuid[]
) returns void
language plpgsql volatile;
grant execute on function milepost.outbox_append to milepost_ingest, milepost_worker;

create function milepost.outbox_cancel(
  p_bucket smallint[],
  p_message_key uuid[],
  p_now timestamp with time zone
) returns integer
language plpgsql volatile security definer set search_path=pg_catalog, pg_temp set enable_seqscan=off set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off;
alter function milepost.outbox_cancel owner to milepost_worker;
grant execute on function milepost.outbox_cancel to milepost_ingest;

create function milepost.outbox_conclude(
  p_message_key uuid[],
  p_paid boolean,
  p_answer jsonb[],
  p_by text,
  p_reason text
) returns table(message_key uuid)
language plpgsql volatile security definer set search_path=pg_catalog, pg_temp set enable_seqscan=off set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off;
alter function milepost.outbox_conclude owner to milepost_worker;
grant execute on function milepost.outbox_conclude to milepost_support;

create function milepost.outbox_follow(
  p_message_key uuid[],
  p_limit integer,
  p_now timestamp with time zone
) returns text[]
language plpgsql volatile security definer set search_path=pg_catalog, pg_temp set enable_seqscan=off set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off;
alter function milepost.outbox_follow owner to milepost_worker;
grant execute on function milepost.outbox_follow to milepost_ingest;

create function milepost.outbox_lease(
  p_destination text,
  p_limit integer,
  p_lease_ms double precision,
  p_look_ms double precision default 1000,
  p_rate double precision default NULL::double precision,
  p_request_digest uuid default NULL::uuid
) returns table(claim_token uuid, messages text, due_in_ms double precision)
language plpgsql volatile set enable_seqscan=off set enable_bitmapscan=off set enable_sort=off set enable_hashjoin=off set enable_mergejoin=off;
grant execute on function milepost.outbox_lease to milepost_worker;

create function milepost.outbox_lock(p_bucket smallint[], p_message_key uuid[]) returns uuid[]
language plpgsql volatile security definer set search_path=pg_catalog, pg_temp set enable_seqscan=off set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off;
alter function milepost.outbox_lock owner to milepost_worker;
grant execute on function milepost.outbox_lock to milepost_ingest;

create function milepost.outbox_refresh(
  p_bucket smallint[],
  p_user_id text[],
  p_now timestamp with time zone
) returns boolean
language plpgsql volatile set enable_seqscan=off set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off;
grant execute on function milepost.outbox_refresh to milepost_worker;

create function milepost.outbox_release(
  p_bucket smallint[],
  p_message_key uuid[],
  p_destination text[],
  p_now timestamp with time zone
) returns integer
language plpgsql volatile security definer set search_path=pg_catalog, pg_temp set enable_seqscan=off set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off;
alter function milepost.outbox_release owner to milepost_worker;
grant execute on function milepost.outbox_release to milepost_ingest;

create function milepost.outbox_remove(p_bucket smallint[], p_message_no bigint[], p_claim_token uuid[]) returns integer
language plpgsql volatile set enable_seqscan=off set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off;
grant execute on function milepost.outbox_remove to milepost_worker;

create function milepost.outbox_retry(
  p_message_key uuid[],
  p_state milepost.outbox_state,
  p_by text,
  p_reason text
) returns table(message_key uuid, destination text)
language plpgsql volatile security definer set search_path=pg_catalog, pg_temp set enable_seqscan=off set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off;
alter function milepost.outbox_retry owner to milepost_worker;
grant execute on function milepost.outbox_retry to milepost_support;

create function milepost.outbox_settle(
  p_bucket smallint[],
  p_message_no bigint[],
  p_claim_token uuid[],
  p_result text[],
  p_wait_ms double precision[],
  p_error text[],
  p_answer jsonb[],
  p_request jsonb[],
  p_started_ms_ago double precision[],
  p_ended_ms_ago double precision[],
  p_destination text default NULL::text,
  p_reason text[] default NULL::text[],
  p_asked_ms double precision[] default NULL::double precision[],
  p_open_after integer default NULL::integer,
  p_circuit_wait_ms double precision default NULL::double precision,
  p_circuit_wait_max_ms double precision default NULL::double precision,
  p_full_wave integer default NULL::integer,
  p_open_share double precision default NULL::double precision,
  p_share_results integer default NULL::integer,
  p_window_ms double precision default NULL::double precision,
  p_key_id text[] default NULL::text[],
  p_sealed text[] default NULL::text[]
) returns table(settled integer, refreshed boolean, circuit milepost.circuit_state, circuit_changed boolean, probe_token uuid, ready boolean)
language plpgsql volatile set enable_seqscan=off set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off;
grant execute on function milepost.outbox_settle to milepost_worker;

create function milepost.outbox_wake(p_destination text[]) returns integer
language plpgsql volatile security definer set search_path=pg_catalog, pg_temp;
alter function milepost.outbox_wake owner to milepost_worker;
grant execute on function milepost.outbox_wake to milepost_api, milepost_ingest, milepost_owner, milepost_support;

create function milepost.people_apart(
  p_bucket smallint[],
  p_player_id bigint[],
  p_owner integer[],
  p_event_player integer[],
  p_event_id text[],
  p_producer text[],
  p_rulings json
) returns json
language plpgsql stable set enable_seqscan=off set enable_bitmapscan=off;
grant execute on function milepost.people_apart to milepost_ingest;

create function milepost.people_open(
  p_bucket smallint[],
  p_player_id bigint[],
  p_event_player integer[],
  p_event_id text[],
  p_producer text[]
) returns table(bucket smallint[], player_id bigint[], owner integer[], event_player integer[], event_id text[], producer text[], people json)
language plpgsql stable set enable_seqscan=off set enable_bitmapscan=off;
grant execute on function milepost.people_open to milepost_ingest;

create function milepost.person_history(
  p_bucket smallint,
  p_user_id text,
  p_before_us bigint,
  p_before_place text,
  p_limit integer
) returns table(at_us bigint, place text, entry json)
language plpgsql stable set enable_seqscan=off set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off;
grant execute on function milepost.person_history to milepost_api;

create function milepost.person_of(
  p_bucket smallint,
  p_player_id bigint
) returns table(bucket smallint, player_id bigint)
language plpgsql stable set enable_seqscan=off set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off;
grant execute on function milepost.person_of to milepost_api, milepost_erase, milepost_ingest, milepost_support, milepost_worker;

create function milepost.player_facts(
  p_bucket smallint[],
  p_player_id bigint[],
  p_game_no integer[],
  p_until timestamp with time zone,
  p_recent integer
) returns table(user_id text, field text, version bigint, fact text)
language plpgsql stable set plan_cache_mode=force_generic_plan set enable_seqscan=off set enable_bitmapscan=off set enable_sort=off set enable_hashjoin=off set enable_mergejoin=off;
grant execute on function milepost.player_facts to milepost_api, milepost_support, milepost_worker;

create function milepost.player_history(
  p_bucket smallint,
  p_user_id text,
  p_game_no integer,
  p_before_us bigint,
  p_before_place text,
  p_limit integer,
  p_not_counted boolean,
  p_event_type text[],
  p_from timestamp with time zone,
  p_to timestamp with time zone,
  p_received_from timestamp with time zone,
  p_received_to timestamp with time zone,
  p_events integer
) returns table(at_us bigint, place text, entry json)
language plpgsql stable set plan_cache_mode=force_generic_plan set enable_seqscan=off set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off;
grant execute on function milepost.player_history to milepost_api;

create function milepost.players_apply(p_merge json, p_now timestamp with time zone) returns void
language plpgsql volatile;
grant execute on function milepost.players_apply to milepost_ingest;

create function milepost.players_of(p_bucket smallint[], p_user_id text[]) returns bigint[]
language plpgsql volatile;
grant execute on function milepost.players_of to milepost_ingest;

create function milepost.players_open(
  p_bucket smallint[],
  p_user_id text[]
) returns table(player_ids bigint[], merged boolean)
language plpgsql volatile;
grant execute on function milepost.players_open to milepost_ingest;

create function milepost.rebuild_progress(
  p_bucket smallint,
  p_player_id bigint[],
  p_game_no integer[],
  p_window_start bigint[],
  p_value bigint[],
  p_cleared bigint[],
  p_state jsonb[],
  p_write boolean
) returns table(player_id bigint, game_no integer, window_start timestamp with time zone, progress_before jsonb, progress_after jsonb)
language plpgsql volatile set enable_seqscan=off set enable_bitmapscan=off set enable_hashjoin=off set enable_mergejoin=off;
grant execute on function milepost.rebuild_progress to milepost_ingest;

create function milepost.rebuild_sums(
  p_bucket smallint,
  p_after bigint,
  p_to bigint,
  p_player_id bigint[],
  p_game_no integer[],
  p_window_start bigint[],
  p_value bigint[],
  p_cleared bigint[],
  p_state jsonb[]
) returns table(expected numeric, stored numeric)
language sql stable;
grant execute on function milepost.rebuild_sums to milepost_ingest;

create function milepost.rulings_apply(p_rulings json, p_now timestamp with time zone) returns void
language plpgsql volatile;
grant execute on function milepost.rulings_apply to milepost_ingest;

create function milepost.rulings_state(
  p_bucket smallint[],
  p_player_id bigint[],
  p_game_no integer[],
  p_game_since bigint[],
  p_rulings json,
  p_owner integer[],
  p_lock boolean default true
) returns text
language plpgsql volatile;
grant execute on function milepost.rulings_state to milepost_ingest;

create function milepost.take_back_key(p_payment_key uuid) returns uuid
language sql immutable strict parallel safe;
grant execute on function milepost.take_back_key to milepost_api;
