import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type SchemaObject } from 'ajv';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { configNames, readConfig } from '../config.ts';

interface Service {
  image: string;
  build?: string;
  command?: string[];
  environment?: Record<string, string>;
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: object;
}

const root = join(import.meta.dirname, '../..');
const text = readFileSync(join(root, 'docker-compose.yml'), 'utf8');
const compose = parse(text, { merge: true }) as { services: Record<string, Service> };
const services = Object.entries(compose.services);
const own = services.filter(([, service]) => service.build !== undefined);

test('docker-compose.yml is valid by the schema of the compose specification', () => {
  // The copy names its meta-schema by https, which validators know by http.
  const { $schema: _, ...schema } = JSON.parse(
    readFileSync(join(import.meta.dirname, 'compose-spec/schema.json'), 'utf8'),
  ) as SchemaObject;
  const validate = new Ajv({ allErrors: true, strict: false, validateFormats: false }).compile(schema);
  validate(compose);
  expect(validate.errors).toBeNull();
  // And a fault is found.
  expect(validate({ services: { api: { comand: ['start'] } } })).toBe(false);
});

test('there is one container per role, besides servers, what is done once, and stand-ins', () => {
  expect(services.map(([name]) => name)).toEqual([
    'postgres',
    'kafka',
    'redis',
    'migrate',
    'games',
    'topics',
    'stand-in',
    'ingest',
    'worker',
    'api',
  ]);
  expect(compose.services.postgres?.image).toMatch(/^postgres:18/);
  expect(compose.services.kafka?.image).toMatch(/^apache\/kafka:4\./);
  expect(compose.services.redis?.image).toMatch(/^redis:7/);
});

test.each(own)('%s: every variable is one of the configuration, and together they are complete', (_, service) => {
  const environment = service.environment ?? {};
  expect(Object.keys(environment).filter((name) => !configNames.includes(name))).toEqual([]);
  expect(() => readConfig(environment)).not.toThrow();
});

test('what is waited for exists, and what is waited for as healthy says when it is', () => {
  for (const [name, service] of services) {
    for (const [dependency, { condition }] of Object.entries(service.depends_on ?? {})) {
      expect(compose.services, `${name} waits for ${dependency}`).toHaveProperty(dependency);
      if (condition === 'service_healthy') expect(compose.services[dependency]?.healthcheck).toBeDefined();
    }
  }
});

test('addresses in the environment name containers of the file', () => {
  for (const [name, service] of own) {
    for (const [variable, value] of Object.entries(service.environment ?? {})) {
      if (!/_(URL|BROKERS)$/.test(variable)) continue;
      const hosts = variable.endsWith('_URL')
        ? [new URL(value).hostname]
        : value.split(',').map((at) => at.split(':')[0]);
      for (const host of hosts) expect(compose.services, `${name}: ${variable}`).toHaveProperty(host ?? '');
    }
  }
});

test.each(own)('%s: its command is one that Milepost knows, with options that it takes', (_, service) => {
  const main = join(root, 'src/cli/main.ts');
  // Options are read before help is given, so a wrong one, or a wrong role, is an error.
  const { status, stderr } = spawnSync(process.execPath, [main, ...(service.command ?? []), '--help'], {
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});
