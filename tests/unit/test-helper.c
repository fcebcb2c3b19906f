/* Calls to a helper: lanes, lost connections, errors. The helper is a Varlink service on the same loop. */

#include "base/strings.h"
#include "daemon/control-server.h"
#include "daemon/helper-real.h"
#include "daemon/listen-unix.h"
#include "tests/unit/test.h"

typedef struct Fixture {
        Loop *loop;
        ControlServer *server;
        Helper *helper;
        char *path;
        VarlinkCall *held;     /* a call that waits for its answer */
        ControlClient *client; /* of the last call */
        unsigned served;
} Fixture;

typedef struct Answer {
        bool done;
        int error;
        char name[64], message[128], text[64];
} Answer;

/* ---- the service ---- */

static Fixture *fixture_of(void *client) {
        Fixture *f = control_client_userdata(client);

        f->client = client;
        f->served++;
        return f;
}

static int on_echo(VarlinkCall *call, const Json *parameters, void *client) {
        (void) fixture_of(client);
        return varlink_reply(call, json_copy(parameters));
}

static int on_fail(VarlinkCall *call, const Json *parameters, void *client) {
        (void) fixture_of(client);
        (void) parameters;
        return varlink_fail(call, "Refused", "no\nway");
}

static int on_hold(VarlinkCall *call, const Json *parameters, void *client) {
        (void) parameters;
        fixture_of(client)->held = call;
        return 0;
}

static int on_drop(VarlinkCall *call, const Json *parameters, void *client) {
        (void) call;
        (void) parameters;
        (void) fixture_of(client);
        return -EIO;
}

static const char *const text_parameters[] = { "text", NULL };
static const VarlinkMethod methods[] = {
        { "Echo", 0, text_parameters, on_echo },
        { "Fail", 0, text_parameters, on_fail },
        { "Hold", 0, text_parameters, on_hold },
        { "Drop", 0, text_parameters, on_drop },
        {},
};
static const VarlinkService service = { "io.renewd.Signer", "", methods };

/* ---- the fixture ---- */

static void fixture_init(Fixture *f, HelperLimits limits) {
        *f = (Fixture){};
        CHECK_INT(str_printf(&f->path, "%s/signer", test_directory()), 0);
        CHECK_INT(loop_new(&f->loop), 0);
        CHECK_INT(control_server_new(f->loop, &service, f, &f->server), 0);
        int fd = listen_unix(f->path, 0600);
        CHECK(fd >= 0);
        CHECK_INT(control_server_listen(f->server, fd), 0);
        CHECK_INT(helper_new(f->loop, f->path, "io.renewd.Signer", limits, &f->helper), 0);
}

static void fixture_done(Fixture *f) {
        helper_free(f->helper);
        control_server_free(f->server);
        loop_free(f->loop);
        free(f->path);
}

static void turn(Fixture *f) {
        while (sd_event_run(loop_event(f->loop), 0) > 0)
                ;
}

static void wait_for(Fixture *f, const Answer *a) {
        while (!a->done && sd_event_run(loop_event(f->loop), 5 * USEC_PER_SEC) > 0)
                ;
        CHECK(a->done);
}

static void on_answer(const HelperReply *reply, void *userdata) {
        Answer *a = userdata;
        const char *text = "";

        CHECK(!a->done);
        (void) json_get_string(reply->parameters, "text", &text);
        *a = (Answer){ .done = true, .error = reply->error };
        (void) snprintf(a->name, sizeof(a->name), "%s", reply->error_name ? reply->error_name : "");
        (void) snprintf(a->message, sizeof(a->message), "%s", reply->message ? reply->message : "");
        (void) snprintf(a->text, sizeof(a->text), "%s", text);
}

static HelperCall *call(
                Fixture *f, HelperLane lane, const char *method, const char *text, Answer *a) {
        Json *parameters = json_object_new();
        HelperCall *c = NULL;

        CHECK_INT(json_set_string(parameters, "text", text), 0);
        CHECK_INT(helper_call(f->helper, lane, method, parameters, on_answer, a, &c), 0);
        CHECK(!a->done); /* never from within the call */
        return c;
}

static const HelperLimits limits = { .shared_sec = 30, .own_sec = 30 };

/* ---- cases ---- */

static void test_order(void) {
        Answer a = {}, b = {}, c = {};
        Fixture f;

        fixture_init(&f, limits);
        HelperCall *first = call(&f, HELPER_SHARED, "Hold", "1", &a);
        HelperCall *second = call(&f, HELPER_SHARED, "Echo", "2", &b);
        HelperCall *own = call(&f, HELPER_OWN, "Echo", "3", &c);
        turn(&f);
        CHECK(!a.done && !b.done);
        CHECK_STR(c.text, "3"); /* does not wait for the others */
        CHECK_INT(varlink_reply(f.held, NULL), 0);
        turn(&f);
        CHECK(a.done && a.error == 0);
        CHECK_STR(b.text, "2");
        helper_call_free(first);
        helper_call_free(second);
        helper_call_free(own);
        fixture_done(&f);
}

static void test_errors(void) {
        Answer a = {}, b = {}, c = {};
        Fixture f;

        fixture_init(&f, limits);
        HelperCall *first = call(&f, HELPER_SHARED, "Fail", "1", &a);
        HelperCall *second = call(&f, HELPER_SHARED, "Nothing", "1", &b);
        HelperCall *third = call(&f, HELPER_SHARED, "Drop", "1", &c);
        wait_for(&f, &c);
        CHECK_INT(a.error, 0);
        CHECK_STR(a.name, "Refused");
        CHECK(!strchr(a.message, '\n'));
        CHECK_STR(b.name, "MethodNotFound");
        CHECK(c.error < 0);
        CHECK(*c.message);
        helper_call_free(first);
        helper_call_free(second);
        helper_call_free(third);
        fixture_done(&f);
}

static void test_not_running(void) {
        Answer a = {};
        Fixture f;

        fixture_init(&f, limits);
        CHECK_INT(unlink(f.path), 0);
        HelperCall *c = call(&f, HELPER_SHARED, "Echo", "1", &a);
        turn(&f);
        CHECK_INT(a.error, -ENOENT);
        helper_call_free(c);
        fixture_done(&f);
}

static void test_closed_while_idle(void) {
        Answer a = {}, b = {};
        Fixture f;

        fixture_init(&f, limits);
        HelperCall *first = call(&f, HELPER_SHARED, "Echo", "1", &a);
        turn(&f);
        CHECK_STR(a.text, "1");
        control_client_fail(f.client);
        HelperCall *second = call(&f, HELPER_SHARED, "Echo", "2", &b);
        turn(&f);
        CHECK_STR(b.text, "2");
        helper_call_free(first);
        helper_call_free(second);
        fixture_done(&f);
}

static void test_helper_dies(void) {
        Answer a = {}, b = {};
        Fixture f;

        fixture_init(&f, limits);
        HelperCall *once = call(&f, HELPER_SHARED, "Hold", "1", &a);
        turn(&f);
        control_client_fail(f.client);
        turn(&f);
        CHECK(!a.done);
        CHECK_INT(f.served, 2);
        REQUIRE(f.held);
        CHECK(varlink_reply(f.held, NULL) >= 0);
        turn(&f);
        CHECK(a.done);
        CHECK_INT(a.error, 0);

        HelperCall *twice = call(&f, HELPER_OWN, "Drop", "2", &b);
        wait_for(&f, &b);
        CHECK_INT(f.served, 4);
        CHECK(b.error < 0);
        helper_call_free(once);
        helper_call_free(twice);
        fixture_done(&f);
}

static void test_cancel(void) {
        Answer a = {}, b = {}, c = {};
        Fixture f;

        fixture_init(&f, limits);
        HelperCall *held = call(&f, HELPER_SHARED, "Hold", "1", &a);
        HelperCall *queued = call(&f, HELPER_SHARED, "Echo", "2", &b);
        HelperCall *last = call(&f, HELPER_SHARED, "Echo", "3", &c);
        turn(&f);
        helper_call_free(queued);
        helper_call_free(held);
        turn(&f);
        CHECK(!a.done && !b.done);
        CHECK_STR(c.text, "3");
        helper_call_free(last);
        fixture_done(&f);
}

static void test_timeout(void) {
        Answer a = {}, b = {};
        Fixture f;

        fixture_init(&f, (HelperLimits){ .shared_sec = 0, .own_sec = 0 });
        HelperCall *held = call(&f, HELPER_SHARED, "Hold", "1", &a);
        HelperCall *own = call(&f, HELPER_OWN, "Hold", "2", &b);
        wait_for(&f, &a);
        wait_for(&f, &b);
        CHECK_INT(a.error, -ETIMEDOUT);
        CHECK_INT(b.error, -ETIMEDOUT);
        helper_call_free(held);
        helper_call_free(own);
        fixture_done(&f);
}

static void test_too_large(void) {
        _cleanup_free_ char *text = malloc(100 * 1024);
        Json *parameters = json_object_new();
        HelperCall *c = NULL;
        Fixture f;

        fixture_init(&f, limits);
        memset(text, 'x', 100 * 1024 - 1);
        text[100 * 1024 - 1] = 0;
        CHECK_INT(json_set_string(parameters, "text", text), 0);
        CHECK_INT(helper_call(f.helper, HELPER_SHARED, "Echo", parameters, on_answer, NULL, &c),
                  -E2BIG);
        fixture_done(&f);
}

static void test_renew(void) {
        Answer a = {}, b = {};
        Fixture f;

        fixture_init(&f, limits);
        HelperCall *first = call(&f, HELPER_SHARED, "Echo", "1", &a);
        turn(&f);
        helper_renew(f.helper);
        HelperCall *second = call(&f, HELPER_SHARED, "Echo", "2", &b);
        wait_for(&f, &b);
        CHECK_INT(f.served, 2);
        CHECK_STR(b.text, "2");
        helper_call_free(first);
        helper_call_free(second);
        fixture_done(&f);
}

TEST_MAIN({ "shared calls are answered in order, own ones do not wait", test_order },
          { "errors come by their short name with escaped words", test_errors },
          { "a helper that is not there is told from the loop", test_not_running },
          { "a call that meets a closed connection goes out once more", test_closed_while_idle },
          { "F6 a helper that dies at work is asked once more, not for ever", test_helper_dies },
          { "freeing a call cancels it and no other", test_cancel },
          { "a helper that hangs ends its call only", test_timeout },
          { "R2.7.2 a message that is too large is refused at once", test_too_large },
          { "after a change of configuration a new connection is used", test_renew }, )
