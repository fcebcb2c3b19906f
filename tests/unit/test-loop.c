/* Timers on the real loop. The waits are of milliseconds. */

#include "daemon/loop-real.h"
#include "tests/unit/test.h"

typedef struct Fixture {
        Loop *loop;
        Timer *timers[3];
        char order[8]; /* of the callbacks */
        bool free_in_callback;
} Fixture;

static void note(Fixture *f, size_t i) {
        f->order[strlen(f->order)] = (char) ('0' + i);
        if (f->free_in_callback)
                f->timers[i] = timer_free(f->timers[i]);
}

static void on_zero(void *userdata) {
        note(userdata, 0);
}

static void on_one(void *userdata) {
        note(userdata, 1);
}

static void on_two(void *userdata) {
        note(userdata, 2);
}

static void fixture_init(Fixture *f) {
        *f = (Fixture){};
        CHECK_INT(loop_new(&f->loop), 0);
}

static void fixture_done(Fixture *f) {
        for (size_t i = 0; i < ELEMENTSOF(f->timers); i++)
                timer_free(f->timers[i]);
        loop_free(f->loop);
}

static void run(Fixture *f, usec_t limit) {
        usec_t end = loop_boot_usec(f->loop) + limit;

        while (loop_boot_usec(f->loop) < end)
                (void) sd_event_run(loop_event(f->loop), limit / 10);
}

static void test_waits(void) {
        Fixture f;

        fixture_init(&f);
        CHECK_INT(loop_timer_after(f.loop, 20 * USEC_PER_MSEC, on_one, &f, &f.timers[1]), 0);
        CHECK_INT(loop_timer_after(f.loop, 0, on_zero, &f, &f.timers[0]), 0);
        CHECK_INT(loop_timer_after(f.loop, USEC_INFINITY, on_two, &f, &f.timers[2]), 0);
        CHECK_STR(f.order, ""); /* not from within the call */
        run(&f, 100 * USEC_PER_MSEC);
        CHECK_STR(f.order, "01");
        fixture_done(&f);
}

static void test_instants(void) {
        Fixture f;

        fixture_init(&f);
        int64_t now = loop_wall_sec(f.loop);
        CHECK(now > 1700000000);
        CHECK_INT(loop_timer_at(f.loop, now - 100, 60, on_zero, &f, &f.timers[0]), 0);
        CHECK_INT(loop_timer_at(f.loop, INT64_MIN, 0, on_one, &f, &f.timers[1]), 0);
        CHECK_INT(loop_timer_at(f.loop, INT64_MAX, INT64_MAX, on_two, &f, &f.timers[2]), 0);
        run(&f, 50 * USEC_PER_MSEC);
        CHECK_INT(strlen(f.order), 2); /* what is past comes soon, without its slack */
        CHECK(!strchr(f.order, '2'));
        fixture_done(&f);
}

static void test_freed(void) {
        Fixture f;

        fixture_init(&f);
        f.free_in_callback = true;
        int64_t now = loop_wall_sec(f.loop);
        CHECK_INT(loop_timer_at(f.loop, now - 1, 0, on_zero, &f, &f.timers[0]), 0);
        CHECK_INT(loop_timer_at(f.loop, now - 1, 0, on_one, &f, &f.timers[1]), 0);
        CHECK_INT(loop_timer_at(f.loop, now - 1, 0, on_two, &f, &f.timers[2]), 0);
        f.timers[1] = timer_free(f.timers[1]);
        run(&f, 50 * USEC_PER_MSEC);
        CHECK_INT(strlen(f.order), 2);
        CHECK(!strchr(f.order, '1'));
        CHECK(!f.timers[0] && !f.timers[2]);
        fixture_done(&f);
}

TEST_MAIN({ "waits come in order, from the loop", test_waits },
          { "R3.5.1 instants that are past come soon, impossible ones do not overflow",
            test_instants },
          { "freeing a timer cancels it, also from its own callback", test_freed }, )
