// The operators page tells the truth: its table of variables is that of the configuration.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { documented, readConfig } from '../config.ts';

const file = join(import.meta.dirname, '../../docs/operators.md');
const page = readFileSync(file, 'utf8');

test('its table is in step (write it anew with `npx vitest run src/testing/operators-page.test.ts -u`)', async () => {
  const rows = documented.map(
    ({ name, what, allowed, fallback }) => `| \`${name}\` | ${what} | ${allowed} | ${fallback} |\n`,
  );
  const table = `| variable | what | allowed | default |\n| --- | --- | --- | --- |\n${rows.join('')}\n`;
  expect(page).toContain('<!-- variables -->\n');
  const written = page.replace(/(<!-- variables -->\n\n)(?:\|.*\n)*\n?/, (_all, marker: string) => marker + table);
  await expect(written).toMatchFileSnapshot(file);
});

test.each(documented)('$name is described, with what it may be and what holds without it', (variable) => {
  for (const cell of [variable.what, variable.allowed, variable.fallback]) expect(cell).toMatch(/\S/);
});

const ranges = documented.flatMap(({ name, allowed }) => {
  const [, min, max] = /^(\d+) to (\d+)$/.exec(allowed) ?? [];
  return min === undefined || max === undefined ? [] : [{ name, min: Number(min), max: Number(max) }];
});

test.each(ranges)('$name takes $min to $max, and nothing beyond', ({ name, min, max }) => {
  for (const value of [min, max]) expect(readConfig({ [name]: String(value) })).toMatchObject({ [name]: value });
  for (const value of [min - 1, max + 1]) expect(() => readConfig({ [name]: String(value) })).toThrow(name);
});

test('a variable that may hold a secret is not repeated when it is wrong', () => {
  for (const { name } of documented.filter(({ name: each }) => /URL|ENDPOINT|HEADERS|KEYS/.test(each))) {
    try {
      readConfig({ [name]: 'ftp hush:hush' });
    } catch (error) {
      expect(JSON.stringify(error) + String(error)).not.toContain('hush');
    }
  }
  expect(() => readConfig({ OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'authorization hush' })).toThrow(/name=value/);
});

test('headers for the collector are read', () => {
  const given = { OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'authorization=Bearer a=b, x-tenant=1' };
  expect(readConfig(given).OTEL_EXPORTER_OTLP_TRACES_HEADERS).toEqual({ authorization: 'Bearer a=b', 'x-tenant': '1' });
});
