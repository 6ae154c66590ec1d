-- How tables are vacuumed and filled, as measured (docs/decisions/0095).

-- Each change of a message's state changes an index, so that none of its updates can stay on its page without touching one: room on the page is of no use.
-- Dead rows must not grow with a ledger that is kept.
alter table milepost.outbox reset (fillfactor);
alter table milepost.outbox set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05);

-- All updates leave the indexes alone. The room is for the window that runs; what ended keeps it for ever.
alter table milepost.progress set (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05);

-- Rows come and stay: with the server's 0.2, a vacuum of a billion rows would have two hundred million of them to freeze at once.
alter table milepost.event_key set (autovacuum_vacuum_insert_scale_factor = 0.05);
alter table milepost.credit set (autovacuum_vacuum_insert_scale_factor = 0.05);
alter table milepost.claim set (autovacuum_vacuum_insert_scale_factor = 0.05);
alter table milepost.dispatch_attempt set (autovacuum_vacuum_insert_scale_factor = 0.05);

-- Who holds locks is told by a view: of other logins' sessions a role of its own sees next to nothing.
grant usage on schema milepost_dba to milepost_support;
