// `npm run -s bench -- …`: the benchmarks, in one page. Each prints a table for people, and with --json one line for programs, last.
import { Command, InvalidArgumentError, Option } from 'commander';
import { benchApi } from './api.ts';
import { benchDispatch } from './dispatch.ts';
import { benchIngest } from './ingest.ts';
import { benchMemory } from './memory.ts';
import { benchRoll } from './roll.ts';
import { benchSimulate } from './simulate.ts';
import { benchSoak } from './soak.ts';

const program = new Command('bench').description('How fast Milepost is on this machine.').showHelpAfterError();

program
  .command('ingest')
  .description('the engine, its ceiling (the same rows, no decision), and one transaction per event')
  .option('--events <count>', 'messages per measurement', count, 60_000)
  .option('--per-event-events <count>', 'messages per measurement of one transaction per event', count, 6_000)
  .option('--rounds <count>', 'how often everything is measured; the best counts', count, 5)
  .option('--json', 'one line of JSON, last', false)
  .action(benchIngest);

program
  .command('dispatch')
  .description('rewards paid through HTTP, the same calls without a database, and empty jobs of graphile-worker')
  .option('--rewards <count>', 'rewards per measurement', count, 10_000)
  .option('--rounds <count>', 'how often everything is measured; the median of their ratios counts', count, 8)
  .option('--json', 'one line of JSON, last', false)
  .action(benchDispatch);

program
  .command('api')
  .description(
    'players reading their games, from Redis and from PostgreSQL, beside bare Koa; and readers that wait for events',
  )
  .option('--players <count>', 'players in the database', count, 1_000_000)
  .option('--readers <count>', 'of them, those that read', count, 5_000)
  .option('--connections <count>', 'connections of the load', count, 32)
  .option('--rounds <count>', 'how often everything is measured; the median counts', count, 5)
  .option('--seconds <count>', 'length of a measurement', count, 4)
  .option('--waiting <count>', 'readers that wait for an event', count, 5_000)
  .option('--json', 'one line of JSON, last', false)
  .action(benchApi);

program
  .command('memory')
  .description('what a long file takes: milepost ingest as a process of its own, watched')
  .option('--events <count>', 'lines of the file', count, 1_000_000)
  .option('--json', 'one line of JSON, last', false)
  .action(benchMemory);

program
  .command('simulate')
  .description(
    'a draft tried on stored events: milepost games simulate as a process of its own, watched, beside the engine',
  )
  .option('--events <count>', 'stored events', count, 1_000_000)
  .option('--rounds <count>', 'how often everything is measured; the best counts', count, 2)
  .option('--json', 'one line of JSON, last', false)
  .action(benchSimulate);

program
  .command('roll')
  .description('two consumers of Kafka replaced one after the other while events come: the longest wait of an event')
  .option('--rounds <count>', 'replacements', count, 6)
  .option('--json', 'one line of JSON, last', false)
  .action(benchRoll);

program
  .command('soak')
  .description(
    'weeks, compressed: events, rewards, retention and autovacuum; whether the last week is as fast as the first',
  )
  .option('--events <count>', 'messages of all weeks together', count, 5_000_000)
  .option('--players <count>', 'players they are of', count, 200_000)
  .option('--weeks <count>', 'weeks; days older than two are dropped', count, 10)
  .addOption(
    new Option('--autovacuum <settings>', 'of the tables: those of the migrations, or those of the server alone')
      .choices(['migrations', 'server'])
      .default('migrations'),
  )
  .option('--json', 'one line of JSON, last', false)
  .action(benchSoak);

await program.parseAsync();

function count(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('expected a whole number above 0');
  return Number(text);
}
