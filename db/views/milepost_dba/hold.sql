-- What waits for a person: claims under a hold by game and reward, messages over their budget by destination and reward.
create or replace view milepost_dba.hold as
select 'claim' as kind, g.game_id as subject, c.reward_type, count(*) as entries, sum(c.amount) as amount, now() - min(c.claimed_at) as age_of_oldest
  from milepost.claim c
  join milepost.game g using (game_no)
 where c.status = 'held' and c.claimed_at > '-infinity'
 group by g.game_id, c.reward_type
union all
select 'message', o.destination, o.body ->> 'reward_type', count(*), sum((o.body ->> 'amount')::numeric), now() - min(o.created_at)
  from milepost.outbox o
 where o.state = 'held'
 group by o.destination, o.body ->> 'reward_type';
comment on view milepost_dba.hold is 'What waits for a person: claims under a hold by game and reward, messages over their budget by destination and reward.';
grant select on milepost_dba.hold to milepost_dba;
