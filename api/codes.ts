// The codes of vouchers: shown to the player who earned them, from PostgreSQL, and kept by nobody on the way.
import type { Db } from '../src/db/connect.ts';
import { findClaim, readVoucherCode } from '../src/rewards/voucher-code.ts';
import type { Sealer } from '../src/seal.ts';
import { formatInstant } from '../src/time.ts';
import { codeOfClaim } from './contract/games.ts';
import { Problem } from './problem.ts';
import type { Serve } from './serve.ts';

/** Without a `sealer` (VOUCHER_CODE_KEYS is not set) no claim has a code. */
export function codeRoutes(serve: Serve, { db, sealer }: { db: Db; sealer: Sealer | undefined }): void {
  serve(codeOfClaim, async ({ params, query, player }) => {
    const wanted = { userId: player, gameId: params.game_id, step: params.step, windowStart: query.window };
    const claim = await findClaim(db, wanted);
    const found = claim && sealer && (await readVoucherCode(db, sealer, claim));
    if (claim === undefined || found === undefined || found.kind === 'none') {
      throw new Problem(404, 'this player has no claim on that step with a code');
    }
    if (found.kind === 'taken_back') throw new Problem(409, 'the voucher of this claim was taken back');
    const { gameId: game_id, step, windowStart } = claim;
    return {
      status: 200,
      headers: { 'Cache-Control': 'no-store' },
      body: { game_id, step, window_start: formatInstant(windowStart), code: found.code },
    };
  });
}
