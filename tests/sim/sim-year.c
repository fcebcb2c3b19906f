/* Long runs with faults of every kind. Bad times (up to four days, anything may fail) and good times (a day at least,
 * little fails) take turns; through all of it nothing expires, no pair ever mismatches, no order is open twice, nothing
 * is shown longer than its order lives, and the issuance guard holds. */

#include <stdio.h>
#include <string.h>

#include "acme/certinfo.h"
#include "tests/sim/sim.h"

#define ISSUES_MAX 64
#define STEP_MAX   (25 * SEC_PER_HOUR) /* the clock is set by at most a day */

typedef struct Life {
        const char *name; /* of its certificate */
        int64_t issued[ISSUES_MAX];
        size_t issued_count;
        int64_t not_after; /* of the chain in the store */
        char *seen;        /* the chain that was read last */
} Life;

typedef struct Year {
        World w;
        const SimOptions *o;
        Config *config; /* owned, for names only */
        Life *lives;
        size_t count;
        int64_t lifetime, worst_sec; /* bad times last so long at most */
        bool bad;
        int64_t until; /* true time at which the present time ends */
        int64_t next_mischief, next_check;
        uint32_t faults, validations, spoils; /* per million */
        unsigned crashes, mischiefs;
} Year;

static Life *life_of(Year *y, const char *identifier) {
        for (size_t i = 0; i < y->count; i++)
                if (strcmp(y->lives[i].name, identifier) == 0)
                        return &y->lives[i];
        return NULL;
}

/* ---- hooks of the CA ---- */

static CaFault on_request(CaRequest request, const char *identifier, void *userdata) {
        Year *y = userdata;
        CaFault f;

        (void) identifier;
        if (y->faults == 0 || !fake_chance(y->w.loop, y->faults))
                return CA_OK;
        f = (CaFault) (CA_LOST_BEFORE + fake_random(y->w.loop) % (CA_FAULT_MAX - CA_LOST_BEFORE));
        if (f == CA_TERMS) /* waits for a person */
                return CA_ERROR_500;
        if (f == CA_BAD_CSR && request != CA_FINALIZE)
                return CA_LOST_BEFORE;
        return f == CA_REFUSED && request != CA_NEW_ORDER ? CA_LOST_AFTER : f;
}

static bool validates(const char *identifier, void *userdata) {
        Year *y = userdata;

        (void) identifier;
        return y->validations == 0 || !fake_chance(y->w.loop, y->validations);
}

static bool spoils(void *userdata) {
        Year *y = userdata;

        return y->spoils > 0 && fake_chance(y->w.loop, y->spoils);
}

static size_t issued_since(const Life *l, int64_t since) {
        size_t n = 0;

        for (size_t i = 0; i < l->issued_count; i++)
                n += l->issued[i] > since;
        return n;
}

/* S-08, with room for the day that the clock may be set by. */
static void on_issued(const char *identifier, int64_t now, void *userdata) {
        Year *y = userdata;
        Life *l = life_of(y, identifier);
        bool late;

        if (!l)
                return;
        if (l->issued_count == ISSUES_MAX)
                memmove(l->issued, l->issued + 1, (--l->issued_count) * sizeof l->issued[0]);
        l->issued[l->issued_count++] = now;
        late = l->not_after < now + y->lifetime / 6 + STEP_MAX;
        SIM_CHECK(&y->w, late || issued_since(l, now - y->lifetime + STEP_MAX) <= 3,
                  "%s: more than three in a lifetime", identifier);
        SIM_CHECK(&y->w, issued_since(l, now - 7 * DAY + STEP_MAX) <= 4,
                  "%s: more than four in a week", identifier);
}

/* ---- mischief ---- */

static uint32_t upto(Year *y, uint32_t n) {
        return fake_random(y->w.loop) % (n + 1);
}

static FakeTarget *some_target(Year *y) {
        const char *name = y->lives[upto(y, (uint32_t) y->count - 1)].name;

        return fake_installer_target(y->w.installer, name, "web");
}

static void touch_services(Year *y) {
        FakeTarget *t = some_target(y);

        switch (upto(y, 4)) {
        case 0:
                fake_target_delete_files(t);
                break;
        case 1:
                t->stopped = true;
                break;
        case 2:
                t->reload_fails = true;
                break;
        case 3:
                t->check_refuses = true;
                break;
        default:
                t->slow_sec = upto(y, 90);
                break;
        }
}

static const char *const retry_afters[] = {
        NULL, "0", "-1", "7200", "21600", "31536000", "9223372036854775808"
};

/* The CA's word on renewals, from good to absurd. */
static void talk_nonsense(Year *y) {
        FakeCaOptions *o = fake_ca_options(y->w.ca);

        o->info = (CaInfo) upto(y, CA_INFO_MAX - 1);
        o->info_retry_after = retry_afters[upto(y, ELEMENTSOF(retry_afters) - 1)];
        if (upto(y, 99) == 0)
                o->info_retry_after =
                                "1"; /* a request a minute for each certificate: rare, it takes time */
        o->no_renewal_info = upto(y, 4) == 0;
        o->refuses_replaces = upto(y, 1) ? 400 + (long) upto(y, 9) : 0;
}

static void by_hand(Year *y) {
        _cleanup_free_ char *message = NULL;
        RenewWatch *watch = NULL;

        /* Whatever it answers is fine. */
        if (manager_renew(y->w.manager, y->lives[upto(y, (uint32_t) y->count - 1)].name, false,
                          NULL, NULL, &watch, &message) >= 0)
                (void) renew_watch_free(watch);
}

static void mischief(Year *y) {
        World *w = &y->w;

        y->mischiefs++;
        switch (upto(y, 12)) {
        case 0:
                fake_ca_set_down(w->ca, upto(y, 1));
                break;
        case 1:
                fake_helper_set_gone(w->signer, upto(y, 1));
                break;
        case 2:
                fake_helper_set_gone(w->installer, upto(y, 1));
                break;
        case 3:
                y->faults = upto(y, 600000);
                break;
        case 4:
                y->validations = upto(y, 1000000);
                break;
        case 5:
                fake_helper_set_loss(w->signer, upto(y, 200000));
                fake_helper_set_loss(w->installer, upto(y, 200000));
                break;
        case 6:
                fake_store_crash_chance(w->store, upto(y, (uint32_t) (1000000 / y->count)));
                fake_helper_set_crash(w->signer, upto(y, 50000));
                break;
        case 7:
                fake_prober_set_loss(w->prober, upto(y, 500000));
                break;
        case 8:
                fake_loop_set_offset(w->loop, (int64_t) upto(y, 2 * SEC_PER_DAY) - SEC_PER_DAY);
                break;
        case 9:
                fake_store_fail(w->store, upto(y, 1));
                break;
        case 10:
                talk_nonsense(y);
                break;
        case 11:
                fake_ca_options(w->ca)->retry_after_sec = 1 + upto(y, 2 * SEC_PER_HOUR);
                by_hand(y);
                break;
        default:
                touch_services(y);
                break;
        }
}

static void all_good(Year *y) {
        World *w = &y->w;

        fake_ca_set_down(w->ca, false);
        fake_helper_set_gone(w->signer, false);
        fake_helper_set_gone(w->installer, false);
        fake_helper_set_loss(w->signer, 1000);
        fake_helper_set_loss(w->installer, 1000);
        fake_helper_set_crash(w->signer, 200);
        fake_store_crash_chance(w->store, 1000);
        fake_prober_set_loss(w->prober, 1000);
        fake_store_fail(w->store, false);
        fake_loop_set_offset(w->loop, 0);
        fake_ca_options(w->ca)->retry_after_sec = 60;
        fake_ca_options(w->ca)->info = CA_INFO_GOOD;
        fake_ca_options(w->ca)->info_retry_after = "21600";
        fake_ca_options(w->ca)->no_renewal_info = false;
        fake_ca_options(w->ca)->refuses_replaces = 0;
        y->faults = 5000;
        y->validations = 2000;
        y->spoils = 200;
        for (size_t i = 0; i < y->count; i++) {
                FakeTarget *t = fake_installer_target(w->installer, y->lives[i].name, "web");

                t->reload_fails = t->check_refuses = false;
                if (t->stopped)
                        fake_target_start(t);
        }
}

/* What was issued to the old account and not yet fetched is lost; nobody here can count it. */
static void forget_accounts(Year *y) {
        fake_ca_forget_accounts(y->w.ca);
        for (size_t i = 0; i < y->count; i++)
                y->lives[i].issued_count = 0;
}

static void turn(Year *y, int64_t now) {
        y->bad = !y->bad;
        y->until = now + (y->bad ? SEC_PER_HOUR + (int64_t) upto(y, (uint32_t) y->worst_sec)
                                 : DAY + (int64_t) upto(y, (uint32_t) (4 * DAY)));
        y->next_mischief = y->bad ? now : y->until;
        if (!y->bad) {
                all_good(y);
                if (upto(y, 9) == 0)
                        forget_accounts(y);
        } else
                y->spoils = 20000;
}

/* ---- what must hold ---- */

static void check_life(Year *y, Life *l, int64_t now) {
        const char *pem = fake_store_chain(y->w.store, l->name);
        const char *record = fake_store_get(y->w.store, STORE_CERTIFICATE, l->name);
        bool open = record && strstr(record, "\"attempt\":{");
        CertInfo info = {};

        if (pem && (!l->seen || strcmp(pem, l->seen) != 0)) {
                (void) str_replace(&l->seen, pem);
                if (certinfo_parse(pem, strlen(pem), &info, NULL) >= 0)
                        l->not_after = info.not_after;
                certinfo_done(&info);
        }
        SIM_CHECK(&y->w, l->not_after == 0 || l->not_after > now, "%s has expired", l->name);
        /* With a full disk the record lags behind; then the journal is the older one, which sweeps too much. */
        SIM_CHECK(&y->w, open || y->bad || fake_responder_count_of(y->w.responder, l->name) == 0,
                  "%s is shown without an order", l->name);
}

static void check_all(Year *y) {
        int64_t now = fake_loop_true_sec(y->w.loop);

        for (size_t i = 0; i < y->count; i++)
                check_life(y, &y->lives[i], now);
}

static void check_each_event(Year *y) {
        SIM_CHECK(&y->w, fake_ca_counts(y->w.ca)->most_open <= 1,
                  "two open orders of one certificate");
        SIM_CHECK(&y->w, fake_http_in_flight(y->w.http) <= 20 + 1,
                  "more than 20 requests in flight");
        fake_ca_counts(y->w.ca)->most_open = 0;
}

/* ---- the run ---- */

static void start(Year *y) {
        (void) world_start(&y->w, world_config(y->count), false);
}

static void step(Year *y) {
        if (!fake_loop_step(y->w.loop) && !fake_loop_crashed(y->w.loop))
                fake_loop_run(y->w.loop, 60);
        if (world_reap(&y->w)) {
                y->crashes++;
                fake_loop_run(y->w.loop, 1 + upto(y, 60)); /* the world goes on without it */
                start(y);
        }
        check_each_event(y);
}

static void live(Year *y, int64_t end) {
        while (fake_loop_true_sec(y->w.loop) < end && sim_failures < 50) {
                int64_t now = fake_loop_true_sec(y->w.loop);

                if (now >= y->until)
                        turn(y, now);
                if (now >= y->next_mischief) {
                        mischief(y);
                        y->next_mischief = now + 600 + (int64_t) upto(y, 6 * SEC_PER_HOUR);
                }
                if (now >= y->next_check) {
                        check_all(y);
                        y->next_check = now + SEC_PER_HOUR;
                }
                step(y);
        }
}

static void begin(Year *y, const SimOptions *o, int64_t lifetime, int64_t worst_sec) {
        *y = (Year){
                .o = o, .count = o->certificates, .lifetime = lifetime, .worst_sec = worst_sec
        };
        (void) world_init(&y->w, o->seed);
        y->config = world_config(y->count);
        y->lives = calloc(y->count, sizeof *y->lives);
        for (size_t i = 0; i < y->count; i++)
                y->lives[i].name = y->config->certificates[i].name;
        fake_ca_options(y->w.ca)->lifetime_sec = lifetime;
        *fake_ca_hooks(y->w.ca) = (FakeCaHooks){
                .fault = on_request,
                .validates = validates,
                .spoils = spoils,
                .issued = on_issued,
                .userdata = y,
        };
        y->until = fake_loop_true_sec(y->w.loop) + 2 * DAY;
        y->next_mischief = y->until;
        start(y);
}

/* In the end, with nothing in the way, all is well within three days. */
static void finish(Year *y) {
        const FakeCaCounts *n = fake_ca_counts(y->w.ca);
        _cleanup_free_ char *sentence = NULL;

        all_good(y);
        y->bad = false;
        y->faults = y->validations = y->spoils = 0;
        fake_store_crash_chance(y->w.store, 0);
        fake_helper_set_crash(y->w.signer, 0);
        y->until = INT64_MAX;
        y->next_mischief = INT64_MAX;
        live(y, fake_loop_true_sec(y->w.loop) + 3 * DAY);
        (void) manager_sentence(y->w.manager, &sentence);
        /* The guard may hold a renewal up for longer than that, and says so. */
        SIM_CHECK(&y->w, !manager_is_degraded(y->w.manager) || strstr(sentence, "issued too often"),
                  "still degraded in the end: %s", sentence);
        for (size_t i = 0; i < y->count; i++) {
                FakeTarget *t = fake_installer_target(y->w.installer, y->lives[i].name, "web");

                SIM_CHECK(&y->w,
                          str_equal(fake_target_served(y->w.installer, t),
                                    fake_installer_live(y->w.installer, y->lives[i].name)),
                          "%s is not served", y->lives[i].name);
                free(y->lives[i].seen);
        }
        printf("# %s\n", sentence);
        printf("# %llu events, %u crashes, %u mischiefs, %u orders, %u issued, %u POSTs, %u GETs\n",
               (unsigned long long) fake_loop_fired(y->w.loop), y->crashes, y->mischiefs, n->orders,
               n->issued, n->posts, n->gets);
        free(y->lives);
        (void) config_free(y->config);
        world_done(&y->w);
}

void sim_year(const SimOptions *o) {
        Year y;

        begin(&y, o, 90 * DAY, 4 * DAY);
        live(&y, WORLD_START + o->days * DAY);
        finish(&y);
}

void sim_short_lives(const SimOptions *o) {
        SimOptions few = *o;
        Year y;

        few.certificates = MIN(o->certificates, (size_t) 20);
        begin(&y, &few, 160 * SEC_PER_HOUR, DAY);
        live(&y, WORLD_START + MIN(o->days, (int64_t) 90) * DAY);
        finish(&y);
}
