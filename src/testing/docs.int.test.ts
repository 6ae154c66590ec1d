// The documentation tells the truth: every query of the runbook runs as support, every variable is described. See games-page.test.ts as well.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configNames } from '../config.ts';
import { connect } from '../db/connect.ts';
import { createLog } from '../log.ts';
import { testDatabase } from './database.ts';

const docs = join(import.meta.dirname, '../../docs');
const page = (name: string): string => readFileSync(join(docs, name), 'utf8');
const queries = [...page('runbook.md').matchAll(/```sql\n([\s\S]*?)```/g)].map(([, query]) => query as string);

describe('the runbook', () => {
  it('has queries', () => {
    expect(queries.length).toBeGreaterThan(8);
  });

  it.each(queries)('runs as support: %s', async (query) => {
    await using database = await testDatabase();
    const db = connect(database.url, { role: 'milepost_support', size: 1, log: createLog({ level: 'silent' }) });
    const { fields } = await db.pool.query(query);
    await db.close();
    expect(fields.length).toBeGreaterThan(0);
  });
});

describe('the operators page', () => {
  it.each(configNames)('describes %s', (name) => {
    expect(page('operators.md')).toContain(`\`${name}\``);
  });
});

describe('every page', () => {
  const pages = ['../README.md', '../ARCHITECTURE.md', ...readdirSync(docs).filter((name) => name.endsWith('.md'))];

  it.each(pages)('%s links to pages that are there', (name) => {
    const folder = join(docs, name, '..');
    const links = [...page(name).matchAll(/\]\(([^)#:]+)(#[^)]*)?\)/g)].map(([, target]) => target as string);
    const missing = links.filter((target) => {
      try {
        readdirSync(join(folder, target));
        return false;
      } catch (error) {
        return (error as NodeJS.ErrnoException).code === 'ENOENT';
      }
    });
    expect(missing).toEqual([]);
  });
});
