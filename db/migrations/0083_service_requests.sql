-- What a configured service is sent, as its file said at a message's first attempt: a repeat under the same key must be the same to the byte, also when
-- the file has been changed in between.

-- definition: method, path and body of what pays and what takes back. As json and not jsonb: the order of a body's fields counts. Never changed, never removed.
create table milepost.service_request (
  digest      uuid not null,
  destination text not null,
  definition  json not null,
  stored_at   timestamptz not null,
  constraint service_request_pkey primary key (digest)
);

-- Which of them a message is sent by; null until it is leased, and for services that no file describes.
alter table milepost.outbox add column request_digest uuid;

grant select, insert on milepost.service_request to milepost_worker;
grant select on milepost.service_request to milepost_support;
