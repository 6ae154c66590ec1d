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
      const [applied, dropped] = options.plan === true ? ['would apply', 'would drop'] : ['applied', 'dropped'];
      const lines = [
        ...report.migrations.map((name) => `${applied} migration ${name}`),
        ...report.functions.map((path) => `${applied} function ${path}`),
        ...report.views.map((path) => `${applied} view ${path}`),
        ...report.dropped.map((signature) => `${dropped} former function ${signature}`),
      ];
      return lines.length === 0 ? 'The database is up to date.' : lines.join('\n');
    });
  } finally {
    await database.stop();
  }
}
