/* Wishes, one call for all, the look at the name servers, and the way back on every path. */

#include "acme/challenge.h"
#include "daemon/presenter.h"
#include "tests/fake/world.h"
#include "tests/unit/test.h"

#define THUMBPRINT "7Yxe6c_3bAa6kiaK1G-BZmi9EeNsUmlcbdnrtLeuK4E"
#define TOKEN(n)   "token-" #n "-aaaaaaaaaaaaaaaaaaaa"

static World w;
static Slots *slots;
static Presenter *presenter;
static DnsConfig dns;
static CertificateConfig certificate;
static bool noted, note_fails;
static unsigned answers;
static int last_error;
static char last_message[400];

static int note(bool shown, void *userdata) {
        (void) userdata;
        if (note_fails)
                return -ENOSPC;
        noted = shown;
        return 0;
}

static void on_changed(void *userdata) {
        (void) userdata;
}

static void on_presented(int error, const char *message, void *userdata) {
        (void) userdata;
        answers++;
        last_error = error;
        (void) snprintf(last_message, sizeof last_message, "%s", message ? message : "");
}

static void make_presenter(void) {
        PresenterOwner owner = {
                .engine = &w.engine, .installer = slots, .note = note, .changed = on_changed
        };

        CHECK_INT(presenter_new(&owner, noted, &presenter), 0);
        presenter_configure(presenter, &certificate);
}

static void begin(void) {
        CHECK_INT(world_init(&w, 1), 0);
        CHECK_INT(slots_new(w.loop, 4, &slots), 0);
        dns = (DnsConfig){ .name = (char *) "p", .propagation_sec = 60, .post_unseen = true };
        certificate = (CertificateConfig){ .name = (char *) "example.org", .dns = &dns };
        noted = note_fails = false;
        answers = 0;
        last_error = 0;
        fake_dns_add(w.dns, NULL, "example.org", DNS_NS, "ns.example.org", 0);
        fake_dns_add(w.dns, NULL, "ns.example.org", DNS_A, "192.0.2.1", 0);
        make_presenter();
}

static void end(void) {
        presenter = presenter_free(presenter);
        slots = slots_free(slots);
        world_done(&w);
}

static void wish(const char *token, bool wildcard) {
        _cleanup_free_ char *authorization = NULL;
        PresentWish one = {
                .type = CHALLENGE_DNS_01,
                .identifier = "example.org",
                .token = token,
                .wildcard = wildcard,
                .account_url = "https://ca.example/acct/123",
        };

        CHECK_INT(key_authorization(token, THUMBPRINT, &authorization), 0);
        one.authorization = authorization;
        CHECK_INT(presenter_show(presenter, &one, on_presented, presenter), 0);
}

/* As the name servers of the world will serve it. */
static void serve(const char *token, int64_t after) {
        _cleanup_free_ char *authorization = NULL, *value = NULL;

        CHECK_INT(key_authorization(token, THUMBPRINT, &authorization), 0);
        CHECK_INT(dns01_value(authorization, &value), 0);
        fake_dns_add(w.dns, "192.0.2.1", "_acme-challenge.example.org", DNS_TXT, value, after);
}

static void wildcard_and_apex(void) {
        begin();
        serve(TOKEN(1), 10);
        serve(TOKEN(2), 20);
        wish(TOKEN(1), false);
        presenter_go(presenter, true); /* one more is to come */
        fake_loop_run(w.loop, 30);
        CHECK_INT(fake_helper_calls(w.installer, "Present"), 0);
        wish(TOKEN(2), true);
        presenter_go(presenter, false);
        fake_loop_run(w.loop, 60);
        CHECK_INT(answers, 2);
        CHECK_INT(last_error, 0);
        CHECK_INT(fake_helper_calls(w.installer, "Present"), 1);
        CHECK_INT(fake_installer_proofs(w.installer), 2);
        CHECK_STR(fake_installer_proof(w.installer, 0)->record, "_acme-challenge.example.org");
        CHECK(noted);
        presenter_hide(presenter, CHALLENGE_DNS_01, "example.org", TOKEN(1));
        presenter_go(presenter, false);
        fake_loop_run(w.loop, 5);
        CHECK_INT(fake_installer_proofs(w.installer), 1);
        CHECK(noted);
        presenter_hide(presenter, CHALLENGE_DNS_01, "example.org", TOKEN(2));
        presenter_go(presenter, false);
        fake_loop_run(w.loop, 5);
        CHECK_INT(fake_installer_proofs(w.installer), 0);
        CHECK(!noted && presenter_is_settled(presenter));
        end();
}

static void alias(void) {
        begin();
        fake_dns_add(w.dns, NULL, "_acme-challenge.example.org", DNS_CNAME, "x.auth.example.org",
                     0);
        wish(TOKEN(1), false);
        presenter_go(presenter, false);
        fake_loop_run(w.loop, 5);
        CHECK_INT(fake_installer_proofs(w.installer), 1);
        CHECK_STR(fake_installer_proof(w.installer, 0)->record, "x.auth.example.org");
        end();
}

static void unseen(void) {
        begin();
        wish(TOKEN(1), false);
        presenter_go(presenter, false);
        fake_loop_run(w.loop, 90);
        CHECK_INT(answers, 1);
        CHECK_INT(last_error, 0);
        CHECK(presenter_warning(presenter) &&
              strstr(presenter_warning(presenter), "ns.example.org"));
        dns.post_unseen = false;
        wish(TOKEN(2), false);
        presenter_go(presenter, false);
        fake_loop_run(w.loop, 90);
        CHECK_INT(last_error, -ETIMEDOUT);
        CHECK(strstr(last_message, "does not serve the record"));
        end();
}

static void program_fails(void) {
        begin();
        fake_installer_program(w.installer, "'/hook' exited with 1: no such zone", NULL);
        wish(TOKEN(1), false);
        presenter_go(presenter, false);
        fake_loop_run(w.loop, 5);
        CHECK_INT(last_error, -EIO);
        CHECK_STR(last_message, "'/hook' exited with 1: no such zone");
        presenter_settle(presenter);
        fake_loop_run(w.loop, 5);
        CHECK_INT(fake_helper_calls(w.installer, "Cleanup"), 1);
        CHECK_INT(fake_installer_proofs(w.installer), 0);
        CHECK(!noted);
        end();
}

static void cleanup_again(void) {
        begin();
        dns.propagation_sec = 0;
        wish(TOKEN(1), false);
        presenter_go(presenter, false);
        fake_loop_run(w.loop, 5);
        CHECK_INT(answers, 1);
        fake_installer_program(w.installer, NULL, "no network");
        presenter_settle(presenter);
        fake_loop_run(w.loop, 5);
        CHECK_INT(fake_installer_proofs(w.installer), 1);
        CHECK(noted && presenter_is_settled(presenter)); /* nothing to wait for: later */
        fake_installer_program(w.installer, NULL, NULL);
        fake_loop_run(w.loop, 60);
        CHECK_INT(fake_installer_proofs(w.installer), 0);
        CHECK(!noted);
        end();
}

/* The installer runs the program to its end whoever waits: what it did is taken away when it is done. */
static void aborted(void) {
        begin();
        fake_helper_set_delay(w.installer, 20 * USEC_PER_SEC);
        wish(TOKEN(1), false);
        presenter_go(presenter, false);
        fake_loop_run(w.loop, 2);
        presenter_settle(presenter);
        CHECK_INT(fake_helper_calls(w.installer, "Cleanup"), 0);
        fake_loop_run(w.loop, 60);
        CHECK_INT(answers, 0);
        CHECK_INT(fake_helper_calls(w.installer, "Cleanup"), 1);
        CHECK_INT(fake_installer_proofs(w.installer), 0);
        CHECK(!noted);
        end();
}

static void crash(void) {
        begin();
        dns.propagation_sec = 0;
        wish(TOKEN(1), false);
        presenter_go(presenter, false);
        fake_loop_run(w.loop, 5);
        presenter = presenter_free(presenter); /* and no word to anybody */
        CHECK_INT(fake_installer_proofs(w.installer), 1);
        CHECK(noted);
        make_presenter();
        presenter_settle(presenter);
        fake_loop_run(w.loop, 5);
        CHECK_INT(fake_installer_proofs(w.installer), 0);
        CHECK(!noted);
        end();
}

static void not_durable(void) {
        begin();
        note_fails = true;
        wish(TOKEN(1), false);
        presenter_go(presenter, false);
        fake_loop_run(w.loop, 5);
        CHECK_INT(answers, 1);
        CHECK(last_error < 0);
        CHECK_INT(fake_helper_calls(w.installer, "Present"), 0);
        end();
}

static void hook_for_http(void) {
        _cleanup_free_ char *authorization = NULL;
        PresentWish one = { .type = CHALLENGE_HTTP_01,
                            .identifier = "example.org",
                            .token = TOKEN(1) };

        begin();
        CHECK(!presenter_has_program(presenter, CHALLENGE_HTTP_01));
        CHECK_INT(string_list_add(&certificate.challenge_hook, "/bin/fw"), 0);
        CHECK(presenter_has_program(presenter, CHALLENGE_HTTP_01));
        CHECK(!presenter_has_program(presenter, CHALLENGE_DNS_PERSIST_01));
        CHECK_INT(key_authorization(TOKEN(1), THUMBPRINT, &authorization), 0);
        one.authorization = authorization;
        CHECK_INT(presenter_show(presenter, &one, on_presented, presenter), 0);
        presenter_go(presenter, false);
        fake_loop_run(w.loop, 5);
        CHECK_INT(answers, 1);
        CHECK_INT(last_error, 0);
        CHECK_STR(fake_installer_proof(w.installer, 0)->type, "http-01");
        string_list_done(&certificate.challenge_hook);
        end();
}

TEST_MAIN({ "L-02 wildcard and apex: two values, one call, taken away one by one",
            wildcard_and_apex },
          { "L-03 the target of an alias is what is written", alias },
          { "servers that do not follow are a warning, or a failure as configured", unseen },
          { "a program that fails: its words, and a clean-up", program_fails },
          { "J-13 a clean-up that failed is tried again", cleanup_again },
          { "J-13 an order that ends while the program runs", aborted },
          { "J-13 a crash: what is noted is taken away at the next start", crash },
          { "nothing is shown before it is noted", not_durable },
          { "ChallengeHook= runs for http-01", hook_for_http })
