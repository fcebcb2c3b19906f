/* Varlink without sockets: messages, replies, and a connection that is fed. */

#include "base/strings.h"
#include "base/varlink.h"
#include "tests/unit/test.h"
#include "tests/unit/varlink-bench.h"

typedef struct Harness {
        VarlinkConnection *connection;
        Bytes output; /* NUL shown as newline */
        int write_error;
} Harness;

static int harness_write(const void *data, size_t size, void *io) {
        Harness *h = io;
        int r = h->write_error < 0 ? h->write_error : bytes_append(&h->output, data, size);

        for (size_t i = 0; r >= 0 && i < h->output.size; i++)
                if (h->output.data[i] == 0)
                        h->output.data[i] = '\n';
        return r;
}

static void harness_done(Harness *h) {
        h->connection = varlink_connection_free(h->connection);
        bytes_done(&h->output);
}

static void harness_start(Harness *h, uid_t uid) {
        VarlinkPeer peer = { .uid = uid };

        test_pending = NULL;
        test_gone = 0;
        CHECK_INT(varlink_connection_new(
                                  &test_service, &peer, harness_write, h, NULL, &h->connection),
                  0);
}

/* Feeds the messages (each ended by '\n' in the text) octet by octet. */
static int harness_feed(Harness *h, const char *text) {
        int r = 0;

        for (; *text && r >= 0; text++)
                r = varlink_connection_input(h->connection, *text == '\n' ? "" : text, 1);
        return r;
}

static void check_exchange(const char *input, int expected_r, const char *expected) {
        _cleanup_(harness_done) Harness h = {};

        harness_start(&h, geteuid() + 1);
        CHECK_INT(harness_feed(&h, input), expected_r);
        CHECK_STR(bytes_text(&h.output), expected);
}

static void frames(void) {
        _cleanup_(bytes_done) Bytes b = { .limit = 4 * VARLINK_MESSAGE_MAX }, out = {};
        _cleanup_(json_freep) Json *a = NULL, *c = NULL, *bad = NULL;

        CHECK_INT(varlink_take_message(&b, &a), 0);
        REQUIRE(bytes_append(&b, "{\"a\":1}\0{\"b\"", 12) == 0);
        CHECK_INT(varlink_take_message(&b, &a), 1);
        CHECK(json_get(a, "a"));
        CHECK_INT(varlink_take_message(&b, &c), 0);
        REQUIRE(bytes_append(&b, ":2}\0[]\0", 7) == 0);
        CHECK_INT(varlink_take_message(&b, &c), 1);
        CHECK_INT(varlink_take_message(&b, &bad), -EBADMSG);
        CHECK_INT(varlink_put_message(&out, a), 0);
        CHECK_INT(out.size, 8);
        CHECK(memcmp(out.data, "{\"a\":1}", 8) == 0);
}

static void frames_have_a_limit(void) {
        _cleanup_(bytes_done) Bytes b = {}, out = {};
        _cleanup_free_ char *text = malloc(VARLINK_MESSAGE_MAX + 1);
        _cleanup_(json_freep) Json *j = json_object_new(), *got = NULL;

        REQUIRE(text && j);
        memset(text, ' ', VARLINK_MESSAGE_MAX + 1);
        REQUIRE(bytes_append(&b, text, VARLINK_MESSAGE_MAX) == 0);
        CHECK_INT(varlink_take_message(&b, &got), 0);
        REQUIRE(bytes_append(&b, " ", 1) == 0);
        CHECK_INT(varlink_take_message(&b, &got), -E2BIG);
        text[VARLINK_MESSAGE_MAX] = 0;
        REQUIRE(json_set_string(j, "t", text) == 0);
        CHECK_INT(varlink_put_message(&out, j), -E2BIG);
        CHECK_INT(out.size, 0);
}

static void check_reply(
                const char *text, int expected_r, const char *expected_error, bool continues) {
        _cleanup_(varlink_reply_done) VarlinkReply reply = {};
        _cleanup_(json_freep) Json *j = NULL;

        REQUIRE(json_parse(text, strlen(text), &j) == 0);
        CHECK_INT(varlink_reply_parse(j, &reply), expected_r);
        if (expected_r < 0)
                return;
        CHECK(json_is_object(reply.parameters));
        CHECK(str_equal(reply.error, expected_error));
        CHECK_INT(reply.continues, continues);
}

static void replies_are_parsed(void) {
        check_reply("{}", 0, NULL, false);
        check_reply("{\"parameters\":{\"a\":1},\"continues\":true}", 0, NULL, true);
        check_reply("{\"error\":\"a.B\"}", 0, "a.B", false);
        check_reply("{\"error\":null,\"parameters\":null}", 0, NULL, false);
        check_reply("{\"parameters\":[]}", -EBADMSG, NULL, false);
        check_reply("{\"error\":1}", -EBADMSG, NULL, false);
        check_reply("{\"error\":\"\"}", -EBADMSG, NULL, false);
        check_reply("{\"continues\":\"yes\"}", -EBADMSG, NULL, false);
        check_reply("[]", -EBADMSG, NULL, false);
}

static void dispatches(void) {
        check_exchange("{\"method\":\"io.renewd.Test.Echo\",\"parameters\":{\"text\":\"a\"}}\n", 0,
                       "{\"parameters\":{\"text\":\"a\"}}\n");
        check_exchange("{\"method\":\"io.renewd.Test.Echo\"}\n", 0, "{\"parameters\":{}}\n");
        check_exchange("{\"method\":\"io.renewd.Test.Fail\"}\n", 0,
                       "{\"error\":\"io.renewd.Test.Broken\",\"parameters\":{\"message\":\"no 'luck'\\\\x0a\"}}\n");
        check_exchange("{\"method\":\"io.renewd.Test.Count\",\"more\":true}\n", 0,
                       "{\"parameters\":{\"n\":0},\"continues\":true}\n"
                       "{\"parameters\":{\"n\":1},\"continues\":true}\n"
                       "{\"parameters\":{}}\n");
        check_exchange("{\"method\":\"io.renewd.Test.NotifyUncalled\"}\n", 0,
                       "{\"parameters\":{}}\n");
}

static void refuses(void) {
        check_exchange("{\"method\":\"io.renewd.Test.None\"}\n", 0,
                       "{\"error\":\"org.varlink.service.MethodNotFound\",\"parameters\":{\"method\":\"io.renewd.Test.None\"}}\n");
        check_exchange("{\"method\":\"io.renewd.Other.Echo\"}\n{\"method\":\"Echo\"}\n", 0,
                       "{\"error\":\"org.varlink.service.InterfaceNotFound\",\"parameters\":{\"interface\":\"io.renewd.Other\"}}\n"
                       "{\"error\":\"org.varlink.service.InterfaceNotFound\",\"parameters\":{\"interface\":\"Echo\"}}\n");
        check_exchange("{\"method\":\"io.renewd.Test.Echo\",\"parameters\":{\"text\":\"a\",\"path\":\"/\"}}\n",
                       0,
                       "{\"error\":\"org.varlink.service.InvalidParameter\",\"parameters\":{\"parameter\":\"path\"}}\n");
        check_exchange("{\"method\":\"io.renewd.Test.Fail\",\"parameters\":{\"x\":1}}\n", 0,
                       "{\"error\":\"org.varlink.service.InvalidParameter\",\"parameters\":{\"parameter\":\"x\"}}\n");
        check_exchange("{\"method\":\"io.renewd.Test.Count\"}\n", 0,
                       "{\"error\":\"org.varlink.service.ExpectedMore\",\"parameters\":{}}\n");
        check_exchange("{\"method\":\"io.renewd.Test.Secret\"}\n", 0,
                       "{\"error\":\"org.varlink.service.PermissionDenied\",\"parameters\":{}}\n");
}

static void drops_what_is_no_call(void) {
        static const char *const bad[] = {
                "\n",
                "{}\n",
                "[]\n",
                "{\"method\":1}\n",
                "nonsense\n",
                "{\"method\":\"io.renewd.Test.Echo\",\"parameters\":[]}\n",
                "{\"method\":\"io.renewd.Test.Echo\",\"more\":1}\n",
                "{\"method\":\"io.renewd.Test.Echo\",\"method\":\"io.renewd.Test.Fail\"}\n",
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                check_exchange(bad[i], -EBADMSG, "");
        check_exchange("{\"method\":\"io.renewd.Test.Drop\"}\n{\"method\":\"io.renewd.Test.Echo\"}\n",
                       -ECANCELED, "");
}

static void root_may(void) {
        _cleanup_(harness_done) Harness h = {};

        harness_start(&h, 0);
        CHECK_INT(harness_feed(&h, "{\"method\":\"io.renewd.Test.Secret\"}\n"), 0);
        CHECK(strstr(bytes_text(&h.output), "io.renewd.Test.Broken"));
}

static void oneway_gets_no_answer(void) {
        check_exchange("{\"method\":\"io.renewd.Test.Echo\",\"oneway\":true}\n"
                       "{\"method\":\"io.renewd.Test.None\",\"oneway\":true}\n"
                       "{\"method\":\"io.renewd.Test.Count\",\"oneway\":true,\"more\":true}\n"
                       "{\"method\":\"io.renewd.Test.Echo\",\"parameters\":{\"number\":2}}\n",
                       0, "{\"parameters\":{\"number\":2}}\n");
}

static void describes_itself(void) {
        _cleanup_(harness_done) Harness h = {};

        check_exchange("{\"method\":\"org.varlink.service.GetInterfaceDescription\",\"parameters\":{\"interface\":\"io.renewd.Test\"}}\n",
                       0, "{\"parameters\":{\"description\":\"interface io.renewd.Test\\n\"}}\n");
        check_exchange("{\"method\":\"org.varlink.service.GetInterfaceDescription\",\"parameters\":{\"interface\":\"a.b\"}}\n"
                       "{\"method\":\"org.varlink.service.GetInterfaceDescription\"}\n"
                       "{\"method\":\"org.varlink.service.GetInfo\",\"parameters\":{\"x\":1}}\n"
                       "{\"method\":\"org.varlink.service.None\"}\n",
                       0,
                       "{\"error\":\"org.varlink.service.InterfaceNotFound\",\"parameters\":{\"interface\":\"a.b\"}}\n"
                       "{\"error\":\"org.varlink.service.InvalidParameter\",\"parameters\":{\"parameter\":\"interface\"}}\n"
                       "{\"error\":\"org.varlink.service.InvalidParameter\",\"parameters\":{\"parameter\":\"x\"}}\n"
                       "{\"error\":\"org.varlink.service.MethodNotFound\",\"parameters\":{\"method\":\"org.varlink.service.None\"}}\n");
        harness_start(&h, 1);
        CHECK_INT(harness_feed(&h, "{\"method\":\"org.varlink.service.GetInfo\"}\n"), 0);
        CHECK(strstr(bytes_text(&h.output),
                     "\"vendor\":\"renewd\",\"product\":\"renewd\",\"version\":\""));
        CHECK(strstr(bytes_text(&h.output), "[\"org.varlink.service\",\"io.renewd.Test\"]"));
}

static void answers_in_order(void) {
        _cleanup_(harness_done) Harness h = {};

        harness_start(&h, 0);
        CHECK_INT(harness_feed(&h,
                               "{\"method\":\"io.renewd.Test.Later\"}\n"
                               "{\"method\":\"io.renewd.Test.Later\"}\n"
                               "{\"method\":\"io.renewd.Test.Echo\",\"parameters\":{\"number\":3}}\n"),
                  0);
        CHECK_STR(bytes_text(&h.output), "");
        REQUIRE(test_pending);
        VarlinkCall *first = TAKE_PTR(test_pending);
        CHECK_INT(varlink_error(first, "a.First", NULL), 0);
        REQUIRE(test_pending);
        CHECK_INT(varlink_reply(TAKE_PTR(test_pending), NULL), 0);
        CHECK_STR(bytes_text(&h.output), "{\"error\":\"a.First\",\"parameters\":{}}\n"
                                         "{\"parameters\":{}}\n{\"parameters\":{\"number\":3}}\n");
        CHECK_INT(test_gone, 0);
}

static void tells_when_the_peer_is_gone(void) {
        _cleanup_(harness_done) Harness h = {};

        harness_start(&h, 0);
        CHECK_INT(harness_feed(&h, "{\"method\":\"io.renewd.Test.Later\"}\n"), 0);
        REQUIRE(test_pending);
        h.connection = varlink_connection_free(h.connection);
        CHECK_INT(test_gone, 1);
}

static void input_has_a_limit(void) {
        _cleanup_(harness_done) Harness h = {};
        int r = 0;

        harness_start(&h, 0);
        CHECK_INT(harness_feed(&h, "{\"method\":\"io.renewd.Test.Later\"}\n"), 0);
        for (int i = 0; i < 20000 && r >= 0; i++)
                r = varlink_connection_input(
                                h.connection, "{\"method\":\"io.renewd.Test.Echo\"}", 33);
        CHECK_INT(r, -E2BIG);
}

static void failed_writes_end_the_connection(void) {
        _cleanup_(harness_done) Harness h = { .write_error = -EPIPE };

        harness_start(&h, 0);
        CHECK_INT(harness_feed(&h, "{\"method\":\"io.renewd.Test.Echo\"}\n"), -EPIPE);
        CHECK_INT(harness_feed(&h, "{"), -EPIPE);
        check_exchange("{\"method\":\"io.renewd.Test.Large\"}\n", -E2BIG, "");
}

TEST_MAIN({ "takes whole messages off the stream", frames },
          { "a message ends at 64 KiB both ways (R2.7.2)", frames_have_a_limit },
          { "parses replies", replies_are_parsed },
          { "dispatches by the table", dispatches },
          { "refuses unknown interface, method, parameter; expects more; root only", refuses },
          { "drops the connection for what is no call (R2.7.2)", drops_what_is_no_call },
          { "root may call what is root's", root_may },
          { "a oneway call gets no answer", oneway_gets_no_answer },
          { "describes itself (org.varlink.service)", describes_itself },
          { "answers in the order of the calls, also later", answers_in_order },
          { "tells a waiting call that its peer is gone", tells_when_the_peer_is_gone },
          { "what a peer sends ahead has a limit (R2.7.2)", input_has_a_limit },
          { "a failed or too large answer ends the connection", failed_writes_end_the_connection })
