// The documentation tells the truth: every variable is described, every link leads somewhere. See runbook.int.test.ts and games-page.test.ts as well.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configNames } from '../config.ts';

const docs = join(import.meta.dirname, '../../docs');
const page = (name: string): string => readFileSync(join(docs, name), 'utf8');

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
