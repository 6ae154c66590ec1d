// The command line: what there is, in one page. Each command's work is in a file of its own; here are its words, its options and its exit code.
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import { messageOf, OutOfReach, UserError } from '../errors.ts';
import { storedOutcomes } from '../inbox/stored-outcome.ts';
import { exitCodes, printProblems } from './output.ts';

const program = new Command('milepost')
  .description('A gamification and rewards engine on PostgreSQL.')
  .addHelpText(
    'after',
    `
Without DATABASE_URL, an embedded PostgreSQL keeps its data in .milepost/.

Begin with
  milepost start                      everything on this machine, with a sample of events
  milepost games validate my.json     is this game right?
  milepost inbox show EVENT_ID        what became of an event

Exit codes
  0  done    1  done, but something given was not right    2  wrong usage or configuration    3  a service is out of reach`,
  )
  .version(manifest.version, '--version', 'the version of Milepost')
  // Else `games show GAME --version 1` would ask for the version of Milepost.
  .enablePositionalOptions()
  .showHelpAfterError('(add --help for what there is)')
  .exitOverride();

/** A command's work, loaded when it is called for: help and small commands need not wait for Kafka's client. */
const from =
  <Given extends unknown[]>(load: () => Promise<(...given: Given) => Promise<void>>) =>
  async (...given: Given): Promise<void> =>
    (await load())(...given);

/** What every command's help ends with: how it is used. */
const examples = (...lines: string[]): string => `\nExamples\n${lines.map((line) => `  ${line}`).join('\n')}`;

const json = (): Option => new Option('--json', 'one JSON document on standard output, for programs');

/** The options that every command takes which changes a game. */
const changing = (command: Command, done: string): Command =>
  command
    .option('--reason <text>', 'why, for the record', `${done} from the command line`)
    .option('--expect-revision <number>', 'refuse when somebody else has changed the game since that revision')
    .option('--into-the-past', 'change what has been judged already; judged events are not looked at again')
    .addOption(json());

program
  .command('start')
  .description('run the roles of this process until Ctrl-C')
  .addOption(
    new Option('--role <role...>', 'ingest (Kafka), worker (rewards, projection), api').choices([
      'ingest',
      'worker',
      'api',
    ]),
  )
  .option('--sample <events>', 'embedded only: play this many sample events (default: 3000 at the first start)')
  .addHelpText(
    'after',
    `
Without DATABASE_URL it starts an embedded PostgreSQL, migrates it, activates the games of game-configs/ and the milestone game for
this month, plays a sample of events, and pays their rewards to a local stand-in.

With DATABASE_URL it runs the roles on your services: KAFKA_BROKERS, REDIS_URL, NEUCOIN_URL, VOUCHER_URL, JWT_JWKS_URL. Run
"milepost migrate" and "milepost games activate" first. docs/operators.md lists every variable.`,
  )
  .addHelpText(
    'after',
    examples(
      'milepost start                        everything, on this machine',
      'milepost start --sample 20000         … with more events than at first',
      'milepost start --role ingest worker   two roles of a deployment, in one process',
    ),
  )
  .action(from(async () => (await import('./start.ts')).start));

program
  .command('migrate')
  .description('bring the database to this version')
  .option('--plan', 'say what would be done, and change nothing')
  .addOption(json())
  .addHelpText(
    'after',
    examples(
      'DATABASE_URL=postgres://… milepost migrate --plan   what would be done',
      'DATABASE_URL=postgres://… milepost migrate          two at once wait for each other',
    ),
  )
  .action(from(async () => (await import('./migrate.ts')).runMigrate));

const ingest = program
  .command('ingest <file>')
  .description('take events from a file of JSON lines (- for standard input)')
  .option('--source <source>', 'whose messages these are: a source of game-configs/sources, or canonical', 'canonical')
  .addOption(json())
  .addHelpText('after', '\nRepeating a file is harmless: what is known already counts as duplicate.')
  .addHelpText(
    'after',
    examples(
      'milepost ingest events.ndjson                       canonical events, one a line',
      'milepost ingest switch.ndjson --source upi_switch   messages as that producer sends them',
      'zcat may.ndjson.gz | milepost ingest - --json       from another program, for another program',
    ),
  )
  .action(from(async () => (await import('./ingest.ts')).ingestFile));
ingest
  .command('pause')
  .description('all consumers stop reading Kafka, within seconds, until somebody resumes it; records wait there')
  .option('--topic <topic>', 'only this topic')
  .requiredOption('--reason <text>', 'why, for the record')
  .addOption(json())
  .addHelpText('after', '\nFiles and events over HTTP are taken as before.')
  .addHelpText(
    'after',
    examples(
      "milepost ingest pause --reason 'restoring the database'",
      "milepost ingest pause --topic upi.switch.transactions --reason 'their mapping is broken, ticket 901'",
    ),
  )
  .action(from(async () => (await import('./ingest-pause.ts')).pauseIngest));
ingest
  .command('resume')
  .description('consumers read on from where they stood')
  .option('--topic <topic>', 'only this topic (default: whatever is paused)')
  .option('--reason <text>', 'why, for the record', 'resumed from the command line')
  .addOption(json())
  .addHelpText('after', examples('milepost ingest resume', 'milepost ingest resume --topic upi.switch.transactions'))
  .action(from(async () => (await import('./ingest-pause.ts')).resumeIngest));
ingest
  .command('paused')
  .description('what is paused, since when, by whom and why')
  .addOption(json())
  .addHelpText('after', examples('milepost ingest paused'))
  .action(from(async () => (await import('./ingest-pause.ts')).listPauses));

const games = program.command('games').description('the games: check, activate, pause, look back');
games
  .command('validate <files...>')
  .description('check game files; nothing is changed')
  .addOption(json())
  .addHelpText('after', examples('milepost games validate game-configs/*.json'))
  .action(from(async () => (await import('./games.ts')).validateGames));
games
  .command('test [paths...]')
  .description('run scenarios: of a folder, of a game file, or scenario files (default: all of GAME_CONFIGS)')
  .addOption(json())
  .addHelpText('after', '\nNeeds no database. Exits with 1 when one of them does not go as expected.')
  .addHelpText(
    'after',
    examples(
      'milepost games test',
      'milepost games test game-configs/gallery',
      'milepost games test game-configs/upi_fs_milestone_may_2026.json',
    ),
  )
  .action(from(async () => (await import('./games-test.ts')).testGames));
games
  .command('diff <file>')
  .description('what a game file changes in the version in force, in words; nothing is changed')
  .option('--against <version>', 'another version than the one in force')
  .option('--from <instant>', 'when it would be in force: compares with the version in force then')
  .addOption(json())
  .addHelpText(
    'after',
    examples('milepost games diff june.json', 'milepost games diff june.json --from 2026-06-01T00:00:00+05:30'),
  )
  .action(from(async () => (await import('./games.ts')).diffGame));
changing(games.command('activate <files...>'), 'activated')
  .description('make game files the newest versions of their games; all of them or none')
  .option(
    '--from <instant>',
    'when they are to be in force, such as 2026-06-01T00:00:00+05:30 (default: in two seconds)',
  )
  .addHelpText(
    'after',
    examples(
      "milepost games activate june.json july.json --reason 'the summer games'",
      'milepost games activate june.json --from 2026-06-01T00:00:00+05:30',
    ),
  )
  .action(from(async () => (await import('./games.ts')).activateGames));
changing(games.command('pause <game>'), 'paused')
  .description('what occurs from now on does not count, until the game is resumed')
  .option('--at <instant>', 'from when on (default: in two seconds)')
  .addHelpText('after', examples("milepost games pause summer --reason 'the switch sends payments twice'"))
  .action(from(async () => (await import('./game-timeline.ts')).pause));
changing(games.command('resume <game>'), 'resumed')
  .description('ends a pause; takes back a pause or an end that is still to come')
  .option('--at <instant>', 'from when on (default: in two seconds)')
  .addHelpText('after', examples('milepost games resume summer --at 2026-06-03T18:00:00+05:30'))
  .action(from(async () => (await import('./game-timeline.ts')).resume));
changing(games.command('end <game>'), 'ended')
  .description('ends a game before its window does; for good')
  .option('--at <instant>', 'from when on (default: in two seconds)')
  .addHelpText(
    'after',
    examples("milepost games end summer --at 2026-06-30T00:00:00+05:30 --reason 'the budget is spent'"),
  )
  .action(from(async () => (await import('./game-timeline.ts')).end));
changing(games.command('rollback <game>'), 'rolled back')
  .description('a new version equal to an older one')
  .requiredOption('--to <version>', 'the older version')
  .option('--from <instant>', 'when it is to be in force (default: in two seconds)')
  .addHelpText('after', examples("milepost games rollback summer --to 2 --reason 'version 3 pays too much'"))
  .action(from(async () => (await import('./game-timeline.ts')).rollback));
games
  .command('history <game>')
  .description('every version, pause and end of a game: who, when and why')
  .addOption(json())
  .addHelpText('after', examples('milepost games history summer'))
  .action(from(async () => (await import('./game-timeline.ts')).showHistory));
games
  .command('show <game>')
  .description('a version of a game, as its owner wrote it')
  .option('--version <version>', 'another one than the one in force')
  .addOption(json())
  .addHelpText('after', examples('milepost games show summer', 'milepost games show summer --version 1 > before.json'))
  .action(from(async () => (await import('./game-timeline.ts')).showGame));
games
  .command('budgets <game>')
  .description('what a game may pay, and what of it is taken, paid, held and skipped')
  .addOption(json())
  .addHelpText('after', examples('milepost games budgets summer', 'milepost games budgets summer --json'))
  .action(from(async () => (await import('./budgets.ts')).showBudgets));
games
  .command('simulate <file>')
  .description(
    'try a game file on the stored history: who reaches what, what it costs, who gains and loses; writes nothing',
  )
  .option(
    '--from <instant>',
    "the history by occurred_at, from this instant on (default: the beginning of the file's window)",
  )
  .option('--to <instant>', 'and before this one (default: the end of the window, or now)')
  .option(
    '--against <version>',
    'compare with one version alone, or with another game by its id (default: the game as it was)',
  )
  .option('--shift', "as if the file's window began on the day of --from: next month's game on last month's history")
  .addOption(json())
  .option('--csv [file]', 'one row per figure, to a file beside the report, or instead of it')
  .addHelpText(
    'after',
    examples(
      'milepost games simulate june.json',
      'milepost games simulate june.json --against 2 --csv june.csv',
      'milepost games simulate june.json --from 2026-05-01T00:00:00+05:30 --shift --against upi_fs_milestone_may_2026',
    ),
  )
  .action(from(async () => (await import('./simulate.ts')).simulateGame));
games
  .command('list')
  .description('the games and the versions in force')
  .addOption(json())
  .addHelpText('after', examples('milepost games list', 'milepost games list --json'))
  .action(from(async () => (await import('./games.ts')).listGames));

const cohorts = program.command('cohorts').description('who takes part, and since when');
const playerLines = `
A line of the file is a user id. With a header that names the column user_id, it is values separated by commas; from and to of a line go before
the options:

  user_id,from,to
  U123,2026-05-01T00:00:00+05:30,2026-06-01T00:00:00+05:30
  U124,,

All lines are checked before anything is changed. Repeating a file with the same instants is harmless.`;
cohorts
  .command('add <cohort> <file>')
  .description('players enter a cohort (- for standard input)')
  .option('--from <instant>', 'since when, such as 2026-05-01T00:00:00+05:30 (default: now)')
  .option('--to <instant>', 'until when; at that instant they are outside (default: no end)')
  .addOption(json())
  .addHelpText('after', playerLines)
  .addHelpText(
    'after',
    examples(
      'milepost cohorts add early_lifecycle players.txt --from 2026-05-01T00:00:00+05:30',
      'echo U123 | milepost cohorts add early_lifecycle -',
    ),
  )
  .action(from(async () => (await import('./cohorts.ts')).addToCohort));
cohorts
  .command('remove <cohort> <file>')
  .description('players leave a cohort (- for standard input)')
  .option('--from <instant>', 'since when (default: now)')
  .option('--to <instant>', 'until when; from that instant they are members again (default: for good)')
  .addOption(json())
  .addHelpText('after', playerLines)
  .addHelpText('after', examples('milepost cohorts remove early_lifecycle left.txt --from 2026-06-01T00:00:00+05:30'))
  .action(from(async () => (await import('./cohorts.ts')).removeFromCohort));
cohorts
  .command('show <user_id>')
  .description('the cohorts of a player: since when, until when')
  .addOption(json())
  .addHelpText(
    'after',
    examples('milepost cohorts show U123', 'milepost cohorts show U123 --json   also what was stated'),
  )
  .action(from(async () => (await import('./cohorts.ts')).showCohorts));

program
  .command('explain')
  .description('why an event, a payment or a transaction did or did not count; how a player stands')
  .option('--event <event_id>', 'the event')
  .option('--payment <payment_id>', 'the events about this payment')
  .option('--transaction <id>', 'the events of this transaction (txn_id or canonical_transaction_id)')
  .option('--player <user_id>', 'the player: alone, their standing and newest events; beside another, whose it is')
  .option('--game <game>', 'only what this game says')
  .option('--since <instant>', 'without --player: look at what was received since then (default: 40 days)')
  .option('--until <instant>', 'and before then (default: now)')
  .addOption(json())
  .addHelpText(
    'after',
    `
The engine judges the event once more, by the player and the games as they were when it was judged. Where that comes to something else than what is
stored, this is said first, and the exit code is 1.`,
  )
  .addHelpText(
    'after',
    examples(
      'milepost explain --event evt_pay_001',
      'milepost explain --payment pay_123 --player U123 --game upi_fs_milestone_may_2026',
      'milepost explain --player U123',
    ),
  )
  .action(from(async () => (await import('./explain.ts')).explain));

const services = program.command('services').description('the services that files describe, and that give rewards');
services
  .command('validate <files...>')
  .description('check files of services; nothing is changed, and nobody is called')
  .addOption(json())
  .addHelpText('after', examples('milepost services validate game-configs/services/*.jsonc'))
  .action(from(async () => (await import('./services.ts')).validateServices));

const players = program.command('players').description('players as people');
players
  .command('export <user_id>')
  .description('all that is stored of a person, under each of their accounts, as one JSON document')
  .addHelpText('after', examples('milepost players export U123 > u123.json'))
  .action(from(async () => (await import('./players.ts')).exportPlayerData));
players
  .command('merge <user_id>')
  .description('two accounts of one person: what either has done counts together from now on')
  .requiredOption('--into <user_id>', 'who counts for both')
  .requiredOption('--reason <text>', 'why, for the record')
  .option('--yes', 'do it; without it only what would change is shown')
  .addOption(json())
  .addHelpText(
    'after',
    `
Nothing moves: claims, rewards and vouchers of either stay where they are, and are shown to both. A step that both have claimed and that nobody has
sent is paid once; a step that the two reach together is earned. Events for either account count for the one named by --into.

${examples('milepost players merge U123 --into U456 --reason "ticket 4711: new phone"', 'milepost players merge U123 --into U456 --reason "ticket 4711: new phone" --yes')}`,
  )
  .action(from(async () => (await import('./merge.ts')).mergePlayers));
players
  .command('unmerge <user_id>')
  .description('undo a merge, within 30 days')
  .requiredOption('--reason <text>', 'why, for the record')
  .option('--yes', 'do it; without it only what would change is shown')
  .addOption(json())
  .addHelpText('after', examples('milepost players unmerge U123 --reason "ticket 4712: not the same person" --yes'))
  .action(from(async () => (await import('./merge.ts')).unmergePlayer));

players
  .command('erase <user_id>')
  .description('erase a person on request: personal data and attributes go, ledgers stay under a pseudonym')
  .requiredOption('--reason <text>', 'why, for the record')
  .option('--yes', 'do it; without it, what would go is only counted')
  .addOption(json())
  .addHelpText(
    'after',
    `
All players that are one person with it (milepost players merge) go together; without --yes they are listed. It cannot be undone. While rewards are
under way, or something is held, it is refused: wait, or decide on them. Broken off, it goes on when it is called again.
Events from before the erasure that come again are rejected and not stored. Archives are files: docs/support.md says what to do about them.`,
  )
  .addHelpText(
    'after',
    examples(
      "milepost players erase U123 --reason 'request of 3 June'",
      "milepost players erase U123 --reason 'request of 3 June' --yes",
    ),
  )
  .action(from(async () => (await import('./players.ts')).erasePlayer));

const inbox = program.command('inbox').description('what arrived');
inbox
  .command('show <event_id>')
  .description('an event: when it came, what became of it, what it was worth')
  .addOption(json())
  .addHelpText('after', examples('milepost inbox show evt_pay_001'))
  .action(from(async () => (await import('./inbox.ts')).showEvent));
const outcomeOption = (more: readonly string[] = []): Option =>
  new Option('--outcome <outcome...>', 'with one of these outcomes').choices([...storedOutcomes, ...more]);
inbox
  .command('list')
  .description('events, newest first')
  .addOption(outcomeOption())
  .option('--with-reason <word>', 'whose outcome has this reason, such as condition_failed')
  .option('--since <instant>', 'received since then; the more recent, the faster')
  .option('--until <instant>', 'received before then')
  .option('--source <source>', 'of one source')
  .option('--type <type>', 'of one event type')
  .option('--user <user_id>', 'of one player')
  .option('--limit <count>', 'at most so many', '50')
  .addOption(json())
  .addHelpText(
    'after',
    examples(
      'milepost inbox list --outcome failed rejected --since 2026-06-10T00:00:00+05:30',
      'milepost inbox list --user U123 --limit 20',
    ),
  )
  .action(from(async () => (await import('./inbox.ts')).listInbox));
inbox
  .command('parked')
  .description('messages that could not be read, newest first')
  .option('--with-reason <word>', 'parked for this reason, such as invalid_field')
  .option('--since <instant>', 'received since then')
  .option('--until <instant>', 'received before then')
  .option('--source <source>', 'of one source')
  .option('--mentions <text>', 'whose bytes hold this text, such as a payment id')
  .option('--all', 'those too that could be read since')
  .option('--limit <count>', 'at most so many', '50')
  .addOption(json())
  .addHelpText(
    'after',
    examples('milepost inbox parked --source upi_switch', 'milepost inbox parked --mentions pay_123 --all'),
  )
  .action(from(async () => (await import('./inbox.ts')).listParked));
inbox
  .command('reprocess [event_ids...]')
  .description('judge events anew that have changed nothing, and read parked messages again')
  .option('--file <file>', 'the ids of events, one a line (- for standard input)')
  .option('--parked-no <numbers...>', 'parked messages by their numbers')
  .addOption(outcomeOption(['parked']))
  .option('--with-reason <word>', 'whose outcome, or parking, has this reason')
  .option('--since <instant>', 'received since then')
  .option('--until <instant>', 'received before then')
  .option('--source <source>', 'of one source')
  .option('--type <type>', 'of one event type')
  .option('--user <user_id>', 'of one player')
  .option('--reason <text>', 'why, for the record')
  .option('--dry-run', 'say what would change, and change nothing')
  .option('--resume <run>', 'carry on with a run that was broken off')
  .addOption(json())
  .addHelpText(
    'after',
    `
An event that has been applied, held or reversed is never judged again; one that has changed nothing is judged by what is in force for its
occurred_at, by the time of its receipt that is on record. So a run may be repeated. A message that was quarantined is read again only when it is
named by --parked-no or --with-reason quarantined.`,
  )
  .addHelpText(
    'after',
    examples(
      "milepost inbox reprocess evt_pay_001 --reason 'ticket 812'",
      "milepost inbox reprocess --outcome parked --source upi_switch --reason 'the mapping is mended' --dry-run",
      "milepost inbox reprocess --outcome late --since 2026-06-01T00:00:00+05:30 --reason 'grace of a week'",
      'milepost inbox reprocess --resume 12',
    ),
  )
  .action(from(async () => (await import('./reprocess.ts')).reprocessInbox));
inbox
  .command('correct <event_id>')
  .description('an event said something wrong: take it back, and judge what it should have said in its place')
  .requiredOption('--player <user_id>', 'whose event it is')
  .option(
    '--set <assignments...>',
    'what it should have said: attributes.<name>=<value>, the value as JSON or text; null takes it away',
  )
  .option('--again', 'judge it anew as it is, in all games: also in one that had left it out')
  .option('--producer <producer>', 'whose event it is, where several producers have such an event of the player')
  .option('--reason <text>', 'why, for the record')
  .option('--dry-run', 'say what would change, and change nothing')
  .option('--take-back', 'do it although rewards are taken back by it')
  .addOption(json())
  .addHelpText(
    'after',
    `
Both are done in one transaction, as events: what it said is kept, and what it caused is taken back as by a reversal (a game's policy says what
becomes of rewards that were paid). The corrected event occurred and was received when the old one did. Given twice, it changes nothing.`,
  )
  .addHelpText(
    'after',
    examples(
      'milepost inbox correct evt_pay_001 --player U123 --set attributes.transaction_amount=900 --dry-run',
      "milepost inbox correct evt_pay_001 --player U123 --set attributes.transaction_amount=900 --reason 'ticket 815'",
      "milepost inbox correct evt_pay_001 --player U123 --again --reason 'ticket 816: the cohort was wrong'",
    ),
  )
  .action(from(async () => (await import('./correct.ts')).correctInbox));
inbox
  .command('runs')
  .description('who had what reprocessed, when and why')
  .option('--limit <count>', 'at most so many', '20')
  .addOption(json())
  .addHelpText('after', examples('milepost inbox runs'))
  .action(from(async () => (await import('./inbox.ts')).listRuns));

inbox
  .command('partitions')
  .description('the days of the inbox: size, and which may be dropped, and why')
  .addOption(json())
  .addHelpText('after', examples('milepost inbox partitions'))
  .action(from(async () => (await import('./inbox-partitions.ts')).listPartitions));
inbox
  .command('archive <day>')
  .description("write a day's events (UTC) to a compressed file of JSON lines; the day stays")
  .option('--to <folder>', 'where to (default: INBOX_ARCHIVE_FOLDER)')
  .addOption(json())
  .addHelpText(
    'after',
    '\nThe file can be read back: zcat FILE | milepost ingest - takes every event in again, as a repeat.',
  )
  .addHelpText('after', examples('milepost inbox archive 2026-05-10 --to /archive'))
  .action(from(async () => (await import('./inbox-partitions.ts')).archivePartitions));
inbox
  .command('drop')
  .description('drop days of the inbox, whatever the retention; ingestion goes on meanwhile')
  .requiredOption('--before <day>', 'all days before this one (UTC)')
  .option('--archive-to <folder>', 'where their events are written to first (default: INBOX_ARCHIVE_FOLDER)')
  .option('--no-archive', 'drop them without an archive')
  .option('--yes', 'do it; without it, they are only listed')
  .addOption(json())
  .addHelpText('after', '\nWhat was counted stays: identities, progress, claims and rewards do not depend on payloads.')
  .addHelpText(
    'after',
    examples(
      'milepost inbox drop --before 2026-05-01',
      'milepost inbox drop --before 2026-05-01 --archive-to /archive --yes',
    ),
  )
  .action(from(async () => (await import('./inbox-partitions.ts')).dropPartitions));

const rewards = program.command('rewards').description('what is paid: what waits, what ended badly, trying that again');
const serviceOption = (what = 'of one service'): Option =>
  new Option('--service <service>', `${what}: neucoin, voucher, or a configured one as service:<id>`).argParser(
    (given: string) => {
      if (given === 'neucoin' || given === 'voucher' || /^service:./.test(given)) return given;
      throw new InvalidArgumentError('Allowed are neucoin, voucher, and service:<id>.');
    },
  );
rewards
  .command('list')
  .description('rewards that ended badly, or those in another state')
  .addOption(
    new Option('--state <state>', 'in this state (default: failed and ambiguous)').choices([
      'failed',
      'ambiguous',
      'pending',
      'done',
      'held',
      'skipped',
      'waiting',
      'cancelled',
    ]),
  )
  .addOption(serviceOption())
  .option('--since <instant>', 'that ended, or, where they have not, were written since then')
  .option('--older-than <time>', 'that were written longer ago than this, such as 30m, 2h or 7d')
  .option('--attempts <count>', 'with at least so many attempts')
  .option('--error <text>', 'whose last error holds this text')
  .option('--limit <count>', 'at most so many', '50')
  .addOption(json())
  .addHelpText(
    'after',
    examples(
      'milepost rewards list                                 refused, or nobody can tell',
      'milepost rewards list --state pending --older-than 1h  what is stuck, and why',
      'milepost rewards list --state held                    over a budget: somebody has to decide',
      'milepost rewards list --service voucher --error USER_BLOCKED',
    ),
  )
  .action(from(async () => (await import('./rewards.ts')).listRewards));
rewards
  .command('show <key>')
  .description(
    'a reward: its state and amounts, what takes it back, every call of the service, and who had it tried again',
  )
  .addOption(json())
  .addHelpText('after', examples('milepost rewards show 5a105e8b-9d40-e132-9780-d62ea2265d8a'))
  .action(from(async () => (await import('./rewards.ts')).showReward));
rewards
  .command('retry [keys...]')
  .description('try again what a service refused, once its reason is mended: by key, or by a filter')
  .addOption(serviceOption())
  .option('--since <instant>', 'that were refused since then')
  .option('--error <text>', 'whose error holds this text')
  .requiredOption('--reason <text>', 'why, for the record')
  .option('--yes', 'do it; without it, a filter only counts')
  .addOption(json())
  .addHelpText(
    'after',
    `
A reward that is tried again is sent under a new key, since a service may remember that it has refused the old one. Unless every call under the
old key was answered by a refusal, the service is asked for the old key first, so that nothing is paid twice.`,
  )
  .addHelpText(
    'after',
    examples(
      "milepost rewards retry 5a105e8b-9d40-e132-9780-d62ea2265d8a --reason 'unblocked, ticket 812'",
      "milepost rewards retry --service neucoin --error USER_BLOCKED --since 2026-06-01T00:00:00+05:30 --reason 'ticket 812' --yes",
    ),
  )
  .action(from(async () => (await import('./rewards.ts')).retryFailed));
rewards
  .command('resolve <keys...>')
  .description('ask the service again about ambiguous rewards: paid, or, if it never was, paid now')
  .requiredOption('--reason <text>', 'why, for the record')
  .addOption(
    new Option('--as <end>', 'do not ask: the service has told us otherwise, by a statement or in writing').choices([
      'paid',
      'unpaid',
    ]),
  )
  .option('--transaction <id>', 'with --as paid: the id under which the service has paid it')
  .addOption(json())
  .addHelpText('after', '\nA service that cannot tell leaves the reward ambiguous: it is for reconciliation.')
  .addHelpText(
    'after',
    examples(
      "milepost rewards resolve 5a105e8b-9d40-e132-9780-d62ea2265d8a --reason 'they can look up keys now'",
      "milepost rewards resolve 5a105e8b-9d40-e132-9780-d62ea2265d8a --as unpaid --reason 'their mail of 3 June'",
      "milepost rewards resolve 5a105e8b-9d40-e132-9780-d62ea2265d8a --as paid --transaction T77 --reason 'ticket 907'",
    ),
  )
  .action(from(async () => (await import('./rewards.ts')).resolveAmbiguous));
rewards
  .command('reconcile')
  .description("compare a service's statement with our books: do both say the same?")
  .addOption(serviceOption('whose statement it is').makeOptionMandatory())
  .requiredOption(
    '--statement <file>',
    'values separated by commas under a header, or JSON lines (- for standard input)',
  )
  .option('--from <instant>', 'what the statement covers, from this instant on (default: its first time)')
  .option('--to <instant>', '… to this one (default: its last time)')
  .option('--limit <count>', 'how many of each list are told', '100')
  .option('--settle', 'end ambiguous rewards as the statement says: paid, or not paid')
  .option('--reason <text>', 'with --settle: why, for the record')
  .addOption(json())
  .addHelpText(
    'after',
    `
Columns (of JSON lines: fields), in any order; others are left alone:
  idempotency_key  the key that the service was sent
  kind             credit or issue: paid; debit or cancel: taken back (without it, every line was paid)
  amount           how much
  transaction_id   the service's own id (may be left out)
  time             when, with its offset (may be left out, if --from and --to are given)

Exits with 1 when the books do not agree, and with 0 when they do. Without --settle nothing is changed.`,
  )
  .addHelpText(
    'after',
    examples(
      'milepost rewards reconcile --service neucoin --statement may.csv',
      'zcat may.ndjson.gz | milepost rewards reconcile --service voucher --statement - --from 2026-05-01T00:00:00+05:30 --to 2026-06-01T00:00:00+05:30',
      "milepost rewards reconcile --service neucoin --statement may.csv --settle --reason 'statement of May, ticket 907'",
    ),
  )
  .action(from(async () => (await import('./reconcile.ts')).reconcileRewards));

const holds = program
  .command('holds')
  .description('what waits for a person: flagged events, and rewards for which a budget had not enough left');
/** The options by which every command names what is held. */
const holdFilter = (command: Command): Command =>
  command
    .addOption(
      new Option('--kind <kind>', 'event: flagged by fraud and risk management; claim: over a budget').choices([
        'event',
        'claim',
      ]),
    )
    .option('--game <game>', 'of one game')
    .option('--player <user_id>', 'of one player')
    .option('--producer <producer>', 'events of one producer')
    .option('--since <instant>', 'events that occurred, and rewards that were written, since then')
    .option('--until <instant>', '… and before then');
holdFilter(holds.command('list'))
  .description('what is held, since when and why; longest first')
  .option('--limit <count>', 'at most so many', '50')
  .addOption(json())
  .addHelpText(
    'after',
    examples(
      'milepost holds list',
      'milepost holds list --kind claim --game summer',
      'milepost holds list --player U123',
    ),
  )
  .action(from(async () => (await import('./holds.ts')).listHolds));
const verdict = (command: Command, name: 'release' | 'void'): Command =>
  holdFilter(command)
    .requiredOption('--reason <text>', 'why, for the record')
    .option('--yes', 'do it; without it, a filter only counts')
    .addOption(json())
    .addHelpText(
      'after',
      `
An id is that of a flagged event, or the key of a reward over its budget, as "milepost holds list" shows them. Each verdict is an event of its own.
Exits with 1 when something that was named is not held, or somebody else was faster.`,
    )
    .addHelpText(
      'after',
      examples(
        `milepost holds ${name} evt_pay_001 --reason 'ticket 812'`,
        `milepost holds ${name} 5a105e8b-9d40-e132-9780-d62ea2265d8a --reason 'ticket 812'`,
        `milepost holds ${name} --kind claim --game summer --reason 'ticket 812' --yes`,
      ),
    );
verdict(holds.command('release [ids...]'), 'release')
  .description('let it count, and what it earned be paid, also beyond a budget')
  .action(from(async () => (await import('./holds.ts')).releaseHolds));
verdict(holds.command('void [ids...]'), 'void')
  .description('a flagged event counts nothing any more; a reward over its budget is never paid')
  .action(from(async () => (await import('./holds.ts')).voidHolds));

const circuits = program.command('circuits').description('whether the services are called');
circuits
  .command('list')
  .description('each service: whether it is called, since when not, and why')
  .addOption(json())
  .addHelpText('after', examples('milepost circuits list'))
  .action(from(async () => (await import('./circuits.ts')).listCircuits));
circuits
  .command('open <service>')
  .description('pause a service: nothing is sent to it until its circuit is closed by hand')
  .requiredOption('--reason <text>', 'why, for the record')
  .addOption(json())
  .addHelpText('after', examples("milepost circuits open voucher --reason 'their migration, until 14:00'"))
  .action(from(async () => (await import('./circuits.ts')).openCircuit));
circuits
  .command('close <service>')
  .description('call a service again, one message first, however its circuit was opened')
  .option('--reason <text>', 'why, for the record', 'closed from the command line')
  .addOption(json())
  .addHelpText('after', examples('milepost circuits close voucher'))
  .action(from(async () => (await import('./circuits.ts')).closeCircuit));

program
  .command('verify')
  .description('check that the books agree: credits, progress, claims, outbox, and Redis; reads only')
  .addOption(json())
  .addHelpText(
    'after',
    '\nExits with 1 when they do not, and names the rows, the first player first. Nothing is mended. Redis is looked at when REDIS_URL is set.',
  )
  .addHelpText('after', examples('milepost verify', 'milepost verify --json'))
  .action(from(async () => (await import('./verify.ts')).runVerify));

program
  .command('rebuild')
  .description('fold progress from the ledgers again, and put right what is not the fold; consumers go on meanwhile')
  .requiredOption('--reason <text>', 'why, for the record')
  .option('--dry-run', 'say what would be put right, and change nothing')
  .addOption(json())
  .addHelpText(
    'after',
    `
A few players at a time, each time under the lock that batches take. Cut short, it goes on where it was when it is called again. Each row that is put
right is on record. With REDIS_URL, the projection of every player is made anew.

Exits with 1 when, in the end, progress is not what the ledgers add up to.`,
  )
  .addHelpText(
    'after',
    examples("milepost rebuild --dry-run --reason 'ticket 907'", "milepost rebuild --reason 'ticket 907'"),
  )
  .action(from(async () => (await import('./rebuild.ts')).runRebuild));

const topics = program.command('topics').description('Kafka topics, for development');
topics
  .command('create')
  .description('create the topics that the sources name, where they are missing')
  .option('--partitions <count>', 'of each topic; a power of two keeps players and partitions together', '8')
  .addOption(json())
  .addHelpText('after', examples('KAFKA_BROKERS=localhost:9092 milepost topics create --partitions 4'))
  .action(from(async () => (await import('./topics.ts')).createTopics));

program
  .command('token <user_id>')
  .description('embedded only: a token of the development issuer')
  .addOption(
    new Option('--scope <scope>', 'what it may do')
      .choices(['player', 'bff', 'producer', 'support', 'owner'])
      .default('player'),
  )
  .addHelpText(
    'after',
    examples(
      'milepost token U100007                                  what this player may see',
      'milepost token fs_journey --scope producer              events of this source may be sent',
      'milepost token asha --scope owner                       games and cohorts may be changed, in this name',
      'milepost token ravi --scope support                     events may be explained, and holds ruled on',
      'milepost token app --scope bff                          a service reads for the players it names',
    ),
  )
  .action(from(async () => (await import('./token.ts')).printToken));

program
  .command('stand-in')
  .description('stand-ins for the NeuCoin and voucher services and for the token issuer, for development')
  .option('--host <address>', 'where to listen', '127.0.0.1')
  .option('--port <port>', 'where to listen', '4010')
  .addHelpText('after', examples('milepost stand-in --port 4010   prints the variables that a worker and an api need'))
  .action(from(async () => (await import('./stand-in.ts')).runStandIn));

// Nobody reads any more (`| head`, a closed terminal): the work goes on, and the exit code still says how it went.
process.stdout.on('error', () => {});

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // It has said what is wrong, or has given the help that was asked for.
    process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  } else if (error instanceof UserError) {
    printProblems(error);
    process.exitCode = exitCodes.usage;
  } else if (listenProblem(error) !== undefined) {
    console.error(`error: ${listenProblem(error)}`);
    process.exitCode = exitCodes.usage;
  } else if (error instanceof OutOfReach || isDatabaseAway(error)) {
    const message = messageOf(error);
    console.error(
      `error: ${error instanceof OutOfReach ? message : `the database cannot be used: ${message}; check DATABASE_URL`}`,
    );
    process.exitCode = exitCodes.outOfReach;
  } else {
    // Nothing a user can mend: the stack is for whoever reports it.
    console.error('a defect of Milepost; please report it with what follows');
    console.error(error);
    process.exitCode = 70;
  }
}

/** What is wrong with an address that the operating system did not let us listen on. */
function listenProblem(error: unknown): string | undefined {
  const { syscall, code = '', address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  if (syscall !== 'listen') return undefined;
  const reasons: Record<string, string> = {
    EADDRINUSE: 'is in use: stop what listens there, or choose another port',
    EADDRNOTAVAIL: 'is no address of this machine',
    EACCES: 'may not be listened on by this user: choose a port above 1023',
  };
  return `${address}${port === undefined ? '' : `:${port}`} ${reasons[code] ?? `cannot be listened on: ${code}`}`;
}

/** A connection to PostgreSQL that could not be made or broke: SQLSTATE classes 08, 28 and 57P, no such database, or the operating system's words. */
function isDatabaseAway(error: unknown): boolean {
  const causes = error instanceof AggregateError ? error.errors : [error];
  return causes.some((cause) =>
    /^(08|57P|28|3D000|E(CONNREFUSED|CONNRESET|NOTFOUND|TIMEDOUT|HOSTUNREACH|PIPE))/.test(
      String((cause as { code?: unknown } | undefined)?.code ?? ''),
    ),
  );
}
