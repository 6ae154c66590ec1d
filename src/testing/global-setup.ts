// Before the tests of a project run: finds the services that this project needs and tells the tests their addresses; stops them afterwards.
// int needs PostgreSQL and Redis, e2e Kafka too. A project whose tests do not run starts nothing.
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { findService, recipes, type Service, type ServiceName } from './services.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Of a database on the server; tests make their own databases beside it (database.ts). */
    postgres: string;
    redis: string;
    /** host:port, comma-separated. */
    kafka: string;
  }
}

const needs: Readonly<Record<string, readonly ServiceName[]>> = {
  int: ['postgres', 'redis'],
  e2e: ['postgres', 'redis', 'kafka'],
};

export default async function globalSetup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'milepost-test-'));
  // As root, PostgreSQL runs under another account, which must be able to get into the folder.
  await chmod(folder, 0o755);
  const services: Service[] = [];
  const stop = async () => {
    await Promise.all(services.map((service) => service.stop()));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await Promise.all(
      (needs[project.name] ?? []).map(async (name) => {
        const service = await findService(recipes[name], folder);
        services.push(service);
        project.provide(name, service.address);
        process.stdout.write(`${project.name}: ${recipes[name].title} from ${service.origin}\n`);
      }),
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}
