-- Fortune cookies that are opened: what came out, from which odds and stock, and how often prizes with a stock have come out.

-- One row per cookie that was opened, so that each draw can be repeated. Append-only by grant. version: the config version whose odds were drawn
-- from; prizes: these as they were, [{"prize_id": …, "weight": …, "left": …}], where left is what was left of a stock before the draw and null without
-- one. Nothing was drawn, and nothing came out, where nothing was left. stock_window: the window in which the prize's stock counted it; null without one.
create table milepost.cookie_opening (
  bucket       smallint not null,
  player_id    bigint   not null,
  game_no      integer  not null,
  window_start timestamptz not null,
  step         bigint   not null,
  earning      smallint not null,
  event_no     bigint   not null,
  version      integer  not null,
  prizes       jsonb    not null,
  key_id       text     collate "C",
  prize_id     text     collate "C",
  stock_window timestamptz,
  opened_at    timestamptz not null,
  constraint cookie_opening_pkey primary key (bucket, player_id, game_no, window_start, step, earning),
  constraint cookie_opening_prizes_check check (jsonb_typeof(prizes) = 'array'),
  constraint cookie_opening_drawn_check check ((prize_id is null) = (key_id is null)),
  constraint cookie_opening_stock_check check (stock_window is null or prize_id is not null)
);

-- How often a prize has come out while it had a stock, and the stock as the last draw of it saw it. The window is the game's, or its start where
-- windows begin with joining. A row is locked from the opening of a batch that may draw it to its end.
create table milepost.cookie_stock (
  game_no      integer not null,
  window_start timestamptz not null,
  step         bigint  not null,
  prize_id     text    not null collate "C",
  given        bigint  not null,
  stock        bigint  not null,
  constraint cookie_stock_pkey primary key (game_no, window_start, step, prize_id),
  constraint cookie_stock_given_check check (given between 0 and stock)
);

-- The claim of a cookie has a reward once the cookie was opened, if it holds one (cookie_pay).
alter table milepost.claim
  drop constraint claim_reward_check,
  add constraint claim_reward_check check (
    case step_type
      when 'REWARD' then reward_type is not null and amount is not null and message_key is not null
      when 'FORTUNE_COOKIE' then (reward_type is null) = (amount is null) and (reward_type is null) = (message_key is null)
        and (reward_type is null or status not in ('held', 'unopened'))
      else reward_type is null and amount is null and message_key is null
    end
  ) not valid;
alter table milepost.claim validate constraint claim_reward_check;

grant select on milepost.cookie_opening, milepost.cookie_stock
  to milepost_ingest, milepost_worker, milepost_api, milepost_owner, milepost_support;
grant insert on milepost.cookie_opening, milepost.cookie_stock to milepost_ingest;
grant update (given, stock) on milepost.cookie_stock to milepost_ingest;
