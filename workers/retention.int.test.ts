import { expect, test } from 'vitest';
import { testDatabase } from '../src/testing/database.ts';
import { testServices, testWorker } from '../src/testing/dispatch.ts';
import { waitFor } from '../src/testing/wait.ts';

test('a worker with a retention drops old days by a job; one without leaves the job to others', async () => {
  await using database = await testDatabase();
  await using services = await testServices();
  await database.pool.query('select milepost.inbox_partition(current_date - 40)');
  // Not the number of days: a sweep may make others meanwhile.
  const isThere = async () =>
    (await database.pool.query('select from milepost_dba.inbox_partition where days_old > 30')).rowCount === 1;
  expect(await isThere()).toBe(true);
  await database.pool.query("select graphile_worker.add_job('retire_inbox', '{}')");
  {
    await using _without = await testWorker(database.url, services);
    await database.pool.query(
      "select graphile_worker.add_job('drain_outbox', json_build_object('destination', 'neucoin'))",
    );
    await waitFor('the worker to have taken the other job', async () => {
      const { rows } = await database.pool.query(
        "select task_identifier from graphile_worker.jobs where task_identifier = 'drain_outbox'",
      );
      return rows.length === 0;
    });
    expect(await isThere()).toBe(true);
  }
  await using _with = await testWorker(database.url, services, { retention: { inboxDays: 30 } });
  await waitFor('the old day to be dropped', async () => !(await isThere()));
});
