/* dns-persist: the records of dns-persist-01, for a person to write. */

#include <stdio.h>

#include "ctl/ctl.h"
#include "ctl/status.h"

#define TIMEOUT_SEC 10

int verb_dns_persist(Ctl *ctl, char *names[], int count) {
        _cleanup_(varlink_client_freep) VarlinkClient *client = NULL;
        _cleanup_(varlink_reply_done) VarlinkReply reply = {};
        _cleanup_(json_freep) Json *parameters = json_object_new();
        const Json *records;
        int r;

        (void) count;
        if (!parameters || json_set_string(parameters, "name", names[0]) < 0)
                return ctl_no_memory(ctl);
        r = ctl_connect(ctl, TIMEOUT_SEC, &client);
        if (r == 0)
                r = ctl_call(ctl, client, "io.renewd.Manager.DnsPersist", TAKE_PTR(parameters),
                             &reply);
        if (r != 0)
                return r;
        if (reply.error)
                return ctl_reply_failure(ctl, &reply, names[0]);
        if (json_get_array(reply.parameters, "records", &records) < 0)
                return ctl_transport_failure(ctl, -EBADMSG);
        if (ctl->json) {
                Json *copy = json_copy(records);

                return copy && json_set(ctl->answer, "records", copy) >= 0 ? CTL_FINE
                                                                           : ctl_no_memory(ctl);
        }
        for (size_t i = 0; i < json_count(records); i++) {
                _cleanup_free_ char *shown =
                                str_escape(json_string_value(json_at(records, i)), (size_t) 4096);

                if (!shown)
                        return ctl_no_memory(ctl);
                puts(shown);
        }
        return CTL_FINE;
}
