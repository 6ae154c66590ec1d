-- Memberships are told by statements: from an instant on a player is, or is no longer, in a cohort. Who is a member at an instant is what the newest
-- statement at or before it says, whatever the order in which statements arrived. An interval becomes two: its beginning and its end.

alter table milepost.cohort_membership add column member boolean not null default true;

-- An end at which another interval holds is no end.
insert into milepost.cohort_membership (bucket, player_id, cohort_id, valid_from, member)
select distinct m.bucket, m.player_id, m.cohort_id, m.valid_to, false
  from milepost.cohort_membership m
 where m.valid_to <> 'infinity'
   and not exists (
     select from milepost.cohort_membership o
      where o.bucket = m.bucket and o.player_id = m.player_id and o.cohort_id = m.cohort_id
        and o.valid_from <= m.valid_to and m.valid_to < o.valid_to
   );

-- Its check goes with the column.
alter table milepost.cohort_membership drop column valid_to;
-- A row without the word would be a member by accident.
alter table milepost.cohort_membership alter column member drop default;

-- Statements are written by the engine alone, in the transaction of the event that makes them. One that is contradicted at its own instant
-- becomes "not a member"; nothing else about it ever changes.
grant insert, update (member, revision) on milepost.cohort_membership to milepost_ingest;
revoke insert on milepost.cohort_membership, milepost.player, milepost.outbox from milepost_owner;
