/* The look before an order, in a world whose web server may be another's. */

#include <string.h>

#include "tests/fake/world.h"
#include "tests/unit/test.h"

#define NAME "a.example.org"

typedef enum SiteKind { SITE_OURS, SITE_OTHER_PAGE, SITE_404, SITE_TIMEOUT, SITE_NO_NAME } SiteKind;

typedef struct Bench {
        World w;
        SiteKind kind;
        unsigned asked;
        char url[256];
} Bench;

static int site(const char *url, HttpReply *ret, void *userdata) {
        Bench *b = userdata;
        char host[128], token[128];

        b->asked++;
        (void) snprintf(b->url, sizeof b->url, "%s", url);
        if (b->kind == SITE_TIMEOUT)
                return -ETIMEDOUT;
        if (b->kind == SITE_NO_NAME)
                return -EHOSTUNREACH;
        ret->status = b->kind == SITE_404 ? 404 : 200;
        if (b->kind == SITE_OTHER_PAGE)
                return bytes_append_string(&ret->body, "<html>welcome</html>");
        if (b->kind == SITE_404)
                return 0;
        if (sscanf(url, "http://%127[^/]/.well-known/acme-challenge/%127s", host, token) != 2)
                return -EINVAL;
        return bytes_append_string(
                        &ret->body, fake_responder_show(b->w.responder, host, token) ?: "nothing");
}

static bool reachable(const char *identifier, void *userdata) {
        Bench *b = userdata;

        (void) identifier;
        return b->kind == SITE_OURS;
}

static const char *const one[] = { NAME };

static void init(Bench *b, SiteKind kind) {
        *b = (Bench){ .kind = kind };
        CHECK_INT(world_init(&b->w, 7), 0);
        fake_http_set_site(b->w.http, site, b);
        *fake_ca_hooks(b->w.ca) = (FakeCaHooks){ .validates = reachable, .userdata = b };
}

static unsigned orders(const Bench *b) {
        return fake_ca_counts(b->w.ca)->by[CA_NEW_ORDER];
}

static const char *message(Bench *b) {
        static char text[1024];
        _cleanup_(json_freep) Json *j = NULL;
        const char *said = "";

        CHECK_INT(manager_certificate_json(b->w.manager, NAME, &j), 0);
        CHECK_INT(json_get_string(j, "message", &said), 0);
        (void) snprintf(text, sizeof text, "%s", said);
        return text;
}

/* What fails before the order costs nothing at the CA. */
static void holds(SiteKind kind, int64_t least, int64_t most, const char *words) {
        Bench b;

        init(&b, kind);
        CHECK_INT(world_start(&b.w, world_config_named(one, 1), false), 0);
        fake_loop_run(b.w.loop, least);
        CHECK_INT(orders(&b), 0);
        CHECK_INT(fake_ca_counts(b.w.ca)->posts, 0);
        CHECK(b.asked >= 2);
        if (!strstr(message(&b), words))
                CHECK_STR(message(&b), words);
        CHECK_STR(world_state(&b.w, NAME), "failing");
        CHECK_INT(fake_responder_count(b.w.responder), 0);
        fake_loop_run(b.w.loop, most - least);
        CHECK_INT(orders(&b), 1); /* advice, not a lock */
        world_done(&b.w);
}

static void other_server(void) {
        holds(SITE_404, 25 * SEC_PER_MIN, 35 * SEC_PER_MIN, "status 404");
        holds(SITE_OTHER_PAGE, 25 * SEC_PER_MIN, 35 * SEC_PER_MIN, "a page of its own");
        holds(SITE_NO_NAME, 25 * SEC_PER_MIN, 35 * SEC_PER_MIN, "no address");
}

static void seen_from_here_only(void) {
        holds(SITE_TIMEOUT, SEC_PER_MIN, 4 * SEC_PER_MIN, "from here");
}

static void mended(void) {
        Bench b;

        init(&b, SITE_404);
        CHECK_INT(world_start(&b.w, world_config_named(one, 1), false), 0);
        fake_loop_run(b.w.loop, 100);
        b.kind = SITE_OURS;
        fake_loop_run(b.w.loop, 90);
        CHECK_STR(world_state(&b.w, NAME), "valid");
        CHECK_INT(orders(&b), 1);
        CHECK_INT(fake_ca_counts(b.w.ca)->by[CA_CHALLENGE], 1); /* no validation was wasted */
        CHECK_INT(fake_responder_count(b.w.responder), 0);
        world_done(&b.w);
}

static void nothing_listens(void) {
        Bench b;

        init(&b, SITE_OURS);
        fake_responder_deaf(b.w.responder, true);
        CHECK_INT(world_start(&b.w, world_config_named(one, 1), false), 0);
        fake_loop_run(b.w.loop, SEC_PER_MIN);
        CHECK_INT(orders(&b), 0);
        CHECK(strstr(message(&b), "renewd-http.socket"));
        fake_responder_deaf(b.w.responder, false);
        fake_loop_run(b.w.loop, 2 * SEC_PER_MIN);
        CHECK_STR(world_state(&b.w, NAME), "valid");
        world_done(&b.w);
}

static void on_step(const char *step, bool done, bool ok, void *userdata) {
        (void) step;
        (void) done;
        (void) ok;
        (void) userdata;
}

static void by_hand(void) {
        _cleanup_free_ char *words = NULL;
        RenewWatch *watch = NULL;
        Bench b;

        init(&b, SITE_404);
        CHECK_INT(world_start(&b.w, world_config_named(one, 1), false), 0);
        fake_loop_run(b.w.loop, SEC_PER_MIN);
        CHECK_INT(orders(&b), 0);
        CHECK_INT(manager_renew(b.w.manager, NAME, false, on_step, NULL, &watch, &words), 0);
        fake_loop_run(b.w.loop, SEC_PER_MIN);
        CHECK_INT(orders(&b), 1);
        (void) renew_watch_free(watch);
        world_done(&b.w);
}

static void all_at_once(void) {
        Bench b;

        init(&b, SITE_404);
        CHECK_INT(world_start(&b.w, world_config_named(one, 1), true), 0);
        fake_loop_run(b.w.loop, SEC_PER_MIN);
        CHECK_INT(orders(&b), 1);
        world_done(&b.w);
}

static void renewal_is_not_endangered(void) {
        Bench b;
        int64_t lifetime;

        init(&b, SITE_OURS);
        CHECK_INT(world_start(&b.w, world_config_named(one, 1), false), 0);
        fake_loop_run(b.w.loop, SEC_PER_HOUR);
        CHECK_STR(world_state(&b.w, NAME), "valid");
        lifetime = fake_ca_options(b.w.ca)->lifetime_sec;
        *fake_ca_hooks(b.w.ca) = (FakeCaHooks){}; /* the CA sees it, only we do not */
        b.kind = SITE_404;
        fake_loop_run(b.w.loop, lifetime);
        CHECK_INT(fake_ca_counts(b.w.ca)->issued, 2);
        CHECK_STR(world_state(&b.w, NAME), "valid");
        world_done(&b.w);
}

static void off(void) {
        Config *c = world_config_named(one, 1);
        Bench b;

        init(&b, SITE_404);
        c->certificates[0].preflight = false;
        CHECK_INT(world_start(&b.w, c, false), 0);
        fake_loop_run(b.w.loop, SEC_PER_MIN);
        CHECK_INT(b.asked, 0);
        CHECK_INT(orders(&b), 1);
        world_done(&b.w);
}

static void configure_caa(Config *c, const char *identity) {
        CHECK_INT(string_list_add(&c->cas[0].caa_identities, identity), 0);
}

/* `tag_value` at `owner` holds the order back with these words; without words it does not. */
static void with_caa(const char *owner, const char *tag_value, const char *words) {
        Config *c = world_config_named(one, 1);
        Bench b;

        configure_caa(c, "ca.test");
        init(&b, SITE_OURS);
        fake_dns_add(b.w.dns, NULL, owner, DNS_CAA, tag_value, 0);
        CHECK_INT(world_start(&b.w, c, false), 0);
        fake_loop_run(b.w.loop, SEC_PER_MIN);
        CHECK_INT(orders(&b), words ? 0 : 1);
        if (words && !strstr(message(&b), words))
                CHECK_STR(message(&b), words);
        if (words) {
                fake_dns_clear(b.w.dns);
                fake_loop_run(b.w.loop, 3 * SEC_PER_MIN);
                CHECK_STR(world_state(&b.w, NAME), "valid");
        }
        world_done(&b.w);
}

static void caa_records(void) {
        with_caa(NAME, "issue ca.test", NULL);
        with_caa(NAME, "issue other.test", "lets other CAs issue only; add: issue \"ca.test\"");
        with_caa("example.org", "issue ;", "example.org lets no CA issue");
        with_caa("org", "issue other.test", "CAA record of org");
        with_caa("example.com", "issue other.test", NULL);
        with_caa(NAME, "issue ca.test; validationmethods=dns-01", "validationmethods");
        with_caa(NAME, "issuewild ;", NULL);
}

static void caa_silent(void) {
        Config *c = world_config_named(one, 1);
        Bench b;

        configure_caa(c, "ca.test");
        init(&b, SITE_OURS);
        fake_dns_fail(b.w.dns, NULL, -EREMOTEIO);
        CHECK_INT(world_start(&b.w, c, false), 0);
        fake_loop_run(b.w.loop, SEC_PER_MIN);
        CHECK_INT(orders(&b), 0);
        CHECK(strstr(message(&b), "CAA records cannot be looked up from here"));
        fake_loop_run(b.w.loop, 3 * SEC_PER_MIN);
        CHECK_STR(world_state(&b.w, NAME), "valid");
        world_done(&b.w);
}

static void caa_unknown_identity(void) {
        Bench b;

        init(&b, SITE_OURS);
        fake_dns_add(b.w.dns, NULL, NAME, DNS_CAA, "issue ;", 0);
        CHECK_INT(world_start(&b.w, world_config_named(one, 1), false), 0);
        fake_loop_run(b.w.loop, SEC_PER_MIN);
        CHECK_STR(world_state(&b.w, NAME), "valid");
        CHECK_INT(fake_dns_asked(b.w.dns, NULL), 0);
        world_done(&b.w);
}

/* What answers acme-tls/1 at port 443. */
static void stranger(const ProbeEndpoint *endpoint, ProbeResult *ret, void *userdata) {
        Bench *b = userdata;

        CHECK_STR(endpoint->host, NAME);
        CHECK_STR(endpoint->server_name, NAME);
        CHECK_STR(endpoint->alpn, "acme-tls/1");
        CHECK_INT(endpoint->port, 443);
        CHECK_INT(fake_responder_count(b->w.responder), 1);
        b->asked++;
        ret->outcome = b->kind == SITE_404       ? PROBE_NO_TLS
                       : b->kind == SITE_TIMEOUT ? PROBE_UNREACHABLE
                                                 : PROBE_SERVED;
        ret->detail = strdup("no application protocol");
}

static void with_alpn(SiteKind kind, const char *words) {
        Config *c = world_config_named(one, 1);
        _cleanup_(json_freep) Json *j = NULL;
        const char *shown = "";
        Bench b;

        init(&b, kind);
        *fake_ca_hooks(b.w.ca) = (FakeCaHooks){}; /* the CA sees it */
        fake_responder_alpn(b.w.responder, true);
        fake_prober_set_stranger(b.w.prober, stranger, &b);
        c->certificates[0].challenges[0] = CHALLENGE_TLS_ALPN_01;
        c->certificates[0].challenges[1] = CHALLENGE_HTTP_01; /* which the CA offers */
        c->certificates[0].challenge_count = 2;
        CHECK_INT(world_start(&b.w, c, false), 0);
        fake_loop_run(b.w.loop, SEC_PER_MIN); /* a warning, and no wait */
        CHECK_INT(b.asked, 1);
        CHECK_STR(world_state(&b.w, NAME), "valid");
        CHECK_INT(fake_responder_count(b.w.responder), 0);
        CHECK_INT(manager_certificate_json(b.w.manager, NAME, &j), 0);
        (void) json_get_string(j, "challenge", &shown);
        if (!strstr(shown, words))
                CHECK_STR(shown, words);
        world_done(&b.w);
}

static void alpn(void) {
        with_alpn(SITE_404,
                  "port 443 refuses acme-tls/1 (no application protocol): let the server");
        with_alpn(SITE_OTHER_PAGE, "another server answers acme-tls/1 at port 443");
        with_alpn(SITE_TIMEOUT, "port 443 does not answer from here");
}

TEST_MAIN({ "J-06: what tls-alpn-01 meets at port 443 is told, and not waited for", alpn },
          { "J-06: another server's answer holds the first order back, and says why",
            other_server },
          { "J-06: what only we may see holds it back for minutes", seen_from_here_only },
          { "J-16: once mended it is ordered within two minutes, and no validation was wasted",
            mended },
          { "without a listener the order waits and names the unit", nothing_listens },
          { "an order by hand is not held back", by_hand },
          { "--once does not wait", all_at_once },
          { "a renewal that only this side doubts is made in time", renewal_is_not_endangered },
          { "J-17: CAA records of the closest ancestor hold the order back, and say what to add",
            caa_records },
          { "J-17: name servers that fail hold it back for minutes", caa_silent },
          { "J-17: nobody is asked about a CA whose name is not known", caa_unknown_identity },
          { "PreFlight=no: nobody is asked", off })
