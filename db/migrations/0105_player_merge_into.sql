-- A person's merges are read from both sides: by explanations, and for the histories of merged players.
create index player_merge_into on milepost.player_merge (into_bucket, into_player_id);
