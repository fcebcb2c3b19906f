#include "base/log.h"
#include "daemon/nonce-pool.h"
#include "daemon/session-request.h"
#include "tests/fake/world.h"
#include "tests/unit/test.h"

/* ---- nonces ---- */

static void pool_is_lifo(void) {
        _cleanup_(nonce_pool_done) NoncePool p = {};
        char *a, *b;

        CHECK_INT(nonce_pool_put(&p, "one", 1), 0);
        CHECK_INT(nonce_pool_put(&p, "two", 2), 0);
        a = nonce_pool_take(&p, 3);
        b = nonce_pool_take(&p, 3);
        CHECK_STR(a, "two");
        CHECK_STR(b, "one");
        CHECK(!nonce_pool_take(&p, 3));
        free(a);
        free(b);
}

static void pool_forgets(void) {
        _cleanup_(nonce_pool_done) NoncePool p = {};
        char text[16], *nonce;

        for (int i = 0; i < 40; i++) {
                (void) snprintf(text, sizeof text, "n%d", i);
                CHECK_INT(nonce_pool_put(&p, text, (usec_t) i), 0);
        }
        CHECK_INT(p.count, NONCE_POOL_MAX);
        CHECK(!nonce_pool_take(&p, NONCE_AGE_MAX + 40));
        CHECK_INT(nonce_pool_put(&p, "fresh", NONCE_AGE_MAX), 0);
        nonce = nonce_pool_take(&p, 2 * NONCE_AGE_MAX);
        CHECK_STR(nonce, "fresh");
        free(nonce);
}

static void pool_alphabet(void) {
        _cleanup_(nonce_pool_done) NoncePool p = {};
        char long_one[NONCE_SIZE_MAX + 2], *nonce;

        memset(long_one, 'a', sizeof long_one - 1);
        long_one[sizeof long_one - 1] = '\0';
        CHECK_INT(nonce_pool_put(&p, "", 1), -ENOENT);
        CHECK_INT(nonce_pool_put(&p, "a b\"", 1), 0); /* the first valid token */
        CHECK_INT(nonce_pool_put(&p, "+/=", 1), -ENOENT);
        CHECK_INT(nonce_pool_put(&p, long_one, 1), -ENOENT);
        CHECK_INT(nonce_pool_put(&p, "!, good_one, other", 1), 0);
        nonce = nonce_pool_take(&p, 1);
        CHECK_STR(nonce, "good_one");
        free(nonce);
}

/* ---- a session in a world without a manager ---- */

typedef struct Bench {
        World w;
        Account *account;
        CaConfig ca;
        Session *session;
        SessionWait *wait;
        SessionCall *call;
        unsigned told, answered;
        ProblemClass class;
        char message[256];
        long status;
        int error;
        int64_t retry_after_sec;
        CaFault fault;
        CaRequest where;
        unsigned faults; /* how many are left */
} Bench;

static CaFault on_request(CaRequest request, const char *identifier, void *userdata) {
        Bench *b = userdata;

        (void) identifier;
        if (request != b->where || b->faults == 0)
                return CA_OK;
        b->faults--;
        return b->fault;
}

static void init(Bench *b) {
        log_set_max_level(getenv("VERBOSE") ? LOG_DEBUG : LOG_EMERG);
        *b = (Bench){};
        (void) world_init(&b->w, 1);
        *fake_ca_hooks(b->w.ca) = (FakeCaHooks){ .fault = on_request, .userdata = b };
        b->ca = (CaConfig){
                .name = strdup("ca"),
                .directory = strdup("https://ca.test/dir"),
                .terms_agreed = true,
        };
        (void) string_list_add(&b->ca.origins, "https://ca.test");
        (void) account_load(b->w.store, "ca", &b->account);
        (void) session_new(&b->w.engine, &b->ca, b->account, &b->session);
}

static void done(Bench *b) {
        b->wait = session_wait_free(b->wait);
        b->call = session_call_free(b->call);
        b->session = session_free(b->session);
        b->account = account_free(b->account);
        free(b->ca.name);
        free(b->ca.directory);
        string_list_done(&b->ca.origins);
        world_done(&b->w);
}

static void restart(Bench *b) {
        b->wait = session_wait_free(b->wait);
        b->session = session_free(b->session);
        b->account = account_free(b->account);
        (void) account_load(b->w.store, "ca", &b->account);
        (void) session_new(&b->w.engine, &b->ca, b->account, &b->session);
}

static void on_ready(const Failure *failure, void *userdata) {
        Bench *b = userdata;

        b->told++;
        b->message[0] = '\0';
        if (!failure)
                return;
        b->class = failure->class;
        b->retry_after_sec = failure->retry_after_sec;
        (void) snprintf(b->message, sizeof b->message, "%s", failure->message);
}

/* True: ready. */
static bool prepare(Bench *b, bool resume) {
        b->wait = session_wait_free(b->wait);
        b->told = 0;
        CHECK_INT(session_prepare(b->session, resume, on_ready, b, &b->wait), 0);
        CHECK_INT(b->told, 0); /* never from within the call */
        fake_loop_run(b->w.loop, 120);
        CHECK_INT(b->told, 1);
        return !b->message[0];
}

static void on_reply(const SessionReply *reply, void *userdata) {
        Bench *b = userdata;

        b->answered++;
        b->error = reply->error;
        b->status = reply->status;
}

static void send_order(Bench *b) {
        _cleanup_(string_list_done) StringList names = {};
        SessionRequest request = { .kind = SESSION_NEW_ORDER, .certificate = "a", .names = &names };

        (void) string_list_add(&names, "a.example.org");
        b->call = session_call_free(b->call);
        b->answered = 0;
        CHECK_INT(session_send(b->session, &request, on_reply, b, &b->call), 0);
        CHECK_INT(b->answered, 0);
        fake_loop_run(b->w.loop, 300);
        CHECK_INT(b->answered, 1);
}

static void makes_an_account(void) {
        Bench b;

        init(&b);
        CHECK(prepare(&b, false));
        CHECK_STR(session_account(b.session), "https://ca.test/account-of/1");
        CHECK_STR(session_thumbprint(b.session), "thumbprint-of-ca");
        CHECK_INT(fake_ca_counts(b.w.ca)->accounts, 1);
        restart(&b);
        CHECK(prepare(&b, false));
        CHECK_INT(fake_ca_counts(b.w.ca)->posts, 1); /* known accounts are not looked up */
        done(&b);
}

static void lost_answer_finds_the_account_again(void) {
        Bench b;

        init(&b);
        b.fault = CA_LOST_AFTER;
        b.where = CA_ACCOUNT;
        b.faults = 1;
        CHECK(!prepare(&b, false));
        CHECK_INT(b.class, CLASS_UNREACHABLE);
        CHECK(prepare(&b, false));
        CHECK_INT(fake_ca_counts(b.w.ca)->accounts, 1);
        done(&b);
}

static void damaged_record_makes_no_second_account(void) {
        Bench b;

        init(&b);
        CHECK(prepare(&b, false));
        fake_store_put(b.w.store, STORE_ACCOUNT, "ca", "{\"account\":");
        restart(&b);
        CHECK(prepare(&b, false));
        CHECK_INT(fake_ca_counts(b.w.ca)->accounts, 1);
        CHECK_STR(session_account(b.session), "https://ca.test/account-of/1");
        done(&b);
}

static void forgotten_account_is_made_again(void) {
        Bench b;

        init(&b);
        CHECK(prepare(&b, false));
        fake_ca_forget_accounts(b.w.ca);
        send_order(&b);
        CHECK_INT(b.status, 400);
        CHECK(!session_account(b.session));
        CHECK(prepare(&b, false));
        CHECK_STR(session_account(b.session), "https://ca.test/account-of/2");
        CHECK_INT(fake_ca_counts(b.w.ca)->by[CA_ACCOUNT], 3); /* first, look-up, second */
        send_order(&b);
        CHECK_INT(b.status, 201);
        done(&b);
}

/* Orders under way at that time ask on without preparing anything. */
static void request_waits_for_a_forgotten_account(void) {
        Bench b;

        init(&b);
        CHECK(prepare(&b, false));
        fake_ca_forget_accounts(b.w.ca);
        send_order(&b);
        CHECK(!session_account(b.session));
        send_order(&b);
        CHECK_INT(b.status, 201);
        CHECK_STR(session_account(b.session), "https://ca.test/account-of/2");
        done(&b);
}

static void request_is_told_why_there_is_no_account(void) {
        Bench b;

        init(&b);
        CHECK(prepare(&b, false));
        fake_ca_forget_accounts(b.w.ca);
        send_order(&b);
        fake_ca_set_down(b.w.ca, true);
        send_order(&b);
        CHECK_INT(b.error, -EAGAIN);
        fake_ca_set_down(b.w.ca, false);
        send_order(&b);
        CHECK_INT(b.status, 201);
        done(&b);
}

static void terms_first(void) {
        Bench b;

        init(&b);
        b.ca.terms_agreed = false;
        restart(&b);
        CHECK(!prepare(&b, false));
        CHECK_INT(b.class, CLASS_PARK);
        CHECK(strstr(b.message, "AgreeToTerms=yes"));
        CHECK_INT(fake_ca_counts(b.w.ca)->posts, 0);
        done(&b);
}

static void refused_account_waits_an_hour(void) {
        Bench b;

        init(&b);
        b.fault = CA_REFUSED;
        b.where = CA_ACCOUNT;
        b.faults = 100;
        CHECK(!prepare(&b, false));
        CHECK_INT(b.class, CLASS_PARK);
        restart(&b);
        CHECK(!prepare(&b, false));
        CHECK(b.retry_after_sec > 3000);
        CHECK_INT(fake_ca_counts(b.w.ca)->by[CA_ACCOUNT], 1);
        fake_loop_run(b.w.loop, SEC_PER_HOUR);
        b.faults = 0;
        CHECK(prepare(&b, false));
        done(&b);
}

static void refused_nonces_are_no_refused_account(void) {
        Bench b;

        init(&b);
        b.fault = CA_BAD_NONCE;
        b.where = CA_ACCOUNT;
        b.faults = 100;
        CHECK(!prepare(&b, false));
        CHECK_INT(b.class, CLASS_LATER);
        CHECK_INT(b.retry_after_sec, 0);
        restart(&b);
        b.faults = 0;
        CHECK(prepare(&b, false)); /* at once: nothing holds the account back */
        done(&b);
}

static void directory_is_cached_for_a_day(void) {
        Bench b;

        init(&b);
        CHECK(prepare(&b, false));
        fake_loop_run(b.w.loop, 20 * SEC_PER_HOUR);
        CHECK(prepare(&b, false));
        CHECK_INT(fake_ca_counts(b.w.ca)->gets, 1);
        fake_loop_run(b.w.loop, 5 * SEC_PER_HOUR);
        CHECK(prepare(&b, false));
        CHECK_INT(fake_ca_counts(b.w.ca)->gets, 2);
        fake_loop_run(b.w.loop, 25 * SEC_PER_HOUR);
        fake_ca_set_down(b.w.ca, true);
        CHECK(prepare(&b, true)); /* E-05: good enough for an order that runs */
        CHECK(!prepare(&b, false));
        CHECK_INT(b.class, CLASS_UNREACHABLE);
        done(&b);
}

static void one_flight_for_all(void) {
        SessionWait *waits[5];
        Bench b;

        init(&b);
        for (size_t i = 0; i < ELEMENTSOF(waits); i++)
                CHECK_INT(session_prepare(b.session, false, on_ready, &b, &waits[i]), 0);
        waits[4] = session_wait_free(waits[4]);
        fake_loop_run(b.w.loop, 60);
        CHECK_INT(b.told, 4);
        CHECK_INT(fake_ca_counts(b.w.ca)->gets, 1);
        CHECK_INT(fake_ca_counts(b.w.ca)->posts, 1);
        for (size_t i = 0; i < 4; i++)
                waits[i] = session_wait_free(waits[i]);
        done(&b);
}

static void bad_nonces_are_sent_again(void) {
        Bench b;

        init(&b);
        CHECK(prepare(&b, false));
        b.fault = CA_BAD_NONCE;
        b.where = CA_NEW_ORDER;
        b.faults = 20;
        send_order(&b);
        CHECK_INT(b.status, 201);
        CHECK_INT(fake_ca_counts(b.w.ca)->by[CA_NEW_ORDER], 21);
        done(&b);
}

static void bad_nonces_for_ever(void) {
        Bench b;

        init(&b);
        CHECK(prepare(&b, false));
        b.fault = CA_BAD_NONCE;
        b.where = CA_NEW_ORDER;
        b.faults = 1000;
        send_order(&b);
        CHECK_INT(b.status, 400);
        CHECK_INT(fake_ca_counts(b.w.ca)->by[CA_NEW_ORDER], 30);
        done(&b);
}

static void run_calls(Bench *b, size_t count, bool one_owner) {
        SessionRequest request = { .kind = SESSION_POST_AS_GET, .url = "https://ca.test/order/7" };
        SessionCall *calls[60];

        b->answered = 0;
        for (size_t i = 0; i < count; i++) {
                request.owner = one_owner ? (void *) b : (void *) &calls[i];
                CHECK_INT(session_send(b->session, &request, on_reply, b, &calls[i]), 0);
        }
        fake_loop_run(b->w.loop, 100);
        CHECK_INT(b->answered, count);
        for (size_t i = 0; i < count; i++)
                calls[i] = session_call_free(calls[i]);
}

static void limits_of_requests(void) {
        Bench b;

        init(&b);
        CHECK(prepare(&b, false));
        run_calls(&b, 20, true);
        CHECK_INT(fake_http_most_in_flight(b.w.http), 4);
        run_calls(&b, 60, false);
        CHECK(fake_http_most_in_flight(b.w.http) <= 20);
        CHECK(fake_http_most_in_flight(b.w.http) > 10);
        done(&b);
}

static void signer_gone(void) {
        Bench b;

        init(&b);
        CHECK(prepare(&b, false));
        fake_helper_set_gone(b.w.signer, true);
        send_order(&b);
        CHECK(b.error < 0);
        fake_helper_set_gone(b.w.signer, false);
        send_order(&b);
        CHECK_INT(b.status, 201);
        done(&b);
}

static void skew_is_learned(void) {
        Bench b;

        init(&b);
        fake_loop_set_offset(b.w.loop, 5000);
        CHECK(prepare(&b, false));
        CHECK_INT(session_skew_sec(b.session), -5000);
        done(&b);
}

TEST_MAIN({ "D-09: nonces go last in, first out", pool_is_lifo },
          { "D-09: at most 32, not older than 60 s", pool_forgets },
          { "D-03: the first valid token of a value, or none", pool_alphabet },
          { "F-01, X-03: an account is made once and kept", makes_an_account },
          { "F-03: a lost answer finds the same account again",
            lost_answer_finds_the_account_again },
          { "Y-04: a damaged record makes no second account",
            damaged_record_makes_no_second_account },
          { "F-15: a request waits for a forgotten account",
            request_waits_for_a_forgotten_account },
          { "F-15: a request is told why there is no account",
            request_is_told_why_there_is_no_account },
          { "F-15: a forgotten account is looked up, then made again",
            forgotten_account_is_made_again },
          { "F-04: without agreement nothing is asked", terms_first },
          { "S-07: a refused account is asked for again after an hour",
            refused_account_waits_an_hour },
          { "D-07: a newAccount whose nonces were all refused is no refused account",
            refused_nonces_are_no_refused_account },
          { "E-04, E-05: the directory is kept for a day, longer for running orders",
            directory_is_cached_for_a_day },
          { "E-09: one flight for all who wait", one_flight_for_all },
          { "D-06: a refused nonce is sent again with a fresh one", bad_nonces_are_sent_again },
          { "D-07: thirty sends, and then it is handed up", bad_nonces_for_ever },
          { "S-07, X-05: 20 requests in flight, 4 of one order", limits_of_requests },
          { "a signer that is gone costs the request, not the session", signer_gone },
          { "T-21: the CA's clock is learned", skew_is_learned })
