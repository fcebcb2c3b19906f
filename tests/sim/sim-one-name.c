/* One name that a CA refuses for 400 days, beside others (R1.59, S-06): the others' renewals do not suffer, the name
 * costs at most two orders a day after the first day but in the last tenth of its certificate's life, and a day after
 * the trouble there is a certificate without anybody's help. */

#include <stdio.h>
#include <string.h>

#include "tests/sim/sim.h"

#define BAD      "bad.example.org"
#define GOOD     "good.example.org"
#define LIFETIME (90 * DAY)

typedef struct Trouble {
        World w;
        bool on;
        CaFault fault; /* of newOrder; CA_OK: its validation fails */
        unsigned today, most;
} Trouble;

static CaFault on_request(CaRequest request, const char *identifier, void *userdata) {
        Trouble *t = userdata;

        if (request != CA_NEW_ORDER || !str_equal(identifier, BAD))
                return CA_OK;
        t->today++;
        return t->on ? t->fault : CA_OK;
}

static bool validates(const char *identifier, void *userdata) {
        const Trouble *t = userdata;

        return !t->on || !str_equal(identifier, BAD);
}

static const char *const names[] = { "a.example.org", BAD, "c.example.org", "d.example.org" };

static void start(Trouble *t) {
        (void) world_start(&t->w, world_config_named(names, ELEMENTSOF(names)), false);
}

static int64_t not_after(Trouble *t, const char *name) {
        _cleanup_(json_freep) Json *j = NULL;
        int64_t at = 0;

        if (manager_certificate_json(t->w.manager, name, &j) >= 0)
                (void) json_get_int64(j, "not_after", &at);
        return at;
}

static void check_others(Trouble *t, int64_t now) {
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                SIM_CHECK(&t->w,
                          str_equal(names[i], BAD) || not_after(t, names[i]) > now + LIFETIME / 5,
                          "%s is not renewed", names[i]);
}

static void check_day(Trouble *t, int64_t day, int64_t trouble_day, int64_t end) {
        int64_t now = fake_loop_true_sec(t->w.loop);
        bool last_tenth = now < end + DAY && now > end - LIFETIME / 10 - DAY;

        if (day > trouble_day + 1 && !last_tenth) {
                SIM_CHECK(&t->w, t->today <= 2, "%u orders on day %lld", t->today, (long long) day);
                t->most = MAX(t->most, t->today);
        }
        SIM_CHECK(&t->w, t->today <= 14, "%u orders on day %lld", t->today, (long long) day);
}

/* It is issued once, and refused from day 10 on. */
static void one_name(const SimOptions *o, CaFault fault, const char *what) {
        Trouble t = { .fault = fault };
        unsigned total = 0;
        int64_t end, day;

        (void) world_init(&t.w, o->seed);
        *fake_ca_hooks(t.w.ca) = (FakeCaHooks){ .fault = on_request,
                                                .validates = validates,
                                                .userdata = &t };
        start(&t);
        fake_loop_run(t.w.loop, 10 * DAY);
        end = not_after(&t, BAD);
        SIM_CHECK(&t.w, end > 0, "no first certificate");
        t.on = true;
        for (day = 0; day < 400; day++) {
                t.today = 0;
                fake_loop_run(t.w.loop, DAY);
                check_day(&t, day, 51, end);
                check_others(&t, fake_loop_true_sec(t.w.loop));
                total += t.today;
                if (day % 37 == 36) {
                        world_stop(&t.w);
                        start(&t);
                }
        }
        t.on = false;
        fake_loop_run(t.w.loop, DAY);
        printf("# seed %llu, %s: %u orders for the name in 400 days, at most %u on a day outside the last tenth\n",
               (unsigned long long) o->seed, what, total, t.most);
        SIM_CHECK(&t.w, not_after(&t, BAD) > fake_loop_true_sec(t.w.loop) + 80 * DAY,
                  "not issued within 24 h after the cause ended");
        SIM_CHECK(&t.w, !manager_is_degraded(t.w.manager), "still degraded");
        world_done(&t.w);
}

void sim_one_name(const SimOptions *o) {
        one_name(o, CA_REFUSED, "refused");
        one_name(o, CA_OK, "not validated");
        one_name(o, CA_ERROR_500, "server errors");
        one_name(o, CA_RATE_429, "limits with Retry-After");
}

/* ---- optional ---- */

static Config *optional_config(void) {
        static const char *const list[] = { GOOD " " BAD };
        Config *c = world_config_named(list, 1);

        world_config_make_optional(c, BAD);
        return c;
}

static size_t name_count(Trouble *t) {
        const char *text = fake_store_get(t->w.store, STORE_CERTIFICATE, GOOD);
        _cleanup_(json_freep) Json *j = NULL;
        const Json *current = NULL, *list = NULL;

        if (!text || json_parse(text, strlen(text), &j) < 0 ||
            json_get_object(j, "current", &current) < 0 ||
            json_get_array(current, "names", &list) < 0)
                return 0;
        return json_count(list);
}

static CaFault count_orders(CaRequest request, const char *identifier, void *userdata) {
        Trouble *t = userdata;

        (void) identifier;
        t->today += request == CA_NEW_ORDER;
        return CA_OK;
}

static void optional_day(Trouble *t, int64_t day) {
        int64_t end = not_after(t, GOOD), now;

        t->today = 0;
        fake_loop_run(t->w.loop, DAY);
        now = fake_loop_true_sec(t->w.loop);
        SIM_CHECK(&t->w, not_after(t, GOOD) > now + LIFETIME / 5, "%s is not renewed on day %lld",
                  GOOD, (long long) day);
        /* The day on which it is left out, and a day with a renewal, cost one more. */
        SIM_CHECK(&t->w, t->today <= (not_after(t, GOOD) != end || day < 60 ? 8U : 2U),
                  "%u orders on day %lld", t->today, (long long) day);
        if (day % 41 == 40) {
                world_stop(&t->w);
                (void) world_start(&t->w, optional_config(), false);
        }
}

void sim_optional_name(const SimOptions *o) {
        Trouble t = {};
        unsigned total = 0;
        int64_t left_out = 0;

        (void) world_init(&t.w, o->seed);
        *fake_ca_hooks(t.w.ca) = (FakeCaHooks){ .fault = count_orders,
                                                .validates = validates,
                                                .userdata = &t };
        (void) world_start(&t.w, optional_config(), false);
        fake_loop_run(t.w.loop, 10 * DAY);
        SIM_CHECK(&t.w, name_count(&t) == 2, "no first certificate for both");
        t.on = true;
        for (int64_t day = 0; day < 400; day++) {
                optional_day(&t, day);
                total += t.today;
                if (left_out == 0 && name_count(&t) == 1)
                        left_out = day;
                SIM_CHECK(&t.w, left_out == 0 || manager_is_degraded(t.w.manager),
                          "nobody is told");
        }
        SIM_CHECK(&t.w, left_out >= 46 && left_out <= 54, "left out on day %lld",
                  (long long) left_out);
        t.on = false;
        fake_loop_run(t.w.loop, DAY + SEC_PER_HOUR);
        printf("# seed %llu: left out on day %lld, %u orders in 400 days\n",
               (unsigned long long) o->seed, (long long) left_out, total);
        SIM_CHECK(&t.w, name_count(&t) == 2, "%zu names a day after the trouble", name_count(&t));
        SIM_CHECK(&t.w, !manager_is_degraded(t.w.manager), "still degraded");
        world_done(&t.w);
}
