#include "daemon/pacer.h"

#include "base/strings.h"

#define WINDOW_SEC      (3 * SEC_PER_HOUR)
#define HOLD_MAX_SEC    ((int64_t) 7 * SEC_PER_DAY)
#define RESERVE_DIVISOR 10 /* of the budget stays for what is urgent */

struct PacerTicket {
        Pacer *pacer; /* NULL: the pacer is gone */
        PacerTicket *next;
        PacerWish wish;
        bool admitted;
        bool spent;
        loop_fn fn;
        void *userdata;
};

struct Pacer {
        Loop *loop;       /* borrowed */
        Account *account; /* borrowed */
        int64_t max_orders, budget;
        PacerTicket *tickets;
        Timer *timer;
        char *limited; /* who met a limit last */
        int64_t limited_until;
        int64_t parked_until;
};

int pacer_new(Loop *loop, Account *account, int64_t max_orders, int64_t budget, Pacer **ret) {
        Pacer *p = calloc(1, sizeof *p);

        if (!p)
                return -ENOMEM;
        p->loop = loop;
        p->account = account;
        p->max_orders = MAX(max_orders, 1);
        p->budget = budget;
        *ret = p;
        return 0;
}

Pacer *pacer_free(Pacer *p) {
        if (!p)
                return NULL;
        for (PacerTicket *t = p->tickets; t; t = t->next)
                t->pacer = NULL;
        (void) timer_free(p->timer);
        free(p->limited);
        free(p);
        return NULL;
}

/* Further away than any CA may ask: the clock was set back meanwhile. */
static int64_t plausible(const Pacer *p, int64_t until) {
        int64_t now = loop_wall_sec(p->loop);

        return until > now && until <= now + HOLD_MAX_SEC ? until : 0;
}

int64_t pacer_held_until(const Pacer *p) {
        return plausible(p, MAX(account_hold_until(p->account), p->parked_until));
}

int64_t pacer_asked_until(const Pacer *p) {
        return plausible(p, account_hold_until(p->account));
}

/* Orders that count, and those that were admitted and will count. */
static int64_t used(const Pacer *p) {
        int64_t n = account_orders(p->account, loop_wall_sec(p->loop), WINDOW_SEC);

        for (const PacerTicket *t = p->tickets; t; t = t->next)
                if (t->admitted && t->wish.fresh && !t->spent)
                        n++;
        return n;
}

static int64_t admitted(const Pacer *p) {
        int64_t n = 0;

        for (const PacerTicket *t = p->tickets; t; t = t->next)
                n += t->admitted;
        return n;
}

static bool within_budget(const Pacer *p, const PacerWish *w, int64_t count) {
        int64_t reserve = MAX(p->budget / RESERVE_DIVISOR, 1);

        if (p->budget <= 0 || !w->fresh || w->force)
                return true;
        if (w->urgent || p->budget == 1)
                return count < p->budget;
        if (w->extra)
                return count < MAX(p->budget - 2 * reserve, 1);
        return count < p->budget - reserve;
}

static bool before(const PacerWish *a, const PacerWish *b) {
        if (a->force != b->force)
                return a->force;
        if (a->urgent != b->urgent)
                return a->urgent;
        return a->not_after < b->not_after; /* nothing there yet: 0, before renewals */
}

/* S-11 */
static bool is_held(const Pacer *p, const PacerWish *w) {
        return (!w->force && pacer_held_until(p) > 0) || (!w->insist && pacer_asked_until(p) > 0);
}

static PacerTicket *best(const Pacer *p) {
        int64_t count = used(p);
        PacerTicket *found = NULL;

        for (PacerTicket *t = p->tickets; t; t = t->next) {
                if (t->admitted || is_held(p, &t->wish) || !within_budget(p, &t->wish, count))
                        continue;
                if (!found || before(&t->wish, &found->wish))
                        found = t;
        }
        return found;
}

static bool somebody_waits(const Pacer *p) {
        for (const PacerTicket *t = p->tickets; t; t = t->next)
                if (!t->admitted)
                        return true;
        return false;
}

static void on_timer(void *userdata);

/* Not now: when the hold ends, or the oldest order leaves the window. */
static void plan_later(Pacer *p) {
        int64_t at = pacer_held_until(p);

        if (at == 0)
                at = account_oldest_leaves(p->account, loop_wall_sec(p->loop), WINDOW_SEC);
        if (at == 0)
                return; /* a ticket's end plans again */
        /* Without memory for a timer the next ticket plans again. */
        (void) loop_timer_at(p->loop, at, 0, on_timer, p, &p->timer);
}

static void plan(Pacer *p) {
        p->timer = timer_free(p->timer);
        if (admitted(p) >= p->max_orders || !somebody_waits(p))
                return;
        if (best(p))
                (void) loop_timer_after(p->loop, 0, on_timer, p, &p->timer);
        else
                plan_later(p);
}

static void on_timer(void *userdata) {
        Pacer *p = userdata;
        PacerTicket *t;

        p->timer = timer_free(p->timer);
        t = admitted(p) < p->max_orders ? best(p) : NULL;
        if (t)
                t->admitted = true;
        plan(p);
        if (t)
                t->fn(t->userdata);
}

void pacer_configure(Pacer *p, int64_t max_orders, int64_t budget) {
        p->max_orders = MAX(max_orders, 1);
        p->budget = budget;
        plan(p);
}

int pacer_acquire(Pacer *p, const PacerWish *wish, loop_fn fn, void *userdata, PacerTicket **ret) {
        PacerTicket *t = calloc(1, sizeof *t), **end = &p->tickets;

        if (!t)
                return -ENOMEM;
        *t = (PacerTicket){ .pacer = p, .wish = *wish, .fn = fn, .userdata = userdata };
        while (*end)
                end = &(*end)->next;
        *end = t;
        *ret = t;
        plan(p);
        return 0;
}

PacerTicket *pacer_ticket_free(PacerTicket *t) {
        Pacer *p;

        if (!t)
                return NULL;
        p = t->pacer;
        for (PacerTicket **i = p ? &p->tickets : NULL; i && *i; i = &(*i)->next)
                if (*i == t) {
                        *i = t->next;
                        break;
                }
        free(t);
        if (p)
                plan(p);
        return NULL;
}

PacerDelay pacer_delay(const PacerTicket *t, int64_t *ret_until) {
        const Pacer *p = t->pacer;

        *ret_until = p ? pacer_held_until(p) : 0;
        if (*ret_until > 0)
                return PACER_HELD;
        if (!p || within_budget(p, &t->wish, used(p)))
                return PACER_TURN;
        *ret_until = account_oldest_leaves(p->account, loop_wall_sec(p->loop), WINDOW_SEC);
        return PACER_SPENT;
}

int64_t pacer_budget(const Pacer *p) {
        return p->budget;
}

int pacer_spend(PacerTicket *t) {
        Pacer *p = t->pacer;

        if (!p || t->spent)
                return 0;
        t->spent = true;
        if (p->budget <= 0)
                return 0;
        return account_add_order(p->account, loop_wall_sec(p->loop));
}

int pacer_hold(Pacer *p, int64_t until) {
        int64_t now = loop_wall_sec(p->loop);
        int r;

        until = MIN(until, now + HOLD_MAX_SEC);
        if (until <= now || until <= pacer_held_until(p))
                return 0;
        r = account_set_hold_until(p->account, until);
        plan(p);
        return r;
}

void pacer_park(Pacer *p, int64_t until) {
        p->parked_until = MAX(p->parked_until, until);
        plan(p);
}

void pacer_unpark(Pacer *p) {
        p->parked_until = 0;
        plan(p);
}

int pacer_limited(Pacer *p, const char *who, int64_t until) {
        bool again = p->limited && p->limited_until > loop_wall_sec(p->loop);

        if (again && !str_equal(p->limited, who))
                return pacer_hold(p, MIN(until, p->limited_until));
        p->limited_until = until;
        return str_replace(&p->limited, who);
}
