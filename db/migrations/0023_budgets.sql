-- What games may pay: how much of each budget is taken in each of its periods, and for which rewards. Only the drain of the destination `budget`
-- writes here, never the engine.

-- A period is locked while rewards are given their part of it. Its limit is not here: it is that of the configuration in force.
create table milepost.budget_period (
  game_no      integer not null,
  budget_id    text    not null collate "C",
  period_start timestamptz not null,
  taken_amount bigint  not null default 0,
  taken_claims bigint  not null default 0,
  constraint budget_period_pkey primary key (game_no, budget_id, period_start),
  constraint budget_period_game_fkey foreign key (game_no) references milepost.game (game_no),
  constraint budget_period_taken_check check (taken_amount >= 0 and taken_claims >= 0)
) with (fillfactor = 50);

-- reserved: a part of the period is taken. released: it was given back, as the reward was cancelled before it was sent. refused: not enough was left;
-- its message says what became of it (held, skipped, or let through by a person).
create type milepost.budget_reservation_state as enum ('reserved', 'released', 'refused');

-- What became of a reward at one of its budgets. What is taken of a period is the sum of what is reserved in it.
create table milepost.budget_reservation (
  game_no      integer  not null,
  budget_id    text     not null collate "C",
  message_key  uuid     not null,
  bucket       smallint not null,
  period_start timestamptz not null,
  amount       bigint   not null,
  state        milepost.budget_reservation_state not null,
  decided_at   timestamptz not null,
  released_at  timestamptz,
  constraint budget_reservation_pkey primary key (game_no, budget_id, message_key),
  constraint budget_reservation_period_fkey foreign key (game_no, budget_id, period_start)
    references milepost.budget_period (game_no, budget_id, period_start),
  constraint budget_reservation_amount_check check (amount > 0),
  constraint budget_reservation_released_check check ((state = 'released') = (released_at is not null))
) with (fillfactor = 95);

-- reserved: a part of each of its budgets is reserved for it.
alter table milepost.outbox add column reserved boolean not null default false;

-- What waits for its budgets, in the order of the claims; and what was cancelled and has not given its part back yet. Both stay small.
create index outbox_budget on milepost.outbox (message_no) where destination = 'budget' and state = 'pending';
create index outbox_unreleased on milepost.outbox (message_no) where state = 'cancelled' and reserved;

grant select on milepost.budget_period, milepost.budget_reservation to milepost_worker, milepost_api, milepost_owner, milepost_support;
grant insert, update (taken_amount, taken_claims) on milepost.budget_period to milepost_worker;
grant insert, update (state, released_at) on milepost.budget_reservation to milepost_worker;
