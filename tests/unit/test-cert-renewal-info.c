#include "base/log.h"
#include "tests/fake/world.h"
#include "tests/unit/test.h"

#define NAME "a.example.org"
#define DAY  ((int64_t) SEC_PER_DAY)
#define HOUR ((int64_t) SEC_PER_HOUR)

static const char *const one[] = { NAME };

static void init(World *w) {
        log_set_max_level(getenv("VERBOSE") ? LOG_DEBUG : LOG_EMERG);
        (void) world_init(w, 1);
}

static void start(World *w) {
        CHECK_INT(world_start(w, world_config_named(one, 1), false), 0);
}

static void restart(World *w, Config *config) {
        world_stop(w);
        CHECK_INT(world_start(w, config, false), 0);
}

static FakeCaOptions *options(World *w) {
        return fake_ca_options(w->ca);
}

static FakeCaCounts *counts(World *w) {
        return fake_ca_counts(w->ca);
}

static unsigned infos(World *w) {
        return counts(w)->by[CA_RENEWAL_INFO];
}

/* A number of the record's renewal_info; -1: there is none. */
static int64_t recorded(World *w, const char *key) {
        const char *text = fake_store_get(w->store, STORE_CERTIFICATE, NAME);
        _cleanup_(json_freep) Json *j = NULL;
        const Json *info;
        int64_t n;

        if (!text || json_parse(text, strlen(text), &j) < 0 ||
            json_get_object(j, "renewal_info", &info) < 0 || json_get_int64(info, key, &n) < 0)
                return -1;
        return n;
}

static int64_t now(World *w) {
        return fake_loop_true_sec(w->loop);
}

/* ---- good answers ---- */

static void one_get_more(void) {
        World w;

        init(&w);
        start(&w);
        fake_loop_run(w.loop, HOUR);
        CHECK_INT(counts(&w)->issued, 1);
        CHECK_INT(counts(&w)->posts, 8); /* X-02, and newAccount */
        CHECK_INT(counts(&w)->heads, 1);
        CHECK_INT(counts(&w)->gets, 2); /* the directory, and one GET for renewal information */
        CHECK_INT(infos(&w), 1);
        fake_loop_run(w.loop, DAY);
        CHECK_INT(infos(&w), 5); /* every six hours (T-09) */
        CHECK_INT(counts(&w)->by[CA_DIRECTORY], 2);
        world_done(&w);
}

static void in_the_window(void) {
        World w;

        init(&w);
        start(&w);
        fake_loop_run(w.loop, HOUR);
        int64_t start_at = recorded(&w, "start"), end = recorded(&w, "end"),
                chosen = recorded(&w, "chosen");
        CHECK(start_at > 0 && start_at < end && chosen >= start_at && chosen < end);
        fake_loop_run(w.loop, chosen - now(&w) - 60);
        CHECK_INT(counts(&w)->issued, 1);
        fake_loop_run(w.loop, HOUR); /* T-17: not some time after */
        CHECK_INT(counts(&w)->issued, 2);
        CHECK_INT(counts(&w)->with_replaces, 1);
        CHECK(recorded(&w, "chosen") > end); /* T-07: of the new one */
        fake_loop_run(w.loop, 300 * DAY);
        CHECK(counts(&w)->issued == 6 || counts(&w)->issued == 7); /* as the instants are drawn */
        CHECK_INT(counts(&w)->with_replaces, counts(&w)->issued - 1);
        CHECK_INT(counts(&w)->info_of_replaced, 0); /* T-11 */
        world_done(&w);
}

static void drawn_once(void) {
        World w;

        init(&w);
        start(&w);
        fake_loop_run(w.loop, HOUR);
        int64_t chosen = recorded(&w, "chosen");
        fake_loop_run(w.loop, 3 * DAY);
        CHECK_INT(recorded(&w, "chosen"), chosen);
        unsigned before = infos(&w);
        restart(&w, world_config_named(one, 1));
        fake_loop_run(w.loop, 2 * HOUR);
        CHECK_INT(recorded(&w, "chosen"), chosen);
        CHECK_INT(infos(&w), before + 1); /* T-09: at start, too */
        for (int i = 0; i < 10; i++) {
                restart(&w, world_config_named(one, 1));
                fake_loop_run(w.loop, 60);
        }
        CHECK(infos(&w) <= before + 2); /* but not at each of many */
        world_done(&w);
}

static void revoked(void) {
        World w;

        init(&w);
        start(&w);
        fake_loop_run(w.loop, 5 * DAY);
        fake_ca_revoke(w.ca, NAME);
        fake_loop_run(w.loop, 6 * HOUR + 5 * SEC_PER_MIN);
        CHECK_INT(counts(&w)->issued, 2);
        CHECK_INT(counts(&w)->with_replaces, 1);
        fake_loop_run(w.loop, 20 * DAY);
        CHECK_INT(counts(&w)->issued, 2);
        CHECK_STR(world_state(&w, NAME), "valid");
        world_done(&w);
}

/* A CA that recalls whatever it issues is obeyed as far as the guard goes. */
static void recalled_again_and_again(void) {
        World w;

        init(&w);
        options(&w)->info = CA_INFO_PAST;
        start(&w);
        fake_loop_run(w.loop, HOUR);
        CHECK_INT(counts(&w)->issued, 2);
        fake_loop_run(w.loop, 60 * DAY);
        CHECK_INT(counts(&w)->issued, 3); /* in a lifetime (S-08) */
        world_done(&w);
}

static void many_recalled(void) {
        int64_t first = 0, last;
        World w;

        init(&w);
        CHECK_INT(world_start(&w, world_config(30), false), 0);
        fake_loop_run(w.loop, 5 * DAY);
        CHECK_INT(counts(&w)->issued, 30);
        options(&w)->info = CA_INFO_PAST;
        while (counts(&w)->issued < 60 && now(&w) < WORLD_START + 7 * DAY) {
                fake_loop_run(w.loop, 10);
                if (counts(&w)->issued > 30 && first == 0) {
                        first = now(&w);
                        options(&w)->info = CA_INFO_PAST;
                }
                if (counts(&w)->issued >= 45)
                        options(&w)->info = CA_INFO_GOOD;
        }
        last = now(&w);
        CHECK(first > 0 && last - first > 120); /* T-18: spread */
        world_done(&w);
}

/* ---- bad answers ---- */

static void bad_windows(void) {
        for (CaInfo info = CA_INFO_GOOD; info < CA_INFO_MAX; info++) {
                unsigned least = 3, most = 4;
                World w;

                if (info == CA_INFO_PAST)
                        continue;
                init(&w);
                options(&w)->info = info;
                start(&w);
                for (int day = 0; day < 200; day++) {
                        fake_loop_run(w.loop, DAY);
                        const char *state = world_state(&w, NAME);
                        CHECK(!str_equal(state, "expired") && !str_equal(state, "failing"));
                }
                if (info == CA_INFO_MOVING || info == CA_INFO_OPEN || info == CA_INFO_WIDE)
                        most = 12; /* the CA's own wish */
                if (counts(&w)->issued < least || counts(&w)->issued > most)
                        printf("# window %d: %u issued\n", (int) info, counts(&w)->issued);
                CHECK(counts(&w)->issued >= least && counts(&w)->issued <= most);
                CHECK(infos(&w) <= 200 * 5 + 10); /* no busy loop */
                world_done(&w);
        }
}

static CaFault no_info(CaRequest request, const char *identifier, void *userdata) {
        const CaFault *fault = userdata;

        (void) identifier;
        return request == CA_RENEWAL_INFO ? *fault : CA_OK;
}

static void failures(void) {
        static const struct {
                CaFault fault;
                unsigned in_three_hours;
        } rows[] = {
                { CA_LOST_BEFORE, 4 }, { CA_LOST_AFTER, 4 }, { CA_ERROR_500, 4 },
                { CA_BUSY_503, 4 },    { CA_GARBAGE, 1 },    { CA_REFUSED, 1 },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                CaFault fault = rows[i].fault;
                World w;

                init(&w);
                *fake_ca_hooks(w.ca) = (FakeCaHooks){ .fault = no_info, .userdata = &fault };
                start(&w);
                fake_loop_run(w.loop, 3 * HOUR);
                if (infos(&w) != rows[i].in_three_hours)
                        printf("# fault %d\n", (int) fault);
                CHECK_INT(infos(&w), rows[i].in_three_hours); /* T-10 */
                fake_loop_run(w.loop, 30 * DAY);
                CHECK(infos(&w) <= 4 + 31 * 4);
                fault = CA_OK;
                fake_loop_run(w.loop, DAY);
                CHECK(recorded(&w, "chosen") > 0);
                world_done(&w);
        }
}

/* The last good window holds for three days, then the share of the lifetime. */
static void old_window(void) {
        CaFault fault = CA_OK;
        World w;

        init(&w);
        *fake_ca_hooks(w.ca) = (FakeCaHooks){ .fault = no_info, .userdata = &fault };
        start(&w);
        fake_loop_run(w.loop, HOUR);
        int64_t chosen = recorded(&w, "chosen");
        fault = CA_ERROR_500;
        fake_loop_run(w.loop, 2 * DAY);
        const char *planned = world_state(&w, NAME);
        CHECK_STR(planned, "valid");
        _cleanup_free_ char *before = NULL, *after = NULL;
        CHECK_INT(manager_sentence(w.manager, &before), 0);
        fake_loop_run(w.loop, 2 * DAY);
        CHECK_INT(manager_sentence(w.manager, &after), 0);
        CHECK(before && after && strcmp(before, after) != 0);
        fake_loop_run(w.loop, chosen + 7 * DAY - now(&w));
        CHECK_INT(counts(&w)->issued, 2);
        world_done(&w);
}

static void retry_after_extremes(void) {
        static const struct {
                const char *text;
                unsigned least, most; /* in two days */
        } rows[] = {
                { NULL, 8, 9 },      { "0", 8, 9 },        { "-1", 8, 9 },
                { "soon", 8, 9 },    { "31536000", 2, 3 }, { "9223372036854775808", 8, 9 },
                { "1", 1400, 2900 }, { "21600", 8, 9 },    { "1.5", 8, 9 },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                World w;

                init(&w);
                options(&w)->info_retry_after = rows[i].text;
                start(&w);
                fake_loop_run(w.loop, 2 * DAY);
                if (infos(&w) < rows[i].least || infos(&w) > rows[i].most)
                        printf("# Retry-After '%s': %u\n", rows[i].text ? rows[i].text : "",
                               infos(&w));
                CHECK(infos(&w) >= rows[i].least && infos(&w) <= rows[i].most);
                world_done(&w);
        }
}

static void none_offered(void) {
        World w;

        init(&w);
        options(&w)->no_renewal_info = true;
        start(&w);
        fake_loop_run(w.loop, 12 * HOUR);
        CHECK_INT(counts(&w)->gets, 1); /* the directory of the order */
        CHECK_INT(infos(&w), 0);
        restart(&w, world_config_named(one, 1));
        fake_loop_run(w.loop, 6 * HOUR);
        CHECK_INT(counts(&w)->gets, 1);
        fake_loop_run(w.loop, 100 * DAY);
        CHECK_INT(counts(&w)->issued, 2);
        CHECK_INT(counts(&w)->with_replaces, 0);
        options(&w)->no_renewal_info = false; /* W-24 */
        fake_loop_run(w.loop, 2 * DAY);
        CHECK(infos(&w) > 0);
        world_done(&w);
}

static void switched_off(void) {
        World w;
        Config *config;

        init(&w);
        config = world_config_named(one, 1);
        config->cas[0].renewal_info = config->cas[0].replaces = false;
        CHECK_INT(world_start(&w, config, false), 0);
        fake_loop_run(w.loop, 70 * DAY);
        CHECK_INT(infos(&w), 0);
        CHECK_INT(counts(&w)->issued, 2);
        CHECK_INT(counts(&w)->with_replaces, 0);
        world_done(&w);
}

static void short_life(void) {
        World w;

        init(&w);
        options(&w)->lifetime_sec = 160 * HOUR;
        start(&w);
        fake_loop_run(w.loop, HOUR);
        CHECK(recorded(&w, "chosen") > 0);
        fake_loop_run(w.loop, 30 * DAY);
        CHECK(counts(&w)->issued >= 6 && counts(&w)->issued <= 9);
        world_done(&w);

        init(&w);
        options(&w)->lifetime_sec = 2 * HOUR + 60; /* one hour of it is left at issuance */
        options(&w)->info = CA_INFO_OPEN;
        start(&w);
        for (int i = 0; i < 200; i++) {
                fake_loop_run(w.loop, 300);
                CHECK(!str_equal(world_state(&w, NAME), "expired"));
        }
        world_done(&w);
}

static int64_t info_times[300];
static size_t info_count;

static CaFault note_time(CaRequest request, const char *identifier, void *userdata) {
        World *w = userdata;

        (void) identifier;
        if (request == CA_RENEWAL_INFO && info_count < ELEMENTSOF(info_times))
                info_times[info_count++] = (int64_t) (loop_boot_usec(w->loop) / USEC_PER_MSEC);
        return CA_OK;
}

static void pace(void) {
        World w;

        init(&w);
        CHECK_INT(world_start(&w, world_config(60), false), 0);
        fake_loop_run(w.loop, 2 * DAY);
        info_count = 0;
        *fake_ca_hooks(w.ca) = (FakeCaHooks){ .fault = note_time, .userdata = &w };
        restart(&w, world_config(60)); /* all of them are asked for at start */
        fake_loop_run(w.loop, 2 * HOUR);
        CHECK(info_count >= 60);
        for (size_t i = 2; i < info_count; i++)
                CHECK(info_times[i] - info_times[i - 2] >= 999); /* S-07: 1/s, burst 2 */
        world_done(&w);
}

/* ---- replaces ---- */

static void replaces_refused(void) {
        static const long statuses[] = { 400, 401, 403, 404, 409, 500 };

        for (size_t i = 0; i < ELEMENTSOF(statuses); i++) {
                World w;

                init(&w);
                options(&w)->refuses_replaces = statuses[i];
                start(&w);
                fake_loop_run(w.loop, 65 * DAY);
                CHECK_INT(counts(&w)->issued, 2);
                CHECK_INT(counts(&w)->with_replaces, 0);
                CHECK_INT(counts(&w)->by[CA_NEW_ORDER], 3); /* */
                CHECK_STR(world_state(&w, NAME), "valid");
                world_done(&w);
        }
}

static bool unreachable(const char *identifier, void *userdata) {
        (void) identifier;
        return !*(const bool *) userdata;
}

/* What was refused once is not sent again with the next attempt; what failed otherwise is. */
static void refused_is_remembered(void) {
        bool broken = false;
        unsigned before;
        World w;

        init(&w);
        *fake_ca_hooks(w.ca) = (FakeCaHooks){ .validates = unreachable, .userdata = &broken };
        start(&w);
        fake_loop_run(w.loop, HOUR);
        options(&w)->refuses_replaces = 409;
        broken = true;
        fake_loop_run(w.loop, 61 * DAY);
        before = counts(&w)->by[CA_NEW_ORDER];
        CHECK(before >= 3 && !strstr(fake_ca_last_order(w.ca), "replaces"));
        CHECK_INT(before, counts(&w)->orders + 1); /* one refusal in all */
        broken = false;
        fake_loop_run(w.loop, 2 * DAY);
        CHECK_INT(counts(&w)->issued, 2);
        options(&w)->refuses_replaces = 0;
        fake_loop_run(w.loop, 61 * DAY); /* the next one is another certificate */
        CHECK_INT(counts(&w)->issued, 3);
        CHECK_INT(counts(&w)->with_replaces, 1);
        world_done(&w);
}

static void another_account(void) {
        World w;

        init(&w);
        start(&w);
        fake_loop_run(w.loop, HOUR);
        fake_ca_forget_accounts(w.ca);
        fake_loop_run(w.loop, 70 * DAY);
        CHECK_INT(counts(&w)->issued, 2);
        CHECK_INT(counts(&w)->accounts, 2);
        CHECK_INT(counts(&w)->with_replaces, 0); /* T-15 */
        world_done(&w);
}

static void another_name(void) {
        static const char *const other[] = { "a.example.org b.example.org" }, *const foreign[] = {
                "x.example.org"
        };
        Config *config;
        World w;

        init(&w);
        start(&w);
        fake_loop_run(w.loop, HOUR);
        restart(&w, world_config_named(other, 1)); /* shares a name */
        fake_loop_run(w.loop, HOUR);
        CHECK_INT(counts(&w)->issued, 2);
        CHECK_INT(counts(&w)->with_replaces, 1);
        config = world_config_named(foreign, 1);
        free(config->certificates[0].name);
        config->certificates[0].name = strdup(NAME);
        restart(&w, config); /* shares none */
        fake_loop_run(w.loop, 2 * DAY);
        CHECK_INT(counts(&w)->issued, 3);
        CHECK_INT(counts(&w)->with_replaces, 1);
        world_done(&w);
}

/* ---- profile, lifetime ---- */

static Config *with_profile(const char *profile, const char *required) {
        Config *config = world_config_named(one, 1);

        (void) str_replace(&config->certificates[0].profile, profile);
        (void) str_replace(&config->certificates[0].require_profile, required);
        return config;
}

static void profiles(void) {
        World w;

        init(&w);
        options(&w)->profile = "shortlived";
        CHECK_INT(world_start(&w, with_profile("shortlived", NULL), false), 0);
        fake_loop_run(w.loop, HOUR);
        CHECK(strstr(fake_ca_last_order(w.ca), "\"profile\":\"shortlived\""));
        CHECK(strstr(fake_store_get(w.store, STORE_CERTIFICATE, NAME),
                     "\"profile\":\"shortlived\""));
        world_done(&w);

        init(&w); /* not offered, not asked for (U-02) */
        CHECK_INT(world_start(&w, with_profile("shortlived", NULL), false), 0);
        fake_loop_run(w.loop, HOUR);
        CHECK_INT(counts(&w)->issued, 1);
        CHECK_INT(counts(&w)->by[CA_NEW_ORDER], 1);
        CHECK(!strstr(fake_ca_last_order(w.ca), "profile"));
        world_done(&w);

        init(&w); /* not offered, but required: asked for, refused, parked */
        CHECK_INT(world_start(&w, with_profile(NULL, "shortlived"), false), 0);
        fake_loop_run(w.loop, 12 * HOUR);
        CHECK_INT(counts(&w)->issued, 0);
        CHECK_INT(counts(&w)->by[CA_NEW_ORDER], 1);
        options(&w)->profile = "shortlived";
        fake_loop_run(w.loop, 2 * DAY);
        CHECK_INT(counts(&w)->issued, 1);
        world_done(&w);

        init(&w); /* silently ignored (H-11) */
        options(&w)->profile = "shortlived";
        options(&w)->ignores_profile = true;
        CHECK_INT(world_start(&w, with_profile(NULL, "shortlived"), false), 0);
        fake_loop_run(w.loop, 12 * HOUR);
        CHECK_INT(counts(&w)->issued, 0);
        CHECK_INT(counts(&w)->by[CA_NEW_ORDER], 1);
        world_done(&w);
}

static void lifetimes(void) {
        Config *config = world_config_named(one, 1);
        World w;

        init(&w);
        config->certificates[0].lifetime_sec = 7 * DAY;
        CHECK_INT(world_start(&w, config, false), 0);
        fake_loop_run(w.loop, HOUR);
        CHECK(strstr(fake_ca_last_order(w.ca), "\"notAfter\":\"2027-01-08T0"));
        world_done(&w);

        init(&w);
        start(&w);
        fake_loop_run(w.loop, HOUR);
        CHECK(!strstr(fake_ca_last_order(w.ca), "notAfter")); /* H-04 */
        world_done(&w);
}

TEST_MAIN({ "one GET after issuance, then one every six hours (T-07, T-09, X-02)", one_get_more },
          { "the renewal is in the window and names what it replaces (T-06, T-15, T-17)",
            in_the_window },
          { "the instant is drawn once and survives restarts (T-06, T-09, T-22)", drawn_once },
          { "a revoked certificate is replaced at once (T-14, T-18)", revoked },
          { "the guard holds against a CA that recalls everything (S-08, W-21)",
            recalled_again_and_again },
          { "many recalled at once are spread (T-18)", many_recalled },
          { "no window lets a certificate expire (T-08, T-12, T-19, W-21)", bad_windows },
          { "failures are repeated three times, then every six hours (T-10)", failures },
          { "the last good window holds for three days (T-10)", old_window },
          { "Retry-After is obeyed within a minute and a day (S-01, S-04, W-19)",
            retry_after_extremes },
          { "a CA without renewal information costs no request (X-03, W-24)", none_offered },
          { "RenewalInfo=no and Replaces=no", switched_off },
          { "short lives (T-08, V-39)", short_life },
          { "one request a second, two at a time (S-07)", pace },
          { "a refused predecessor is left out at once (Q-09, W-22)", replaces_refused },
          { "and is not named again", refused_is_remembered },
          { "the predecessor of another account is not named (T-15)", another_account },
          { "only one that shares a name is (T-15)", another_name },
          { "profiles, preferred and required (U-01, U-02, H-11)", profiles },
          { "Lifetime= asks for notAfter (H-04)", lifetimes }, )
