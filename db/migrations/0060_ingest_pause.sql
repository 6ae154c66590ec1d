-- What keeps consumers from reading, by a person's command: each time that the reading of a topic was paused and resumed, by whom and why.
-- Append-only; the last row of a topic says whether it is paused. `*` stands for every topic. Consumers look every few seconds.
create table milepost.ingest_pause (
  pause_no   bigint  not null generated always as identity,
  topic      text    not null,
  paused     boolean not null,
  reason     text    not null,
  changed_by text    not null,
  changed_at timestamptz not null,
  constraint ingest_pause_pkey primary key (topic, pause_no)
);

grant select, insert on milepost.ingest_pause to milepost_ingest;
grant select on milepost.ingest_pause to milepost_support, milepost_api;
