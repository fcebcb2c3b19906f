#include "daemon/window.h"

#define DEADLINE_SHARE 20
#define FIT_SHARE      4                 /* of the lifetime, at most, for what a deploy may take */
#define STEPS          3                 /* check, job and hook have a limit each */
#define SPARE_SEC      (5 * SEC_PER_MIN) /* handshakes, and one more try */

int64_t window_deadline(const WindowFacts *f) {
        int64_t fit = STEPS * f->config->timeout_sec + SPARE_SEC;
        int64_t before = f->config->deadline_sec;

        if (f->not_after == 0)
                return 0;
        if (before == 0)
                before = f->lifetime_sec / DEADLINE_SHARE;
        if (f->lifetime_sec > 0)
                fit = MIN(fit, f->lifetime_sec / FIT_SHARE);
        before = MAX(before, fit);
        return f->not_after > before ? f->not_after - before : 1;
}

/* Whoever began not longer ago than the window is long is open. */
static int64_t begin_of(const WindowFacts *f, const RestartWindow *w) {
        int64_t at;

        return calendar_next(&w->begin, f->now - w->length_sec, f->offset, &at) < 0 ? INT64_MAX
                                                                                    : at;
}

WindowPlan window_plan(const WindowFacts *f) {
        int64_t deadline = window_deadline(f), at;
        WindowPlan plan = { .at = deadline };

        if (f->config->window_count == 0 || deadline == 0 || f->now >= deadline)
                return (WindowPlan){ .open = true };
        for (size_t i = 0; i < f->config->window_count; i++) {
                const RestartWindow *w = &f->config->windows[i];

                at = begin_of(f, w);
                if (at <= f->now)
                        return (WindowPlan){ .open = true };
                if (at < plan.at) {
                        plan.at = at;
                        plan.window = w;
                }
        }
        return plan;
}
