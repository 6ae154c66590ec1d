// What travels with a request from one middleware to the next.

export interface Caller {
  /** `sub`: the player, or the name of a producer. */
  subject: string;
  scopes: ReadonlySet<string>;
  /** The producers and sources that a producer may send for: the claim `sources`, else the subject alone. */
  sources: readonly string[];
}

export interface ApiState {
  /** The caller's `X-Request-Id` where it is usable, else ours; in the answer, in problems and in the log. */
  requestId: string;
  /** Who asks; undefined on routes for everybody. */
  caller?: Caller;
}
