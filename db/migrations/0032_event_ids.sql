-- What lets an app recognise its own events: the event's id beside its credits and its payload, so that neither needs an index from an event's
-- number back to its identity. Null in rows that were written before. The API reads payloads to say why an event did not count.
alter table milepost.credit add column event_id text collate "C";
alter table milepost.inbox add column event_id text collate "C";

grant select on milepost.inbox to milepost_api;
