/* A session and answers as CAs really send them: each case is a script of answers, one for each request. */

#include "acme/timestamp.h"
#include "base/log.h"
#include "daemon/session.h"
#include "tests/fake/helper.h"
#include "tests/unit/test.h"

#define START   INT64_C(1798761600) /* Fri, 01 Jan 2027 00:00:00 GMT */
#define URN     "urn:ietf:params:acme:error:"
#define HTML    "<html><body>502 Bad Gateway</body></html>"
#define ACCOUNT "https://ca.test/account/7"

#define DIRECTORY(more)                                                                           \
        "{\"newNonce\":\"https://ca.test/nonce\",\"newAccount\":\"https://ca.test/new-account\"," \
        "\"newOrder\":\"https://ca.test/new-order\"" more "}"
#define BAD_NONCE "{\"type\":\"" URN "badNonce\",\"detail\":\"no\"}"

typedef struct Answer {
        const char *request; /* "POST /new-order nonce": what the session must have sent */
        int error;
        long status;
        const char *nonce, *location, *retry_after, *date, *body, *type;
        int64_t delay_sec;
        bool unanswered; /* with an error */
} Answer;

/* ---- the seam ---- */

struct Http {
        Loop *loop;
        const Answer *script; /* ends with one without request */
        size_t next;
};

struct HttpCall {
        HttpReply reply;
        Timer *timer;
        http_fn fn;
        void *userdata;
};

void http_reply_done(HttpReply *r) {
        free(r->error_text);
        bytes_done(&r->body);
        free(r->location);
        free(r->replay_nonce);
        free(r->retry_after);
        free(r->date);
        free(r->content_type);
        string_list_done(&r->links);
        *r = (HttpReply){};
}

static void describe(const HttpRequest *q, char *text, size_t size) {
        static const char *const methods[] = { "GET", "HEAD", "POST" };
        const char *path = strstr(q->url, "ca.test"), *nonce = "";
        _cleanup_(json_freep) Json *j = NULL;

        if (q->size > 0 && json_parse(q->body, q->size, &j) >= 0)
                (void) json_get_string(j, "nonce", &nonce);
        (void) snprintf(text, size, "%s %s%s%s", methods[q->method], path ? path + 7 : q->url,
                        *nonce ? " " : "", nonce);
}

static void on_http_timer(void *userdata) {
        HttpCall *c = userdata;

        c->timer = timer_free(c->timer);
        c->fn(&c->reply, c->userdata);
}

int http_start(Http *h, const HttpRequest *request, http_fn fn, void *userdata, HttpCall **ret) {
        const Answer *a = &h->script[h->next];
        HttpCall *c = calloc(1, sizeof *c);
        char text[256];

        if (!c)
                return -ENOMEM;
        *c = (HttpCall){ .fn = fn, .userdata = userdata };
        describe(request, text, sizeof text);
        CHECK_STR(text, a->request);
        if (!a->request)
                c->reply.error = -EHOSTUNREACH; /* more than the script has */
        else
                h->next++;
        if (a->error < 0)
                c->reply.error = a->error;
        c->reply.unanswered = a->unanswered;
        c->reply.status = a->status;
        (void) str_replace(&c->reply.replay_nonce, a->nonce);
        (void) str_replace(&c->reply.location, a->location);
        (void) str_replace(&c->reply.retry_after, a->retry_after);
        (void) str_replace(&c->reply.date, a->date);
        (void) str_replace(&c->reply.content_type, a->type);
        if (a->body)
                (void) bytes_append_string(&c->reply.body, a->body);
        CHECK_INT(loop_timer_after(
                                  h->loop,
                                  (usec_t) a->delay_sec * USEC_PER_SEC + 50 * USEC_PER_MSEC,
                                  on_http_timer, c, &c->timer),
                  0);
        *ret = c;
        return 0;
}

HttpCall *http_call_free(HttpCall *c) {
        if (!c)
                return NULL;
        (void) timer_free(c->timer);
        http_reply_done(&c->reply);
        free(c);
        return NULL;
}

/* ---- the bench ---- */

typedef struct Bench {
        Loop *loop;
        Store *store;
        Helper *signer;
        Http http;
        Engine engine;
        CaConfig ca;
        Account *account;
        Session *session;
        SessionWait *wait;
        SessionCall *call;

        bool told, ready;
        ProblemClass class;
        char message[512];

        bool answered;
        int error;
        bool unanswered;
        long status;
        int64_t retry_after_sec;
        char location[128], body[128];
} Bench;

static void init(Bench *b) {
        log_set_max_level(getenv("VERBOSE") ? LOG_DEBUG : LOG_EMERG);
        *b = (Bench){ .loop = fake_loop_new(1, START) };
        b->store = fake_store_new(b->loop);
        b->signer = fake_signer_new(b->loop);
        b->http = (Http){ .loop = b->loop };
        b->engine = (Engine){
                .loop = b->loop,
                .http = &b->http,
                .signer = b->signer,
                .store = b->store,
        };
        b->ca = (CaConfig){
                .name = strdup("ca"),
                .directory = strdup("https://ca.test/dir"),
                .terms_agreed = true,
        };
        CHECK_INT(string_list_add(&b->ca.origins, "https://ca.test"), 0);
        CHECK_INT(account_load(b->store, "ca", &b->account), 0);
        CHECK_INT(session_new(&b->engine, &b->ca, b->account, &b->session), 0);
}

static void done(Bench *b) {
        b->wait = session_wait_free(b->wait);
        b->call = session_call_free(b->call);
        b->session = session_free(b->session);
        b->account = account_free(b->account);
        free(b->ca.name);
        free(b->ca.directory);
        string_list_done(&b->ca.origins);
        (void) fake_helper_free(b->signer);
        (void) fake_store_free(b->store);
        (void) fake_loop_free(b->loop);
}

static void on_ready(const Failure *failure, void *userdata) {
        Bench *b = userdata;

        b->told = true;
        b->ready = !failure;
        if (!failure)
                return;
        b->class = failure->class;
        b->retry_after_sec = failure->retry_after_sec;
        (void) snprintf(b->message, sizeof b->message, "%s", failure->message);
}

/* The whole script is played, in this order. */
static void play_out(Bench *b) {
        CHECK(fake_loop_run_until_quiet(b->loop, 20, 200));
        CHECK(!b->http.script[b->http.next].request);
}

static bool prepare(Bench *b, const Answer *script) {
        b->wait = session_wait_free(b->wait);
        b->http.script = script;
        b->http.next = 0;
        b->told = b->ready = false;
        b->message[0] = '\0';
        CHECK_INT(session_prepare(b->session, false, on_ready, b, &b->wait), 0);
        play_out(b);
        CHECK(b->told);
        return b->ready;
}

static void on_reply(const SessionReply *reply, void *userdata) {
        Bench *b = userdata;

        b->answered = true;
        b->error = reply->error;
        b->unanswered = reply->unanswered;
        b->status = reply->status;
        b->retry_after_sec = reply->retry_after_sec;
        (void) snprintf(b->location, sizeof b->location, "%s",
                        reply->location ? reply->location : "none");
        (void) snprintf(b->body, sizeof b->body, "%.*s", (int) MIN(reply->size, (size_t) 100),
                        reply->body ? (const char *) reply->body : "");
        (void) snprintf(b->message, sizeof b->message, "%s", reply->message ? reply->message : "");
}

static void send_request(Bench *b, const SessionRequest *request, const Answer *script) {
        b->call = session_call_free(b->call);
        b->http.script = script;
        b->http.next = 0;
        b->answered = false;
        CHECK_INT(session_send(b->session, request, on_reply, b, &b->call), 0);
        CHECK(!b->answered); /* never from within the call */
        play_out(b);
        CHECK(b->answered);
}

/* newOrder for one name. */
static void order(Bench *b, const Answer *script) {
        _cleanup_(string_list_done) StringList names = {};
        SessionRequest request = {
                .kind = SESSION_NEW_ORDER,
                .owner = b,
                .certificate = "a",
                .names = &names,
        };

        CHECK_INT(string_list_add(&names, "a.example.org"), 0);
        send_request(b, &request, script);
}

static void fetch(Bench *b, const char *url, const Answer *script) {
        SessionRequest request = { .kind = SESSION_POST_AS_GET, .owner = b, .url = url };

        send_request(b, &request, script);
}

/* Ready, with `nonce` alone in the pool (NULL: none). */
static void init_ready(Bench *b, const char *nonce) {
        const Answer script[] = {
                { "GET /dir", .status = 200, .body = DIRECTORY("") },
                { "HEAD /nonce", .status = 204, .nonce = "first" },
                { "POST /new-account first", .status = 201, .location = ACCOUNT, .nonce = nonce },
                {},
        };

        init(b);
        CHECK(prepare(b, script));
}

/* ---- nonces ---- */

static void refusal_brings_the_nonce(void) {
        const Answer script[] = {
                { "POST /new-order pooled", .status = 400, .nonce = "fresh", .body = BAD_NONCE },
                { "POST /new-order fresh", .status = 201, .location = "/order/1", .body = "{}" },
                {},
        };
        Bench b;

        init_ready(&b, "pooled");
        order(&b, script);
        CHECK_INT(b.status, 201);
        CHECK_STR(b.location, "https://ca.test/order/1");
        done(&b);
}

/* What else is in the pool is no better than what was refused. */
static void refusal_without_a_nonce(void) {
        const Answer gone[] = {
                { "POST /x first-of-all", .status = 410, .nonce = "older" },
                {},
        };
        const Answer again[] = {
                { "GET /dir", .status = 200, .body = DIRECTORY(""), .nonce = "newer" },
                {},
        };
        const Answer script[] = {
                { "POST /new-order newer", .status = 400, .body = BAD_NONCE },
                { "HEAD /nonce", .status = 200, .nonce = "fetched" },
                { "POST /new-order fetched", .status = 201, .body = "{}" },
                {},
        };
        Bench b;

        init_ready(&b, "first-of-all");
        fetch(&b, "https://ca.test/x", gone);
        CHECK(prepare(&b, again));
        order(&b, script);
        CHECK_INT(b.status, 201);
        done(&b);
}

static void nonce_is_used_once(void) {
        const Answer lost[] = {
                { "POST /new-order pooled", .error = -ETIMEDOUT },
                {},
        };
        const Answer again[] = {
                { "HEAD /nonce", .status = 200, .nonce = "other" },
                { "POST /new-order other", .status = 201, .body = "{}" },
                {},
        };
        Bench b;

        init_ready(&b, "pooled");
        order(&b, lost);
        CHECK_INT(b.error, -ETIMEDOUT);
        order(&b, again);
        CHECK_INT(b.status, 201);
        done(&b);
}

#define GONE .error = -EIO, .unanswered = true

static void old_connection_that_died(void) {
        const Answer once[] = {
                { "POST /new-order pooled", GONE },
                { "HEAD /nonce", .status = 200, .nonce = "other" },
                { "POST /new-order other", .status = 201, .body = "{}" },
                {},
        };
        const Answer twice[] = {
                { "HEAD /nonce", .status = 200, .nonce = "third" },
                { "POST /order/1 third", GONE },
                { "HEAD /nonce", .status = 200, .nonce = "fourth" },
                { "POST /order/1 fourth", GONE },
                {},
        };
        usec_t began;
        Bench b;

        init_ready(&b, "pooled");
        began = loop_boot_usec(b.loop);
        order(&b, once);
        CHECK_INT(b.status, 201);
        CHECK(loop_boot_usec(b.loop) - began < USEC_PER_SEC);
        fetch(&b, "https://ca.test/order/1", twice);
        CHECK_INT(b.error, -EIO);
        CHECK(!b.unanswered); /* nothing more to be gained by haste */
        done(&b);
}

/* Whether it was carried out its owner asks first. */
static void some_are_not_sent_twice(void) {
        const Answer script[] = { { "POST /challenge/1 pooled", GONE }, {} };
        SessionRequest request = { .kind = SESSION_CHALLENGE,
                                   .url = "https://ca.test/challenge/1" };
        Bench b;

        init_ready(&b, "pooled");
        request.owner = &b;
        send_request(&b, &request, script);
        CHECK_INT(b.error, -EIO);
        CHECK(b.unanswered);
        done(&b);
}

static void unusable_nonces_are_absent(void) {
        const Answer script[] = {
                { "HEAD /nonce", .status = 200, .nonce = "good" },
                { "POST /new-order good", .status = 201, .body = "{}", .nonce = "not=one" },
                {},
        };
        const Answer next[] = {
                { "HEAD /nonce", .status = 204, .nonce = "next" },
                { "POST /order/1 next", .status = 200, .body = "{}" },
                {},
        };
        Bench b;

        init_ready(&b, NULL);
        order(&b, script);
        fetch(&b, "https://ca.test/order/1", next);
        CHECK_INT(b.status, 200);
        done(&b);
}

static void no_nonce_to_be_had(void) {
        const Answer empty[] = { { "HEAD /nonce", .status = 200 }, {} };
        const Answer down[] = { { "HEAD /nonce", .status = 503, .retry_after = "120" }, {} };
        const Answer unreachable[] = { { "HEAD /nonce", .error = -ECONNREFUSED }, {} };
        Bench b;

        init_ready(&b, NULL);
        order(&b, empty);
        CHECK_INT(b.error, -EPROTO);
        CHECK_STR(b.message, "the CA gives no nonce");
        order(&b, down);
        CHECK_INT(b.error, 0);
        CHECK_INT(b.status, 503);
        CHECK_INT(b.retry_after_sec, 120);
        order(&b, unreachable);
        CHECK_INT(b.error, -ECONNREFUSED);
        done(&b);
}

#define ODD "{\"type\":\"urn:old:malformed\",\"detail\":\"JWS has an invalid anti-replay Nonce\"}"

static void words_about_nonces_count_once(void) {
        const Answer script[] = {
                { "HEAD /nonce", .status = 200, .nonce = "one" },
                { "POST /new-order one", .status = 400, .nonce = "two", .body = ODD },
                { "POST /new-order two", .status = 400, .nonce = "three", .body = ODD },
                {},
        };
        const Answer known[] = {
                { "POST /new-order three", .status = 400, .nonce = "four",
                  .body = "{\"type\":\"" URN "malformed\",\"detail\":\"nonce\"}" },
                {},
        };
        Bench b;

        init_ready(&b, NULL);
        order(&b, script);
        CHECK_INT(b.status, 400);
        order(&b, known); /* a type of ours is judged by the type */
        CHECK_INT(b.status, 400);
        done(&b);
}

static void a_minute_of_refusals(void) {
        Answer script[40] = { { "HEAD /nonce", .status = 200, .nonce = "n" } };
        Bench b;

        for (size_t i = 1; i <= 4; i++)
                script[i] = (Answer){ "POST /new-order n", .status = 400, .nonce = "n",
                                      .body = BAD_NONCE, .delay_sec = 16 };
        init_ready(&b, NULL);
        order(&b, script);
        CHECK_INT(b.status, 400);
        CHECK_INT(b.error, 0);
        done(&b);
}

/* ---- Retry-After ---- */

static int64_t retry_after(Bench *b, const char *field, const char *date) {
        const Answer script[] = {
                { "HEAD /nonce", .status = 200, .nonce = "n" },
                { "POST /new-order n", .status = 503, .retry_after = field, .date = date },
                {},
        };

        order(b, script);
        CHECK_INT(b->status, 503);
        return b->retry_after_sec;
}

static void retry_after_by_the_answers_date(void) {
        Bench b;

        init_ready(&b, NULL);
        fake_loop_set_offset(b.loop, 5000); /* our clock is wrong, theirs is not */
        CHECK_INT(retry_after(&b, "Fri, 01 Jan 2027 12:10:00 GMT", "Fri, 01 Jan 2027 12:00:00 GMT"),
                  600);
        CHECK_INT(retry_after(&b, "77", "Fri, 01 Jan 2027 12:00:00 GMT"), 77);
        CHECK_INT(retry_after(&b, "Fri, 01 Jan 2027 11:00:00 GMT", "Fri, 01 Jan 2027 12:00:00 GMT"),
                  0);
        CHECK_INT(retry_after(&b, "soon", NULL), 0);
        CHECK_INT(retry_after(&b, "-5", NULL), 0);
        CHECK_INT(retry_after(&b, NULL, NULL), 0);
        done(&b);
}

static char said[300];
static unsigned told;

static void listen(int level, const char *message, const LogFields *fields) {
        (void) fields;
        told++;
        if (level <= LOG_NOTICE)
                (void) snprintf(said, sizeof said, "%s", message);
}

static void retry_after_is_cut(void) {
        Bench b;

        init_ready(&b, NULL);
        log_set_max_level(LOG_NOTICE);
        log_set_sink(listen);
        CHECK_INT(retry_after(&b, "604800", NULL), 7 * SEC_PER_DAY);
        CHECK_STR(said, "");
        CHECK_INT(retry_after(&b, "31536000", NULL), 7 * SEC_PER_DAY);
        log_set_sink(NULL);
        CHECK(strstr(said, "365 days") && strstr(said, "7 days"));
        done(&b);
}

static void wrong_clock(void) {
        Bench b;

        init_ready(&b, NULL);
        log_set_max_level(LOG_WARNING);
        log_set_sink(listen);
        said[0] = '\0';
        (void) retry_after(&b, "77", "Fri, 01 Jan 2027 00:04:00 GMT");
        CHECK_STR(said, "");
        told = 0;
        (void) retry_after(&b, "77", "Fri, 01 Jan 2027 02:00:00 GMT");
        (void) retry_after(&b, "77", "Fri, 01 Jan 2027 02:00:00 GMT");
        log_set_sink(NULL);
        CHECK(strstr(said, "2 h behind that of the CA"));
        CHECK_INT(told, 1);
        done(&b);
}

static void retry_after_by_our_clock(void) {
        int64_t now, delay;
        Bench b;

        init_ready(&b, NULL);
        now = loop_wall_sec(b.loop);
        delay = retry_after(&b, "Fri, 01 Jan 2027 12:00:00 GMT", "yesterday");
        CHECK(delay <= START + SEC_PER_DAY / 2 - now && delay >= START + SEC_PER_DAY / 2 - now - 5);
        done(&b);
}

/* ---- answers that are none ---- */

static void html_is_handed_up(void) {
        const Answer script[] = {
                { "HEAD /nonce", .status = 200, .nonce = "n" },
                { "POST /new-order n", .status = 502, .body = HTML },
                {},
        };
        Bench b;

        init_ready(&b, NULL);
        order(&b, script);
        CHECK_INT(b.error, 0);
        CHECK_INT(b.status, 502);
        CHECK_STR(b.body, HTML);
        done(&b);
}

static void html_for_a_directory(void) {
        const Answer refused[] = { { "GET /dir", .status = 403, .body = HTML }, {} };
        const Answer good[] = { { "GET /dir", .status = 200, .body = HTML }, {} };
        const Answer foreign[] = {
                { "GET /dir", .status = 200,
                  .body = "{\"newNonce\":\"https://evil.test/n\",\"newAccount\":\"https://ca.test/a\","
                          "\"newOrder\":\"https://ca.test/o\"}" },
                {},
        };
        Bench b;

        init(&b);
        CHECK(!prepare(&b, refused));
        CHECK_INT(b.class, CLASS_PARK);
        CHECK(strstr(b.message, "'not an ACME answer' (HTTP 403): <html><body>502 Bad Gateway"));
        CHECK(!prepare(&b, good));
        CHECK_INT(b.class, CLASS_LATER);
        CHECK(strstr(b.message, "the CA's directory makes no sense"));
        CHECK(!prepare(&b, foreign)); /* R2.4.3: it does not lead elsewhere */
        CHECK_INT(b.class, CLASS_LATER);
        done(&b);
}

static void locations(void) {
        const Answer none[] = {
                { "HEAD /nonce", .status = 200, .nonce = "n" },
                { "POST /new-order n", .status = 201, .body = "{}" },
                {},
        };
        const Answer relative[] = {
                { "HEAD /nonce", .status = 200, .nonce = "n" },
                { "POST /new-order n", .status = 201, .location = "order/9", .body = "{}" },
                {},
        };
        Bench b;

        init_ready(&b, NULL);
        order(&b, none);
        CHECK_STR(b.location, "none");
        order(&b, relative);
        CHECK_STR(b.location, "https://ca.test/order/9");
        done(&b);
}

/* ---- the directory ---- */

#define DIRECTORY_AGAIN \
        { "GET /dir", .status = 200, .body = DIRECTORY("") }

static void gone_endpoint_refreshes_the_directory(void) {
        const Answer gone[] = {
                { "HEAD /nonce", .status = 200, .nonce = "n" },
                { "POST /new-order n", .status = 404, .body = "{}" },
                {},
        };
        const Answer no_order[] = {
                { "HEAD /nonce", .status = 200, .nonce = "n" },
                { "POST /order/1 n", .status = 404, .body = "{}" },
                {},
        };
        const Answer again[] = { DIRECTORY_AGAIN, {} };
        const Answer no_nonce[] = { { "HEAD /nonce", .status = 405 }, {} };
        const Answer nothing[] = { {} };
        Bench b;

        init_ready(&b, NULL);
        order(&b, gone);
        CHECK(prepare(&b, again));
        CHECK(prepare(&b, nothing));
        fetch(&b, "https://ca.test/order/1", no_order); /* says nothing of the directory */
        CHECK(prepare(&b, nothing));
        order(&b, no_nonce);
        CHECK_INT(b.status, 405);
        CHECK(prepare(&b, again));
        done(&b);
}

/* ---- the account ---- */

static bool register_with(Bench *b, const char *directory, Answer answer) {
        const Answer script[] = {
                { "GET /dir", .status = 200, .body = directory },
                { "HEAD /nonce", .status = 200, .nonce = "n" },
                answer,
                {},
        };

        answer.request = "POST /new-account n";
        init(b);
        return prepare(b, script);
}

static void register_parked(const char *directory, long status, const char *problem) {
        Bench b;

        CHECK(!register_with(
                        &b, directory,
                        (Answer){ "POST /new-account n", .status = status, .body = problem }));
        CHECK_INT(b.class, CLASS_PARK);
        CHECK(!session_account(b.session));
        done(&b);
}

static void terms_have_three_faces(void) {
        static const char dir[] =
                        DIRECTORY(",\"meta\":{\"termsOfService\":\"https://ca.test/tos\"}");

        register_parked(dir, 400, "{\"type\":\"" URN "malformed\",\"detail\":\"must agree\"}");
        register_parked(dir, 403, "{\"type\":\"" URN "agreementRequired\"}");
        register_parked(dir, 403, "{\"type\":\"" URN "userActionRequired\"}");
}

static void terms_are_recorded(void) {
        const Answer changed[] = {
                { "GET /dir", .status = 200,
                  .body = DIRECTORY(",\"meta\":{\"termsOfService\":\"https://ca.test/tos-2\"}") },
                {},
        };
        Bench b;

        CHECK(register_with(
                        &b, DIRECTORY(",\"meta\":{\"termsOfService\":\"https://ca.test/tos\"}"),
                        (Answer){ "POST /new-account n", .status = 201, .location = ACCOUNT }));
        CHECK_STR(account_terms(b.account), "https://ca.test/tos");
        fake_loop_run(b.loop, SEC_PER_DAY);
        CHECK(prepare(&b, changed));
        CHECK_STR(account_terms(b.account),
                  "https://ca.test/tos"); /* not agreed to by being read */
        CHECK_STR(account_life(b.account)->terms_seen, "https://ca.test/tos-2");
        CHECK_STR(session_account(b.session), ACCOUNT);
        done(&b);
}

static void external_binding_is_told(void) {
        const Answer script[] = {
                { "GET /dir", .status = 200,
                  .body = DIRECTORY(",\"meta\":{\"externalAccountRequired\":true}") },
                {},
        };
        Bench b;

        init(&b);
        CHECK(!prepare(&b, script));
        CHECK_INT(b.class, CLASS_PARK);
        CHECK(strstr(b.message, "external account binding"));
        done(&b);
}

static void unusable_account_urls(void) {
        static const char *const locations_of[] = { NULL, "https://evil.test/account/1",
                                                    "http://ca.test/account/1" };

        for (size_t i = 0; i < ELEMENTSOF(locations_of); i++) {
                Bench b;

                CHECK(
                                !register_with(&b, DIRECTORY(""),
                                               (Answer){ "POST /new-account n", .status = 201,
                                                         .location = locations_of[i] }));
                CHECK_INT(b.class, CLASS_LATER);
                CHECK(!account_url(b.account, b.ca.directory));
                done(&b);
        }
}

static void existing_account_is_taken(void) {
        Bench b;

        CHECK(register_with(
                        &b, DIRECTORY(""),
                        (Answer){ "POST /new-account n", .status = 200, .location = ACCOUNT }));
        CHECK_STR(session_account(b.session), ACCOUNT);
        done(&b);
}

static void disguised_problem(void) {
        static const Answer script[] = {
                { "POST /new-order n1", .status = 201, .type = "application/problem+json; x",
                  .body = "{}" },
                {},
        };
        Bench b;

        init_ready(&b, "n1");
        order(&b, script);
        CHECK_INT(b.status, 500);
        done(&b);
}

/* ---- another account key ---- */

typedef struct Job {
        bool ended, failed;
        char text[300];
} Job;

static void on_rolled(const Failure *failure, const char *message, void *userdata) {
        Job *j = userdata;

        j->ended = true;
        j->failed = failure;
        (void) snprintf(j->text, sizeof j->text, "%s", failure ? failure->message : message);
}

/* `reads`: what the CA answers to the new key, then to the old one. */
static void roll_over(const Answer *change, long by_new, long by_old, Job *ret) {
        const Answer begin[] = {
                { "GET /dir", .status = 200,
                  .body = DIRECTORY(",\"keyChange\":\"https://ca.test/key-change\"") },
                { "HEAD /nonce", .status = 204, .nonce = "first" },
                { "POST /new-account first", .status = 201, .location = ACCOUNT, .nonce = "a" },
                {},
        };
        const Answer script[] = {
                *change,
                { "POST /account/7 b", .status = by_new, .nonce = "c", .body = "{}" },
                { by_old ? "POST /account/7 c" : NULL, .status = by_old, .body = "{}" },
                {},
        };
        AccountWish wish = { .action = ACCOUNT_ROLLOVER, .fn = on_rolled, .userdata = ret };
        AccountJob *job = NULL;
        Bench b;

        *ret = (Job){};
        init(&b);
        CHECK(prepare(&b, begin));
        b.http.script = script;
        b.http.next = 0;
        CHECK_INT(session_account_job(b.session, &wish, &job), 0);
        play_out(&b);
        CHECK(ret->ended);
        (void) account_job_free(job);
        done(&b);
}

static void key_change_is_verified(void) {
        const Answer good = { "POST /key-change a", .status = 200, .nonce = "b" };
        const Answer taken = { "POST /key-change a", .status = 409, .nonce = "b" };
        const Answer none = { "POST /key-change a", .status = 501, .nonce = "b",
                              .body = "{\"type\":\"" URN "rejectedIdentifier\"}" };
        Job j;

        roll_over(&good, 200, 0, &j);
        CHECK(!j.failed && strstr(j.text, "has a new key"));
        roll_over(&taken, 200, 0, &j); /* ours: an answer before was lost */
        CHECK(!j.failed);
        roll_over(&taken, 403, 200, &j);
        CHECK(j.failed && strstr(j.text, "keeps its old key") && strstr(j.text, "Another account"));
        roll_over(&none, 400, 200, &j);
        CHECK(j.failed && strstr(j.text, "does not offer"));
        roll_over(&good, 403, 200, &j); /* Pebble says yes and means no */
        CHECK(j.failed && strstr(j.text, "did not change the key"));
}

TEST_MAIN({ "Q-04: a problem with status 201 is a failure", disguised_problem },
          { "D-06: the refusal's own nonce is used next", refusal_brings_the_nonce },
          { "D-06: a refusal without nonce has one fetched", refusal_without_a_nonce },
          { "D-02: a nonce is gone when the connection is lost", nonce_is_used_once },
          { "A-08 H-12 what an old connection lost is sent once more, with another nonce",
            old_connection_that_died },
          { "A-08 J-08 O-07 not what has to be looked at first", some_are_not_sent_twice },
          { "D-03, D-05: an answer without usable nonce: one is fetched",
            unusable_nonces_are_absent },
          { "a CA that gives no nonce", no_nonce_to_be_had },
          { "D-10, Q-06: words about the nonce count once, and of unknown types only",
            words_about_nonces_count_once },
          { "D-07: a minute of refusals is handed up", a_minute_of_refusals },
          { "S-03: Retry-After is taken against the answer's Date",
            retry_after_by_the_answers_date },
          { "S-04: more than seven days are cut, and said", retry_after_is_cut },
          { "F-12, F-13, W-12: whatever keyChange answers, the new key is tried, then the old one",
            key_change_is_verified },
          { "A-20: a clock that is wrong by minutes is told of once", wrong_clock },
          { "S-03: without a Date against our clock", retry_after_by_our_clock },
          { "Q-03: a page of HTML is handed up with its status", html_is_handed_up },
          { "A-19, E-05: a directory that is none", html_for_a_directory },
          { "Location is made absolute", locations },
          { "E-04: an endpoint that is gone refreshes the directory",
            gone_endpoint_refreshes_the_directory },
          { "F-04: terms not agreed to have three faces", terms_have_three_faces },
          { "E-06: the terms agreed to are recorded, and their change", terms_are_recorded },
          { "a CA that wants an external binding is told", external_binding_is_told },
          { "F-01: an account URL elsewhere is not taken", unusable_account_urls },
          { "F-03: an account that is there already is taken", existing_account_is_taken })
