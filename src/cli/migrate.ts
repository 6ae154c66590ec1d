// milepost migrate
import { readConfig } from '../config.ts';
import { migrate } from '../db/migrate.ts';
import { openDatabase } from './database.ts';
import { print } from './output.ts';

export async function runMigrate(options: { plan?: boolean; json?: boolean }): Promise<void> {
  const config = readConfig();
  const database = await openDatabase(config, { migrated: false });
  try {
    const report = await migrate(database.url, { plan: options.plan === true });
    print(options, report, () => {
      if (report.migrations.length + report.functions.length === 0) return 'The database is up to date.';
      const verb = options.plan === true ? 'would apply' : 'applied';
      return [
        ...report.migrations.map((name) => `${verb} migration ${name}`),
        ...report.functions.map((path) => `${verb} function ${path}`),
      ].join('\n');
    });
  } finally {
    await database.stop();
  }
}
