// Three projects, told apart by what a test costs: *.test.ts needs nothing, *.int.test.ts PostgreSQL and Redis, *.e2e.test.ts Kafka as well.
// `npx vitest run --project unit` runs one; cheap ones run first.
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import './src/testing/temporary.ts';

const folders = '{src,workers,api,bench}/**';
const services = './src/testing/global-setup.ts';

/** Random histories and worlds take longest, and are short files, which come last by themselves: then one process would play them while the others rest. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification): boolean => /\.property\.|ledger/.test(moduleId);
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

export default defineConfig({
  test: {
    pool: 'forks',
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: [`${folders}/*.test.ts`],
          exclude: ['**/*.int.test.ts', '**/*.e2e.test.ts'],
          // Some start a child process, which takes a while on a busy machine.
          testTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'int',
          include: [`${folders}/*.int.test.ts`],
          globalSetup: services,
          // Such a test mostly waits for the database.
          maxWorkers: 2,
          // Longer than a wait for a signal, so that it is the wait that says what was missing.
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'e2e',
          include: [`${folders}/*.e2e.test.ts`],
          globalSetup: services,
          // One at a time: each runs a pipeline of several processes.
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
