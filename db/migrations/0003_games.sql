-- Games (versioned configuration), cohorts, and what the milestone game keeps per player: credits, progress, claims.

create table milepost.game (
  game_no integer not null generated always as identity,
  game_id text    not null collate "C",
  constraint game_pkey primary key (game_no),
  constraint game_game_id_key unique (game_id),
  constraint game_game_id_check check (game_id <> 'active')
);

-- Immutable versions. The version in force at an instant is the highest one whose in_force_from is at or before it.
create table milepost.game_version (
  game_no       integer not null,
  version       integer not null,
  in_force_from timestamptz not null,
  config        jsonb   not null,
  source_text   text    not null,
  activated_at  timestamptz not null,
  activated_by  text    not null,
  reason        text    not null,
  constraint game_version_pkey primary key (game_no, version),
  constraint game_version_game_fkey foreign key (game_no) references milepost.game (game_no),
  constraint game_version_version_check check (version > 0)
);

-- One row. Raised in the transaction of every activation; a consumer that reads a higher number than it knows reloads before deciding.
create table milepost.definitions (
  one   boolean not null default true,
  epoch bigint  not null,
  constraint definitions_pkey primary key (one),
  constraint definitions_one_check check (one)
);
insert into milepost.definitions (epoch) values (0);

create table milepost.cohort_membership (
  bucket     smallint not null,
  player_id  bigint   not null,
  cohort_id  text     not null collate "C",
  valid_from timestamptz not null,
  valid_to   timestamptz not null default 'infinity',
  revision   smallint not null default 1,
  constraint cohort_membership_pkey primary key (bucket, player_id, cohort_id, valid_from),
  constraint cohort_membership_interval_check check (valid_from < valid_to),
  constraint cohort_membership_everyone_check check (cohort_id <> 'everyone')
);

-- What one event was worth in one game by one trigger, before caps. Append-only by grant; a correction is a new row.
create table milepost.credit (
  bucket         smallint not null,
  player_id      bigint   not null,
  game_no        integer  not null,
  window_start   timestamptz not null,
  event_no       bigint   not null,
  trigger_id     text     not null collate "C",
  amount         bigint   not null,
  held           boolean  not null,
  version        integer  not null,
  occurred_at    timestamptz not null,
  payment_id     text     collate "C",
  transaction_id text     collate "C",
  constraint credit_pkey primary key (bucket, player_id, game_no, window_start, event_no, trigger_id),
  constraint credit_amount_check check (amount >= 0)
);

-- The fold over a player's live credits of one window. value counts all of them, cleared those that are not held; reached is the greatest
-- value for which steps have been claimed. Raw totals: clamping to max_value is for display. version rises with every change.
create table milepost.progress (
  bucket       smallint not null,
  player_id    bigint   not null,
  game_no      integer  not null,
  window_start timestamptz not null,
  value        bigint   not null,
  cleared      bigint   not null,
  reached      bigint   not null,
  state        jsonb,
  version      bigint   not null,
  updated_at   timestamptz not null,
  constraint progress_pkey primary key (bucket, player_id, game_no, window_start),
  constraint progress_value_check check (value >= 0),
  constraint progress_cleared_check check (cleared between 0 and value),
  constraint progress_reached_check check (reached >= 0)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);

create type milepost.claim_status as enum ('earned', 'held', 'unopened');

-- A step reached: at most one per player, game, window, step and earning. status is the only column that may change.
create table milepost.claim (
  bucket       smallint not null,
  player_id    bigint   not null,
  game_no      integer  not null,
  window_start timestamptz not null,
  step         bigint   not null,
  earning      smallint not null,
  step_type    text     not null,
  status       milepost.claim_status not null,
  version      integer  not null,
  event_no     bigint   not null,
  reward_type  text,
  amount       bigint,
  message_key  uuid,
  claimed_at   timestamptz not null,
  constraint claim_pkey primary key (bucket, player_id, game_no, window_start, step, earning),
  constraint claim_earning_check check (earning > 0),
  constraint claim_reward_check check ((step_type = 'REWARD') = (reward_type is not null and amount is not null and message_key is not null)),
  constraint claim_amount_check check (amount > 0)
) with (fillfactor = 95);

-- Each change of a claim's status, append-only.
create table milepost.claim_transition (
  bucket        smallint not null,
  player_id     bigint   not null,
  game_no       integer  not null,
  window_start  timestamptz not null,
  step          bigint   not null,
  earning       smallint not null,
  transition_no bigint   not null generated always as identity,
  from_status   milepost.claim_status not null,
  to_status     milepost.claim_status not null,
  event_no      bigint   not null,
  changed_at    timestamptz not null,
  constraint claim_transition_pkey primary key (bucket, player_id, game_no, window_start, step, earning, transition_no),
  constraint claim_transition_change_check check (from_status <> to_status)
);

grant select on milepost.game, milepost.game_version, milepost.definitions
  to milepost_ingest, milepost_worker, milepost_api, milepost_owner, milepost_support;
grant select on milepost.cohort_membership, milepost.credit, milepost.progress, milepost.claim, milepost.claim_transition
  to milepost_ingest, milepost_worker, milepost_api, milepost_owner, milepost_support;
grant insert on milepost.credit, milepost.progress, milepost.claim, milepost.claim_transition to milepost_ingest;
grant update (value, cleared, reached, state, version, updated_at) on milepost.progress to milepost_ingest;
grant update (status) on milepost.claim to milepost_ingest;
grant insert, update (game_id) on milepost.game to milepost_owner;
grant insert on milepost.game_version, milepost.cohort_membership to milepost_owner;
grant update (epoch) on milepost.definitions to milepost_owner;
