-- What a budget had not enough left for: held for a person, or skipped. For those who look after it.
create index outbox_over_budget on milepost.outbox (created_at) where state in ('held', 'skipped');
