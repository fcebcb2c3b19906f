#include "daemon/pacer.h"
#include "tests/fake/loop.h"
#include "tests/fake/store.h"
#include "tests/unit/test.h"

#define START   INT64_C(1800000000)
#define WAITERS 50

typedef struct Bench {
        Loop *loop;
        Store *store;
        Account *account;
        Pacer *pacer;
} Bench;

typedef struct Waiter {
        PacerTicket *ticket;
        unsigned order; /* in which it was admitted; 0: not */
        unsigned *next;
} Waiter;

static void init(Bench *b, int64_t max_orders, int64_t budget) {
        *b = (Bench){ .loop = fake_loop_new(1, START) };
        b->store = fake_store_new(b->loop);
        (void) account_load(b->store, "ca", &b->account);
        (void) pacer_new(b->loop, b->account, max_orders, budget, &b->pacer);
}

static void done(Bench *b) {
        b->pacer = pacer_free(b->pacer);
        b->account = account_free(b->account);
        b->store = fake_store_free(b->store);
        b->loop = fake_loop_free(b->loop);
}

static void restart(Bench *b, int64_t max_orders, int64_t budget) {
        b->pacer = pacer_free(b->pacer);
        b->account = account_free(b->account);
        (void) account_load(b->store, "ca", &b->account);
        (void) pacer_new(b->loop, b->account, max_orders, budget, &b->pacer);
}

static void on_admitted(void *userdata) {
        Waiter *w = userdata;

        w->order = ++*w->next;
        (void) pacer_spend(w->ticket);
}

static void acquire(Bench *b, Waiter *w, unsigned *next, PacerWish wish) {
        *w = (Waiter){ .next = next };
        wish.fresh = true;
        CHECK_INT(pacer_acquire(b->pacer, &wish, on_admitted, w, &w->ticket), 0);
}

static void nearest_expiry_first(void) {
        Waiter w[5];
        unsigned next = 0;
        Bench b;

        init(&b, 1, 0);
        acquire(&b, &w[0], &next, (PacerWish){ .not_after = 300 });
        acquire(&b, &w[1], &next, (PacerWish){ .not_after = 100 });
        acquire(&b, &w[2], &next, (PacerWish){ .not_after = 0 });
        acquire(&b, &w[3], &next, (PacerWish){ .not_after = 200 });
        acquire(&b, &w[4], &next, (PacerWish){ .not_after = 400, .urgent = true });
        CHECK_INT(next, 0); /* never from within the call */
        for (int i = 0; i < 5; i++) {
                fake_loop_run(b.loop, 1);
                CHECK_INT(next, i + 1);
                for (size_t k = 0; k < 5; k++)
                        if (w[k].order == next)
                                w[k].ticket = pacer_ticket_free(w[k].ticket);
        }
        CHECK_INT(w[4].order, 1);
        CHECK_INT(w[2].order, 2);
        CHECK_INT(w[1].order, 3);
        CHECK_INT(w[3].order, 4);
        CHECK_INT(w[0].order, 5);
        done(&b);
}

static void orders_in_flight(void) {
        Waiter w[WAITERS];
        unsigned next = 0;
        Bench b;

        init(&b, 10, 0);
        for (size_t i = 0; i < WAITERS; i++)
                acquire(&b, &w[i], &next, (PacerWish){ .not_after = (int64_t) i });
        fake_loop_run(b.loop, SEC_PER_DAY);
        CHECK_INT(next, 10);
        for (size_t i = 0; i < WAITERS; i++)
                w[i].ticket = pacer_ticket_free(w[i].ticket);
        done(&b);
}

/* Of ten, one is the reserve; it is kept for who is urgent, and after three hours there is room again. */
static void budget_and_reserve(void) {
        Waiter w[20], urgent[3];
        unsigned next = 0, urgent_next = 0;
        Bench b;

        init(&b, 100, 10);
        for (size_t i = 0; i < 20; i++)
                acquire(&b, &w[i], &next, (PacerWish){ .not_after = (int64_t) i + 1 });
        fake_loop_run(b.loop, SEC_PER_HOUR);
        CHECK_INT(next, 9);
        for (size_t i = 0; i < 3; i++)
                acquire(&b, &urgent[i], &urgent_next,
                        (PacerWish){ .not_after = 99, .urgent = true });
        fake_loop_run(b.loop, SEC_PER_HOUR);
        CHECK_INT(urgent_next, 1);
        CHECK_INT(next, 9);
        fake_loop_run(b.loop, 2 * SEC_PER_HOUR);
        CHECK_INT(urgent_next, 3);
        CHECK(next > 9);
        CHECK(next + urgent_next <= 20);
        for (size_t i = 0; i < 20; i++)
                w[i].ticket = pacer_ticket_free(w[i].ticket);
        for (size_t i = 0; i < 3; i++)
                urgent[i].ticket = pacer_ticket_free(urgent[i].ticket);
        done(&b);
}

/* Of ten, one is for who is urgent and one more for renewals. */
static void what_is_no_renewal_gets_less(void) {
        Waiter w[20], renewal;
        unsigned next = 0, renewed = 0;
        int64_t until;
        Bench b;

        init(&b, 100, 10);
        for (size_t i = 0; i < 20; i++)
                acquire(&b, &w[i], &next, (PacerWish){ .extra = true });
        fake_loop_run(b.loop, SEC_PER_HOUR);
        CHECK_INT(next, 8);
        CHECK_INT(pacer_delay(w[19].ticket, &until), PACER_SPENT);
        CHECK(until > START + SEC_PER_HOUR && until <= START + 3 * SEC_PER_HOUR + 1);
        acquire(&b, &renewal, &renewed, (PacerWish){ .not_after = 99 });
        fake_loop_run(b.loop, 10);
        CHECK_INT(renewed, 1);
        CHECK_INT(pacer_hold(b.pacer, loop_wall_sec(b.loop) + 500), 0);
        CHECK_INT(pacer_delay(w[19].ticket, &until), PACER_HELD);
        CHECK_INT(until, loop_wall_sec(b.loop) + 500);
        for (size_t i = 0; i < 20; i++)
                w[i].ticket = pacer_ticket_free(w[i].ticket);
        renewal.ticket = pacer_ticket_free(renewal.ticket);
        done(&b);
}

static void budget_survives_a_restart(void) {
        Waiter w[4];
        unsigned next = 0;
        Bench b;

        init(&b, 100, 3);
        for (size_t i = 0; i < 2; i++)
                acquire(&b, &w[i], &next, (PacerWish){});
        fake_loop_run(b.loop, 10);
        CHECK_INT(next, 2);
        for (size_t i = 0; i < 2; i++)
                w[i].ticket = pacer_ticket_free(w[i].ticket);
        restart(&b, 100, 3);
        for (size_t i = 2; i < 4; i++)
                acquire(&b, &w[i], &next, (PacerWish){});
        fake_loop_run(b.loop, SEC_PER_HOUR);
        CHECK_INT(next, 2);
        for (size_t i = 2; i < 4; i++)
                w[i].ticket = pacer_ticket_free(w[i].ticket);
        done(&b);
}

static void hold(void) {
        Waiter w, forced, insisting;
        unsigned next = 0, forced_next = 0, insisting_next = 0;
        Bench b;

        init(&b, 10, 0);
        CHECK_INT(pacer_hold(b.pacer, START + 1000), 0);
        restart(&b, 10, 0);
        CHECK_INT(pacer_held_until(b.pacer), START + 1000);
        CHECK_INT(pacer_hold(b.pacer, START + 500), 0); /* does not shrink */
        CHECK_INT(pacer_held_until(b.pacer), START + 1000);
        acquire(&b, &w, &next, (PacerWish){ .urgent = true });
        acquire(&b, &forced, &forced_next, (PacerWish){ .force = true });
        acquire(&b, &insisting, &insisting_next, (PacerWish){ .force = true, .insist = true });
        fake_loop_run(b.loop, 900);
        CHECK_INT(next, 0);
        CHECK_INT(forced_next, 0);
        CHECK_INT(insisting_next, 1);
        fake_loop_run(b.loop, 101);
        CHECK_INT(next, 1);
        CHECK_INT(forced_next, 1);
        w.ticket = pacer_ticket_free(w.ticket);
        forced.ticket = pacer_ticket_free(forced.ticket);
        insisting.ticket = pacer_ticket_free(insisting.ticket);
        done(&b);
}

static void hold_is_clamped(void) {
        Bench b;

        init(&b, 10, 0);
        CHECK_INT(pacer_hold(b.pacer, INT64_MAX), 0);
        CHECK_INT(pacer_held_until(b.pacer), START + 7 * SEC_PER_DAY);
        fake_loop_set_offset(
                        b.loop,
                        -(int64_t) 400 * SEC_PER_DAY); /* written while the clock was wrong */
        CHECK_INT(pacer_held_until(b.pacer), 0);
        done(&b);
}

static void limits_of_two_are_limits_of_all(void) {
        Bench b;

        init(&b, 10, 0);
        CHECK_INT(pacer_limited(b.pacer, "a", START + 5000), 0);
        CHECK_INT(pacer_limited(b.pacer, "a", START + 6000), 0);
        CHECK_INT(pacer_held_until(b.pacer), 0);
        CHECK_INT(pacer_limited(b.pacer, "b", START + 5500), 0);
        CHECK_INT(pacer_held_until(b.pacer), START + 5500);
        done(&b);
}

TEST_MAIN({ "S-07: nearest expiry first, what is missing or urgent before", nearest_expiry_first },
          { "S-07: no more orders in flight than MaxOrders=", orders_in_flight },
          { "S-07: the budget of three hours, with a reserve", budget_and_reserve },
          { "S-07: what is no renewal gets less of the budget", what_is_no_renewal_gets_less },
          { "S-07: the budget survives a restart", budget_survives_a_restart },
          { "S-09 S-11: a hold binds all but who forces twice, and survives a restart", hold },
          { "S-04: a hold is a week at most", hold_is_clamped },
          { "S-09: a limit that two meet is everybody's", limits_of_two_are_limits_of_all })
