-- What is said afterwards about events that counted: reversals, and verdicts on what is held. And what follows from it for credits, claims and debts.
-- All of it append-only by grant: a correction is a new row.

create type milepost.ruling_kind as enum ('reversed', 'released', 'voided');

-- One row per ruling, kept for ever: an original that arrives later, or is judged again, is netted with it. It names an event by its id (of any
-- producer, or of one), or all events of a payment; amount: how much of the payment is taken back, null for all of it. waiting: nothing that it
-- names has come yet.
create table milepost.ruling (
  bucket            smallint not null,
  player_id         bigint   not null,
  event_no          bigint   not null,
  event_id          text     not null collate "C",
  producer          text     not null collate "C",
  kind              milepost.ruling_kind not null,
  original_event_id text     collate "C",
  original_producer text     collate "C",
  payment_id        text     collate "C",
  amount            numeric,
  waiting           boolean  not null,
  ruled_at          timestamptz not null,
  constraint ruling_pkey primary key (bucket, player_id, event_no),
  constraint ruling_names_check check (original_event_id is not null or payment_id is not null),
  constraint ruling_amount_check check (amount is null or amount > 0 and kind = 'reversed'),
  constraint ruling_waiting_check check (not waiting or kind = 'reversed')
);
-- Not led by bucket: on empty statistics it would look like the primary key.
create index ruling_waiting on milepost.ruling (ruled_at) where waiting;

-- What a credit counts since a ruling: the last row of a credit holds. remaining: what is left of its event's amount, null where nothing of it was
-- taken back.
create table milepost.credit_correction (
  bucket        smallint not null,
  player_id     bigint   not null,
  game_no       integer  not null,
  window_start  timestamptz not null,
  event_no      bigint   not null,
  trigger_id    text     not null collate "C",
  correction_no bigint   not null generated always as identity,
  remaining     numeric,
  amount        bigint   not null,
  held          boolean  not null,
  ruling_no     bigint   not null,
  corrected_at  timestamptz not null,
  constraint credit_correction_pkey primary key (bucket, player_id, game_no, window_start, event_no, trigger_id, correction_no),
  constraint credit_correction_amount_check check (amount >= 0),
  constraint credit_correction_remaining_check check (remaining >= 0)
);

-- The amount of a credit's event, in major units: what a partial reversal is taken off. Null where the event had none.
alter table milepost.credit add column transaction_amount numeric;

-- What of a window's claims has been taken back, as {"ended": {step: earning}, "kept": [step]}; null where nothing has.
alter table milepost.progress add column taken_back jsonb;

-- What a player owes since rewards were taken back by policy `offset` (more), and what later rewards were lowered by (less), by the claim concerned.
-- after_key: the entry counts once the message of that key is done, and never if it is not.
create table milepost.debt_entry (
  bucket       smallint not null,
  player_id    bigint   not null,
  reward_type  text     not null,
  entry_no     bigint   not null generated always as identity,
  amount       bigint   not null,
  game_no      integer  not null,
  window_start timestamptz not null,
  step         bigint   not null,
  earning      smallint not null,
  after_key    uuid,
  event_no     bigint   not null,
  entered_at   timestamptz not null,
  constraint debt_entry_pkey primary key (bucket, player_id, reward_type, entry_no),
  constraint debt_entry_amount_check check (amount <> 0)
);

grant select on milepost.ruling, milepost.credit_correction, milepost.debt_entry
  to milepost_ingest, milepost_worker, milepost_api, milepost_owner, milepost_support;
grant insert on milepost.ruling, milepost.credit_correction, milepost.debt_entry to milepost_ingest;
grant update (waiting) on milepost.ruling to milepost_ingest;
grant update (taken_back) on milepost.progress to milepost_ingest;
grant select on milepost.outbox to milepost_ingest;
