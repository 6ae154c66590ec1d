// milepost stand-in: what a development set-up has instead of the NeuCoin and voucher services and of an issuer of tokens.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readConfig } from '../config.ts';
import { UserError } from '../errors.ts';
import { openDevelopmentIssuer } from '../local/development-issuer.ts';
import { startRewardServices } from '../local/reward-services.ts';
import { toldToStop } from './run.ts';

export async function runStandIn(options: { host: string; port: string }): Promise<void> {
  const config = readConfig();
  const told = toldToStop();
  const port = Number(options.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_534) {
    throw new UserError(`--port ${JSON.stringify(options.port)} is no port: write a number from 0 to 65534`);
  }
  const rewards = await startRewardServices({ host: options.host, port, dataDir: config.MILEPOST_HOME });
  try {
    const issuer = await openDevelopmentIssuer(config.MILEPOST_HOME, {
      issuer: config.JWT_ISSUER,
      audience: config.JWT_AUDIENCE,
    });
    const keys = createServer((_request, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(issuer.jwks));
    });
    keys.listen(port === 0 ? 0 : port + 1, options.host);
    await once(keys, 'listening');
    const { port: keysPort } = keys.address() as AddressInfo;
    process.stdout.write(
      `NEUCOIN_URL=${rewards.neucoinUrl}\nVOUCHER_URL=${rewards.voucherUrl}\nJWT_JWKS_URL=http://${options.host}:${keysPort}/jwks.json\n`,
    );
    await told;
    keys.close();
    keys.closeAllConnections();
  } finally {
    await rewards.stop();
  }
}
