// Written by `npm run openapi`: the API as types.
export interface paths {
    "/api/games/active": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The widget: the games that are open to the player now */
        get: operations["getActiveGames"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/games/{game_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The journey: one game with its steps, rewards and triggers */
        get: operations["getGame"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/games/{game_id}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The history of the player in one game, newest first */
        get: operations["getHistory"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/games/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * What an event of the player would do if it came now
         * @description The event is judged as any other, and nothing of it is kept. Games that the player does not see are left out. What comes meanwhile may make the answer wrong.
         */
        post: operations["previewEvent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/games/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The widget as a stream: at once, and whenever it means something else
         * @description Server-sent events called "games", each with a body of getActiveGames and its tag as id. Ends after some minutes: connect again.
         */
        get: operations["streamGames"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/games/{game_id}/claims/{step}/code": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The code of the voucher that one of the player's claims earned
         * @description Of a step that was claimed more than once, in several windows or again after it was taken back: the newest.
         */
        get: operations["getCodeOfClaim"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/games/{game_id}/claims/{step}/open": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Opens a fortune cookie of the player
         * @description A cookie is opened once: whoever asks again, or at the same time, is answered the same prize. Of a step that was claimed more than once, in several windows or again after it was taken back: the newest.
         */
        post: operations["openCookie"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send one event, or a batch
         * @description An event that was judged before answers with its original outcome, so that a producer that got no answer repeats the request. One that cannot be read is kept, and answered as parked; the others are not delayed by it.
         */
        post: operations["sendEvents"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/games": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All games, with the version in force */
        get: operations["listGames"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/games/{game_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One game: its configuration in force and its timeline */
        get: operations["lookAtGame"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/games/{game_id}/versions/{version}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One version of a game */
        get: operations["lookAtVersion"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/games/validate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Check a game; nothing is stored */
        post: operations["validateGame"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/games/{game_id}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Activate a version of a game */
        post: operations["activateVersion"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/games/{game_id}/rollback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Activate a new version that is equal to an older one */
        post: operations["rollBackGame"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/games/{game_id}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Pause a game: what happens meanwhile does not count */
        post: operations["pauseGame"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/games/{game_id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Let a paused game go on */
        post: operations["resumeGame"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/games/{game_id}/end": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** End a game, for good */
        post: operations["endGame"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/cohorts/{cohort_id}/members": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Say who is in a cohort, since when and until when */
        post: operations["changeMembers"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/cohorts/{cohort_id}/members/{user_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether a player is in a cohort, and since when */
        get: operations["getMember"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/holds": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What is held until a person decides, longest first */
        get: operations["listHolds"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/holds/verdicts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Release or void what is held
         * @description Each verdict is an event, with who asks and why. One on what is not held, or not any more, changes nothing (not_held); so a request may be repeated.
         */
        post: operations["giveVerdicts"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/players/{user_id}/merge": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Say that two accounts are one person
         * @description From then on what comes for either counts for the one it is merged into, and no step is claimed again that either has. Nothing moves. Repeating changes nothing; the other way round it is refused.
         */
        post: operations["mergePlayers"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/players/{user_id}/unmerge": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take a merged account out again
         * @description Within 30 days. What has come since the merge stays with the account that counted. Repeating changes nothing.
         */
        post: operations["unmergePlayer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/support/explanations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Why an event, a payment or a transaction did or did not count
         * @description Name one of event_id, payment_id and transaction_id; a payment or a transaction with its player. A player alone: their newest 20 events. Of a merged player those of the whole person are found, whichever of its accounts is named.
         */
        get: operations["explain"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the process is there */
        get: operations["isLive"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the process can do its work now */
        get: operations["isReady"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This contract, as OpenAPI 3.1 */
        get: operations["getContract"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/reference": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This contract, for people to read */
        get: operations["getReference"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/reference/{file}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What the page of the contract consists of */
        get: operations["getReferenceFile"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        WidgetGame: {
            game_id: string;
            title: string | null;
            /** @enum {string} */
            archetype: "NUMERIC_COUNTER" | "CHECKLIST" | "STREAK" | "CALENDAR_GRID";
            /** @description Null for a game that all members take part in. */
            join: {
                /** @enum {string} */
                state: "open" | "joined";
                joined_at: string | null;
            } | null;
            /** @description At most max_value. What waits for a release by risk management counts. */
            current_value: number;
            max_value: number;
            display_unit: string;
            progress: components["schemas"]["ProgressDetail"];
            /** @description The first visible reward that is not reached. */
            next_visible_reward: {
                step: number;
                title: string | null;
                /** @description NC, VOUCHER, or service:<name> for what an installation adds. */
                reward_type: string;
                value: number;
                /**
                 * @description upto: shown as "up to value".
                 * @enum {string}
                 */
                display_type: "flat" | "upto";
            } | null;
            /** @description The last events that count in this window, newest first. */
            last_credited: {
                event_id: string;
                payment_id: string | null;
            }[];
            window: {
                /** Format: date-time */
                start: string;
                /** Format: date-time */
                end: string;
                seconds_remaining: number;
            };
            config_version: number;
            /** @description Rises with every change of the player's progress, claims and payments in this window. */
            projection_version: number;
            /**
             * Format: date-time
             * @description What was committed before this instant is in the answer.
             */
            as_of: string;
            steps: {
                step: number;
                title: string | null;
                /** @enum {string} */
                step_type: "REWARD" | "EMPTY" | "FORTUNE_COOKIE";
                state: components["schemas"]["StepState"];
                /** @description Only of a fortune cookie that was opened. */
                prize?: components["schemas"]["Prize"];
            }[];
        };
        /** @description CHECKLIST: targets. STREAK: runs. CALENDAR_GRID: cells in reading order. Null for NUMERIC_COUNTER. */
        ProgressDetail: null | {
            targets: {
                target_id: string;
                title: string | null;
                done: number;
                count: number;
                complete: boolean;
            }[];
        } | {
            best: number;
            current: number;
            freezes_left: number;
            active_now: boolean;
            /** @enum {string} */
            period: "day" | "week";
        } | {
            columns: number;
            cells: {
                cell: number;
                date?: string;
                cell_id?: string;
                title?: string | null;
                filled: boolean;
            }[];
        };
        /**
         * @description locked: not reached, or not any more. reached: nothing is paid for it. held: its reward waits for a release. paying: under way. netted: all of its reward made up for what the player owed. kept: paid, and the player keeps it, though the step is not reached any more. failed: refused for good. not_paid: nothing will be paid. cookie_to_open: a fortune cookie waits.
         * @enum {string}
         */
        StepState: "locked" | "reached" | "held" | "paying" | "paid" | "netted" | "kept" | "failed" | "not_paid" | "cookie_to_open";
        /** @description What came out of a fortune cookie; null when nothing was left. */
        Prize: {
            prize_id: string;
            title: string | null;
            /** @description Null: it pays nothing. */
            reward: {
                /** @description NC, VOUCHER, or service:<name> for what an installation adds. */
                reward_type: string;
                value: number;
            } | null;
        } | null;
        /** @description What is said of the event that was waited for; only where one was. */
        After: {
            event_id: string | null;
            payment_id: string | null;
            /**
             * @description applied: its effect is in this answer. not_applicable: judged, without one. pending: not judged yet.
             * @enum {string}
             */
            status: "applied" | "not_applicable" | "pending";
            outcome: string | null;
            reason: string | null;
            /** @description In words. */
            detail: string;
        };
        Problem: {
            /** @constant */
            type: "about:blank";
            /** @description The status in words. */
            title: string;
            status: number;
            /** @description For the caller's developers: what is wrong, and the mend. */
            detail: string;
            /** @description Each thing that is wrong with a body. */
            problems?: {
                /** @description Where, such as $.members[0].from; empty when the input as a whole is meant. */
                path: string;
                /** @description What was found, and the mend. */
                message: string;
            }[];
            /** @description Names the entry in the log. */
            request_id: string;
        };
        Journey: {
            game_id: string;
            title: string | null;
            /** @enum {string} */
            archetype: "NUMERIC_COUNTER" | "CHECKLIST" | "STREAK" | "CALENDAR_GRID";
            /** @description Null for a game that all members take part in. */
            join: {
                /** @enum {string} */
                state: "open" | "joined";
                joined_at: string | null;
            } | null;
            /** @description At most max_value. What waits for a release by risk management counts. */
            current_value: number;
            max_value: number;
            display_unit: string;
            progress: components["schemas"]["ProgressDetail"];
            /** @description The first visible reward that is not reached. */
            next_visible_reward: {
                step: number;
                title: string | null;
                /** @description NC, VOUCHER, or service:<name> for what an installation adds. */
                reward_type: string;
                value: number;
                /**
                 * @description upto: shown as "up to value".
                 * @enum {string}
                 */
                display_type: "flat" | "upto";
            } | null;
            /** @description The last events that count in this window, newest first. */
            last_credited: {
                event_id: string;
                payment_id: string | null;
            }[];
            window: {
                /** Format: date-time */
                start: string;
                /** Format: date-time */
                end: string;
                seconds_remaining: number;
            };
            config_version: number;
            /** @description Rises with every change of the player's progress, claims and payments in this window. */
            projection_version: number;
            /**
             * Format: date-time
             * @description What was committed before this instant is in the answer.
             */
            as_of: string;
            /** @enum {string} */
            state: "active" | "paused" | "ended";
            /** @description By its start, the player's window before this one. */
            previous_window: string | null;
            steps: {
                step: number;
                title: string | null;
                /** @enum {string} */
                step_type: "REWARD" | "EMPTY" | "FORTUNE_COOKIE";
                state: components["schemas"]["StepState"];
                /** @description Only of a fortune cookie that was opened. */
                prize?: components["schemas"]["Prize"];
                /** @description What reaches the step where its number does not. */
                requires: ({
                    targets: string[];
                    /** @enum {string} */
                    match: "any" | "all";
                } | {
                    cell: number;
                } | {
                    row: number;
                }) | null;
                reward: components["schemas"]["Reward"] | null;
                /** @description How much of the reward was kept back for what the player owed. */
                netted: number;
                /** @description What the reward would have been, had enough been left for it; null where it was not lowered. */
                downgraded_from: number | null;
                /** @description Null while the step is locked. */
                reached_at: string | null;
            }[];
            triggers: components["schemas"]["Trigger"][];
            after?: components["schemas"]["After"];
        };
        /** @description Of a hidden reward only that there is one, until it is earned. */
        Reward: {
            /** @constant */
            visibility: "hidden";
        } | {
            /** @constant */
            visibility: "visible";
            /** @description NC, VOUCHER, or service:<name> for what an installation adds. */
            reward_type: string;
            value: number;
            /**
             * @description upto: shown as "up to value".
             * @enum {string}
             */
            display_type: "flat" | "upto";
        };
        /** @description What counts, and what it adds before caps. */
        Trigger: {
            trigger_id: string;
            title: string | null;
            event_type: string;
            /** @description In words. */
            condition: string;
            cap: {
                per_day: number | null;
                per_window: number | null;
            } | null;
            /** @constant */
            mode: "increment_by_constant";
            adds: number;
            field: null;
        } | {
            trigger_id: string;
            title: string | null;
            event_type: string;
            /** @description In words. */
            condition: string;
            cap: {
                per_day: number | null;
                per_window: number | null;
            } | null;
            /** @constant */
            mode: "increment_by_attribute";
            adds: null;
            field: string;
            scale: number;
            /** @enum {string} */
            rounding: "down" | "half_up" | "up";
            max_per_event: number | null;
        } | {
            trigger_id: string;
            title: string | null;
            event_type: string;
            /** @description In words. */
            condition: string;
            cap: {
                per_day: number | null;
                per_window: number | null;
            } | null;
            /** @constant */
            mode: "weighted";
            adds: null;
            field: string;
            weights: {
                [key: string]: number;
            } | null;
            bands: {
                at_least: number;
                adds: number;
            }[] | null;
            otherwise: number;
        } | {
            trigger_id: string;
            title: string | null;
            event_type: string;
            /** @description In words. */
            condition: string;
            cap: {
                per_day: number | null;
                per_window: number | null;
            } | null;
            /** @constant */
            mode: "unique";
            adds: number;
            field: string;
        };
        HistoryEntry: {
            /** @constant */
            kind: "join";
            /** Format: date-time */
            at: string;
            /** @description The other account of the person that it came under; only where that is not the one that is asked for. */
            account?: string;
        } | {
            /** @constant */
            kind: "merge";
            /** Format: date-time */
            at: string;
            /** @description The other account of the person that it came under; only where that is not the one that is asked for. */
            account?: string;
            /** @enum {string} */
            what: "merged" | "unmerged";
            /** @description Who was merged; null: an account that is not this person's any more. */
            user_id: string | null;
            /** @description Who counts, or counted, for both; null likewise. */
            into: string | null;
            /** @description In words. */
            detail: string;
        } | {
            /** @constant */
            kind: "credit";
            /** Format: date-time */
            at: string;
            /** @description The other account of the person that it came under; only where that is not the one that is asked for. */
            account?: string;
            /** Format: date-time */
            window_start: string;
            trigger_id: string;
            /** @description What the event was worth by itself, before caps and repeated values. */
            amount: number;
            /** @description What is left of that after rulings; 0 when all of it was taken back. */
            counts: number;
            /** @description It counts, but the rewards it earns wait for a release. */
            held: boolean;
            /** @description Null where the event was credited before ids were kept with credits. */
            event_id: string | null;
            payment_id: string | null;
            transaction_id: string | null;
        } | {
            /** @constant */
            kind: "claim";
            /** Format: date-time */
            at: string;
            /** @description The other account of the person that it came under; only where that is not the one that is asked for. */
            account?: string;
            /** Format: date-time */
            window_start: string;
            step: number;
            /** @enum {string} */
            step_type: "REWARD" | "EMPTY" | "FORTUNE_COOKIE";
            state: components["schemas"]["ClaimState"];
            reward: components["schemas"]["Reward"] | null;
            /** @description How much of the reward was kept back for what the player owed. */
            netted: number;
            /** @description What the reward would have been, had enough been left for it; null where it was not lowered. */
            downgraded_from: number | null;
        } | {
            /** @constant */
            kind: "opening";
            /** Format: date-time */
            at: string;
            /** @description The other account of the person that it came under; only where that is not the one that is asked for. */
            account?: string;
            /** Format: date-time */
            window_start: string;
            step: number;
            prize: components["schemas"]["Prize"];
        } | {
            /** @constant */
            kind: "ruling";
            /** Format: date-time */
            at: string;
            /** @description The other account of the person that it came under; only where that is not the one that is asked for. */
            account?: string;
            /** Format: date-time */
            window_start: string;
            /**
             * @description The event was taken back, in whole or in part; or what was held of it was released, or taken away.
             * @enum {string}
             */
            what: "reversed" | "released" | "voided";
            trigger_id: string;
            /** @description What the event counts since, before caps and repeated values. */
            amount: number;
            /** @description How much less that is than before. */
            taken: number;
            /** @description What is left of the event's amount; null where nothing of it was taken back. */
            remaining: number | null;
            event_id: string | null;
            payment_id: string | null;
        } | {
            /** @constant */
            kind: "not_counted";
            /** Format: date-time */
            at: string;
            /** @description The other account of the person that it came under; only where that is not the one that is asked for. */
            account?: string;
            event_id: string;
            event_type: string;
            payment_id: string | null;
            outcome: string;
            reason: string | null;
            /** @description The reason in words. */
            detail: string;
            /** @description What triggers wanted that the event was not, in words. */
            missed: {
                trigger_id: string;
                condition: string;
            }[];
        } | {
            /** @constant */
            kind: "reward";
            /** Format: date-time */
            at: string;
            /** @description The other account of the person that it came under; only where that is not the one that is asked for. */
            account?: string;
            /** Format: date-time */
            window_start: string;
            step: number;
            /**
             * @description How the payment ended.
             * @enum {string}
             */
            state: "paid" | "failed" | "not_paid";
            /** @description What the payment was of. */
            reward: components["schemas"]["Reward"];
        } | {
            /** @constant */
            kind: "take_back";
            /** Format: date-time */
            at: string;
            /** @description The other account of the person that it came under; only where that is not the one that is asked for. */
            account?: string;
            /** Format: date-time */
            window_start: string;
            step: number;
            /**
             * @description taking_back: under way. failed: the service refused.
             * @enum {string}
             */
            state: "taking_back" | "taken_back" | "failed";
            /** @description What is taken back. */
            reward: components["schemas"]["Reward"];
        } | {
            /** @constant */
            kind: "debt";
            /** Format: date-time */
            at: string;
            /** @description The other account of the person that it came under; only where that is not the one that is asked for. */
            account?: string;
            /** Format: date-time */
            window_start: string;
            step: number;
            /**
             * @description owed: the player owes it, since the step's reward was taken back. netted: it was kept back of the step's reward, and is owed no more.
             * @enum {string}
             */
            what: "owed" | "netted";
            /** @description NC, VOUCHER, or service:<name> for what an installation adds. */
            reward_type: string;
            amount: number;
        };
        /**
         * @description reached: nothing is paid for it. held: its reward waits for a release. paying: under way. netted: all of its reward made up for what the player owed. kept: paid, and the player keeps it, though the step is not reached any more. failed: refused for good. not_paid: nothing will be paid. cookie_to_open: a fortune cookie waits. taken_back: an event that it was reached by was taken back; the step may be reached again.
         * @enum {string}
         */
        ClaimState: "reached" | "held" | "paying" | "paid" | "netted" | "kept" | "failed" | "not_paid" | "cookie_to_open" | "taken_back";
        GamePreview: {
            game_id: string;
            title: string | null;
            outcome: string;
            reason: string | null;
            /** @description In words. */
            detail: string;
            /** @description What triggers ask for that the event is not. */
            missed: {
                trigger_id: string;
                condition: string;
            }[];
            /** @description By how much current_value would rise; of a reversal, fall: below 0. */
            adds: number;
            /** @description What it would be then. */
            current_value: number;
            max_value: number;
            /** @description The window it would count in. */
            window_start: string | null;
            steps_reached: {
                step: number;
                title: string | null;
                /** @enum {string} */
                step_type: "REWARD" | "EMPTY" | "FORTUNE_COOKIE";
                /** @description Its reward would wait for a release. */
                held: boolean;
                /** @description As promised; null where the step pays nothing. */
                reward: components["schemas"]["Reward"] | null;
            }[];
            /** @description What a reversal would take back. */
            steps_lost: {
                step: number;
                title: string | null;
                /** @enum {string} */
                step_type: "REWARD" | "EMPTY" | "FORTUNE_COOKIE";
                /** @description The player keeps what was paid for it. */
                kept: boolean;
                /** @description As earned, out of a fortune cookie too; null where the step pays nothing, and of a cookie that was not opened. */
                reward: components["schemas"]["Reward"] | null;
            }[];
        };
        ClaimCode: {
            game_id: string;
            step: number;
            /** Format: date-time */
            window_start: string;
            /** @description Worth money: show it, do not keep it. */
            code: string;
        };
        OpenedCookie: {
            game_id: string;
            step: number;
            /** Format: date-time */
            window_start: string;
            /** @description Of what the prize pays; reached: nothing is paid. */
            state: components["schemas"]["ClaimState"];
            prize: components["schemas"]["Prize"];
            /** @description How much of the reward was kept back for what the player owed. */
            netted: number;
            /** @description What the reward would have been, had enough been left for it; null where it was not lowered. */
            downgraded_from: number | null;
            /** @description It had been opened before, with this prize. */
            replayed: boolean;
        };
        EventAnswer: {
            event_id: string;
            outcome: components["schemas"]["Outcome"];
            reason: string | null;
            /** @description Judged before: outcome and reason are the original ones. */
            replayed: boolean;
        } | {
            event_id: null;
            /** @constant */
            outcome: "parked";
            reason: string;
            /** @description What was wrong with it. */
            detail: string;
            /** @constant */
            replayed: false;
        };
        /**
         * @description What became of an event.
         * @enum {string}
         */
        Outcome: "applied" | "held" | "reversed" | "late" | "not_in_cohort" | "outside_window" | "no_match" | "rejected" | "waiting" | "failed" | "duplicate" | "parked";
        Activation: {
            game_id: string;
            version: number;
            /** Format: date-time */
            in_force_from: string;
            changed: boolean;
            revision: number;
            before: number | null;
            /** @description What it changes in the version in force, in sentences. */
            differences: {
                path: string;
                sentence: string;
            }[];
            remarks: string[];
        };
        StatusChange: {
            game_id: string;
            change_no: number;
            /** @enum {string} */
            status: "active" | "paused" | "ended";
            /** Format: date-time */
            in_force_from: string;
            revision: number;
            remarks: string[];
        };
        /** @description event: flagged by fraud and risk management. claim: its reward is over a budget. */
        Hold: {
            /** @constant */
            kind: "event";
            user_id: string;
            producer: string;
            event_id: string;
            /**
             * Format: date-time
             * @description When it occurred.
             */
            since: string;
            /** @description What it was flagged with; null where its payload is no longer stored. */
            flag: unknown;
            games: {
                game_id: string;
                /** Format: date-time */
                window_start: string;
                /** @description What it counts there. */
                amount: number;
                /** @description Those that wait for this event, or for others in the same window. */
                claims: {
                    step: number;
                    earning: number;
                    step_type: string;
                    reward_type: string | null;
                    amount: number | null;
                }[];
            }[];
        } | {
            /** @constant */
            kind: "claim";
            user_id: string;
            /** @description The key of its reward. */
            key: string;
            /**
             * Format: date-time
             * @description When its reward was written.
             */
            since: string;
            game_id: string;
            /** Format: date-time */
            window_start: string;
            step: number;
            earning: number;
            reward_type: string;
            amount: number;
            /** @description The budget that had not enough left. */
            budget_id: string | null;
        };
        Explanation: {
            event_id: string;
            producer: string;
            /** @description The account that it came under; since a merge the one that counts. */
            user_id: string;
            /** @description The other accounts of the person when it was judged; only where there were any. */
            person?: string[];
            /** @description Such as applied, late, no_match. */
            outcome: string;
            /** @description Such as condition_failed; null where the outcome says it all. */
            reason: string | null;
            /** @description The whole answer in words that can be sent on; begins with CAUTION where it must not be. */
            answer: string;
            arrived: {
                /** Format: date-time */
                received_at: string;
                source: string | null;
                /** @description Of the first delivery. Repeats changed nothing and are not kept. */
                origin: string | null;
                /** @description Deliveries under its id with other content; they changed nothing. */
                conflicts: {
                    /** Format: date-time */
                    received_at: string;
                    origin: string;
                    payload: unknown;
                }[];
                judged_again: {
                    /** Format: date-time */
                    judged_at: string;
                    from: string;
                    to: string;
                    by: string | null;
                    reason: string | null;
                    run: number | null;
                }[];
            };
            /** @description When its player, or one whom it was about, was erased; what it said went with that. */
            erased_at: string | null;
            /** @description Null: no longer stored; it is older than retention, or erased. */
            event: {
                event_type: string;
                /** Format: date-time */
                occurred_at: string;
                correlation: {
                    payment_id: string | null;
                    txn_id: string | null;
                    canonical_transaction_id: string | null;
                    original_event_id: string | null;
                };
                attributes: {
                    [key: string]: unknown;
                };
            } | null;
            /** @description The decision taken again by what was known then. Where it does not agree with what is stored, something is wrong. Null where what it said is no longer stored, and of merges. */
            recomputed: {
                /** @description Such as applied, late, no_match. */
                outcome: string;
                /** @description Such as condition_failed; null where the outcome says it all. */
                reason: string | null;
                agrees: boolean;
                differences: string[];
            } | null;
            error: string | null;
            /** @description Every game that looked at it, or ran when it occurred: those first in which it counted, then as they came near to it. */
            games: {
                game_id: string;
                /** @description The config version that judged. */
                version: number;
                /** @description Such as applied, late, no_match. */
                outcome: string;
                /** @description Such as condition_failed; null where the outcome says it all. */
                reason: string | null;
                /** @description In words that can be sent on. */
                answer: string;
                window: {
                    /** Format: date-time */
                    start: string;
                    /** Format: date-time */
                    end: string;
                    /** Format: date-time */
                    accepted_until: string;
                } | null;
                status: string;
                cohort: {
                    cohort_id: string;
                    member: boolean;
                    memberships: {
                        /** Format: date-time */
                        from: string;
                        until: string | null;
                    }[];
                };
                /** @description Null where a game asks for no joining. */
                joined_at: string[] | null;
                triggers: {
                    /** @description Null: the rule for joining. */
                    trigger_id: string | null;
                    event_type: string;
                    /** @description What it asks for, in words. */
                    condition: string;
                    matches: boolean;
                    /** @description The first thing that is not so. */
                    failed: ({
                        op: string;
                        field: string;
                        wanted: unknown;
                        /** @description Null where the event does not have the field. */
                        found: unknown;
                        in_words: string;
                    } | {
                        /** @constant */
                        op: "not";
                        unwanted: string;
                        in_words: string;
                    }) | null;
                    /** @description What it adds before caps, if it matches. */
                    worth: number | null;
                }[];
                frm: {
                    flag: unknown;
                    policy: string;
                } | null;
                /** @description Where the event counted. */
                progress: {
                    before: number;
                    after: number;
                    max: number;
                    unit: string;
                    in_words: string[];
                } | null;
                credits: {
                    trigger_id: string;
                    amount: number;
                    held: boolean;
                }[];
                claims: {
                    step: number;
                    step_type: string;
                    status: string;
                    reward_type: string | null;
                    amount: number | null;
                }[];
            }[];
            /** @description What it says about other events, if it is a reversal or a verdict. */
            ruling: {
                /** @enum {string} */
                kind: "reversed" | "released" | "voided";
                original_event_id: string | null;
                payment_id: string | null;
                /** @description How much is taken back, in major units; null for all. */
                amount: number | null;
                answer: string;
                games: {
                    game_id: string;
                    /** Format: date-time */
                    window_start: string;
                    /** @description Where the event counted. */
                    progress: {
                        before: number;
                        after: number;
                        max: number;
                        unit: string;
                        in_words: string[];
                    } | null;
                    answer: string;
                }[];
            } | null;
            /** @description What is in the books because of it. */
            changed: {
                credits: {
                    game_id: string;
                    /** Format: date-time */
                    window_start: string;
                    trigger_id: string;
                    amount: number;
                    held: boolean;
                    version: number;
                    /** @description What rulings have made of it; the last one holds. */
                    corrections: {
                        /** @description The events that say so: one ruling, or all that were there before the event. */
                        by: {
                            event_id: string;
                            producer: string;
                        }[];
                        /** @enum {string} */
                        kind: "reversed" | "released" | "voided";
                        /** @description The ruling was there before the event. */
                        came_first: boolean;
                        /** Format: date-time */
                        corrected_at: string;
                        amount: number;
                        /** @description What is left of the event's own amount; null where nothing was taken back. */
                        remaining: number | null;
                        held: boolean;
                    }[];
                }[];
                /** @description What it has ruled about other events. */
                ruled: {
                    /** @description The events that say so: one ruling, or all that were there before the event. */
                    by: {
                        event_id: string;
                        producer: string;
                    }[];
                    /** @enum {string} */
                    kind: "reversed" | "released" | "voided";
                    /** @description The ruling was there before the event. */
                    came_first: boolean;
                    /** Format: date-time */
                    corrected_at: string;
                    amount: number;
                    /** @description What is left of the event's own amount; null where nothing was taken back. */
                    remaining: number | null;
                    held: boolean;
                    event_id: string | null;
                    payment_id: string | null;
                    game_id: string;
                    /** Format: date-time */
                    window_start: string;
                    trigger_id: string;
                    transaction_amount: number | null;
                    before: {
                        amount: number;
                        remaining: number | null;
                        held: boolean;
                    };
                }[];
                joined: {
                    game_id: string;
                    /** Format: date-time */
                    joined_at: string;
                }[];
                /** @description The steps that were reached with it. */
                claims: {
                    game_id: string;
                    /** Format: date-time */
                    window_start: string;
                    step: number;
                    earning: number;
                    /** @description The account of the person that it came under; only where that is not the one of user_id. */
                    account?: string;
                    step_type: string;
                    status: string;
                    version: number;
                    reward_type: string | null;
                    amount: number | null;
                    key: string | null;
                    /** Format: date-time */
                    claimed_at: string;
                    /** @description Of its game. */
                    time_zone: string;
                    /** @description The event that reached the step; null where it is not on record any more. */
                    event_id: string | null;
                    /** @description It was cancelled by a merge, since another account of the person has the step as well. */
                    repeated: boolean;
                    /** @description Each change of its status. */
                    history: {
                        from: string;
                        to: string;
                        /** Format: date-time */
                        changed_at: string;
                        /** @description The event that did so; null where it is not on record any more. */
                        event_id: string | null;
                        /** @description The producer of that event, where it was a reversal or a verdict. */
                        producer: string | null;
                    }[];
                    /** @description The step has been reached anew since this claim was taken back. */
                    reached_again: boolean;
                    /** @description Of a fortune cookie that was opened. */
                    opening: {
                        /** Format: date-time */
                        opened_at: string;
                        /** @description The event that did so; null where it is not on record any more. */
                        event_id: string | null;
                        /** @description Null: nothing was left. */
                        prize_id: string | null;
                    } | null;
                    /** @description Null for steps that pay nothing, and while nothing has been sent off. */
                    reward: {
                        service: string;
                        state: string;
                        /** @description What is paid: a budget may have lowered it, or debts. */
                        amount: number;
                        /** @description What it was before a budget had not enough left for it. */
                        lowered_from: number | null;
                        attempts: number;
                        /** Format: date-time */
                        written_at: string;
                        settled_at: string | null;
                        next_attempt_at: string | null;
                        last_error: string | null;
                        calls: {
                            attempt: number;
                            /** Format: date-time */
                            started_at: string;
                            /** Format: date-time */
                            ended_at: string;
                            result: string;
                            error: string | null;
                        }[];
                        retries: {
                            /** Format: date-time */
                            retried_at: string;
                            retried_by: string;
                            reason: string;
                            from_state: string;
                        }[];
                    } | null;
                    /** @description What takes the reward back from the player, where something does. */
                    take_back: {
                        service: string;
                        state: string;
                        /** @description What is paid: a budget may have lowered it, or debts. */
                        amount: number;
                        /** @description What it was before a budget had not enough left for it. */
                        lowered_from: number | null;
                        attempts: number;
                        /** Format: date-time */
                        written_at: string;
                        settled_at: string | null;
                        next_attempt_at: string | null;
                        last_error: string | null;
                        calls: {
                            attempt: number;
                            /** Format: date-time */
                            started_at: string;
                            /** Format: date-time */
                            ended_at: string;
                            result: string;
                            error: string | null;
                        }[];
                        retries: {
                            /** Format: date-time */
                            retried_at: string;
                            retried_by: string;
                            reason: string;
                            from_state: string;
                        }[];
                    } | null;
                    /** @description How much of it was kept back for what the player owed, by the claim that is owed. */
                    kept_back: {
                        game_id: string;
                        /** Format: date-time */
                        window_start: string;
                        step: number;
                        earning: number;
                        /** @description The account of the person that it came under; only where that is not the one of user_id. */
                        account?: string;
                        /** @description The event that did so; null where it is not on record any more. */
                        event_id: string | null;
                        /** @description The producer of that event, where it was a reversal or a verdict. */
                        producer: string | null;
                        amount: number;
                    }[];
                    /** @description What the player owes since it was taken back. */
                    debts: {
                        game_id: string;
                        /** Format: date-time */
                        window_start: string;
                        step: number;
                        earning: number;
                        /** @description The account of the person that it came under; only where that is not the one of user_id. */
                        account?: string;
                        reward_type: string;
                        amount: number;
                        /** @description The event that did so; null where it is not on record any more. */
                        event_id: string | null;
                        /** @description The producer of that event, where it was a reversal or a verdict. */
                        producer: string | null;
                        /**
                         * @description It counts once the reward is known to have been paid. settled: all of it has been made up for.
                         * @enum {string}
                         */
                        state: "owed" | "settled" | "waiting" | "void";
                        /** @description When it arose. */
                        since: string | null;
                        /** @description What has not been made up for. */
                        left: number;
                        /** @description The rewards that were lowered by it. */
                        made_up_by: {
                            game_id: string;
                            /** Format: date-time */
                            window_start: string;
                            step: number;
                            earning: number;
                            /** @description The account of the person that it came under; only where that is not the one of user_id. */
                            account?: string;
                            amount: number;
                            /** Format: date-time */
                            at: string;
                            /** @description The event that did so; null where it is not on record any more. */
                            event_id: string | null;
                        }[];
                    }[];
                }[];
                /** @description Claims of other events whose status it changed. */
                transitions: {
                    game_id: string;
                    /** Format: date-time */
                    window_start: string;
                    step: number;
                    earning: number;
                    /** @description The account of the person that it came under; only where that is not the one of user_id. */
                    account?: string;
                    step_type: string;
                    status: string;
                    version: number;
                    reward_type: string | null;
                    amount: number | null;
                    key: string | null;
                    /** Format: date-time */
                    claimed_at: string;
                    /** @description Of its game. */
                    time_zone: string;
                    /** @description The event that reached the step; null where it is not on record any more. */
                    event_id: string | null;
                    /** @description It was cancelled by a merge, since another account of the person has the step as well. */
                    repeated: boolean;
                    /** @description Each change of its status. */
                    history: {
                        from: string;
                        to: string;
                        /** Format: date-time */
                        changed_at: string;
                        /** @description The event that did so; null where it is not on record any more. */
                        event_id: string | null;
                        /** @description The producer of that event, where it was a reversal or a verdict. */
                        producer: string | null;
                    }[];
                    /** @description The step has been reached anew since this claim was taken back. */
                    reached_again: boolean;
                    /** @description Of a fortune cookie that was opened. */
                    opening: {
                        /** Format: date-time */
                        opened_at: string;
                        /** @description The event that did so; null where it is not on record any more. */
                        event_id: string | null;
                        /** @description Null: nothing was left. */
                        prize_id: string | null;
                    } | null;
                    /** @description Null for steps that pay nothing, and while nothing has been sent off. */
                    reward: {
                        service: string;
                        state: string;
                        /** @description What is paid: a budget may have lowered it, or debts. */
                        amount: number;
                        /** @description What it was before a budget had not enough left for it. */
                        lowered_from: number | null;
                        attempts: number;
                        /** Format: date-time */
                        written_at: string;
                        settled_at: string | null;
                        next_attempt_at: string | null;
                        last_error: string | null;
                        calls: {
                            attempt: number;
                            /** Format: date-time */
                            started_at: string;
                            /** Format: date-time */
                            ended_at: string;
                            result: string;
                            error: string | null;
                        }[];
                        retries: {
                            /** Format: date-time */
                            retried_at: string;
                            retried_by: string;
                            reason: string;
                            from_state: string;
                        }[];
                    } | null;
                    /** @description What takes the reward back from the player, where something does. */
                    take_back: {
                        service: string;
                        state: string;
                        /** @description What is paid: a budget may have lowered it, or debts. */
                        amount: number;
                        /** @description What it was before a budget had not enough left for it. */
                        lowered_from: number | null;
                        attempts: number;
                        /** Format: date-time */
                        written_at: string;
                        settled_at: string | null;
                        next_attempt_at: string | null;
                        last_error: string | null;
                        calls: {
                            attempt: number;
                            /** Format: date-time */
                            started_at: string;
                            /** Format: date-time */
                            ended_at: string;
                            result: string;
                            error: string | null;
                        }[];
                        retries: {
                            /** Format: date-time */
                            retried_at: string;
                            retried_by: string;
                            reason: string;
                            from_state: string;
                        }[];
                    } | null;
                    /** @description How much of it was kept back for what the player owed, by the claim that is owed. */
                    kept_back: {
                        game_id: string;
                        /** Format: date-time */
                        window_start: string;
                        step: number;
                        earning: number;
                        /** @description The account of the person that it came under; only where that is not the one of user_id. */
                        account?: string;
                        /** @description The event that did so; null where it is not on record any more. */
                        event_id: string | null;
                        /** @description The producer of that event, where it was a reversal or a verdict. */
                        producer: string | null;
                        amount: number;
                    }[];
                    /** @description What the player owes since it was taken back. */
                    debts: {
                        game_id: string;
                        /** Format: date-time */
                        window_start: string;
                        step: number;
                        earning: number;
                        /** @description The account of the person that it came under; only where that is not the one of user_id. */
                        account?: string;
                        reward_type: string;
                        amount: number;
                        /** @description The event that did so; null where it is not on record any more. */
                        event_id: string | null;
                        /** @description The producer of that event, where it was a reversal or a verdict. */
                        producer: string | null;
                        /**
                         * @description It counts once the reward is known to have been paid. settled: all of it has been made up for.
                         * @enum {string}
                         */
                        state: "owed" | "settled" | "waiting" | "void";
                        /** @description When it arose. */
                        since: string | null;
                        /** @description What has not been made up for. */
                        left: number;
                        /** @description The rewards that were lowered by it. */
                        made_up_by: {
                            game_id: string;
                            /** Format: date-time */
                            window_start: string;
                            step: number;
                            earning: number;
                            /** @description The account of the person that it came under; only where that is not the one of user_id. */
                            account?: string;
                            amount: number;
                            /** Format: date-time */
                            at: string;
                            /** @description The event that did so; null where it is not on record any more. */
                            event_id: string | null;
                        }[];
                    }[];
                    from: string;
                    to: string;
                    /** Format: date-time */
                    changed_at: string;
                }[];
                /** @description Claims of other events that changed by what was ruled about this one. */
                undone: {
                    game_id: string;
                    /** Format: date-time */
                    window_start: string;
                    step: number;
                    earning: number;
                    /** @description The account of the person that it came under; only where that is not the one of user_id. */
                    account?: string;
                    step_type: string;
                    status: string;
                    version: number;
                    reward_type: string | null;
                    amount: number | null;
                    key: string | null;
                    /** Format: date-time */
                    claimed_at: string;
                    /** @description Of its game. */
                    time_zone: string;
                    /** @description The event that reached the step; null where it is not on record any more. */
                    event_id: string | null;
                    /** @description It was cancelled by a merge, since another account of the person has the step as well. */
                    repeated: boolean;
                    /** @description Each change of its status. */
                    history: {
                        from: string;
                        to: string;
                        /** Format: date-time */
                        changed_at: string;
                        /** @description The event that did so; null where it is not on record any more. */
                        event_id: string | null;
                        /** @description The producer of that event, where it was a reversal or a verdict. */
                        producer: string | null;
                    }[];
                    /** @description The step has been reached anew since this claim was taken back. */
                    reached_again: boolean;
                    /** @description Of a fortune cookie that was opened. */
                    opening: {
                        /** Format: date-time */
                        opened_at: string;
                        /** @description The event that did so; null where it is not on record any more. */
                        event_id: string | null;
                        /** @description Null: nothing was left. */
                        prize_id: string | null;
                    } | null;
                    /** @description Null for steps that pay nothing, and while nothing has been sent off. */
                    reward: {
                        service: string;
                        state: string;
                        /** @description What is paid: a budget may have lowered it, or debts. */
                        amount: number;
                        /** @description What it was before a budget had not enough left for it. */
                        lowered_from: number | null;
                        attempts: number;
                        /** Format: date-time */
                        written_at: string;
                        settled_at: string | null;
                        next_attempt_at: string | null;
                        last_error: string | null;
                        calls: {
                            attempt: number;
                            /** Format: date-time */
                            started_at: string;
                            /** Format: date-time */
                            ended_at: string;
                            result: string;
                            error: string | null;
                        }[];
                        retries: {
                            /** Format: date-time */
                            retried_at: string;
                            retried_by: string;
                            reason: string;
                            from_state: string;
                        }[];
                    } | null;
                    /** @description What takes the reward back from the player, where something does. */
                    take_back: {
                        service: string;
                        state: string;
                        /** @description What is paid: a budget may have lowered it, or debts. */
                        amount: number;
                        /** @description What it was before a budget had not enough left for it. */
                        lowered_from: number | null;
                        attempts: number;
                        /** Format: date-time */
                        written_at: string;
                        settled_at: string | null;
                        next_attempt_at: string | null;
                        last_error: string | null;
                        calls: {
                            attempt: number;
                            /** Format: date-time */
                            started_at: string;
                            /** Format: date-time */
                            ended_at: string;
                            result: string;
                            error: string | null;
                        }[];
                        retries: {
                            /** Format: date-time */
                            retried_at: string;
                            retried_by: string;
                            reason: string;
                            from_state: string;
                        }[];
                    } | null;
                    /** @description How much of it was kept back for what the player owed, by the claim that is owed. */
                    kept_back: {
                        game_id: string;
                        /** Format: date-time */
                        window_start: string;
                        step: number;
                        earning: number;
                        /** @description The account of the person that it came under; only where that is not the one of user_id. */
                        account?: string;
                        /** @description The event that did so; null where it is not on record any more. */
                        event_id: string | null;
                        /** @description The producer of that event, where it was a reversal or a verdict. */
                        producer: string | null;
                        amount: number;
                    }[];
                    /** @description What the player owes since it was taken back. */
                    debts: {
                        game_id: string;
                        /** Format: date-time */
                        window_start: string;
                        step: number;
                        earning: number;
                        /** @description The account of the person that it came under; only where that is not the one of user_id. */
                        account?: string;
                        reward_type: string;
                        amount: number;
                        /** @description The event that did so; null where it is not on record any more. */
                        event_id: string | null;
                        /** @description The producer of that event, where it was a reversal or a verdict. */
                        producer: string | null;
                        /**
                         * @description It counts once the reward is known to have been paid. settled: all of it has been made up for.
                         * @enum {string}
                         */
                        state: "owed" | "settled" | "waiting" | "void";
                        /** @description When it arose. */
                        since: string | null;
                        /** @description What has not been made up for. */
                        left: number;
                        /** @description The rewards that were lowered by it. */
                        made_up_by: {
                            game_id: string;
                            /** Format: date-time */
                            window_start: string;
                            step: number;
                            earning: number;
                            /** @description The account of the person that it came under; only where that is not the one of user_id. */
                            account?: string;
                            amount: number;
                            /** Format: date-time */
                            at: string;
                            /** @description The event that did so; null where it is not on record any more. */
                            event_id: string | null;
                        }[];
                    }[];
                }[];
            };
            /** @description A correction has the id of what it corrects, and a producer of its own. */
            correction: {
                /** @description What it corrects; null where it is no correction. */
                corrects: {
                    event_id: string;
                    producer: string;
                } | null;
                /** @description What takes its place, or that of what it corrects. */
                corrected_as: {
                    event_id: string;
                    producer: string;
                } | null;
            };
            /** @description The fortune cookie that it opened. */
            opening: {
                game_id: string;
                step: number;
                /** @description Null: nothing was left. */
                prize_id: string | null;
                reward_type: string | null;
                amount: number | null;
                /** @description What it was drawn from, as it was before. Not for players. */
                prizes: {
                    prize_id: string;
                    weight: number;
                    left: number | null;
                }[];
            } | null;
        };
        Readiness: {
            ready: boolean;
            /** @description Redis is away, and reads are slower; or PostgreSQL is, and games are shown as they were. */
            degraded: boolean;
            checks: {
                /** @enum {string} */
                database: "up" | "down";
                /** @enum {string} */
                migrations: "present" | "missing" | "unknown";
                /** @enum {string} */
                redis: "up" | "down" | "not_configured";
                /** @enum {string} */
                kafka?: "reading" | "held_up" | "paused";
            };
            /** @description The oldest work has waited for long; players are behind. */
            lagging?: boolean;
            /** @description Topics that a person has paused. */
            paused?: string[];
            /** @description For how long the oldest work has waited; null while unknown. */
            delay_seconds?: {
                kafka?: number | null;
                outbox?: number | null;
            };
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    getActiveGames: {
        parameters: {
            query?: {
                /** @description Wait until this event has been judged, and say what became of it. */
                after_event?: string;
                /** @description The same, by the payment that the event tells of. */
                after_payment?: string;
                /** @description For so many seconds at most; 10 unless given. */
                wait?: number;
            };
            header?: {
                /** @description The player, percent-encoded as in a URL; for tokens with the scope bff, which must name one. */
                "x-player-id"?: string;
                /** @description Tags of answers that the caller has. */
                "if-none-match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Those that end first come first. */
            200: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description Changes when something has happened, not with time alone. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        games: components["schemas"]["WidgetGame"][];
                        after?: components["schemas"]["After"];
                    };
                };
            };
            /** @description The caller has it already (If-None-Match). */
            304: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description Changes when something has happened, not with time alone. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Something in the request is not right; nothing was done. */
            400: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no token, or it is not accepted; WWW-Authenticate says which. */
            401: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description What is wrong with the token. */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token lacks the scope. */
            403: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Path and query have more than 2048 characters. */
            414: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This player or producer asks too often; Retry-After says when to come back. */
            429: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description Seconds after which to come back. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong inside; request_id names the entry in the log. */
            500: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The database, or the issuer of tokens, cannot be reached; Retry-After says when to come back. */
            503: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description Seconds after which to come back. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getGame: {
        parameters: {
            query?: {
                /** @description Wait until this event has been judged, and say what became of it. */
                after_event?: string;
                /** @description The same, by the payment that the event tells of. */
                after_payment?: string;
                /** @description For so many seconds at most; 10 unless given. */
                wait?: number;
                window?: string;
            };
            header?: {
                /** @description The player, percent-encoded as in a URL; for tokens with the scope bff, which must name one. */
                "x-player-id"?: string;
                /** @description Tags of answers that the caller has. */
                "if-none-match"?: string;
            };
            path: {
                game_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The game as the player sees it. */
            200: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description Changes when something has happened, not with time alone. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Journey"];
                };
            };
            /** @description The caller has it already (If-None-Match). */
            304: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description Changes when something has happened, not with time alone. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Something in the request is not right; nothing was done. */
            400: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no token, or it is not accepted; WWW-Authenticate says which. */
            401: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description What is wrong with the token. */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token lacks the scope. */
            403: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This player takes part in no such game, or there is none. */
            404: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Path and query have more than 2048 characters. */
            414: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This player or producer asks too often; Retry-After says when to come back. */
            429: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description Seconds after which to come back. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong inside; request_id names the entry in the log. */
            500: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The database, or the issuer of tokens, cannot be reached; Retry-After says when to come back. */
            503: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description Seconds after which to come back. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getHistory: {
        parameters: {
            query?: {
                /** @description Entries in a page; 100 unless given. */
                limit?: number;
                cursor?: string;
                /** @description Whether events that did not count are told; they are unless it is false. */
                not_counted?: boolean;
            };
            header?: {
                /** @description The player, percent-encoded as in a URL; for tokens with the scope bff, which must name one. */
                "x-player-id"?: string;
                /** @description Tags of answers that the caller has. */
                "if-none-match"?: string;
            };
            path: {
                game_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description Changes when something has happened, not with time alone. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        game_id: string;
                        entries: components["schemas"]["HistoryEntry"][];
                        /** @description Asks for the page after this one; null on the last. */
                        next_cursor: string | null;
                    };
                };
            };
            /** @description The caller has it already (If-None-Match). */
            304: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description Changes when something has happened, not with time alone. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Something in the request is not right; nothing was done. */
            400: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no token, or it is not accepted; WWW-Authenticate says which. */
            401: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description What is wrong with the token. */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token lacks the scope. */
            403: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This player takes part in no such game, or there is none. */
            404: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Path and query have more than 2048 characters. */
            414: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This player or producer asks too often; Retry-After says when to come back. */
            429: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description Seconds after which to come back. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong inside; request_id names the entry in the log. */
            500: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The database, or the issuer of tokens, cannot be reached; Retry-After says when to come back. */
            503: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description Seconds after which to come back. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    previewEvent: {
        parameters: {
            query?: never;
            header?: {
                /** @description The player, percent-encoded as in a URL; for tokens with the scope bff, which must name one. */
                "x-player-id"?: string;
            };
            path?: never;
            cookie?: never;
        };
        /** @description A canonical event, of which the rest may be left out. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "event_type": "payment_success",
                 *       "correlation": {
                 *         "payment_id": "pay_123"
                 *       },
                 *       "attributes": {
                 *         "transaction_type": "UPI",
                 *         "payment_status": "SUCCESS",
                 *         "transaction_amount": 25000
                 *       }
                 *     }
                 */
                "application/json": {
                    event_id?: string;
                    event_version?: string;
                    /**
                     * Format: date-time
                     * @description Now unless given.
                     * @example 2026-06-01T00:00:00+05:30
                     */
                    occurred_at?: string;
                    producer?: string;
                    event_type: string;
                    attributes?: {
                        [key: string]: unknown;
                    };
                    correlation?: {
                        [key: string]: unknown;
                    };
                };
            };
        };
        responses: {
            /** @description The change it would make, by game. */
            200: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description What the event would be answered; of one that has been judged already, what it was. */
                        outcome: string;
                        reason: string | null;
                        /** @description In words. */
                        detail: string;
                        /** @description An event of this id has been judged already: it would change nothing. */
                        replayed: boolean;
                        games: components["schemas"]["GamePreview"][];
                    };
                };
            };
            /** @description Something in the request is not right; nothing was done. */
            400: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no token, or it is not accepted; WWW-Authenticate says which. */
            401: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description What is wrong with the token. */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token lacks the scope. */
            403: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body has more than 4194304 bytes, or too many entries. */
            413: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Path and query have more than 2048 characters. */
            414: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not plain JSON. */
            415: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This player or producer asks too often; Retry-After says when to come back. */
            429: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description Seconds after which to come back. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong inside; request_id names the entry in the log. */
            500: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The database, or the issuer of tokens, cannot be reached; Retry-After says when to come back. */
            503: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description Seconds after which to come back. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    streamGames: {
        parameters: {
            query?: never;
            header?: {
                /** @description The id of the last event that the caller has had. */
                "last-event-id"?: string;
                /** @description The player, percent-encoded as in a URL; for tokens with the scope bff, which must name one. */
                "x-player-id"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A stream that goes on until it is closed. */
            200: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Something in the request is not right; nothing was done. */
            400: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no token, or it is not accepted; WWW-Authenticate says which. */
            401: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description What is wrong with the token. */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token lacks the scope. */
            403: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Path and query have more than 2048 characters. */
            414: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This player or producer asks too often; Retry-After says when to come back. */
            429: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description Seconds after which to come back. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong inside; request_id names the entry in the log. */
            500: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The database, or the issuer of tokens, cannot be reached; Retry-After says when to come back. */
            503: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description Seconds after which to come back. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getCodeOfClaim: {
        parameters: {
            query?: {
                window?: string;
            };
            header?: {
                /** @description The player, percent-encoded as in a URL; for tokens with the scope bff, which must name one. */
                "x-player-id"?: string;
            };
            path: {
                game_id: string;
                step: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The code. Never cached (no-store), and in no log. */
            200: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ClaimCode"];
                };
            };
            /** @description Something in the request is not right; nothing was done. */
            400: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no token, or it is not accepted; WWW-Authenticate says which. */
            401: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description What is wrong with the token. */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token lacks the scope. */
            403: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The player has no such claim, or it has no code: none was issued, or not yet, or it was not kept. */
            404: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The voucher was taken back. */
            409: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Path and query have more than 2048 characters. */
            414: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This player or producer asks too often; Retry-After says when to come back. */
            429: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description Seconds after which to come back. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong inside; request_id names the entry in the log. */
            500: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The database, or the issuer of tokens, cannot be reached; Retry-After says when to come back. */
            503: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description Seconds after which to come back. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    openCookie: {
        parameters: {
            query?: {
                window?: string;
            };
            header?: {
                /** @description The player, percent-encoded as in a URL; for tokens with the scope bff, which must name one. */
                "x-player-id"?: string;
            };
            path: {
                game_id: string;
                step: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What came out of it. */
            200: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OpenedCookie"];
                };
            };
            /** @description Something in the request is not right; nothing was done. */
            400: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no token, or it is not accepted; WWW-Authenticate says which. */
            401: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description What is wrong with the token. */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token lacks the scope. */
            403: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The player has no cookie on that step: it is not reached, or is no cookie. */
            404: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It waits for a release, was taken back, or cannot be opened now: the game is paused, or does not say what may come out. */
            409: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Path and query have more than 2048 characters. */
            414: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This player or producer asks too often; Retry-After says when to come back. */
            429: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description Seconds after which to come back. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong inside; request_id names the entry in the log. */
            500: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The database, or the issuer of tokens, cannot be reached; Retry-After says when to come back. */
            503: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description Seconds after which to come back. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    sendEvents: {
        parameters: {
            query?: {
                /** @description The mapping that reads the events; canonical unless given. */
                source?: string;
            };
            header?: {
                /** @description Stands in for a missing event_id, for one event only. */
                "idempotency-key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        /** @description One event as its source maps it (canonical: docs/schemas/event.schema.json), or {"events": […]} with at most 500. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "event_id": "evt_pay_001",
                 *       "event_type": "payment_success",
                 *       "occurred_at": "2026-06-10T11:05:00+05:30",
                 *       "producer": "payments",
                 *       "user_id": "U1",
                 *       "attributes": {
                 *         "transaction_type": "UPI",
                 *         "payment_status": "SUCCESS",
                 *         "transaction_amount": 25000
                 *       }
                 *     }
                 */
                "application/json": {
                    events: {
                        [key: string]: unknown;
                    }[];
                } | {
                    [key: string]: unknown;
                };
            };
        };
        responses: {
            /** @description What became of each, in their order. */
            200: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        results: components["schemas"]["EventAnswer"][];
                    };
                };
            };
            /** @description Something in the request is not right; nothing was done. */
            400: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no token, or it is not accepted; WWW-Authenticate says which. */
            401: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description What is wrong with the token. */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token lacks the scope, or an event is of a producer or source that it does not name. */
            403: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body has more than 4194304 bytes, or too many entries. */
            413: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Path and query have more than 2048 characters. */
            414: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not plain JSON. */
            415: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This player or producer asks too often; Retry-After says when to come back. */
            429: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description Seconds after which to come back. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong inside; request_id names the entry in the log. */
            500: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The database, or the issuer of tokens, cannot be reached; Retry-After says when to come back. */
            503: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description Seconds after which to come back. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listGames: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description By their ids. */
            200: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        games: {
                            game_id: string;
                            /** @description Names what was seen, for whoever then changes the game. */
                            revision: number;
                            version: number;
                            versions: number;
                            /** @enum {string} */
                            state: "upcoming" | "active" | "paused" | "ended";
                            window: {
                                /** Format: date-time */
                                start: string;
                                /** Format: date-time */
                                end: string;
                            };
                            cohort_id: string;
                            archetype: string;
                            time_zone: string;
                        }[];
                    };
                };
            };
            /** @description There is no token, or it is not accepted; WWW-Authenticate says which. */
            401: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description What is wrong with the token. */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token lacks the scope. */
            403: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Path and query have more than 2048 characters. */
            414: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong inside; request_id names the entry in the log. */
            500: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The database, or the issuer of tokens, cannot be reached; Retry-After says when to come back. */
            503: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description Seconds after which to come back. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    lookAtGame: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                game_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The game as it is now. */
            200: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description The game's revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        game_id: string;
                        /** @description Names what was seen, for whoever then changes the game. */
                        revision: number;
                        version: number;
                        versions: number;
                        /** @enum {string} */
                        state: "upcoming" | "active" | "paused" | "ended";
                        window: {
                            /** Format: date-time */
                            start: string;
                            /** Format: date-time */
                            end: string;
                        };
                        cohort_id: string;
                        archetype: string;
                        time_zone: string;
                        timeline: {
                            versions: {
                                version: number;
                                /** @enum {string} */
                                state: "past" | "in_force" | "planned" | "cancelled";
                                /** Format: date-time */
                                in_force_from: string;
                                /** Format: date-time */
                                made_at: string;
                                made_by: string;
                                reason: string;
                            }[];
                            statuses: {
                                change_no: number;
                                /** @enum {string} */
                                status: "active" | "paused" | "ended";
                                /** @enum {string} */
                                state: "past" | "in_force" | "planned" | "cancelled";
                                /** Format: date-time */
                                in_force_from: string;
                                /** Format: date-time */
                                made_at: string;
                                made_by: string;
                                reason: string;
                            }[];
                        };
                        /** @description A game as it is configured: docs/schemas/game.schema.json. */
                        config: {
                            [key: string]: unknown;
                        };
                    };
                };
            };
            /** @description Something in the request is not right; nothing was done. */
            400: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no token, or it is not accepted; WWW-Authenticate says which. */
            401: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description What is wrong with the token. */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token lacks the scope. */
            403: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no such game. */
            404: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Path and query have more than 2048 characters. */
            414: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong inside; request_id names the entry in the log. */
            500: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The database, or the issuer of tokens, cannot be reached; Retry-After says when to come back. */
            503: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description Seconds after which to come back. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    lookAtVersion: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                game_id: string;
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description With its text as its owner wrote it. */
            200: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        game_id: string;
                        version: number;
                        /** Format: date-time */
                        in_force_from: string;
                        /** Format: date-time */
                        made_at: string;
                        made_by: string;
                        reason: string;
                        /** @description A game as it is configured: docs/schemas/game.schema.json. */
                        config: {
                            [key: string]: unknown;
                        };
                        source_text: string | null;
                    };
                };
            };
            /** @description Something in the request is not right; nothing was done. */
            400: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no token, or it is not accepted; WWW-Authenticate says which. */
            401: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description What is wrong with the token. */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token lacks the scope. */
            403: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no such game, or no such version of it. */
            404: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Path and query have more than 2048 characters. */
            414: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong inside; request_id names the entry in the log. */
            500: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The database, or the issuer of tokens, cannot be reached; Retry-After says when to come back. */
            503: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description Seconds after which to come back. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    validateGame: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description The game: docs/schemas/game.schema.json. */
        requestBody: {
            content: {
                "application/json": unknown;
            };
        };
        responses: {
            /** @description Whether it is right, and what it would change. */
            200: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        valid: boolean;
                        problems: {
                            /** @description Where, such as $.members[0].from; empty when the input as a whole is meant. */
                            path: string;
                            /** @description What was found, and the mend. */
                            message: string;
                        }[];
                        game_id: string | null;
                        /** @description The version it was compared with; null for a new game. */
                        against: number | null;
                        /** @description What it changes in the version in force, in sentences. */
                        differences: {
                            path: string;
                            sentence: string;
                        }[];
                        /** @description What would be refused if it were activated now. */
                        remarks: string[];
                    };
                };
            };
            /** @description Something in the request is not right; nothing was done. */
            400: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no token, or it is not accepted; WWW-Authenticate says which. */
            401: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description What is wrong with the token. */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token lacks the scope. */
            403: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body has more than 4194304 bytes, or too many entries. */
            413: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Path and query have more than 2048 characters. */
            414: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not plain JSON. */
            415: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong inside; request_id names the entry in the log. */
            500: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The database, or the issuer of tokens, cannot be reached; Retry-After says when to come back. */
            503: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description Seconds after which to come back. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    activateVersion: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of the game as it was seen, such as "3". */
                "if-match"?: string;
                /** @description * for a new game. */
                "if-none-match"?: string;
            };
            path: {
                game_id: string;
            };
            cookie?: never;
        };
        /** @description The game, why, and since when. */
        requestBody: {
            content: {
                "application/json": {
                    /** @description A game as it is configured: docs/schemas/game.schema.json. */
                    config: {
                        [key: string]: unknown;
                    };
                    /**
                     * Format: date-time
                     * @example 2026-06-01T00:00:00+05:30
                     */
                    from?: string;
                    reason: string;
                    /**
                     * @description Meant to change what has been judged already.
                     * @default false
                     */
                    into_the_past?: boolean;
                };
            };
        };
        responses: {
            /** @description It is in force already. */
            200: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description The game's revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Activation"];
                };
            };
            /** @description Activated. */
            201: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description The game's revision. */
                    ETag?: string;
                    /** @description The version. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Activation"];
                };
            };
            /** @description Something in the request is not right; nothing was done. */
            400: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no token, or it is not accepted; WWW-Authenticate says which. */
            401: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description What is wrong with the token. */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token lacks the scope. */
            403: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no such game. */
            404: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The game does not allow this change; nothing was changed. */
            409: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Somebody else was faster: the header ETag is the present revision. */
            412: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body has more than 4194304 bytes, or too many entries. */
            413: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Path and query have more than 2048 characters. */
            414: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not plain JSON. */
            415: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The game's configuration is not right. */
            422: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description If-Match or If-None-Match is missing. */
            428: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong inside; request_id names the entry in the log. */
            500: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The database, or the issuer of tokens, cannot be reached; Retry-After says when to come back. */
            503: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description Seconds after which to come back. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    rollBackGame: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of the game as it was seen, such as "3". */
                "if-match"?: string;
                /** @description * for a new game. */
                "if-none-match"?: string;
            };
            path: {
                game_id: string;
            };
            cookie?: never;
        };
        /** @description The version to go back to, why, and since when. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "to_version": 1,
                 *       "reason": "the new steps are too far apart"
                 *     }
                 */
                "application/json": {
                    to_version: number;
                    /**
                     * Format: date-time
                     * @example 2026-06-01T00:00:00+05:30
                     */
                    from?: string;
                    reason: string;
                    /**
                     * @description Meant to change what has been judged already.
                     * @default false
                     */
                    into_the_past?: boolean;
                };
            };
        };
        responses: {
            /** @description It is in force already. */
            200: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description The game's revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Activation"];
                };
            };
            /** @description Activated. */
            201: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description The game's revision. */
                    ETag?: string;
                    /** @description The version. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Activation"];
                };
            };
            /** @description Something in the request is not right; nothing was done. */
            400: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no token, or it is not accepted; WWW-Authenticate says which. */
            401: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description What is wrong with the token. */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token lacks the scope. */
            403: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no such game. */
            404: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The game does not allow this change; nothing was changed. */
            409: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Somebody else was faster: the header ETag is the present revision. */
            412: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body has more than 4194304 bytes, or too many entries. */
            413: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Path and query have more than 2048 characters. */
            414: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not plain JSON. */
            415: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description If-Match or If-None-Match is missing. */
            428: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong inside; request_id names the entry in the log. */
            500: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The database, or the issuer of tokens, cannot be reached; Retry-After says when to come back. */
            503: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description Seconds after which to come back. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    pauseGame: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of the game as it was seen, such as "3". */
                "if-match"?: string;
                /** @description * for a new game. */
                "if-none-match"?: string;
            };
            path: {
                game_id: string;
            };
            cookie?: never;
        };
        /** @description Why, and since when. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "reason": "the switch sends payments twice"
                 *     }
                 */
                "application/json": {
                    /**
                     * Format: date-time
                     * @description Now unless given.
                     * @example 2026-06-01T00:00:00+05:30
                     */
                    at?: string;
                    reason: string;
                    /**
                     * @description Meant to change what has been judged already.
                     * @default false
                     */
                    into_the_past?: boolean;
                };
            };
        };
        responses: {
            /** @description What was done. */
            200: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description The game's revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StatusChange"];
                };
            };
            /** @description Something in the request is not right; nothing was done. */
            400: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no token, or it is not accepted; WWW-Authenticate says which. */
            401: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description What is wrong with the token. */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token lacks the scope. */
            403: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no such game. */
            404: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The game does not allow this change; nothing was changed. */
            409: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Somebody else was faster: the header ETag is the present revision. */
            412: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body has more than 4194304 bytes, or too many entries. */
            413: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Path and query have more than 2048 characters. */
            414: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not plain JSON. */
            415: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description If-Match or If-None-Match is missing. */
            428: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong inside; request_id names the entry in the log. */
            500: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The database, or the issuer of tokens, cannot be reached; Retry-After says when to come back. */
            503: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description Seconds after which to come back. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    resumeGame: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of the game as it was seen, such as "3". */
                "if-match"?: string;
                /** @description * for a new game. */
                "if-none-match"?: string;
            };
            path: {
                game_id: string;
            };
            cookie?: never;
        };
        /** @description Why, and since when. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "reason": "the switch sends payments twice"
                 *     }
                 */
                "application/json": {
                    /**
                     * Format: date-time
                     * @description Now unless given.
                     * @example 2026-06-01T00:00:00+05:30
                     */
                    at?: string;
                    reason: string;
                    /**
                     * @description Meant to change what has been judged already.
                     * @default false
                     */
                    into_the_past?: boolean;
                };
            };
        };
        responses: {
            /** @description What was done. */
            200: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description The game's revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StatusChange"];
                };
            };
            /** @description Something in the request is not right; nothing was done. */
            400: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no token, or it is not accepted; WWW-Authenticate says which. */
            401: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description What is wrong with the token. */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token lacks the scope. */
            403: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no such game. */
            404: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The game does not allow this change; nothing was changed. */
            409: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Somebody else was faster: the header ETag is the present revision. */
            412: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body has more than 4194304 bytes, or too many entries. */
            413: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Path and query have more than 2048 characters. */
            414: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not plain JSON. */
            415: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description If-Match or If-None-Match is missing. */
            428: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong inside; request_id names the entry in the log. */
            500: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The database, or the issuer of tokens, cannot be reached; Retry-After says when to come back. */
            503: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description Seconds after which to come back. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    endGame: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of the game as it was seen, such as "3". */
                "if-match"?: string;
                /** @description * for a new game. */
                "if-none-match"?: string;
            };
            path: {
                game_id: string;
            };
            cookie?: never;
        };
        /** @description Why, and since when. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "reason": "the switch sends payments twice"
                 *     }
                 */
                "application/json": {
                    /**
                     * Format: date-time
                     * @description Now unless given.
                     * @example 2026-06-01T00:00:00+05:30
                     */
                    at?: string;
                    reason: string;
                    /**
                     * @description Meant to change what has been judged already.
                     * @default false
                     */
                    into_the_past?: boolean;
                };
            };
        };
        responses: {
            /** @description What was done. */
            200: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description The game's revision. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StatusChange"];
                };
            };
            /** @description Something in the request is not right; nothing was done. */
            400: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no token, or it is not accepted; WWW-Authenticate says which. */
            401: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description What is wrong with the token. */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token lacks the scope. */
            403: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no such game. */
            404: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The game does not allow this change; nothing was changed. */
            409: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Somebody else was faster: the header ETag is the present revision. */
            412: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body has more than 4194304 bytes, or too many entries. */
            413: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Path and query have more than 2048 characters. */
            414: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not plain JSON. */
            415: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description If-Match or If-None-Match is missing. */
            428: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong inside; request_id names the entry in the log. */
            500: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The database, or the issuer of tokens, cannot be reached; Retry-After says when to come back. */
            503: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description Seconds after which to come back. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    changeMembers: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                cohort_id: string;
            };
            cookie?: never;
        };
        /** @description At most 500 members. All of a request or nothing. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "members": [
                 *         {
                 *           "user_id": "U1",
                 *           "from": "2026-06-01T00:00:00+05:30"
                 *         }
                 *       ]
                 *     }
                 */
                "application/json": {
                    members: {
                        user_id: string;
                        /** @default true */
                        member?: boolean;
                        /**
                         * Format: date-time
                         * @description Now unless given.
                         * @example 2026-06-01T00:00:00+05:30
                         */
                        from?: string;
                        /**
                         * Format: date-time
                         * @description From here on the opposite holds.
                         * @example 2026-06-01T00:00:00+05:30
                         */
                        until?: string;
                    }[];
                };
            };
        };
        responses: {
            /** @description What became of each change. */
            200: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        results: {
                            user_id: string;
                            event_id: string;
                            outcome: components["schemas"]["Outcome"];
                            reason: string | null;
                            /** @description Judged before: outcome and reason are the original ones. */
                            replayed: boolean;
                        }[];
                    };
                };
            };
            /** @description Something in the request is not right; nothing was done. */
            400: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no token, or it is not accepted; WWW-Authenticate says which. */
            401: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description What is wrong with the token. */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token lacks the scope. */
            403: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body has more than 4194304 bytes, or too many entries. */
            413: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Path and query have more than 2048 characters. */
            414: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not plain JSON. */
            415: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong inside; request_id names the entry in the log. */
            500: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The database, or the issuer of tokens, cannot be reached; Retry-After says when to come back. */
            503: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description Seconds after which to come back. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getMember: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                cohort_id: string;
                user_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What is known; of a player nobody has heard of, nothing is stated. */
            200: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        cohort_id: string;
                        user_id: string;
                        member: boolean;
                        memberships: {
                            /** Format: date-time */
                            from: string;
                            until: string | null;
                        }[];
                        statements: {
                            /** Format: date-time */
                            from: string;
                            member: boolean;
                        }[];
                    };
                };
            };
            /** @description Something in the request is not right; nothing was done. */
            400: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no token, or it is not accepted; WWW-Authenticate says which. */
            401: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description What is wrong with the token. */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token lacks the scope. */
            403: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Path and query have more than 2048 characters. */
            414: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong inside; request_id names the entry in the log. */
            500: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The database, or the issuer of tokens, cannot be reached; Retry-After says when to come back. */
            503: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description Seconds after which to come back. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listHolds: {
        parameters: {
            query?: {
                kind?: "event" | "claim";
                game_id?: string;
                user_id?: string;
                /** @description Events of this producer only. */
                producer?: string;
                /** @description Held since then or later. With the last entry’s since, the list goes on. */
                since?: string;
                /** @description And since before then. */
                until?: string;
                /** @description 100 unless given. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What is held now. */
            200: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        holds: components["schemas"]["Hold"][];
                        /** @description There are more than these. */
                        more: boolean;
                    };
                };
            };
            /** @description Something in the request is not right; nothing was done. */
            400: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no token, or it is not accepted; WWW-Authenticate says which. */
            401: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description What is wrong with the token. */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token lacks the scope. */
            403: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Path and query have more than 2048 characters. */
            414: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong inside; request_id names the entry in the log. */
            500: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The database, or the issuer of tokens, cannot be reached; Retry-After says when to come back. */
            503: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description Seconds after which to come back. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    giveVerdicts: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description At most 200 holds, in one transaction. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "verdict": "released",
                 *       "reason": "ticket 812: it was the customer",
                 *       "holds": [
                 *         {
                 *           "kind": "event",
                 *           "user_id": "U1",
                 *           "producer": "payments",
                 *           "event_id": "evt_pay_001"
                 *         }
                 *       ]
                 *     }
                 */
                "application/json": {
                    /**
                     * @description released: it counts, and is paid, also beyond a budget. voided: it counts nothing, or is never paid.
                     * @enum {string}
                     */
                    verdict: "released" | "voided";
                    reason: string;
                    holds: ({
                        /** @constant */
                        kind: "event";
                        user_id: string;
                        producer: string;
                        event_id: string;
                    } | {
                        /** @constant */
                        kind: "claim";
                        key: string;
                    })[];
                };
            };
        };
        responses: {
            /** @description What became of each, in their order. */
            200: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        results: {
                            hold: {
                                /** @constant */
                                kind: "event";
                                user_id: string;
                                producer: string;
                                event_id: string;
                            } | {
                                /** @constant */
                                kind: "claim";
                                key: string;
                            };
                            /** @description Of the verdict; null where nothing was held, and so none was given. */
                            event_id: string | null;
                            outcome: components["schemas"]["Outcome"];
                            reason: string | null;
                            /** @description Judged before: outcome and reason are the original ones. */
                            replayed: boolean;
                        }[];
                    };
                };
            };
            /** @description Something in the request is not right; nothing was done. */
            400: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no token, or it is not accepted; WWW-Authenticate says which. */
            401: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description What is wrong with the token. */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token lacks the scope. */
            403: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body has more than 4194304 bytes, or too many entries. */
            413: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Path and query have more than 2048 characters. */
            414: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not plain JSON. */
            415: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong inside; request_id names the entry in the log. */
            500: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The database, or the issuer of tokens, cannot be reached; Retry-After says when to come back. */
            503: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description Seconds after which to come back. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    mergePlayers: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                user_id: string;
            };
            cookie?: never;
        };
        /** @description Into whom, and why. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "into": "U2",
                 *       "reason": "ticket 4711: new phone"
                 *     }
                 */
                "application/json": {
                    into: string;
                    reason: string;
                    /** @description True: only say what would change. What is asked is on record all the same. */
                    dry_run?: boolean;
                };
            };
        };
        responses: {
            /** @description What was done. */
            200: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        merged: boolean;
                        user_id: string;
                        /** @description Who counts, or has counted, for both. */
                        into: string;
                        /** @description It was so before: nothing was done. */
                        already: boolean;
                        /** @description Of a dry run: what would become of claims. */
                        would_change?: {
                            game_id: string;
                            /** Format: date-time */
                            window_start: string;
                            step: number;
                            /** @description The account that the claim stands under, or would. */
                            user_id: string;
                            /** @description Null: a claim that would be made. */
                            from: string | null;
                            to: string;
                            reward: string | null;
                        }[];
                    };
                };
            };
            /** @description Something in the request is not right; nothing was done. */
            400: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no token, or it is not accepted; WWW-Authenticate says which. */
            401: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description What is wrong with the token. */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token lacks the scope. */
            403: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Nothing has come for one of the players yet. */
            404: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It cannot be done, or somebody else has changed it at this moment; the detail says why. Nothing was changed. */
            409: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body has more than 4194304 bytes, or too many entries. */
            413: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Path and query have more than 2048 characters. */
            414: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not plain JSON. */
            415: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong inside; request_id names the entry in the log. */
            500: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The database, or the issuer of tokens, cannot be reached; Retry-After says when to come back. */
            503: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description Seconds after which to come back. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    unmergePlayer: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                user_id: string;
            };
            cookie?: never;
        };
        /** @description Why. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "reason": "ticket 4712: not the same person"
                 *     }
                 */
                "application/json": {
                    reason: string;
                    /** @description True: only say what would change. What is asked is on record all the same. */
                    dry_run?: boolean;
                };
            };
        };
        responses: {
            /** @description What was done. */
            200: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        unmerged: boolean;
                        user_id: string;
                        /** @description Who counts, or has counted, for both. */
                        into: string;
                        /** @description It was so before: nothing was done. */
                        already: boolean;
                        /** @description Of a dry run: what would become of claims. */
                        would_change?: {
                            game_id: string;
                            /** Format: date-time */
                            window_start: string;
                            step: number;
                            /** @description The account that the claim stands under, or would. */
                            user_id: string;
                            /** @description Null: a claim that would be made. */
                            from: string | null;
                            to: string;
                            reward: string | null;
                        }[];
                    };
                };
            };
            /** @description Something in the request is not right; nothing was done. */
            400: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no token, or it is not accepted; WWW-Authenticate says which. */
            401: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description What is wrong with the token. */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token lacks the scope. */
            403: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Nothing has come for one of the players yet. */
            404: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It cannot be done, or somebody else has changed it at this moment; the detail says why. Nothing was changed. */
            409: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body has more than 4194304 bytes, or too many entries. */
            413: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Path and query have more than 2048 characters. */
            414: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not plain JSON. */
            415: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong inside; request_id names the entry in the log. */
            500: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The database, or the issuer of tokens, cannot be reached; Retry-After says when to come back. */
            503: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description Seconds after which to come back. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    explain: {
        parameters: {
            query?: {
                event_id?: string;
                payment_id?: string;
                transaction_id?: string;
                user_id?: string;
                /** @description Only what this game says. */
                game_id?: string;
                /** @description Received since then. */
                since?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What is known; nothing is an answer too. */
            200: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        events: components["schemas"]["Explanation"][];
                        /** @description Messages that could not be read and hold the id. */
                        parked: {
                            parked_no: number;
                            /** Format: date-time */
                            received_at: string;
                            source: string;
                            origin: string;
                            reason: string;
                            detail: string;
                            /** @description The event that it turned out to be, once it could be read. */
                            event_id: string | null;
                        }[];
                    };
                };
            };
            /** @description The question names nothing, or several things, or a payment without its player. */
            400: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no token, or it is not accepted; WWW-Authenticate says which. */
            401: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description What is wrong with the token. */
                    "WWW-Authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token lacks the scope. */
            403: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Path and query have more than 2048 characters. */
            414: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong inside; request_id names the entry in the log. */
            500: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The database, or the issuer of tokens, cannot be reached; Retry-After says when to come back. */
            503: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    /** @description Seconds after which to come back. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    isLive: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is. */
            200: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @constant */
                        live: true;
                    };
                };
            };
            /** @description Path and query have more than 2048 characters. */
            414: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong inside; request_id names the entry in the log. */
            500: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    isReady: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It can. */
            200: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Readiness"];
                };
            };
            /** @description Path and query have more than 2048 characters. */
            414: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong inside; request_id names the entry in the log. */
            500: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It cannot; what is wrong. */
            503: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Readiness"];
                };
            };
        };
    };
    getContract: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The document. */
            200: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Path and query have more than 2048 characters. */
            414: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong inside; request_id names the entry in the log. */
            500: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getReference: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "text/html; charset=utf-8": string;
                };
            };
            /** @description Path and query have more than 2048 characters. */
            414: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong inside; request_id names the entry in the log. */
            500: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getReferenceFile: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                file: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A script or a style sheet. */
            200: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "*/*": string;
                };
            };
            /** @description Something in the request is not right; nothing was done. */
            400: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The page has no such part. */
            404: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Path and query have more than 2048 characters. */
            414: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong inside; request_id names the entry in the log. */
            500: {
                headers: {
                    /** @description Names the request: the caller's own where it is usable. */
                    "X-Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
