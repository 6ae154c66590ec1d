-- Tables and indexes: size, rows, dead rows, and an estimate of the share that is not needed. Biggest relations matter most.
create or replace view milepost_dba.relation as
select r.relation, r.kind, r.of_table, r.total_bytes, r.estimated_rows, r.live_rows, r.dead_rows,
       round(r.dead_rows / nullif(r.live_rows + r.dead_rows, 0)::numeric, 3) as dead_share,
       round(greatest(0, 1 - r.needed_bytes / nullif(r.main_bytes, 0)::numeric), 3) as bloat_estimate,
       r.last_vacuum, r.last_analyze, r.scans
  from milepost.dba_relations() as r;
comment on view milepost_dba.relation is 'Tables and indexes: size, rows, dead rows, and an estimate of the share that is not needed. Biggest relations matter most.';
grant select on milepost_dba.relation to milepost_dba;
