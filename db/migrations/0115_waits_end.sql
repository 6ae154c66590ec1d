-- A reversal that waits when its identity is to be pruned has waited in vain: what it names occurred before it, and would count nothing if it came. That ends
-- its wait, in the statement that prunes.
grant update (outcome, reason) on milepost.event_key to milepost_retention;
grant select (bucket, player_id, event_no), update (waiting) on milepost.ruling to milepost_retention;
