-- What nobody could tell, told by a statement: an ambiguous message that a person has concluded to have been paid, or not. Append-only.
create table milepost.outbox_conclusion (
  bucket        smallint not null,
  message_no    bigint   not null,
  conclusion_no bigint   not null generated always as identity,
  paid          boolean  not null,
  error         text,
  concluded_by  text     not null,
  reason        text     not null,
  concluded_at  timestamptz not null,
  constraint outbox_conclusion_pkey primary key (bucket, message_no, conclusion_no)
);

grant select, insert on milepost.outbox_conclusion to milepost_worker;
grant select on milepost.outbox_conclusion to milepost_api, milepost_support;
