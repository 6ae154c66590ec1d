-- Identities of events may go by age. The instant before which they may be gone is known to every batch before the first one goes: what occurred before it
-- and is not known counts nothing, since nobody can tell whether it has counted already. Null: all are kept.
alter table milepost.definitions add column event_keys_from timestamptz;

grant select on milepost.definitions, milepost.game, milepost.game_version, milepost.game_status_change to milepost_retention;
grant update (epoch, event_keys_from) on milepost.definitions to milepost_retention;
grant select (bucket, player_id, event_no) on milepost.event_failure, milepost.event_conflict, milepost.event_rejudged to milepost_retention;
grant delete on milepost.event_key, milepost.event_failure, milepost.event_conflict, milepost.event_rejudged to milepost_retention;
