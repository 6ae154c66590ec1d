-- The support API explains events: why one failed, what else came under its id, and messages that mention it and could not be read.
grant select on milepost.event_failure, milepost.event_conflict, milepost.parked_message to milepost_api;
