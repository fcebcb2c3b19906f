/* Renewals that are rehearsed at a staging CA before they are due. */

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "tests/fake/world.h"
#include "tests/unit/test.h"

#define NAME "a.example.org"
#define TWIN NAME ".rsa-2048"
#define DAY  ((int64_t) SEC_PER_DAY)

static const char *const one[] = { NAME };

typedef struct Outside {
        bool broken; /* nothing reaches the name from the staging CA */
        CaFault staging;
        CaRequest when;
        unsigned real, staged; /* issued */
} Outside;

static bool validates(const char *identifier, void *userdata) {
        const Outside *o = userdata;

        (void) identifier;
        return !o->broken;
}

static CaFault fault(CaRequest request, const char *identifier, void *userdata) {
        const Outside *o = userdata;

        (void) identifier;
        return request == o->when ? o->staging : CA_OK;
}

static void issued_real(const char *identifier, int64_t now, void *userdata) {
        Outside *o = userdata;

        (void) identifier;
        (void) now;
        o->real++;
}

static void issued_staged(const char *identifier, int64_t now, void *userdata) {
        Outside *o = userdata;

        (void) identifier;
        (void) now;
        o->staged++;
}

static void init(World *w, Outside *o) {
        log_set_max_level(getenv("VERBOSE") ? LOG_DEBUG : LOG_EMERG);
        (void) world_init(w, 1);
        *fake_ca_hooks(w->ca) = (FakeCaHooks){ .issued = issued_real, .userdata = o };
        *fake_ca_hooks(w->second) = (FakeCaHooks){
                .validates = validates, .fault = fault, .issued = issued_staged, .userdata = o
        };
        fake_ca_options(w->ca)->no_renewal_info = true;
}

static Config *staged(void) {
        Config *c = world_config_named(one, 1);

        world_config_add_staging(c);
        return c;
}

static char *text_of(World *w, const char *name, const char *object, const char *member) {
        _cleanup_(json_freep) Json *j = NULL;
        const Json *holder;
        const char *text = "";

        CHECK_INT(manager_certificate_json(w->manager, name, &j), 0);
        holder = j;
        if (object && json_get_object(j, object, &holder) < 0)
                return strdup("none");
        (void) json_get_string(holder, member, &text); /* absent: "" */
        return strdup(text);
}

static int64_t number_of(World *w, const char *name, const char *member) {
        _cleanup_(json_freep) Json *j = NULL;
        int64_t n = -1;

        CHECK_INT(manager_certificate_json(w->manager, name, &j), 0);
        (void) json_get_int64(j, member, &n); /* absent: -1 */
        return n;
}

static int64_t now(World *w) {
        return loop_wall_sec(w->loop);
}

/* Days until the renewal. */
static int64_t days_left(World *w) {
        return (number_of(w, NAME, "next_renewal") - now(w)) / DAY;
}

static void start(World *w, Config *c) {
        CHECK_INT(world_start(w, c, false), 0);
        fake_loop_run(w->loop, SEC_PER_HOUR);
        CHECK_STR(world_state(w, NAME), "valid");
}

/* Up to `days` before the renewal. */
static void run_until(World *w, int64_t days) {
        fake_loop_run(w->loop, (days_left(w) - days) * DAY);
}

static bool contains(const char *text, const char *part) {
        bool found = text && strstr(text, part);

        if (!found)
                (void) fprintf(stderr, "# '%s' is not in: %s\n", part, text ? text : "");
        return found;
}

static void week_before(void) {
        Outside o = {};
        World w;

        init(&w, &o);
        start(&w, staged());
        run_until(&w, 9);
        CHECK_INT(o.staged, 0);
        _cleanup_free_ char *live = strdup(fake_installer_live(w.installer, NAME));
        _cleanup_free_ char *record = strdup(fake_store_get(w.store, STORE_CERTIFICATE, NAME));
        size_t deploys = fake_installer_target(w.installer, NAME, "web")->deploys;
        run_until(&w, 6);
        CHECK_INT(o.staged, 1);
        CHECK_INT(o.real, 1);
        CHECK_STR(world_state(&w, NAME), "valid");
        _cleanup_free_ char *said = text_of(&w, NAME, "rehearsal", "message");
        CHECK(contains(said, "rehearsed on "));
        CHECK(contains(said, " at staging"));
        /* never published, never installed, and nothing of it counts; its key is gone */
        CHECK_STR(fake_installer_live(w.installer, NAME), live);
        CHECK_INT(fake_installer_target(w.installer, NAME, "web")->deploys, deploys);
        CHECK_STR(fake_store_get(w.store, STORE_CERTIFICATE, NAME), record);
        CHECK_INT(fake_signer_keys(w.signer, NAME), 1);
        fake_loop_run(w.loop, 300 * DAY); /* once before each renewal */
        CHECK_STR(world_state(&w, NAME), "valid");
        CHECK(o.staged == o.real || o.staged == o.real - 1);
        CHECK(o.real >= 5);
        world_done(&w);
}

/* A broken way is known a week early, and told daily until it is mended. */
static void broken_way(void) {
        Outside o = { .broken = true };
        World w;

        init(&w, &o);
        start(&w, staged());
        run_until(&w, 6);
        CHECK_STR(world_state(&w, NAME), "degraded");
        _cleanup_free_ char *said = text_of(&w, NAME, NULL, "message");
        CHECK(contains(said, "rehearsal failed: "));
        CHECK(contains(said, "; the certificate is valid until "));
        CHECK(contains(said, ", its renewal is planned for "));
        CHECK_INT(number_of(&w, NAME, "failures"), 0);
        unsigned orders = fake_ca_counts(w.second)->orders;
        CHECK(orders >= 1 && orders <= 2);
        run_until(&w, 3);
        CHECK_INT(fake_ca_counts(w.second)->orders, orders + 3);
        o.broken = false;
        fake_loop_run(w.loop, DAY + SEC_PER_HOUR);
        CHECK_STR(world_state(&w, NAME), "valid");
        CHECK_INT(o.staged, 1);
        CHECK_INT(o.real, 1);
        world_done(&w);
}

/* It is broken at the staging CA only: the renewal comes in its time, and ends the matter. */
static void renewal_is_not_delayed(void) {
        Outside o = { .broken = true };
        World w;

        init(&w, &o);
        start(&w, staged());
        int64_t planned = number_of(&w, NAME, "next_renewal");
        run_until(&w, 1);
        CHECK_STR(world_state(&w, NAME), "degraded");
        CHECK_INT(number_of(&w, NAME, "next_renewal"), planned);
        fake_loop_run(w.loop, 3 * DAY);
        CHECK_INT(o.real, 2);
        CHECK_STR(world_state(&w, NAME), "valid");
        world_done(&w);
}

/* What is the staging CA's own trouble says nothing about the certificate. */
static void staging_is_down(void) {
        Outside o = {};
        World w;

        init(&w, &o);
        start(&w, staged());
        fake_ca_set_down(w.second, true);
        run_until(&w, 5);
        CHECK_STR(world_state(&w, NAME), "valid");
        _cleanup_free_ char *said = text_of(&w, NAME, "rehearsal", "message");
        CHECK(contains(said, "came to nothing"));
        fake_ca_set_down(w.second, false);
        fake_loop_run(w.loop, DAY);
        CHECK_INT(o.staged, 1);
        o.when = CA_NEW_ORDER;
        o.staging = CA_RATE_429;
        fake_loop_run(w.loop, 60 * DAY);
        CHECK_STR(world_state(&w, NAME), "valid");
        world_done(&w);
}

static void who_rehearses(void) {
        static const struct {
                int64_t days;
                Rehearse rehearse;
                unsigned staged;
        } cases[] = {
                { 90, REHEARSE_AUTO, 1 }, { 90, REHEARSE_NO, 0 }, { 60, REHEARSE_AUTO, 1 },
                { 45, REHEARSE_AUTO, 0 }, { 6, REHEARSE_YES, 1 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Config *c = staged();
                Outside o = {};
                World w;

                init(&w, &o);
                fake_ca_options(w.ca)->lifetime_sec = cases[i].days * DAY;
                c->certificates[0].rehearse = cases[i].rehearse;
                start(&w, c);
                fake_loop_run(w.loop, number_of(&w, NAME, "next_renewal") - now(&w) - SEC_PER_HOUR);
                CHECK_INT(o.staged, cases[i].staged);
                CHECK_INT(o.real, 1);
                world_done(&w);
        }
}

/* ---- by hand ---- */

typedef struct Steps {
        unsigned told;
        bool done, ok;
        char *last;
} Steps;

static void on_step(const char *step, bool done, bool ok, void *userdata) {
        Steps *s = userdata;

        s->told++;
        s->done = done;
        s->ok = ok;
        (void) str_replace(&s->last, step);
}

static int rehearse(World *w, const char *name, Steps *s, RenewWatch **ret, char **ret_message) {
        return manager_rehearse(w->manager, name, on_step, s, ret, ret_message);
}

static void by_hand(void) {
        _cleanup_(renew_watch_freep) RenewWatch *watch = NULL, *second = NULL;
        _cleanup_free_ char *message = NULL;
        Outside o = {};
        Config *c = staged();
        Steps s = {}, t = {};
        World w;

        init(&w, &o);
        c->certificates[0].rehearse = REHEARSE_NO;
        start(&w, c);
        CHECK_INT(rehearse(&w, NAME, &s, &watch, &message), 0);
        fake_loop_run(w.loop, 1);
        CHECK_INT(rehearse(&w, NAME, &t, &second, &message), 0); /* the same one */
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK(s.done && s.ok && t.done && t.ok);
        CHECK(s.told > 3);
        CHECK_STR(s.last, "rehearsed at staging; what came is thrown away");
        CHECK_INT(o.staged, 1);

        o.broken = true;
        watch = renew_watch_free(watch);
        CHECK_INT(rehearse(&w, NAME, &s, &watch, &message), 0);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK(s.done && !s.ok);
        CHECK_STR(world_state(&w, NAME), "valid"); /* Rehearse=no: whoever asked was told */
        CHECK_INT(rehearse(&w, "x.example.org", &s, &watch, &message), -ENOENT);
        world_done(&w);
        free(s.last);
        free(t.last);
}

static void nowhere(void) {
        _cleanup_(renew_watch_freep) RenewWatch *watch = NULL;
        _cleanup_free_ char *message = NULL;
        Outside o = {};
        Steps s = {};
        World w;

        init(&w, &o);
        start(&w, world_config_named(one, 1));
        CHECK_INT(rehearse(&w, NAME, &s, &watch, &message), -EOPNOTSUPP);
        CHECK(contains(message, "CA 'ca' has no Staging="));
        _cleanup_free_ char *none = text_of(&w, NAME, "rehearsal", "message");
        CHECK_STR(none, "none");
        fake_loop_run(w.loop, 70 * DAY);
        CHECK_INT(fake_ca_counts(w.second)->gets, 0);
        world_done(&w);
}

/* ---- beside real orders ---- */

static void order_has_right_of_way(void) {
        _cleanup_(renew_watch_freep) RenewWatch *watch = NULL, *renewal = NULL;
        _cleanup_free_ char *message = NULL;
        Steps s = {}, t = {};
        Outside o = {};
        World w;

        init(&w, &o);
        start(&w, staged());
        fake_ca_options(w.second)->validate_sec = 600;
        CHECK_INT(rehearse(&w, NAME, &s, &watch, &message), 0);
        fake_loop_run(w.loop, 60);
        CHECK(!s.done);
        CHECK_INT(manager_renew(w.manager, NAME, false, on_step, &t, &renewal, &message), 0);
        CHECK(s.done && !s.ok);
        CHECK_INT(rehearse(&w, NAME, &s, &watch, &message), -EBUSY);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK(t.done && t.ok);
        CHECK_INT(o.real, 2);
        CHECK_INT(o.staged, 0);
        CHECK_INT(fake_signer_keys(w.signer, NAME), 1);
        world_done(&w);
        free(s.last);
        free(t.last);
}

/* Another certificate's order of the same name, too: the rehearsal ends, and comes again after it. */
static void order_of_the_same_name(void) {
        static const char *const names[] = { NAME, "b.example.org " NAME };
        _cleanup_(renew_watch_freep) RenewWatch *watch = NULL, *renewal = NULL;
        _cleanup_free_ char *message = NULL;
        Config *c = world_config_named(names, 2);
        Steps s = {}, t = {};
        Outside o = {};
        World w;

        init(&w, &o);
        world_config_add_staging(c);
        start(&w, c);
        fake_ca_options(w.second)->validate_sec = 600;
        CHECK_INT(rehearse(&w, NAME, &s, &watch, &message), 0);
        fake_loop_run(w.loop, 60);
        CHECK_INT(fake_responder_count_of(w.responder, NAME), 1);
        CHECK_INT(manager_renew(w.manager, "b.example.org", false, on_step, &t, &renewal, &message),
                  0);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK(s.done && !s.ok);
        CHECK_STR(s.last, "an order of the same name begins, the rehearsal is left");
        CHECK(t.done && t.ok);
        CHECK_INT(o.staged, 0);
        fake_ca_options(w.second)->validate_sec = 5;
        fake_loop_run(w.loop, 59 * DAY);
        CHECK_INT(o.staged, 2);
        CHECK_STR(world_state(&w, NAME), "valid");
        world_done(&w);
        free(s.last);
        free(t.last);
}

static void twins_once(void) {
        _cleanup_(renew_watch_freep) RenewWatch *watch = NULL;
        Config *c = world_config_named(one, 1);
        _cleanup_free_ char *message = NULL;
        Outside o = {};
        Steps s = {};
        World w;

        init(&w, &o);
        world_config_add_twin(c, 0, KEY_RSA_2048);
        world_config_add_staging(c);
        start(&w, c);
        run_until(&w, 3);
        CHECK_INT(o.staged, 1);
        CHECK_INT(rehearse(&w, TWIN, &s, &watch, &message), -EOPNOTSUPP);
        CHECK(contains(message, "renewctl rehearse " NAME));
        world_done(&w);
}

/* O-05: the live key is no business of a staging CA. A configured request is all there is. */
static void keys(void) {
        Config *c = staged();
        EVP_PKEY *own = NULL;
        Outside o = {};
        World w;

        init(&w, &o);
        c->certificates[0].reuse_key = true;
        start(&w, c);
        run_until(&w, 3);
        CHECK_INT(o.staged, 1);
        CHECK_INT(fake_signer_made(w.signer), 2);
        CHECK_INT(fake_signer_keys(w.signer, NAME), 1);
        world_done(&w);

        init(&w, &o);
        c = staged();
        o = (Outside){};
        (void) str_replace(&c->certificates[0].request_path, "/etc/a.csr");
        CHECK_INT(key_generate(KEY_ECDSA_P256, &own), 0);
        fake_signer_set_request(w.signer, NAME, own);
        start(&w, c);
        run_until(&w, 3);
        CHECK_INT(o.staged, 1);
        CHECK_INT(fake_signer_made(w.signer), 0);
        world_done(&w);
}

/* Killed at every step of it: what is shown goes, the certificate is as before, and it is rehearsed again. */
static void killed(void) {
        for (int64_t after = 0; after < 12; after++) {
                _cleanup_(renew_watch_freep) RenewWatch *watch = NULL;
                _cleanup_free_ char *message = NULL;
                Outside o = {};
                Steps s = {};
                World w;

                init(&w, &o);
                start(&w, staged());
                run_until(&w, 9);
                fake_ca_options(w.second)->validate_sec = 5;
                _cleanup_free_ char *record =
                                strdup(fake_store_get(w.store, STORE_CERTIFICATE, NAME));
                CHECK_INT(rehearse(&w, NAME, &s, &watch, &message), 0);
                fake_loop_run(w.loop, after);
                watch = renew_watch_free(watch);
                world_stop(&w);
                CHECK_STR(fake_store_get(w.store, STORE_CERTIFICATE, NAME), record);
                CHECK_INT(world_start(&w, staged(), false), 0);
                fake_loop_run(w.loop, 300);
                CHECK_STR(world_state(&w, NAME), "valid");
                CHECK_STR(fake_store_get(w.store, STORE_CERTIFICATE, NAME), record);
                CHECK_INT(fake_responder_count(w.responder), 0);
                CHECK_INT(fake_signer_keys(w.signer, NAME), 1);
                fake_loop_run(w.loop, 4 * DAY);
                CHECK(o.staged >= 1);
                CHECK_INT(o.real, 1);
                world_done(&w);
                free(s.last);
        }
}

static void over_a_reload(void) {
        _cleanup_(renew_watch_freep) RenewWatch *watch = NULL;
        _cleanup_free_ char *message = NULL;
        Outside o = { .broken = true };
        Config *without;
        Steps s = {};
        World w;

        init(&w, &o);
        start(&w, staged());
        run_until(&w, 5);
        CHECK_STR(world_state(&w, NAME), "degraded");
        o.broken = false; /* mended, and told so */
        CHECK_INT(manager_reload(w.manager, staged()), 0);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK_STR(world_state(&w, NAME), "valid");
        fake_ca_options(w.second)->validate_sec = 60;
        CHECK_INT(rehearse(&w, NAME, &s, &watch, &message), 0);
        fake_loop_run(w.loop, 20);
        without = world_config_named(one, 1);
        CHECK_INT(manager_reload(w.manager, without), 0);
        CHECK(s.done && !s.ok);
        fake_loop_run(w.loop, 30 * DAY);
        CHECK_INT(o.staged, 1);
        CHECK_INT(o.real, 2);
        world_done(&w);
        free(s.last);
}

TEST_MAIN({ "a week before each renewal, and nothing of it stays", week_before },
          { "a broken way is known early, told daily until it is mended", broken_way },
          { "a failing rehearsal does not delay the renewal", renewal_is_not_delayed },
          { "trouble of the staging CA itself is no alarm", staging_is_down },
          { "by lifetime, unless Rehearse= says otherwise", who_rehearses },
          { "by hand at any time, with steps", by_hand },
          { "without Staging= nothing, and it is said why", nowhere },
          { "an order has right of way", order_has_right_of_way },
          { "also one of the same name", order_of_the_same_name },
          { "twins are rehearsed once (H-10)", twins_once },
          { "a key of its own (O-05), or the configured request", keys },
          { "killed at any time", killed },
          { "over a reload", over_a_reload })
