// The contract: every route of the API. What is not in this list is not served, and what is in it must be: the API does not start otherwise.
import * as adminCohorts from './admin-cohorts.ts';
import * as adminGames from './admin-games.ts';
import * as events from './events.ts';
import * as games from './games.ts';
import * as holds from './holds.ts';
import * as players from './players.ts';
import type { Route } from './route.ts';
import * as service from './service.ts';
import * as support from './support.ts';

export const contract: readonly Route[] = [
  games.activeGames,
  games.oneGame,
  games.gameHistory,
  games.previewEvent,
  games.gameEvents,
  games.codeOfClaim,
  games.openCookie,
  events.sendEvents,
  adminGames.listGames,
  adminGames.lookAtGame,
  adminGames.lookAtVersion,
  adminGames.validateGame,
  adminGames.activateVersion,
  adminGames.rollBack,
  adminGames.pause,
  adminGames.resume,
  adminGames.end,
  adminCohorts.changeMembers,
  adminCohorts.oneMember,
  holds.listHolds,
  holds.giveVerdicts,
  players.mergePlayers,
  players.unmergePlayer,
  support.explain,
  service.live,
  service.ready,
  service.document,
  service.reference,
  service.referenceFile,
];
