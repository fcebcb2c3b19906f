/* Deploys that fail for a month, and those that wait: for windows, for a canary, for their turn. What is checked at each
 * deploy is what the service has at that moment. */

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/sim/sim.h"

#define HOUR     ((int64_t) SEC_PER_HOUR)
#define LIFETIME (90 * DAY)
#define TRIES    200
#define ZONE     "CET-1CEST,M3.5.0,M10.5.0/3"
#define SERVICES 16

static void set_zone(const char *zone) {
        (void) setenv("TZ", zone, 1);
        tzset();
}

static int64_t number_of(World *w, const char *name, const char *key) {
        _cleanup_(json_freep) Json *j = NULL;
        int64_t n = 0;

        if (manager_certificate_json(w->manager, name, &j) >= 0)
                (void) json_get_int64(j, key, &n);
        return n;
}

/* ---- a month of failures ---- */

typedef struct Month {
        World w;
        FakeTarget *web;
        int64_t tries[TRIES];
        size_t count;
        unsigned orders;
} Month;

static const char *const one_name[] = { "a.example.org" };

static void note_try(FakeTarget *t, void *userdata) {
        Month *m = userdata;

        (void) t;
        if (m->count < TRIES)
                m->tries[m->count++] = fake_loop_true_sec(m->w.loop);
}

static CaFault count_order(CaRequest request, const char *identifier, void *userdata) {
        Month *m = userdata;

        (void) identifier;
        m->orders += request == CA_NEW_ORDER;
        return CA_OK;
}

static Config *month_config(bool probed) {
        Config *c = world_config_named(one_name, 1);
        TargetConfig *t = &c->certificates[0].targets[0];

        t->restart = strdup("web.service");
        if (probed)
                return c;
        for (size_t i = 0; i < t->probe_count; i++)
                free(t->probes[i].host);
        free(t->probes);
        t->probes = NULL;
        t->probe_count = 0;
        return c;
}

/* The delays of retry_deploy_delay(), a tenth more or less, and the half minute of a look. */
static void check_schedule(const Month *m) {
        static const int64_t steps[] = { 60, 300, 900, 3600, 10800, 21600 };

        for (size_t i = 1; i < m->count; i++) {
                int64_t step = steps[MIN(i - 1, ELEMENTSOF(steps) - 1)];
                int64_t gap = m->tries[i] - m->tries[i - 1];

                SIM_CHECK(&m->w, gap >= step - step / 10 && gap <= step + step / 10 + 100,
                          "try %zu came after %lld s instead of about %lld", i, (long long) gap,
                          (long long) step);
        }
}

static void check_state(Month *m) {
        _cleanup_free_ char *sentence = NULL;

        SIM_CHECK(&m->w, str_equal(world_state(&m->w, one_name[0]), "degraded"), "state is '%s'",
                  world_state(&m->w, one_name[0]));
        SIM_CHECK(&m->w, manager_is_degraded(m->w.manager), "nobody is told");
        SIM_CHECK(&m->w, manager_sentence(m->w.manager, &sentence) >= 0 && strstr(sentence, "web"),
                  "STATUS is '%s'", sentence ? sentence : "");
}

static void month(const SimOptions *o, bool probed, bool refused, const char *what) {
        Month m = {};
        _cleanup_free_ char *leaf = NULL;

        set_zone("UTC");
        (void) world_init(&m.w, o->seed);
        *fake_ca_hooks(m.w.ca) = (FakeCaHooks){ .fault = count_order, .userdata = &m };
        (void) world_start(&m.w, month_config(probed), false);
        fake_loop_run(m.w.loop, 50 * DAY);
        m.web = fake_installer_target(m.w.installer, one_name[0], "web");
        leaf = strdup(fake_installer_live(m.w.installer, one_name[0]));
        m.web->reload_fails = !refused;
        m.web->check_refuses = refused;
        fake_installer_on_deploy(m.w.installer, note_try, &m);
        for (int64_t i = 0; i < 30 * 24 && m.count == 0; i++)
                fake_loop_run(m.w.loop, HOUR);
        SIM_CHECK(&m.w, m.count > 0, "there was no renewal");
        m.orders = 0;
        for (int64_t hour = 0; hour < 30 * 24; hour++) {
                fake_loop_run(m.w.loop, HOUR);
                check_state(&m);
        }
        SIM_CHECK(&m.w, m.orders == 0, "%u orders for a deploy that fails", m.orders);
        /* Five steps up to six hours, and then a month of those. */
        SIM_CHECK(&m.w, m.count >= 108 && m.count <= 140, "%zu tries in a month", m.count);
        check_schedule(&m);
        printf("# %s: %zu tries in 30 days, no order, degraded all the time\n", what, m.count);
        m.web->reload_fails = m.web->check_refuses = false;
        fake_loop_run(m.w.loop, 7 * HOUR);
        SIM_CHECK(&m.w, !manager_is_degraded(m.w.manager), "it did not heal by itself");
        SIM_CHECK(&m.w,
                  !str_equal(fake_target_served(m.w.installer, m.web), leaf) &&
                                  str_equal(m.web->loaded,
                                            fake_installer_live(m.w.installer, one_name[0])),
                  "the service does not have the new one");
        SIM_CHECK(&m.w, m.orders == 0, "%u orders while it healed", m.orders);
        world_done(&m.w);
}

void sim_failing_deploy(const SimOptions *o) {
        month(o, true, false, "a reload that fails, probed");
        month(o, false, false, "a reload that fails, not probed");
        month(o, true, true, "a check that refuses");
}

/* ---- windows ---- */

typedef struct Service {
        FakeTarget *target;
        int64_t has_until; /* end of what it has; 0: nothing yet */
        unsigned inside, by_deadline;
} Service;

typedef struct Windows {
        World w;
        Service services[SERVICES];
        size_t count;
} Windows;

static const char *const window_names[] = { "a.example.org", "b.example.org", "c.example.org",
                                            "yearly.example.org" };

static RestartWindow window(const char *begin, int64_t length) {
        RestartWindow w = { .text = strdup(begin),
                            .begin_text = strdup(begin),
                            .length_sec = length };
        const char *reason = NULL;

        if (calendar_parse(begin, &w.begin, &reason) < 0)
                abort();
        return w;
}

static Config *window_config(void) {
        Config *c = world_config_named(window_names, ELEMENTSOF(window_names));

        for (size_t i = 0; i < c->certificate_count; i++) {
                TargetConfig *t = &c->certificates[i].targets[0];

                t->restart = strdup("web.service");
                t->windows = calloc(2, sizeof *t->windows);
                t->window_count = i == 2 ? 2 : 1;
                t->windows[0] = i == 3 ? window("*-02-01 04:00", HOUR)
                                       : window("Sun 03:00", 2 * HOUR);
                if (i == 2)
                        t->windows[1] = window("Sun 03:30", HOUR / 2);
        }
        return c;
}

static bool is_in_window(int64_t now) {
        time_t t = (time_t) now;
        struct tm tm;

        return localtime_r(&t, &tm) && tm.tm_wday == 0 && (tm.tm_hour == 3 || tm.tm_hour == 4);
}

static Service *service_of(Windows *x, FakeTarget *t) {
        for (size_t i = 0; i < x->count; i++)
                if (x->services[i].target == t)
                        return &x->services[i];
        x->services[x->count] = (Service){ .target = t };
        return &x->services[x->count++];
}

static void check_restart(FakeTarget *t, void *userdata) {
        Windows *x = userdata;
        Service *s = service_of(x, t);
        int64_t now = fake_loop_true_sec(x->w.loop);
        bool yearly = str_equal(t->certificate, window_names[3]);

        if (s->has_until > 0) {
                bool late = now >= s->has_until - LIFETIME / 20;

                SIM_CHECK(&x->w, now < s->has_until, "%s: what it had has expired", t->certificate);
                SIM_CHECK(&x->w, late || (!yearly && is_in_window(now)),
                          "%s was restarted at a wrong time", t->certificate);
                s->by_deadline += late;
                s->inside += !late;
        }
        s->has_until = number_of(&x->w, t->certificate, "not_after");
}

void sim_windows(const SimOptions *o) {
        Windows x = {};

        set_zone(ZONE);
        (void) world_init(&x.w, o->seed);
        fake_installer_on_deploy(x.w.installer, check_restart, &x);
        (void) world_start(&x.w, window_config(), false);
        for (int64_t day = 0; day < 400; day++) {
                fake_loop_run(x.w.loop, DAY);
                if (day % 29 == 28) { /* while some of them wait */
                        world_stop(&x.w);
                        (void) world_start(&x.w, window_config(), false);
                }
                SIM_CHECK(&x.w, day < 2 || !manager_is_degraded(x.w.manager),
                          "degraded on day %lld", (long long) day);
        }
        for (size_t i = 0; i < x.count; i++) {
                const Service *s = &x.services[i];
                bool yearly = str_equal(s->target->certificate, window_names[3]);

                printf("# %s: %u restarts in the window, %u by the deadline\n",
                       s->target->certificate, s->inside, s->by_deadline);
                SIM_CHECK(&x.w,
                          yearly ? s->by_deadline >= 3 : s->inside >= 5 && s->by_deadline == 0,
                          "%s: %u and %u restarts", s->target->certificate, s->inside,
                          s->by_deadline);
        }
        SIM_CHECK(&x.w, x.count == ELEMENTSOF(window_names), "%zu services", x.count);
        world_done(&x.w);
        set_zone("UTC");
}

/* ---- canary ---- */

typedef struct Canary {
        World w;
        FakeTarget *first, *others[2];
        int64_t has_until;
        unsigned followed, by_deadline;
} Canary;

static Config *canary_config(void) {
        Config *c = world_config_named(one_name, 1);

        (void) world_config_add_target(&c->certificates[0], "first", true);
        (void) world_config_add_target(&c->certificates[0], "last", true);
        for (size_t i = 0; i < 3; i++)
                c->certificates[0].targets[i].restart = strdup("web.service");
        c->certificates[0].targets[1].canary = true;
        return c;
}

static void check_order(FakeTarget *t, void *userdata) {
        Canary *x = userdata;
        const char *leaf = fake_installer_live(x->w.installer, one_name[0]);
        int64_t now = fake_loop_true_sec(x->w.loop);
        bool late = x->has_until > 0 && now >= x->has_until - LIFETIME / 20;
        bool proved = x->first->verified && str_equal(x->first->row, leaf);

        if (t == x->first)
                return;
        SIM_CHECK(&x->w, proved || late, "%s came before the canary", t->name);
        SIM_CHECK(&x->w, x->has_until == 0 || now < x->has_until, "%s came after the end", t->name);
        x->followed += proved;
        x->by_deadline += !proved;
}

static bool all_have_it(const Canary *x) {
        const char *leaf = fake_installer_live(x->w.installer, one_name[0]);

        return str_equal(x->first->loaded, leaf) && str_equal(x->others[0]->loaded, leaf) &&
               str_equal(x->others[1]->loaded, leaf);
}

/* Until the next certificate is there; the canary fails from its first try on, for so many days. */
static void next_renewal(Canary *x, int64_t failing_days) {
        int64_t before = number_of(&x->w, one_name[0], "not_after");

        x->has_until = before;
        x->first->reload_fails = failing_days > 0;
        for (int64_t i = 0; i < 80 * 24 && number_of(&x->w, one_name[0], "not_after") == before;
             i++)
                fake_loop_run(x->w.loop, HOUR);
        fake_loop_run(x->w.loop, HOUR);
        if (failing_days == 0)
                return;
        SIM_CHECK(&x->w,
                  !str_equal(x->others[0]->loaded,
                             fake_installer_live(x->w.installer, one_name[0])),
                  "the others did not wait");
        SIM_CHECK(&x->w, manager_is_degraded(x->w.manager), "nobody is told");
        for (int64_t day = 0; day < failing_days; day++) {
                fake_loop_run(x->w.loop, DAY);
                if (day % 7 == 3) {
                        world_stop(&x->w);
                        (void) world_start(&x->w, canary_config(), false);
                }
        }
}

void sim_canary(const SimOptions *o) {
        Canary x = {};

        set_zone("UTC");
        (void) world_init(&x.w, o->seed);
        x.first = fake_installer_target(x.w.installer, one_name[0], "first");
        x.others[0] = fake_installer_target(x.w.installer, one_name[0], "web");
        x.others[1] = fake_installer_target(x.w.installer, one_name[0], "last");
        fake_installer_on_deploy(x.w.installer, check_order, &x);
        (void) world_start(&x.w, canary_config(), false);
        fake_loop_run(x.w.loop, DAY);
        SIM_CHECK(&x.w, all_have_it(&x), "no first certificate");
        next_renewal(&x, 0);
        SIM_CHECK(&x.w, all_have_it(&x), "a good canary held the others up");
        next_renewal(&x, 10);
        x.first->reload_fails = false;
        fake_loop_run(x.w.loop, 8 * HOUR);
        SIM_CHECK(&x.w, all_have_it(&x), "the others did not follow");
        SIM_CHECK(&x.w, x.by_deadline == 0, "%u came by the deadline", x.by_deadline);
        next_renewal(&x, 29);
        SIM_CHECK(&x.w, x.by_deadline >= 2 && !all_have_it(&x), "the deadline did not win");
        x.first->reload_fails = false;
        fake_loop_run(x.w.loop, 8 * HOUR);
        SIM_CHECK(&x.w, all_have_it(&x) && !manager_is_degraded(x.w.manager), "it did not heal");
        printf("# %u deploys followed the canary, %u came by the deadline\n", x.followed,
               x.by_deadline);
        world_done(&x.w);
}

/* ---- groups ---- */

typedef struct Turns {
        World w;
        unsigned deploys;
} Turns;

static const char *const group_names[] = { "a.example.org", "b.example.org", "c.example.org",
                                           "d.example.org" };

static Config *group_config(void) {
        Config *c = world_config_named(group_names, ELEMENTSOF(group_names));
        static const char group[] = "video";

        for (size_t i = 0; i < c->certificate_count; i++) {
                (void) world_config_add_target(&c->certificates[i], "second", true);
                for (size_t k = 0; k < 2; k++) {
                        c->certificates[i].targets[k].restart = strdup("web.service");
                        c->certificates[i].targets[k].group = strdup(group);
                }
        }
        return c;
}

static FakeTarget *member(Turns *x, size_t i) {
        return fake_installer_target(
                        x->w.installer, group_names[i / 2], i % 2 == 0 ? "web" : "second");
}

static void check_turn(FakeTarget *t, void *userdata) {
        Turns *x = userdata;

        x->deploys++;
        for (size_t i = 0; i < 2 * ELEMENTSOF(group_names); i++) {
                const FakeTarget *other = member(x, i);

                SIM_CHECK(&x->w,
                          other == t || !other->row || other->verified || other->reload_fails,
                          "%s/%s began while %s/%s was not done", t->certificate, t->name,
                          other->certificate, other->name);
        }
}

static size_t done_count(Turns *x) {
        size_t n = 0;

        for (size_t i = 0; i < 2 * ELEMENTSOF(group_names); i++) {
                FakeTarget *t = member(x, i);

                n += str_equal(t->loaded, fake_installer_live(x->w.installer, t->certificate));
        }
        return n;
}

void sim_groups(const SimOptions *o) {
        Turns x = {};

        set_zone("UTC");
        (void) world_init(&x.w, o->seed);
        fake_helper_set_delay(x.w.installer, 100 * USEC_PER_SEC); /* a restart takes its time */
        for (size_t i = 0; i < 2 * ELEMENTSOF(group_names); i++)
                member(&x, i)->slow_sec = 20;
        fake_installer_on_deploy(x.w.installer, check_turn, &x);
        (void) world_start(&x.w, group_config(), false);
        for (int i = 0; i < 20;
             i++) { /* all at once, and the configuration is read again and again */
                fake_loop_run(x.w.loop, 5 * SEC_PER_MIN);
                (void) manager_reload(x.w.manager, group_config());
        }
        fake_loop_run(x.w.loop, 2 * HOUR);
        SIM_CHECK(&x.w, done_count(&x) == 8, "%zu of 8 have it", done_count(&x));
        member(&x, 2)->reload_fails = true;
        fake_loop_run(x.w.loop, 62 * DAY);
        SIM_CHECK(&x.w, done_count(&x) == 7, "%zu have it though one fails", done_count(&x));
        SIM_CHECK(&x.w, manager_is_degraded(x.w.manager), "nobody is told");
        member(&x, 2)->reload_fails = false;
        fake_loop_run(x.w.loop, DAY);
        SIM_CHECK(&x.w, done_count(&x) == 8, "%zu of 8 in the end", done_count(&x));
        SIM_CHECK(&x.w, !manager_is_degraded(x.w.manager), "still degraded");
        printf("# %u deploys of 8 targets in one group, never two at once\n", x.deploys);
        world_done(&x.w);
}
