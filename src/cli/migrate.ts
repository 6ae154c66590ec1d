// milepost migrate
import { readConfig } from '../config.ts';
import { type MigrationPlan, type MigrationReport, migrate, planMigration } from '../db/migrate.ts';
import { openDatabase } from './database.ts';
import { print, table } from './output.ts';

const upToDate = 'The database is up to date.';

export async function runMigrate(options: { plan?: boolean; json?: boolean }): Promise<void> {
  const config = readConfig();
  const database = await openDatabase(config, { migrated: false });
  try {
    if (options.plan === true) {
      const plan = await planMigration(database.url);
      print(options, plan, () => describePlan(plan));
    } else {
      const report = await migrate(database.url);
      print(options, report, () => describe(report));
    }
  } finally {
    await database.stop();
  }
}

function describe(report: MigrationReport): string {
  const lines = [
    ...report.migrations.map((name) => `applied migration ${name}`),
    ...report.functions.map((path) => `applied function ${path}`),
    ...report.views.map((path) => `applied view ${path}`),
    ...report.dropped.map((signature) => `dropped former function ${signature}`),
  ];
  return lines.length === 0 ? upToDate : lines.join('\n');
}

function describePlan(plan: MigrationPlan): string {
  const how = (path: string) => (plan.replaced.includes(path) ? 'replace' : 'make');
  const lines = [
    ...plan.migrations.map((name) => `would apply migration ${name}`),
    ...plan.functions.map((path) => `would ${how(path)} function ${path}`),
    ...plan.views.map((path) => `would ${how(path)} view ${path}`),
    ...plan.dropped.map((signature) => `would drop former function ${signature}`),
  ];
  if (lines.length === 0) return upToDate;
  const rows = plan.statements.flatMap(({ migration, statement, locks }) => {
    const begins = oneLine(statement);
    if (locks === null) return [[migration, '?', '?', '?', '?', '?', begins]];
    return locks.map(({ table, lock, stops, whole, bytes, estimated_rows }) => [
      migration,
      table,
      lock,
      stops,
      whole ? 'all rows' : 'a moment',
      `${Math.ceil(bytes / 1e6)} MB, ${estimated_rows?.toLocaleString('en') ?? '?'} rows`,
      begins,
    ]);
  });
  if (rows.length === 0) return `${lines.join('\n')}\n\nNo table that is there would be locked.`;
  const headings = ['MIGRATION', 'TABLE', 'LOCK', 'STOPS', 'FOR', 'SIZE', 'STATEMENT'];
  return `${lines.join('\n')}\n\n${table(headings, rows)}`;
}

const SHOWN_CHARS = 70;

function oneLine(statement: string): string {
  const line = statement.replace(/\s+/g, ' ');
  return line.length > SHOWN_CHARS ? `${line.slice(0, SHOWN_CHARS)}…` : line;
}
