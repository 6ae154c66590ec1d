-- What the amount of an `upto` reward was drawn from, with which key, and what came out: one row per claim, so that each draw can be repeated.
-- Append-only by grant. odds: the chances as they were, [{"value": …, "weight": …}].
create table milepost.draw (
  bucket       smallint not null,
  player_id    bigint   not null,
  game_no      integer  not null,
  window_start timestamptz not null,
  step         bigint   not null,
  earning      smallint not null,
  key_id       text     not null collate "C",
  odds         jsonb    not null,
  value        bigint   not null,
  drawn_at     timestamptz not null,
  constraint draw_pkey primary key (bucket, player_id, game_no, window_start, step, earning),
  constraint draw_value_check check (value > 0),
  constraint draw_odds_check check (jsonb_typeof(odds) = 'array')
);

grant select on milepost.draw to milepost_ingest, milepost_worker, milepost_api, milepost_owner, milepost_support;
grant insert on milepost.draw to milepost_ingest;
