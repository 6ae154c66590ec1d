// The contract between ingestion and a Kafka client: partitions are given and taken, fetched records come in order. Another client is another
// implementation of Feed, in one file. It knows nothing of events, of PostgreSQL or of alarms.
import type { KafkaRecord } from '../../src/event/from-kafka.ts';

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** What a partition holds: from `low`, its oldest record, to before `high`. */
export interface Watermarks {
  readonly low: bigint;
  readonly high: bigint;
}

export interface FeedRecord extends KafkaRecord {
  /** Why the record could not be read (a broken batch); its value is null then. */
  readonly undecodable: string | undefined;
}

/** What one fetch brought of one partition. */
export interface Fetched extends TopicPartition {
  /** The offset that was asked for; undefined when the client does not know any more. */
  readonly from: bigint | undefined;
  /** In order. None: what lay there were only marks of transactions, or records that compaction took. */
  readonly records: readonly FeedRecord[];
  /** The offset to go on from, past all of this. */
  readonly end: bigint;
  readonly high: bigint;
  /** Keeps the membership alive while records are worked on. Rejects when the group wants its members back or has forgotten this one. */
  heartbeat(): Promise<void>;
  /** All below `next` is in the database: the next fetch begins there, and the broker is told. */
  committed(next: bigint): Promise<void>;
}

export interface FeedHandlers {
  /** These partitions are this process's from now on, and no others. They are held until `begin`. */
  assigned(partitions: readonly TopicPartition[]): void;
  /** Records of a begun partition. The next of the same partition come only after this has ended, unless `records` was empty. */
  fetched(fetched: Fetched): Promise<void>;
  /** The feed has ended by itself; it calls nothing any more. */
  crashed(error: Error): void;
}

/** One life of a consumer-group member. */
export interface Feed {
  /** Connects and joins the group. Rejects with a UserError when the settings or the topics are wrong. */
  start(handlers: FeedHandlers): Promise<void>;
  /** Fetches a held partition from this offset on. */
  begin(partition: TopicPartition, offset: bigint): void;
  /** Fetches a partition no more, until `begin`. */
  hold(partition: TopicPartition): void;
  /** What the brokers hold now of every partition of these topics, by `topic/partition`. */
  watermarks(topics: readonly string[]): Promise<ReadonlyMap<string, Watermarks>>;
  /** Waits for the handlers under way, leaves the group and disconnects. Harmless when called twice or after a crash. */
  stop(): Promise<void>;
}
