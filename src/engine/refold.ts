// Folds all credits again and compares: what the engine has added up event by event must be what the whole set adds up to, in every mode and
// archetype. Reads one window of one player after the other through a cursor, so that memory stays flat; it writes nothing and mends nothing.
import { isDeepStrictEqual } from 'node:util';
import type pg from 'pg';
import type { Definitions } from '../definitions/definitions.ts';
import { archetypes } from '../games/archetypes/archetype.ts';
import { hasEnded } from '../games/claim.ts';
import type { Timeline } from '../games/decide.ts';
import { windowFor } from '../games/decide.ts';
import { foldBoth, foldsAnew } from '../games/fold.ts';
import type { Game } from '../games/game.ts';
import type { ClaimStatus, Credit } from '../games/games.ts';
import { liveCredits } from '../games/ruling.ts';
import { type StandingState, stateOf } from '../games/standing.ts';
import { limits } from '../limits.ts';
import { formatInstant, type Instant } from '../time.ts';

/** What is compared, in this order. */
export const refoldChecks = [
  /** A credit was judged by a version that there is, by a trigger which that version has. */
  'credit_matches_version',
  /** A credit stands in the window into which its event fell. */
  'credit_matches_window',
  /** Progress (value, cleared, and what folding on needs) is the fold over the credits. */
  'progress_matches_credits',
  /** Every step that progress reaches has its claim, and no other step has one. */
  'claims_match_progress',
  /** A claim is held exactly as long as its step is not reached by what no hold touches. */
  'claim_status_matches_cleared',
] as const;

export type RefoldCheck = (typeof refoldChecks)[number];

/** One disagreement, of a player who is known by number. */
export interface RefoldDifference {
  check: RefoldCheck;
  bucket: number;
  player_id: string;
  subject: string;
  expected: string;
  found: string;
}

// What stands under players who were merged into others is read as of who counts for them; what they had reached alone is nobody's progress any more.
const MERGED = `(bucket, player_id) in (select bucket, player_id from milepost.player_owner)`;
const OWNED = `join milepost.player_owner o using (bucket, player_id)`;
const OWNER = `o.owner_bucket as bucket, o.owner_id as player_id, game_no, window_start`;

const CREDIT = `json_build_array(event_no, trigger_id, amount, distinct_value, held, version, (extract(epoch from occurred_at) * 1000)::bigint,
                                 payment_id, transaction_id, transaction_amount)`;
const CORRECTION = `json_build_array(event_no, trigger_id, correction_no, remaining, amount, held)`;
const CLAIM = `json_build_array(step, step_type, status, earning)`;

// The branches over whole tables come sorted from their primary keys: the server merges them without sorting, whatever their size. What was merged is little.
const ROWS = `
  select bucket, player_id, game_no, window_start, 'credit' as kind, ${CREDIT} as content from milepost.credit where not ${MERGED}
  union all
  select bucket, player_id, game_no, window_start, 'correction', ${CORRECTION} from milepost.credit_correction where not ${MERGED}
  union all
  select bucket, player_id, game_no, window_start, 'progress', json_build_array(value, cleared, state) from milepost.progress where not ${MERGED}
  union all
  select bucket, player_id, game_no, window_start, 'claim', ${CLAIM} from milepost.claim where not ${MERGED}
  union all
  select ${OWNER}, 'credit', ${CREDIT} from milepost.credit ${OWNED}
  union all
  select ${OWNER}, 'correction', ${CORRECTION} from milepost.credit_correction ${OWNED}
  union all
  select ${OWNER}, 'claim', ${CLAIM} from milepost.claim ${OWNED}
  order by bucket, player_id, game_no, window_start`;

type Key = { bucket: number; player_id: string; game_no: number; window_start: Instant };
type Row = Key &
  (
    | {
        kind: 'credit';
        content: [
          eventNo: number,
          triggerId: string,
          amount: number,
          distinctValue: string | null,
          held: boolean,
          version: number,
          occurredAt: Instant,
          paymentId: string | null,
          transactionId: string | null,
          transactionAmount: number | null,
        ];
      }
    | { kind: 'correction'; content: StoredCorrection }
    | { kind: 'progress'; content: StoredProgress }
    | { kind: 'claim'; content: StoredClaim }
  );
type StoredProgress = [value: number, cleared: number, state: StandingState | null];
type StoredCorrection = [
  eventNo: number,
  triggerId: string,
  correctionNo: number,
  remaining: number | null,
  amount: number,
  held: boolean,
];
type StoredClaim = [step: number, stepType: string, status: ClaimStatus, earning: number];

/** What the credits of a window add up to: what its progress must be. */
export interface Folded extends Key {
  value: number;
  cleared: number;
  state: StandingState | null;
}

/** Some players of a bucket. */
export interface Part {
  bucket: number;
  /** By number, the last one included. */
  after: string;
  to: string;
  /** One window alone. */
  window?: { gameNo: number; start: Instant };
}

/** Everything about one player in one window of one game. */
interface Books {
  key: Key;
  credits: Credit[];
  corrections: StoredCorrection[];
  progress: StoredProgress | undefined;
  claims: StoredClaim[];
}

// The first rows may come only after all have been sorted.
const unhurried = { query_timeout: 24 * 3_600_000 };

/**
 * Compares everything, in the transaction of `client`, and reports each disagreement in the order of players. `definitions` are those of the
 * transaction's snapshot.
 */
export async function refold(
  client: pg.ClientBase,
  definitions: Definitions,
  report: (difference: RefoldDifference) => void,
  {
    progress = () => {},
    folded = () => {},
    part,
  }: {
    progress?: (windows: number) => void;
    /** Hears what each window adds up to. */
    folded?: (folded: Folded) => void;
    /** Absent: everybody. */
    part?: Part;
  } = {},
): Promise<void> {
  const timelines = new Map(definitions.games.map((timeline) => [timeline.gameNo, timeline]));
  let windows = 0;
  for await (const books of readBooks(client, part)) {
    if (++windows % limits.verifyRows === 0) progress(windows);
    for (const [check, subject, expected, found] of compare(books, timelines.get(books.key.game_no), folded)) {
      const { bucket, player_id } = books.key;
      report({ check, bucket, player_id, subject: `${nameOf(books.key)}${subject}`, expected, found });
    }
  }
}

async function* readBooks(client: pg.ClientBase, part: Part | undefined): AsyncGenerator<Books> {
  const rows = part === undefined ? ROWS : rowsOf(part);
  await client.query(`declare refolded no scroll cursor for ${rows}`);
  let books: Books | undefined;
  for (;;) {
    const { rows } = await client.query<Row>({
      ...unhurried,
      text: `fetch forward ${limits.verifyRows} from refolded`,
    });
    if (rows.length === 0) break;
    for (const row of rows) {
      if (books === undefined || !isSame(books.key, row)) {
        if (books !== undefined) yield books;
        books = { key: row, credits: [], corrections: [], progress: undefined, claims: [] };
      }
      if (row.kind === 'credit') books.credits.push(creditOf(row, row.content));
      else if (row.kind === 'correction') books.corrections.push(row.content);
      else if (row.kind === 'progress') books.progress = row.content;
      else books.claims.push(row.content);
    }
  }
  if (books !== undefined) yield books;
  await client.query('close refolded');
}

/** The condition reaches every branch. A cursor takes no parameters. */
function rowsOf({ bucket, after, to, window }: Part): string {
  const alone =
    window === undefined
      ? ''
      : `and game_no = ${Number(window.gameNo)} and window_start = '${formatInstant(window.start)}'`;
  return `select * from (${ROWS}) as every where bucket = ${Number(bucket)} and player_id > ${BigInt(after)} and player_id <= ${BigInt(to)} ${alone}
           order by bucket, player_id, game_no, window_start`;
}

function isSame(a: Key, b: Key): boolean {
  return (
    a.player_id === b.player_id && a.game_no === b.game_no && a.window_start === b.window_start && a.bucket === b.bucket
  );
}

function creditOf({ game_no, window_start }: Key, content: Extract<Row, { kind: 'credit' }>['content']): Credit {
  const [eventNo, triggerId, amount, distinctValue, held, version, occurredAt, ...ids] = content;
  const [paymentId, transactionId, transactionAmount] = ids;
  return {
    gameNo: game_no,
    windowStart: window_start,
    eventNo,
    triggerId,
    amount,
    distinctValue,
    held,
    version,
    occurredAt,
    paymentId,
    transactionId,
    transactionAmount,
    correction: null,
  };
}

/** The credits as the last ruling on each has left them. */
function corrected({ credits, corrections }: Books): Credit[] {
  const last = new Map<string, StoredCorrection>();
  for (const correction of corrections) {
    const [eventNo, triggerId, correctionNo] = correction;
    const key = `${eventNo} ${triggerId}`;
    if ((last.get(key)?.[2] ?? 0) < correctionNo) last.set(key, correction);
  }
  return credits.map((credit) => {
    const found = last.get(`${credit.eventNo} ${credit.triggerId}`);
    if (found === undefined) return credit;
    const [, , , remaining, amount, held] = found;
    return { ...credit, correction: { remaining, amount, held } };
  });
}

type Disagreement = [check: RefoldCheck, subject: string, expected: string, found: string];

function* compare(
  books: Books,
  timeline: Timeline | undefined,
  folded: (folded: Folded) => void,
): Generator<Disagreement, void> {
  const { key, progress, claims } = books;
  const credits = corrected(books);
  const versions = new Map(timeline?.versions.map((game) => [game.version, game]));
  for (const { version, triggerId } of credits) {
    if (versions.get(version)?.triggersById.has(triggerId)) continue;
    const found = `trigger ${triggerId} of version ${version}`;
    yield ['credit_matches_version', '', 'a trigger of a version', found];
    // There is nothing to fold by.
    return;
  }
  const first = timeline?.versions[0];
  if (first === undefined || timeline === undefined || credits.length === 0) {
    // Of a player that was taken out of a person again, the window may hold nothing any more.
    const isNothing = progress !== undefined && progress[0] === 0 && progress[1] === 0;
    if (progress !== undefined && !isNothing) {
      yield ['progress_matches_credits', '', 'no progress', wordsOf(progress)];
    }
    for (const [step, , status] of claims) {
      if (!(isNothing && (hasEnded(status) || status === 'kept' || status === 'voided'))) {
        yield ['claims_match_progress', `, step ${step}`, 'no claim', 'a claim'];
      }
    }
    return;
  }

  const versionOf = (version: number): Game => versions.get(version) as Game;
  for (const { version, occurredAt } of credits) {
    const window = windowFor(versionOf(version), occurredAt, [key.window_start]);
    if (window?.start === key.window_start && occurredAt < window.end) continue;
    const expected = window === undefined ? 'no window' : `window ${formatInstant(window.start)}`;
    yield ['credit_matches_window', `, event of ${formatInstant(occurredAt)}`, expected, 'this one'];
    return;
  }

  const standings = foldBoth(liveCredits(credits), first, versionOf);
  const { all, cleared } = standings;
  const state = stateOf(standings);
  folded({ ...key, value: all.value, cleared: cleared.value, state });
  const isRight = progress !== undefined && progress[0] === all.value && progress[1] === cleared.value;
  if (!isRight || !isDeepStrictEqual(progress[2], state)) {
    // The state is long; it is shown only where the numbers agree.
    const [expected, found] = isRight
      ? [`state ${JSON.stringify(state)}`, `state ${JSON.stringify(progress[2])}`]
      : [wordsOf([all.value, cleared.value, state]), progress === undefined ? 'no progress' : wordsOf(progress)];
    yield ['progress_matches_credits', '', expected, found];
  }

  // Steps are the same in all versions that a window has seen; the last one knows how far the window goes.
  const newest = credits.reduce((a, b) => (b.version > a.version ? b : a));
  const game = versionOf(newest.version);
  const window = windowFor(game, newest.occurredAt, [key.window_start]) ?? game;
  const { stepsReached } = archetypes[game.config.game_archetype];
  const reached = new Set(stepsReached(game, all, window).map(({ step }) => step));
  const free = new Set(stepsReached(game, cleared, window).map(({ step }) => step));
  // Where one event of a transaction may take the place of another, progress may shrink; what was claimed and released before stays so.
  const mayShrink = credits.some(({ version }) => foldsAnew(versionOf(version)));
  // Of a step that was taken back and earned again the last claim counts; the players of a person may each have one.
  const standing = claims.filter(([, , status]) => !hasEnded(status));
  const claimed = new Set(standing.map(([step]) => step));
  for (const step of reached) {
    if (claimed.has(step)) continue;
    yield [
      'claims_match_progress',
      `, step ${step}`,
      'a claim',
      claims.findLast(([of]) => of === step)?.[2] ?? 'no claim',
    ];
  }
  for (const [step, stepType, status] of standing) {
    if (status === 'voided') continue;
    if (!reached.has(step)) {
      if (status !== 'kept' && !mayShrink) yield ['claims_match_progress', `, step ${step}`, 'no claim', 'a claim'];
      continue;
    }
    const open =
      stepType === 'FORTUNE_COOKIE' ? ['unopened', 'opened', 'awaiting_budget'] : ['earned', 'awaiting_budget'];
    const expected = free.has(step) ? open : ['held', 'kept'];
    if (expected.includes(status) || (mayShrink && open.includes(status))) continue;
    yield ['claim_status_matches_cleared', `, step ${step}`, expected[0] as string, status];
  }
}

function wordsOf([value, cleared]: StoredProgress): string {
  return `value ${value}, cleared ${cleared}`;
}

function nameOf({ game_no, window_start }: Key): string {
  return `game ${game_no}, window ${formatInstant(window_start).replace('.000Z', 'Z')}`;
}
