-- What waits for a person: flagged events and claims under a hold by game and reward, messages over their budget by destination and reward.
create or replace view milepost_dba.hold as
select 'claim' as kind, g.game_id as subject, c.reward_type, count(*) as entries, sum(c.amount) as amount, now() - min(c.claimed_at) as age_of_oldest
  from milepost.claim c
  join milepost.game g using (game_no)
 where c.status = 'held' and c.claimed_at > '-infinity'
 group by g.game_id, c.reward_type
union all
select 'event', g.game_id, null, count(distinct c.event_no), null, now() - min(c.occurred_at)
  from milepost.credit c
  join milepost.game g using (game_no)
  left join lateral (
    select k.amount, k.held from milepost.credit_correction k
     where k.bucket = c.bucket and k.player_id = c.player_id and k.game_no = c.game_no and k.window_start = c.window_start
       and k.event_no = c.event_no and k.trigger_id = c.trigger_id
     order by k.correction_no desc limit 1
  ) as last on true
 where c.held and c.occurred_at > '-infinity' and coalesce(last.held, true) and coalesce(last.amount, c.amount) > 0
 group by g.game_id
union all
select 'message', o.destination, o.body ->> 'reward_type', count(*), sum((o.body ->> 'amount')::numeric), now() - min(o.created_at)
  from milepost.outbox o
 where o.state = 'held'
 group by o.destination, o.body ->> 'reward_type';
comment on view milepost_dba.hold is 'What waits for a person: flagged events and claims under a hold by game and reward, messages over their budget by destination and reward.';
grant select on milepost_dba.hold to milepost_dba;
