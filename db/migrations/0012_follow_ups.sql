-- Messages that wait for another one's end: what takes a reward back may be sent only once it is known that the reward was paid.

-- after_key: the message_key of the message whose end is waited for.
alter table milepost.outbox
  add column after_key uuid,
  drop constraint outbox_settled_check,
  add constraint outbox_settled_check
    check ((state in ('done', 'failed', 'ambiguous', 'skipped', 'cancelled')) = (settled_at is not null)) not valid,
  add constraint outbox_waiting_check check (state <> 'waiting' or after_key is not null) not valid;
alter table milepost.outbox validate constraint outbox_settled_check;
alter table milepost.outbox validate constraint outbox_waiting_check;

create index outbox_waiting on milepost.outbox (after_key) where state = 'waiting';
