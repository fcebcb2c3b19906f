/* Every CA before the one that is asked must have been given up. A success clears all tries, so that the next renewal
 * begins with the first again: whether it has recovered is found out by asking it. */

#include "daemon/ca-choice.h"

#define PATIENCE_SEC         (6 * SEC_PER_HOUR)
#define PATIENCE_MISSING_SEC (15 * SEC_PER_MIN)
#define PATIENCE_URGENT_SEC  (5 * SEC_PER_MIN)
#define PATIENCE_SHARE       40 /* of the lifetime: 160 h give 4 h */

int64_t ca_patience(const CaChoiceFacts *f) {
        int64_t span = f->urgent    ? PATIENCE_URGENT_SEC
                       : f->missing ? PATIENCE_MISSING_SEC
                                    : PATIENCE_SEC;

        if (f->lifetime_sec > 0)
                span = MIN(span, f->lifetime_sec / PATIENCE_SHARE);
        return MAX(span, 1);
}

/* When time alone gives this CA up; 0: it has no trouble. A hold is a trouble from its beginning, which nobody noted:
 * one that lasts longer than patience does is not waited for. */
static int64_t given_up_at(const CaChoiceFacts *f, const CaTries *t) {
        int64_t span = ca_patience(f);

        if (t->held_until > f->now + span)
                return f->now;
        return t->since > 0 ? MIN(t->since, f->now) + span : 0;
}

static bool is_given_up(const CaChoiceFacts *f, const CaTries *t) {
        int64_t at = given_up_at(f, t);

        if (t->failures >= (f->urgent ? 1 : CA_CHOICE_FAILURES))
                return true;
        return at > 0 && at <= f->now;
}

CaChoice ca_choose(const CaChoiceFacts *f) {
        CaChoice best = {};
        int64_t best_at = INT64_MAX;

        for (size_t i = 0; i < f->count; i++) {
                const CaTries *t = &f->tries[i];
                int64_t at = MAX(t->next_attempt, t->held_until);

                at = at > f->now ? at : 0;
                if (at < best_at) {
                        best_at = at;
                        best.index = i;
                        best.at = at;
                }
                if (is_given_up(f, t))
                        continue;
                best.widen = i + 1 < f->count ? given_up_at(f, t) : 0;
                break;
        }
        return best;
}
