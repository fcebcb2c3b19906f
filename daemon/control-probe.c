/* ShowProbe: what `renewctl add` asks for before it fetches the token through the web server. */

#include "acme/identifier.h"
#include "base/log.h"
#include "daemon/control-internal.h"

static int read_names(const Json *parameters, StringList *ret) {
        const Json *list;
        int r;

        if (json_get_array(parameters, "names", &list) < 0 || json_count(list) == 0 ||
            json_count(list) > NAMES_MAX)
                return -EINVAL;
        for (size_t i = 0; i < json_count(list); i++) {
                const char *name = json_string_value(json_at(list, i)), *reason;
                _cleanup_free_ char *canonical = NULL;

                r = name ? identifier_normalize(name, &canonical, &reason) : -EINVAL;
                if (r >= 0 && canonical[0] == '*')
                        r = -EINVAL;
                if (r >= 0)
                        r = string_list_add(ret, canonical);
                if (r < 0)
                        return r;
        }
        return 0;
}

int control_show_probe(VarlinkCall *call, const Json *parameters, void *client) {
        _cleanup_(string_list_done) StringList names = {};
        _cleanup_(json_freep) Json *answer = json_object_new();
        _cleanup_free_ char *token = NULL, *shown = NULL;
        int r = answer ? read_names(parameters, &names) : -ENOMEM;

        if (r == -EINVAL)
                return varlink_invalid_parameter(call, "names");
        if (r >= 0)
                r = manager_show_probe(control_manager(client), &names, &token, &shown);
        if (r == -ENODEV)
                return varlink_fail(
                                call, "Failed", "%s",
                                "renewd listens nowhere for challenges: set Listen= or ChallengeDirectory= in [HTTP], "
                                "or enable renewd-proxy.socket");
        if (r < 0 && r != -ENOMEM)
                return varlink_fail(call, "Failed", "it cannot be shown: %s", errno_text(r));
        if (r >= 0)
                r = json_set_string(answer, "token", token);
        if (r >= 0)
                r = json_set_string(answer, "answer", shown);
        return r < 0 ? r : varlink_reply(call, TAKE_PTR(answer));
}
