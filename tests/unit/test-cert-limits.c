/* What an attempt's failure costs, teaches and says: fallback CAs, limits, optional names. */

#include "base/log.h"
#include "tests/fake/world.h"
#include "tests/unit/test.h"

#define NAME "a.example.org"
#define DAY  ((int64_t) SEC_PER_DAY)

static const char *const one[] = { NAME };
static const char *const pair[] = { "a.example.org b.example.org" };

/* What the CA answers to newOrder. */
typedef struct Answers {
        CaFault fault;
        const char *unreachable; /* this name is not validated */
} Answers;

static CaFault on_request(CaRequest request, const char *identifier, void *userdata) {
        const Answers *a = userdata;

        (void) identifier;
        return request == CA_NEW_ORDER ? a->fault : CA_OK;
}

static bool validates(const char *identifier, void *userdata) {
        const Answers *a = userdata;

        return !str_equal(identifier, a->unreachable);
}

static void init(World *w, Answers *a) {
        log_set_max_level(getenv("VERBOSE") ? LOG_DEBUG : LOG_EMERG);
        (void) world_init(w, 1);
        *fake_ca_hooks(w->ca) =
                        (FakeCaHooks){ .fault = on_request, .validates = validates, .userdata = a };
}

static char *member(World *w, const char *key) {
        _cleanup_(json_freep) Json *j = NULL;
        const char *text = "";

        CHECK_INT(manager_certificate_json(w->manager, NAME, &j), 0);
        (void) json_get_string(j, key, &text);
        return strdup(text);
}

static void check_member(World *w, const char *key, const char *text) {
        _cleanup_free_ char *value = member(w, key);

        if (!strstr(value, text)) {
                printf("# %s is '%s', without '%s'\n", key, value, text);
                CHECK(!"the words");
        }
}

static int64_t next_attempt(World *w) {
        _cleanup_(json_freep) Json *j = NULL;
        int64_t at = 0;

        CHECK_INT(manager_certificate_json(w->manager, NAME, &j), 0);
        (void) json_get_int64(j, "next_attempt", &at);
        return at - loop_wall_sec(w->loop);
}

/* ---- fallback ---- */

static Config *two_cas(void) {
        Config *c = world_config_named(one, 1);

        world_config_add_second(c);
        return c;
}

static void falls_back(void) {
        Answers a = { .fault = CA_REFUSED };
        World w;

        init(&w, &a);
        a.fault = CA_ERROR_500;
        CHECK_INT(world_start(&w, two_cas(), false), 0);
        fake_loop_run(w.loop, 4 * SEC_PER_MIN);
        CHECK_INT(fake_ca_counts(w.second)->posts, 0);
        fake_loop_run(w.loop, 30 * SEC_PER_MIN);
        CHECK_INT(fake_ca_counts(w.ca)->by[CA_NEW_ORDER], 3);
        CHECK_INT(fake_ca_counts(w.second)->issued, 1);
        CHECK_STR(world_state(&w, NAME), "valid");
        check_member(&w, "next_attempt_why", "it is not due");
        /* It is not "of another CA than configured": nothing is ordered anew. */
        a.fault = CA_OK;
        world_stop(&w);
        CHECK_INT(world_start(&w, two_cas(), false), 0);
        fake_loop_run(w.loop, 30 * DAY);
        CHECK_INT(fake_ca_counts(w.ca)->issued, 0);
        fake_loop_run(w.loop, 40 * DAY);
        CHECK_INT(fake_ca_counts(w.ca)->issued, 1); /* the first again */
        CHECK_INT(fake_ca_counts(w.second)->issued, 1);
        world_done(&w);
}

static char job_said[200];

static void on_job(bool ok, const char *message, void *userdata) {
        (void) userdata;
        CHECK(!ok);
        (void) snprintf(job_said, sizeof job_said, "%s", message);
}

/* Not the first of CA= counts, but the one that is asked. */
static void another_key_waits_for_its_orders(void) {
        const ManagerAccountWish wish = { .action = ACCOUNT_CREATE, .new_key = true };
        Answers a = { .fault = CA_ERROR_500 };
        ManagerTask *task = NULL;
        World w;

        init(&w, &a);
        fake_ca_options(w.second)->validate_sec = 60;
        CHECK_INT(world_start(&w, two_cas(), false), 0);
        while (fake_ca_counts(w.second)->orders == 0)
                fake_loop_run(w.loop, 1);
        CHECK_INT(manager_account(w.manager, "second", &wish, on_job, NULL, &task), 0);
        fake_loop_run(w.loop, 1);
        CHECK(strstr(job_said, "an order is on its way at this CA"));
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK_STR(world_state(&w, NAME), "valid");
        world_done(&w);
}

static void remembers_over_a_restart(void) {
        Answers a = { .fault = CA_ERROR_500 };
        World w;

        init(&w, &a);
        fake_ca_set_down(w.second, true);
        CHECK_INT(world_start(&w, two_cas(), false), 0);
        fake_loop_run(w.loop, 12 * SEC_PER_MIN);
        CHECK_INT(fake_ca_counts(w.ca)->by[CA_NEW_ORDER], 3);
        world_stop(&w);
        fake_ca_set_down(w.second, false);
        CHECK_INT(world_start(&w, two_cas(), false), 0);
        fake_loop_run(w.loop, 2 * SEC_PER_MIN);
        CHECK_INT(fake_ca_counts(w.ca)->by[CA_NEW_ORDER], 3);
        CHECK_INT(fake_ca_counts(w.second)->issued, 1);
        world_done(&w);
}

static void a_removed_ca_is_left(void) {
        Answers a = { .fault = CA_ERROR_500 };
        World w;

        init(&w, &a);
        CHECK_INT(world_start(&w, two_cas(), false), 0);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK_INT(fake_ca_counts(w.second)->issued, 1);
        a.fault = CA_OK;
        CHECK_INT(manager_reload(w.manager, world_config_named(one, 1)),
                  0); /* without the second */
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK_INT(fake_ca_counts(w.ca)->issued, 1);
        CHECK_STR(world_state(&w, NAME), "valid");
        world_done(&w);
}

/* ---- limits ---- */

static void set_limits(Config *c, CaLimit duplicates, CaLimit failures) {
        c->cas[0].limits[CA_LIMIT_DUPLICATES] = duplicates;
        c->cas[0].limits[CA_LIMIT_FAILURES] = failures;
}

static Config *limited(void) {
        Config *c = world_config_named(one, 1);

        set_limits(c, (CaLimit){ 2, 7 * DAY }, (CaLimit){ 1, 5 * SEC_PER_HOUR });
        return c;
}

/* A changed key type, then another: the second one would be the CA's third in a week. */
static void budget_of_duplicates(void) {
        Answers a = {};
        Config *c;
        World w;

        init(&w, &a);
        CHECK_INT(world_start(&w, limited(), false), 0);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK_INT(fake_ca_counts(w.ca)->issued, 1);
        c = limited();
        c->certificates[0].key_type = KEY_ECDSA_P384;
        CHECK_INT(manager_reload(w.manager, c), 0);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK_INT(fake_ca_counts(w.ca)->issued, 1); /* the last place is for a renewal */
        check_member(&w, "next_attempt_why",
                     "CA 'ca' issues 2 certificates of these names in 7 days");
        check_member(&w, "next_attempt_why", "these names");
        CHECK(next_attempt(&w) > 6 * DAY);
        world_stop(&w);
        c = limited();
        c->certificates[0].key_type = KEY_ECDSA_P384;
        CHECK_INT(world_start(&w, c, false), 0); /* nor after a restart */
        fake_loop_run(w.loop, DAY);
        CHECK_INT(fake_ca_counts(w.ca)->issued, 1);
        fake_loop_run(w.loop, 7 * DAY);
        CHECK_INT(fake_ca_counts(w.ca)->issued, 2);
        world_done(&w);
}

static void budget_of_failures(void) {
        Answers a = { .unreachable = NAME };
        World w;

        init(&w, &a);
        CHECK_INT(world_start(&w, limited(), false), 0);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK_INT(fake_ca_counts(w.ca)->by[CA_NEW_ORDER], 1);
        check_member(&w, "next_attempt_why",
                     "CA 'ca' bears 1 failed validations of a.example.org in 5 h");
        check_member(&w, "message", "as the CA's limits allow");
        world_done(&w);
}

static void limit_without_end_is_parked(void) {
        Answers a = { .fault = CA_RATE_429 };
        World w;

        init(&w, &a);
        fake_ca_options(w.ca)->retry_after_sec = 0; /* no usable Retry-After */
        CHECK_INT(world_start(&w, world_config_named(one, 1), false), 0);
        fake_loop_run(w.loop, SEC_PER_MIN);
        CHECK(next_attempt(&w) > 50 * SEC_PER_MIN);
        check_member(&w, "last_error", "too many of everything");
        check_member(&w, "next_attempt_why", "somebody has to act");
        fake_loop_run(w.loop, 3 * DAY);
        CHECK(fake_ca_counts(w.ca)->by[CA_NEW_ORDER] <= 6);
        world_done(&w);
}

static void words_of_a_wait(void) {
        Answers a = { .fault = CA_RATE_429 };
        World w;

        init(&w, &a);
        fake_ca_options(w.ca)->retry_after_sec = 2 * DAY;
        CHECK_INT(world_start(&w, world_config_named(one, 1), false), 0);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK(next_attempt(&w) > 40 * SEC_PER_HOUR);
        check_member(&w, "next_attempt_why", "CA 'ca' asked to wait");
        check_member(&w, "message", "(as the CA asked)");
        world_done(&w);
}

/* F-05: the others of the account are not even asked for; a reload asks again. */
static void terms_park_the_account(void) {
        Answers a = { .fault = CA_TERMS };
        unsigned asked;
        World w;

        init(&w, &a);
        CHECK_INT(world_start(&w, world_config(5), false), 0);
        fake_loop_run(w.loop, 20 * SEC_PER_HOUR);
        asked = fake_ca_counts(w.ca)->by[CA_NEW_ORDER];
        CHECK(asked >= 1 && asked <= 5); /* those that were under way */
        a.fault = CA_OK;
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK_INT(fake_ca_counts(w.ca)->issued, 0);
        CHECK_INT(manager_reload(w.manager, world_config(5)), 0);
        fake_loop_run(w.loop, 10 * SEC_PER_MIN);
        CHECK_INT(fake_ca_counts(w.ca)->issued, 5);
        world_done(&w);
}

/* ---- optional names ---- */

static Config *optional(void) {
        Config *c = world_config_named(pair, 1);

        world_config_make_optional(c, "b.example.org");
        return c;
}

/* There is none yet: after a day the name is left out. */
static void optional_name_of_a_new_certificate(void) {
        Answers a = { .unreachable = "b.example.org" };
        World w;

        init(&w, &a);
        CHECK_INT(world_start(&w, optional(), false), 0);
        fake_loop_run(w.loop, 12 * SEC_PER_HOUR);
        CHECK_INT(fake_ca_counts(w.ca)->issued, 0);
        fake_loop_run(w.loop, 36 * SEC_PER_HOUR);
        CHECK_INT(fake_ca_counts(w.ca)->issued, 1);
        CHECK_STR(world_state(&w, NAME), "degraded");
        check_member(&w, "message", "left out since");
        check_member(&w, "message", "b.example.org");
        check_member(&w, "next_attempt_why", "asked for again on");
        a.unreachable = NULL;
        fake_loop_run(w.loop, DAY);
        CHECK_INT(fake_ca_counts(w.ca)->issued, 2);
        CHECK_STR(world_state(&w, NAME), "valid");
        world_done(&w);
}

/* What a required name does is the certificate's failure. */
static void required_name_is_never_left_out(void) {
        Answers a = { .unreachable = "a.example.org" };
        World w;

        init(&w, &a);
        CHECK_INT(world_start(&w, optional(), false), 0);
        fake_loop_run(w.loop, 10 * DAY);
        CHECK_INT(fake_ca_counts(w.ca)->issued, 0);
        CHECK_STR(world_state(&w, NAME), "failing");
        world_done(&w);
}

static void a_name_becomes_required(void) {
        Answers a = { .unreachable = "b.example.org" };
        World w;

        init(&w, &a);
        CHECK_INT(world_start(&w, optional(), false), 0);
        fake_loop_run(w.loop, 2 * DAY);
        CHECK_INT(fake_ca_counts(w.ca)->issued, 1);
        CHECK_INT(manager_reload(w.manager, world_config_named(pair, 1)), 0);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK_STR(world_state(&w, NAME), "degraded");
        check_member(&w, "message", "b.example.org");
        a.unreachable = NULL;
        fake_loop_run(w.loop, DAY);
        CHECK_STR(world_state(&w, NAME), "valid");
        CHECK_INT(fake_ca_counts(w.ca)->issued, 2);
        world_done(&w);
}

/* ---- names that nobody asked for ---- */

static void extra_names(void) {
        for (int strict = 0; strict <= 1; strict++) {
                Config *c = world_config_named(one, 1);
                Answers a = {};
                World w;

                init(&w, &a);
                fake_ca_options(w.ca)->extra_name = "www.a.example.org";
                c->certificates[0].strict_names = strict;
                CHECK_INT(world_start(&w, c, false), 0);
                fake_loop_run(w.loop, SEC_PER_HOUR);
                CHECK_INT(fake_ca_counts(w.ca)->issued, 1);
                CHECK(manager_is_degraded(w.manager) == strict);
                if (strict) {
                        check_member(&w, "last_error", "not asked for: 'www.a.example.org'");
                        check_member(&w, "last_error", "StrictNames=no");
                        CHECK(next_attempt(&w) > 12 * SEC_PER_HOUR);
                }
                world_done(&w);
        }
}

TEST_MAIN({ "CA-03: the next CA after three failures, the first at the next renewal", falls_back },
          { "F-14 CA-03: another account key waits for the orders at its own CA",
            another_key_waits_for_its_orders },
          { "CA-03: what became of each CA survives a restart", remembers_over_a_restart },
          { "CA-03: a certificate of a CA that is configured no more is replaced",
            a_removed_ca_is_left },
          { "LE-07: certificates of one set, on disk, with a place for renewals",
            budget_of_duplicates },
          { "LE-07: failed validations of a name", budget_of_failures },
          { "Q: a limit without Retry-After is parked with the CA's words",
            limit_without_end_is_parked },
          { "S-04: a wait has words", words_of_a_wait },
          { "F-05: new terms park the account until a reload", terms_park_the_account },
          { "Q-05: an optional name of a new certificate is left out after a day",
            optional_name_of_a_new_certificate },
          { "Q-05: a required name is never left out", required_name_is_never_left_out },
          { "Q-05: a left-out name that becomes required is ordered at once",
            a_name_becomes_required },
          { "P-05: extra names are taken, or refused for a day with StrictNames=yes", extra_names })
