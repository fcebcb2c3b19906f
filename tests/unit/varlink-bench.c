/* A service with a method for each way of answering. */

#include "tests/unit/varlink-bench.h"

#include "tests/unit/test.h"

VarlinkCall *test_pending; /* of Later */
unsigned test_gone;

static int method_echo(VarlinkCall *call, const Json *parameters, _unused_ void *userdata) {
        return varlink_reply(call, json_copy(parameters));
}

static int method_fail(
                VarlinkCall *call, _unused_ const Json *parameters, _unused_ void *userdata) {
        return varlink_fail(call, "Broken", "no '%s'\n", "luck");
}

static int method_drop(
                _unused_ VarlinkCall *call,
                _unused_ const Json *parameters,
                _unused_ void *userdata) {
        return -ECANCELED;
}

static int method_count(
                VarlinkCall *call, _unused_ const Json *parameters, _unused_ void *userdata) {
        for (int i = 0; i < 2; i++) {
                Json *n = json_object_new();
                CHECK_INT(json_set_int64(n, "n", i), 0);
                CHECK_INT(varlink_notify(call, n), 0);
        }
        return varlink_reply(call, NULL);
}

static void count_gone(void *userdata) {
        (*(unsigned *) userdata)++;
}

static int method_later(
                VarlinkCall *call, _unused_ const Json *parameters, _unused_ void *userdata) {
        test_pending = call;
        varlink_call_on_gone(call, count_gone, &test_gone);
        return 0;
}

static int method_notify_uncalled(
                VarlinkCall *call, _unused_ const Json *parameters, _unused_ void *userdata) {
        CHECK_INT(varlink_notify(call, json_object_new()), -EINVAL);
        return varlink_reply(call, NULL);
}

static int method_large(
                VarlinkCall *call, _unused_ const Json *parameters, _unused_ void *userdata) {
        _cleanup_free_ char *text = malloc(VARLINK_MESSAGE_MAX + 1);
        Json *j = json_object_new();

        memset(text, 'x', VARLINK_MESSAGE_MAX);
        text[VARLINK_MESSAGE_MAX] = 0;
        CHECK_INT(json_set_string(j, "text", text), 0);
        return varlink_reply(call, j);
}

static const char *const echo_parameters[] = { "text", "number", NULL };
static const VarlinkMethod methods[] = {
        { "Echo", 0, echo_parameters, method_echo },
        { "Fail", 0, NULL, method_fail },
        { "Drop", 0, NULL, method_drop },
        { "Count", VARLINK_MORE, NULL, method_count },
        { "Secret", VARLINK_ROOT_ONLY, NULL, method_fail },
        { "Later", 0, NULL, method_later },
        { "NotifyUncalled", 0, NULL, method_notify_uncalled },
        { "Large", 0, NULL, method_large },
        {},
};
const VarlinkService test_service = {
        .interface = "io.renewd.Test",
        .description = "interface io.renewd.Test\n",
        .methods = methods,
};
