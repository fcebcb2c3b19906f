/* usage: walk [--seed N] [--count N] [--verbose]
 *
 * Walk i has seed N + i: a machine of one to three certificates, most of them issued in a good time; a bad time of hours to
 * days in which the CA answers by whim and the engine may crash; then three good days. What must hold:
 *
 *   in each hour   so many callbacks and requests and no more: nothing spins
 *   in each day    so many orders per certificate and no more (section 18)
 *   always         no mismatched pair, what was live stays live, every record is JSON, something is planned
 *   in the end     every certificate is valid and live, and no challenge is shown */

#include "tests/walk/walk.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "acme/certinfo.h"
#include "base/log.h"

#define NAMES_MAX_HERE     3
#define CALLBACKS_PER_HOUR 6000
#define REQUESTS_PER_HOUR  2500
#define ORDERS_PER_DAY     40
#define GOOD_DAYS          3
#define CRASH_PER_MILLION  20000

typedef struct Walk {
        World w;
        Whim *whim;
        uint64_t seed;
        size_t count; /* of certificates */
        int64_t lifetime;
        uint64_t fired; /* at the beginning of the hour */
        unsigned requests, orders;
        int64_t hour, day;
        unsigned crashes, most_requests, most_orders;
        uint64_t most_fired;
        unsigned failures;
        char *seen[NAMES_MAX_HERE]; /* the chain that was checked last */
} Walk;

static void fail(Walk *k, const char *format, ...) _printf_(2, 3);

static void fail(Walk *k, const char *format, ...) {
        va_list args;

        if (k->failures++ > 5)
                return;
        printf("# seed %llu, after %.2f days: ", (unsigned long long) k->seed,
               (double) (fake_loop_true_sec(k->w.loop) - WORLD_START) / (double) DAY);
        va_start(args, format);
        (void) vprintf(format, args);
        va_end(args);
        printf("\n");
}

static uint32_t upto(Walk *k, uint32_t n) {
        return fake_random(k->w.loop) % (n + 1);
}

static const char *name_of(size_t i) {
        static const char *const names[] = { "c00000.example.org", "c00001.example.org",
                                             "c00002.example.org" };

        return names[i];
}

/* ---- what must hold ---- */

static void check_json(Walk *k, StoreKind kind, const char *name) {
        const char *text = fake_store_get(k->w.store, kind, name);
        _cleanup_(json_freep) Json *j = NULL;

        if (text && (json_parse(text, strlen(text), &j) < 0 || !json_is_object(j)))
                fail(k, "%s: what was saved is no JSON: %.80s", name, text);
}

/* `was_live`: before this step. */
static void check_certificate(Walk *k, size_t i, bool was_live) {
        const char *name = name_of(i), *pem = fake_store_chain(k->w.store, name);
        CertInfo info = {};

        if (was_live && !fake_installer_live(k->w.installer, name))
                fail(k, "%s: is not live any more", name);
        check_json(k, STORE_CERTIFICATE, name);
        if (!pem || str_equal(pem, k->seen[i]))
                return;
        if (certinfo_parse(pem, strlen(pem), &info, NULL) < 0)
                fail(k, "%s: the chain on disk cannot be read", name);
        else if (!string_list_contains(&info.names, name))
                fail(k, "%s: the chain on disk is for another name", name);
        certinfo_done(&info);
        (void) str_replace(&k->seen[i], pem);
}

static unsigned requests_of(const Walk *k) {
        const FakeCaCounts *n = fake_ca_counts(k->w.ca);

        return n->posts + n->gets + n->heads;
}

static void check_hour(Walk *k, int64_t now) {
        uint64_t fired = fake_loop_fired(k->w.loop) - k->fired;
        unsigned requests = requests_of(k) - k->requests;

        k->most_fired = MAX(k->most_fired, fired);
        k->most_requests = MAX(k->most_requests, requests);
        if (fired > CALLBACKS_PER_HOUR * k->count)
                fail(k, "%llu callbacks in an hour", (unsigned long long) fired);
        if (requests > REQUESTS_PER_HOUR * k->count)
                fail(k, "%u requests in an hour", requests);
        if (now < k->hour + SEC_PER_HOUR)
                return;
        k->hour = now;
        k->fired = fake_loop_fired(k->w.loop);
        k->requests = requests_of(k);
        for (size_t i = 0; i < k->count; i++)
                check_certificate(k, i, false);
        check_json(k, STORE_ACCOUNT, "ca");
}

static void check_day(Walk *k, int64_t now) {
        unsigned orders = fake_ca_counts(k->w.ca)->by[CA_NEW_ORDER] - k->orders;

        k->most_orders = MAX(k->most_orders, orders);
        if (orders > ORDERS_PER_DAY * k->count)
                fail(k, "%u orders in a day", orders);
        if (now < k->day + DAY)
                return;
        k->day = now;
        k->orders = fake_ca_counts(k->w.ca)->by[CA_NEW_ORDER];
}

/* ---- the walk ---- */

static void start(Walk *k) {
        if (world_start(&k->w, world_config(k->count), false) < 0)
                fail(k, "the engine does not start on what it saved");
}

static void step(Walk *k) {
        bool live[NAMES_MAX_HERE];

        for (size_t i = 0; i < k->count; i++)
                live[i] = fake_installer_live(k->w.installer, name_of(i));
        if (!fake_loop_step(k->w.loop) && !fake_loop_crashed(k->w.loop)) {
                fail(k, "nothing is planned any more");
                fake_loop_run(k->w.loop, SEC_PER_HOUR);
        }
        if (world_reap(&k->w)) {
                k->crashes++;
                fake_loop_run(k->w.loop, 1 + upto(k, 60));
                start(k);
        }
        for (size_t i = 0; i < k->count; i++)
                if (live[i] && !fake_installer_live(k->w.installer, name_of(i)))
                        check_certificate(k, i, true);
        if (fake_installer_mismatched(k->w.installer))
                fail(k, "a pair that does not match was put in place");
}

static void live_until(Walk *k, int64_t end) {
        while (fake_loop_true_sec(k->w.loop) < end && k->failures == 0) {
                int64_t now = fake_loop_true_sec(k->w.loop);

                check_hour(k, now);
                check_day(k, now);
                step(k);
        }
}

static void begin(Walk *k, uint64_t seed) {
        static const int64_t lifetimes[] = { DAY, DAY, 2 * DAY, 6 * DAY, 6 * DAY, 30 * DAY };

        *k = (Walk){ .seed = seed, .hour = WORLD_START, .day = WORLD_START };
        (void) world_init(&k->w, seed);
        k->count = 1 + upto(k, NAMES_MAX_HERE - 1);
        k->lifetime = lifetimes[upto(k, ELEMENTSOF(lifetimes) - 1)];
        k->whim = whim_new(&k->w);
        *fake_ca_options(k->w.ca) = (FakeCaOptions){
                .lifetime_sec = k->lifetime,
                .reuse_sec = upto(k, 1) ? DAY : 0,
                .validate_sec = upto(k, 30),
                .finalize_sec = upto(k, 30),
                .retry_after_sec = 60,
                .no_renewal_info = upto(k, 1),
        };
        start(k);
}

/* From the beginning, or about when it becomes due. */
static void bad_time(Walk *k) {
        int64_t now = fake_loop_true_sec(k->w.loop),
                length = SEC_PER_HOUR + upto(k, (uint32_t) (4 * DAY));

        if (upto(k, 4) > 0)
                live_until(k, now + MAX(k->lifetime / 2, SEC_PER_HOUR) -
                                              upto(k, (uint32_t) (k->lifetime / 8)));
        whim_set(k->whim, 20000 + upto(k, 900000));
        if (upto(k, 2) == 0)
                fake_store_crash_chance(k->w.store, upto(k, CRASH_PER_MILLION));
        fake_ca_options(k->w.ca)->info = (CaInfo) upto(k, CA_INFO_MAX - 1);
        live_until(k, fake_loop_true_sec(k->w.loop) + length);
}

static void good_time(Walk *k) {
        whim_set(k->whim, 0);
        fake_store_crash_chance(k->w.store, 0);
        fake_ca_options(k->w.ca)->info = CA_INFO_GOOD;
        live_until(k, fake_loop_true_sec(k->w.loop) +
                                      (GOOD_DAYS + (whim_asked_for_days(k->whim) ? 7 : 0)) * DAY);
}

static void check_end(Walk *k) {
        _cleanup_free_ char *sentence = NULL;

        if (k->failures > 0)
                return;
        (void) manager_sentence(k->w.manager, &sentence);
        /* The issuance guard may hold it up for longer, and a CA that called the account dead has made it a person's affair
         * (F-16): both say so. */
        if (manager_is_degraded(k->w.manager) && !strstr(sentence, "issued too often") &&
            !strstr(sentence, "the account at the CA is"))
                fail(k, "still degraded after %d good days: %s", GOOD_DAYS, sentence);
        for (size_t i = 0; i < k->count; i++)
                check_certificate(k, i, false);
}

/* Adds what it measured to `sum`. */
static bool walk(uint64_t seed, Walk *sum) {
        Walk k;

        begin(&k, seed);
        bad_time(&k);
        good_time(&k);
        check_end(&k);
        sum->count += whim_count(k.whim);
        sum->crashes += k.crashes;
        sum->most_fired = MAX(sum->most_fired, k.most_fired / k.count);
        sum->most_requests = MAX(sum->most_requests, k.most_requests / (unsigned) k.count);
        sum->most_orders = MAX(sum->most_orders, k.most_orders / (unsigned) k.count);
        world_done(&k.w);
        whim_free(k.whim);
        for (size_t i = 0; i < NAMES_MAX_HERE; i++)
                free(k.seen[i]);
        return k.failures == 0;
}

int main(int argc, char *argv[]) {
        static const struct option options[] = {
                { "seed", required_argument, NULL, 's' },
                { "count", required_argument, NULL, 'c' },
                { "verbose", no_argument, NULL, 'v' },
                { NULL, 0, NULL, 0 },
        };
        uint64_t seed = (uint64_t) time(NULL), count = 100, failed = 0;
        bool verbose = false;
        Walk sum = {};
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0)
                if (c == 's')
                        seed = strtoull(optarg, NULL, 10);
                else if (c == 'c')
                        count = strtoull(optarg, NULL, 10);
                else if (c == 'v')
                        verbose = true;
                else
                        return 2;
        log_set_max_level(verbose ? LOG_DEBUG : LOG_EMERG);
        printf("# seed %llu\n", (unsigned long long) seed);
        for (uint64_t i = 0; i < count; i++)
                if (!walk(seed + i, &sum)) {
                        printf("# repeat: %s --seed %llu --count 1\n", argv[0],
                               (unsigned long long) (seed + i));
                        (void) fflush(stdout);
                        failed++;
                }
        printf("# %zu wrong answers, %u crashes; at most %llu callbacks and %u requests an hour, %u orders a day per certificate\n",
               sum.count, sum.crashes, (unsigned long long) sum.most_fired, sum.most_requests,
               sum.most_orders);
        printf("%s %llu walks at a CA that answers by whim\n", failed ? "not ok" : "ok",
               (unsigned long long) count);
        return failed ? 1 : 0;
}
