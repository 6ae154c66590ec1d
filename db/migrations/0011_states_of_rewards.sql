-- The words for what may become of a claim and of its message. In a migration of their own: a new value can be used only after it is committed.

-- awaiting_budget: payable within a budget; what became of that is on its outbox row. opened: a cookie whose prize is drawn. voided: taken away by a
-- verdict. Taken back: cancelled before anything was sent, kept, clawed_back or offset after it.
alter type milepost.claim_status add value 'awaiting_budget';
alter type milepost.claim_status add value 'opened';
alter type milepost.claim_status add value 'voided';
alter type milepost.claim_status add value 'cancelled';
alter type milepost.claim_status add value 'kept';
alter type milepost.claim_status add value 'clawed_back';
alter type milepost.claim_status add value 'offset';

-- waiting: for the end of another message. held: over its budget, until a person says. skipped: over its budget, for good. cancelled: never sent.
alter type milepost.outbox_state add value 'waiting';
alter type milepost.outbox_state add value 'held';
alter type milepost.outbox_state add value 'skipped';
alter type milepost.outbox_state add value 'cancelled';
