// The alert rules and the dashboard tell the truth: every metric and label they name is there, and every alert has its entry in the runbook.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import '../../api/server.ts';
import '../../workers/ingest/ingest.ts';
import '../cohorts/launchdarkly.ts';
import '../engine/process.ts';
import { createMetricsServer } from '../../workers/metrics-server.ts';
import { registry } from '../metrics.ts';
import { testDatabase } from './database.ts';
import { testServices, testWorker } from './dispatch.ts';

interface Rule {
  alert: string;
  expr: string;
  for?: string;
  labels: { severity: string };
  annotations: { summary: string; runbook: string };
}
interface Panel {
  type: string;
  title: string;
  targets?: { expr: string; legendFormat: string }[];
}

const docs = join(import.meta.dirname, '../../docs');
const read = (name: string): string => readFileSync(join(docs, name), 'utf8');
const { groups } = parse(read('operations/alerts.yaml')) as { groups: { name: string; rules: Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);
const dashboard = JSON.parse(read('operations/dashboard.json')) as { panels: Panel[] };
const graphs = dashboard.panels.filter(({ type }) => type !== 'row');
const targets = graphs.flatMap(({ title, targets: all = [] }) => all.map((target) => ({ title, ...target })));
const expressions = [
  ...rules.map(({ alert, expr }) => ({ name: alert, expr })),
  ...targets.map(({ title, expr }) => ({ name: title, expr })),
];

/** Metrics of the process by every name that Prometheus knows them under, with their labels. */
const known = new Map<string, ReadonlySet<string>>([['up', new Set(['job', 'instance'])]]);

beforeAll(async () => {
  createMetricsServer({ host: '127.0.0.1', port: 0, ready: () => Promise.reject(new Error('never asked')) });
  // Some of a worker's metrics are there once it runs.
  await using database = await testDatabase();
  await using services = await testServices();
  await using _worker = await testWorker(database.url, services);
  for (const { name, type } of await registry.getMetricsAsJSON()) {
    const { labelNames } = registry.getSingleMetric(name) as unknown as { labelNames: string[] };
    if (String(type) !== 'histogram') known.set(name, new Set(labelNames));
    else for (const part of ['_bucket', '_sum', '_count']) known.set(name + part, new Set([...labelNames, 'le']));
  }
});

/** The metrics of an expression, each with the labels that its selector names. */
function metricsIn(expr: string): { name: string; labels: string[] }[] {
  return [...expr.matchAll(/\b((?:milepost|process|nodejs)_\w+|up)\b(?:\{([^}]*)\})?/g)].map(
    ([, name = '', selector = '']) => ({
      name,
      labels: [...selector.matchAll(/(\w+)\s*[=!]/g)].map(([, label = '']) => label),
    }),
  );
}

describe.each(expressions)('$name', ({ expr }) => {
  const metrics = metricsIn(expr);

  test('names metrics that are there, by labels that they have', () => {
    expect(metrics).not.toEqual([]);
    const grouped = [...expr.matchAll(/\b(?:by|on)\s*\(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/\s*,\s*/));
    for (const { name, labels } of metrics) {
      expect([...known.keys()]).toContain(name);
      for (const label of [...labels, ...grouped]) expect([...(known.get(name) ?? [])], name).toContain(label);
    }
  });
});

test.each([
  ['milepost_events_total', { outcome: 'failed' }],
  ['milepost_events_total', { outcome: 'parked' }],
  ['milepost_deliveries_total', { destination: 'neucoin', result: 'refused', reason: '' }],
  ['milepost_deliveries_total', { destination: 'voucher', result: 'ambiguous', reason: '' }],
])('%s of %j is 0 before the first, so that the first is an increase', async (name, labels) => {
  const { values = [] } = (await registry.getSingleMetric(name)?.get()) ?? {};
  expect(values).toContainEqual(expect.objectContaining({ labels, value: 0 }));
});

test.each(rules)('$alert says what is wrong, and its entry in the runbook is there', ({ alert, ...rule }) => {
  expect(alert).toMatch(/^Milepost[A-Z]\w+$/);
  expect(['page', 'ticket']).toContain(rule.labels.severity);
  expect(rule.annotations.summary).toMatch(/\.$/);
  expect(rule.annotations.runbook).toBe(`docs/runbook.md#${alert.toLowerCase()}`);
  const [, entry = ''] = read('runbook.md').split(new RegExp(`^### ${alert}\\n`, 'm'));
  expect(entry.split(/^#/m)[0]?.trim()).toMatch(/\w+/);
});

test('every entry of the runbook belongs to an alert', () => {
  const entries = [...read('runbook.md').matchAll(/^### (Milepost\w+)$/gm)].map(([, name]) => name);
  expect(entries.toSorted()).toEqual(rules.map(({ alert }) => alert).toSorted());
});
