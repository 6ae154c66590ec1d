// Every bound of the system under a name, with asserts on how they relate. Nothing else holds a magic number that bounds input, time or memory.
import assert from 'node:assert/strict';

export const limits = {
  /** Buckets a player can fall into. Fixed for ever: it is part of every hot primary key. */
  buckets: 256,
  /** Events that one batch (one transaction) may hold. */
  batchEvents: 1_000,
  /** Bytes of messages after which a batch read from a file is full; what bounds its memory. */
  batchBytes: 4 * 1_024 * 1_024,
  /** Numbers reserved by each batch; an event's number is batch_no * this + its ordinal. */
  eventNumbersPerBatch: 4_096,
  /** Bytes of an identifier (event_id, user_id, producer, event_type …) in UTF-8. */
  identifierBytes: 128,
  /** Bytes of one message as it comes in; a larger one is parked. */
  messageBytes: 256 * 1_024,
  /** How deep objects and lists may nest in an event's attributes. */
  messageDepth: 32,
  /** Bytes kept of a parked message. */
  parkedBytes: 256 * 1_024,
  /** Bytes that one compressed batch of Kafka records may unfold to. */
  decompressedBytes: 64 * 1_024 * 1_024,
  /**
   * Bytes, compressed, that one fetch asks of a Kafka partition, and as often as partitions are worked on at once of all of them: what bounds the
   * memory of a backlog. It holds a batch of usual events; three times as much took 100 to 200 MB more and was no faster.
   */
  kafkaPartitionBytes: 640 * 1_024,
  /** How long a broker may hold an empty fetch. It answers at once when there is something. */
  kafkaFetchWaitMs: 250,
  /** New partitions of a topic are found within this time. */
  kafkaMetadataMs: 60_000,
  /** Time for connecting to a broker (TLS and SASL included), and for any request. */
  kafkaConnectMs: 10_000,
  kafkaRequestMs: 30_000,
  /** A consumer that sends no heartbeat for this long loses its partitions. */
  kafkaSessionMs: 30_000,
  /** By a heartbeat a consumer hears of a rebalance: until then, those that have heard wait for it (npm run bench -- roll). */
  kafkaHeartbeatMs: 1_000,
  /** In a rebalance, the time a consumer has for ending the batch under way and coming back. */
  kafkaRebalanceMs: 90_000,
  /** How often positions are compared with what the brokers still hold. */
  kafkaCheckMs: 10_000,
  /** How often consumers look for what a person has paused. */
  ingestPauseMs: 2_000,
  /** Producers' spans that the span of one batch names. */
  traceLinks: 128,
  /** A process whose oldest work has waited for longer than this counts as lagging. */
  laggingMs: 60_000,
  /** A consumer to which no records come for this long, though there are some, counts as crashed. */
  kafkaStallMs: 3 * 60_000,
  /** A consumer that crashes is started again this often within the window; once more, and the process ends. */
  kafkaRestarts: 5,
  kafkaRestartWindowMs: 10 * 60_000,
  /** A batch that has begun this often and never ended kills its process: its messages are then taken one by one. */
  unfinishedStarts: 3,
  /** Bytes of an HTTP request body (POST /api/events carries at most a batch). */
  httpBodyBytes: 4 * 1_024 * 1_024,
  /** Events in one POST /api/events. */
  httpBatchEvents: 500,
  /** Bytes of a request's target (path and query), and of all its headers. */
  httpTargetBytes: 2 * 1_024,
  httpHeaderBytes: 16 * 1_024,
  /** Time for a request's headers and for the whole request to arrive; how long an idle connection is kept, longer than balancers keep theirs. */
  httpHeadersMs: 10_000,
  httpRequestMs: 30_000,
  httpIdleMs: 65_000,
  /** How long a request waits for the database before it is answered with 503, and when the caller should come back. */
  httpWaitMs: 4_000,
  httpRetryAfterSeconds: 2,
  /** The time in which requests of a player or producer are counted, and the part of their limit up to which a process does not ask how many there were elsewhere. */
  rateSeconds: 60,
  rateShareUncounted: 0.1,
  /** Verified tokens remembered, and for how long at most: past it a token is verified again, so that a key taken back stops counting. */
  cachedTokens: 10_000,
  tokenCacheMs: 5 * 60_000,
  /** An issuer's keys are looked at again after this time. */
  keysCacheMs: 60_000,
  /** And no more often than this for a key that is not known. */
  keysPauseMs: 30_000,
  /** How long an answer of Redis is waited for: by a player, and by whoever writes the projection. */
  redisReadMs: 250,
  redisWriteMs: 5_000,
  /** After an error of Redis, reads go to PostgreSQL for this long; then one tries Redis again. */
  redisPauseMs: 1_000,
  /** Players that one process writes back to Redis at once after finding them missing; beyond, the next read does it. */
  refills: 64,
  /** Expiry of a player's projection, counted from its last refresh; past it the next read refills it. */
  projectionSeconds: 35 * 86_400,
  /** How often a process asks whether the definitions have changed. Below activationDelayMs: a version is known before it is in force. */
  definitionsCheckMs: 1_000,
  /** How far occurred_at may lie after received_at. */
  clockSkewMs: 5 * 60_000,
  /** A later config version is in force this long after its activation commits, so that no running batch straddles it. */
  activationDelayMs: 2_000,
  /** Conditions in one rule, and how deep they may nest. */
  ruleConditions: 200,
  ruleDepth: 8,
  /** Characters of a rule's pattern, the steps it may unfold to, and the characters of a text it is looked for in: a text's cost is their product. */
  patternChars: 200,
  patternSize: 500,
  patternTextChars: 1_000,
  /** The steps that all patterns of one game may unfold to together: an event may have to be compared with each. */
  gamePatternSize: 2_000,
  /** Time zones remembered, and of each the UTC days whose offsets are: eleven years. */
  cachedZones: 1_000,
  cachedZoneDays: 4_096,
  /** Rewards that are given their part of budgets in one transaction. */
  budgetRows: 500,
  /** Periods of a game's budgets in one list. */
  budgetPeriods: 400,
  /** Rows that one drain leases at a time. */
  leaseRows: 128,
  /** A message is leased for this long; after it, another worker may take it. */
  leaseSeconds: 60,
  /** One call of a reward service may take this long. */
  serviceTimeoutMs: 10_000,
  /** Calls of one service under way at once, per process, unless configured; and the most that may be. */
  serviceConcurrency: 32,
  serviceConcurrencyMax: 256,
  /** First and longest wait between two attempts; the real wait is drawn between zero and the doubled value (full jitter). */
  retryBaseMs: 500,
  retryMaxMs: 15 * 60_000,
  /** The same for refreshes: as long as one waits after an outage of Redis, players are shown what Redis held before it. */
  refreshRetryMaxMs: 10_000,
  /** Failures of a service in a row, of all workers together, after which its circuit opens. */
  circuitFailures: 10,
  /** Or this part of at least so many results within this time, counted from a failure on. */
  circuitShare: 0.5,
  circuitShareResults: 20,
  circuitWindowMs: 10_000,
  /** First and longest wait between two probes of an open circuit; the upper half of each is drawn. */
  circuitWaitMs: 1_000,
  circuitWaitMaxMs: 60_000,
  /** How soon a worker looks again at a circuit that another worker, or a person, is about to change. */
  circuitLookMs: 1_000,
  /** Rewards that one command lets be tried again, and how many of them one transaction does. */
  retriedRewards: 10_000,
  retriedRows: 200,
  /** Rewards in one list. */
  listedRewards: 1_000,
  /** Holds that one command gives a verdict on, how many of them one transaction or one request does, and how many one list names. */
  ruledHolds: 10_000,
  ruledRows: 200,
  listedHolds: 1_000,
  /** Lines of a service's statement that one statement writes at a time; and how many of each list of disagreements are told. */
  statementRows: 5_000,
  statementListed: 10_000,
  /** Services defined in configuration: each is drained on its own, with connections of its own. */
  configuredServices: 20,
  /** A service answers the same idempotency key with the same result for this long, unless configured; past it nothing is sent again blindly. The longest it may be configured to. */
  idempotencyPeriodMs: 24 * 3_600_000,
  idempotencyHoursMax: 365 * 24,
  /** Bytes of a service's answer; a longer one is not read to its end. */
  answerBytes: 8 * 1_024,
  /** Characters kept of an error. */
  errorChars: 500,
  /** Characters of the reason that somebody gives for a change. */
  reasonChars: 500,
  /** Results of deliveries that one transaction settles at most; and how many are waited for, and how long, while more calls are under way. */
  settleRows: 256,
  settleGroup: 128,
  settleWaitMs: 25,
  /** Players in one projection refresh. */
  refreshPlayers: 1_000,
  /** Cohorts that a service outside may decide. */
  externalCohorts: 100,
  /** How long after a merge of two players it may be undone; and how many players may be one person. */
  unmergeMs: 30 * 24 * 3_600_000,
  playerAccounts: 20,
  /** Problems of a file of players that are shown; the others are counted. */
  cohortProblems: 20,
  /** A message that has been due for longer than this is looked after by nobody, unless its circuit is open or workers are at its destination. */
  overdueMs: 60 * 60_000,
  /** Rows that verify fetches at a time while it folds everything again: what bounds its memory. */
  verifyRows: 1_000,
  /** Stored events and parked messages that one batch of a reprocessing looks at again, and of those that change how many are shown one by one. */
  reprocessedEvents: 200,
  reprocessedShown: 20,
  /** Events that one command names by their ids, and rows in one list of the inbox. */
  namedEvents: 10_000,
  listedEvents: 1_000,
  /** Events that one explanation is about at most, and parked messages it mentions; how far back a payment is looked for whose player is not named. */
  explainedEvents: 20,
  explainedMentions: 5,
  explainedMs: 40 * 86_400_000,
  /** Players whose progress is rebuilt in one transaction: for so long their bucket waits. */
  rebuildPlayers: 200,
  /** Rows of a player that one transaction of an erasure changes; and how long whoever has read the player before may go on to write that into Redis. */
  erasedRows: 500,
  erasureSettleMs: 10_000,
  /** Rows in one page of the history. */
  historyPage: 100,
  /** The history tells of events that did not count among so many of the player's newest; and of late ones for so long after a game's grace. */
  historyEvents: 1_000,
  historyLateMs: 7 * 86_400_000,
  /** The last credits that are told of a player's window. */
  recentCredits: 8,
  /** Players whose facts one statement reads, statements of such reads under way at once, and players that may wait for theirs. */
  readPlayers: 64,
  readStatements: 2,
  waitingReads: 10_000,
  /** Draws that `milepost verify` repeats after each read. */
  verifiedDraws: 10_000,
  /** Players that one notification names; and how often the connection that listens for them is tried. */
  newsPlayers: 1_000,
  newsCheckMs: 60_000,
  /** How long a reader waits for an event unless it says so, and at most. */
  awaitSeconds: 10,
  awaitSecondsMax: 25,
  /** Readers of one process, and of one player there, that wait for events; beyond, they are answered at once. */
  waiting: 10_000,
  waitingOfPlayer: 8,
  /** Streams of players' games open in one process, and of one player there; past this time a stream ends, and its reader comes back. */
  streams: 5_000,
  streamsOfPlayer: 4,
  streamMs: 5 * 60_000,
  /** How often a stream shows that it lives; and the bytes that may wait for a slow reader. */
  streamBeatMs: 20_000,
  streamBytes: 256 * 1_024,
  /** Waiting readers whose events one statement looks up, and such statements under way at once. */
  lookedUpEvents: 250,
  lookUpStatements: 2,
  /** A payment's event is looked for among so many of the player's newest events, received in the last two days. */
  paymentEvents: 100,
  paymentMs: 2 * 86_400_000,
  /** A simulation judges on this many threads; each reads the history this many events at a time. */
  simulatedThreads: 2,
  simulatedRows: 500,
  /** What a simulation names: players who gain and lose most, conditions that refused most events, bars of a distribution. */
  simulatedPlayers: 10,
  simulatedRefusals: 10,
  simulatedBars: 10,
  /** Different values that a simulation counts for one condition. */
  simulatedValues: 1_000,
  /** Inbox partitions are made this many days ahead. */
  inboxDaysAhead: 3,
  /** How often in one run a day's partition is tried to be detached or dropped, how long each try waits for those who still use it, and the pause in between. */
  retentionTries: 3,
  retentionLockMs: 10_000,
  retentionPauseMs: 1_000,
  /** Games in which an event did not count that its explanation tells one by one; of others it tells their number. */
  explainedGames: 3,
  /** Identities that are pruned in one statement. */
  prunedKeys: 5_000,
  /** For how long a reversal whose wait has ended without what it names is still listed. */
  endedWaitMs: 90 * 24 * 3_600_000,
  /** Entries of the record of what people ask for that one transaction deletes. */
  expiredRows: 1_000,
  /** Rows of an archive that are fetched at a time: what bounds its memory. */
  archivedRows: 1_000,
  /** Time a graceful stop may take before the process ends anyway. */
  stopMs: 25_000,
  /** When, in a graceful stop, deliveries that are still under way are given up. */
  giveUpMs: 20_000,
  /** How long what a change into the past would touch is counted; past it, it is told that there is more than that. */
  pastCountMs: 8_000,
  /** Statement and lock time-outs of every connection. */
  statementTimeoutMs: 30_000,
  lockTimeoutMs: 10_000,
  /** How long a migration waits for a lock, everybody who comes later behind it; how often it tries, and the longest pause in between. */
  migrationLockMs: 1_000,
  migrationTries: 40,
  migrationPauseMs: 5_000,
  /** How long an answer of PostgreSQL is waited for; past it the connection is given up. */
  queryTimeoutMs: 45_000,
} as const;

assert(limits.batchEvents <= limits.eventNumbersPerBatch, 'a batch must fit into the numbers it reserves');
assert(limits.reprocessedEvents <= limits.batchEvents, 'what is looked at again together must fit into one batch');
assert(limits.ruledRows <= limits.batchEvents, 'the verdicts of one transaction must fit into one batch');
assert(limits.httpBatchEvents <= limits.batchEvents, 'an HTTP batch must fit into one batch');
assert(
  limits.leaseSeconds * 1_000 >
    1.25 * Math.ceil(limits.leaseRows / limits.serviceConcurrency) * limits.serviceTimeoutMs,
  'a lease must outlive the calls it covers, with room for settling them',
);
assert(
  limits.circuitShareResults > limits.circuitFailures,
  'a share is of more results than failures in a row would need',
);
assert(
  limits.serviceTimeoutMs < limits.giveUpMs && limits.giveUpMs < limits.stopMs,
  'a stop must leave time for calls under way',
);
assert(limits.streamMs <= limits.tokenCacheMs, 'a stream must not outlive the time for which a token is believed');
assert(limits.definitionsCheckMs < limits.activationDelayMs, 'a reader must hear of a version before it is in force');
assert(limits.settleRows <= limits.refreshPlayers, 'a refresh must hold the players of everything settled at once');
assert(limits.budgetRows <= limits.refreshPlayers, 'a refresh must hold the players of a whole round of budgets');
assert(limits.retriedRows <= limits.refreshPlayers, 'a refresh must hold the players of all rewards retried at once');
assert(limits.overdueMs > 2 * limits.retryMaxMs, 'a message that waits for its next attempt must not look forgotten');
assert(limits.pastCountMs < limits.lockTimeoutMs, 'a change must be able to wait for one that counts');
assert(
  limits.migrationLockMs < limits.lockTimeoutMs,
  'a migration must give way before a batch gives up waiting behind it',
);
assert(limits.lockTimeoutMs < limits.statementTimeoutMs, 'a lock time-out must fire before the statement time-out');
assert(limits.statementTimeoutMs < limits.queryTimeoutMs, 'the server must give a statement up before its client does');
assert(limits.refreshPlayers >= limits.batchEvents, 'a refresh must hold the players of a whole batch');
assert(limits.kafkaHeartbeatMs * 3 <= limits.kafkaSessionMs, 'a session must outlive two lost heartbeats');
assert(limits.statementTimeoutMs * 2 < limits.kafkaRebalanceMs, 'a batch must be able to end within a rebalance');
