// Cohorts as flags of LaunchDarkly: true for members. The SDK keeps all flags in memory and follows their changes, so a verdict costs no call. It never
// guesses: where the SDK would answer with a default, there is no verdict. Nothing about players is sent to LaunchDarkly.
import { format } from 'node:util';
import { init, type LDOptions } from '@launchdarkly/node-server-sdk';
import { Gauge } from 'prom-client';
import { messageOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { registry } from '../metrics.ts';
import type { CohortResolver } from './resolver.ts';

const ready = new Gauge({
  name: 'milepost_launchdarkly_ready',
  help: '1 once LaunchDarkly’s flags have been received; before that, and without LaunchDarkly, 0.',
  registers: [registry],
});

/** `flags`: the key of each cohort's flag. `updateProcessor`: where flags come from, for tests; else LaunchDarkly's stream. */
export function createLaunchDarklyResolver(options: {
  sdkKey: string;
  flags: ReadonlyMap<string, string>;
  log: Log;
  updateProcessor?: NonNullable<LDOptions['updateProcessor']>;
}): CohortResolver {
  const { sdkKey, flags, log, updateProcessor } = options;
  const client = init(sdkKey, {
    logger: sdkLogger(log),
    // Nothing leaves Milepost but through the outbox: no record of who was asked about, no diagnostics.
    sendEvents: false,
    diagnosticOptOut: true,
    ...(updateProcessor === undefined ? {} : { updateProcessor }),
  });
  client.on('ready', () => {
    ready.set(1);
    log.info('LaunchDarkly is ready');
  });
  // Once it has given up (a wrong key), only another start makes it try again.
  client.on('failed', (error) =>
    log.error({ error: messageOf(error) }, 'LaunchDarkly gave up; check LAUNCHDARKLY_SDK_KEY'),
  );
  // Each question about an unknown flag is an "error"; `tell` says so once.
  client.on('error', (error) => log.debug({ error: messageOf(error) }, 'LaunchDarkly'));

  /** Flags without verdicts, each with the reason that was logged. */
  const silent = new Map<string, string>();

  function tell(flag: string, reason: string | undefined): void {
    if (silent.get(flag) === reason) return;
    if (reason === undefined) silent.delete(flag);
    else silent.set(flag, reason);
    if (reason === undefined) log.info({ flag }, 'the flag has verdicts again');
    else
      log.error(
        { flag, reason },
        'the flag has no verdict; its players’ events wait unless an earlier one is recorded',
      );
  }

  return {
    cohortIds: new Set(flags.keys()),
    async verdict(cohortId, userId) {
      const flag = flags.get(cohortId);
      if (flag === undefined || !client.initialized()) return undefined;
      const { value, variationIndex, reason } = await client.boolVariationDetail(
        flag,
        { kind: 'user', key: userId },
        false,
      );
      const { kind, errorKind, bigSegmentsStatus } = reason;
      if (kind === 'ERROR') tell(flag, errorKind ?? kind);
      // The flag is off and says nothing about what then holds.
      else if (variationIndex === undefined || variationIndex === null) tell(flag, `${kind}, without a variation`);
      // A big segment that cannot be looked up counts as one that nobody is in.
      else if (bigSegmentsStatus === 'NOT_CONFIGURED' || bigSegmentsStatus === 'STORE_ERROR') {
        tell(flag, `big segments: ${bigSegmentsStatus}`);
      } else {
        tell(flag, undefined);
        return value;
      }
      return undefined;
    },
    async close() {
      ready.set(0);
      client.close();
    },
  };
}

function sdkLogger(log: Log): NonNullable<LDOptions['logger']> {
  const at =
    (level: 'error' | 'warn' | 'info' | 'debug') =>
    (...words: unknown[]): void =>
      log[level]({ library: 'launchdarkly' }, format(...words));
  return { error: at('error'), warn: at('warn'), info: at('debug'), debug: at('debug') };
}
