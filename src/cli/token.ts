// milepost token
import type { Scope } from '../../api/contract/route.ts';
import { readConfig } from '../config.ts';
import { UserError } from '../errors.ts';
import { openDevelopmentIssuer } from '../local/development-issuer.ts';

export async function printToken(userId: string, options: { scope: Scope }): Promise<void> {
  const config = readConfig();
  if (config.JWT_JWKS_URL !== undefined) {
    throw new UserError('JWT_JWKS_URL is set: tokens come from your issuer, not from the development issuer');
  }
  const names = { issuer: config.JWT_ISSUER, audience: config.JWT_AUDIENCE };
  const issuer = await openDevelopmentIssuer(config.MILEPOST_HOME, names);
  const sources = options.scope === 'producer' ? { sources: [userId] } : {};
  process.stdout.write(`${await issuer.issueToken({ sub: userId, scope: options.scope, ...sources })}\n`);
}
