/* stand-in: another self-signed certificate for a service that waits for its first real one; the signer makes it, the engine has
 * it put there. */

#include <stdio.h>
#include <time.h>

#include "base/log.h"
#include "ctl/grant.h"
#include "ctl/status.h"
#include "ctl/when.h"

#define SIGNER  "io.renewd.Signer.StandIn"
#define MANAGER "io.renewd.Manager.StandIn"

static int read_names(Ctl *ctl, StringList *ret) {
        for (size_t i = 0; i < ctl->names.count; i++) {
                _cleanup_free_ char *name = NULL, *shown = NULL;
                const char *reason = "is not a name";
                int r = identifier_normalize(ctl->names.items[i], &name, &reason);

                if (r == -EINVAL) {
                        shown = str_escape(ctl->names.items[i], CERTIFICATE_NAME_MAX);
                        return ctl_fail(ctl, CTL_USAGE, "'%s' %s", shown ? shown : "", reason);
                }
                if (r < 0 || string_list_add(ret, name) < 0)
                        return ctl_no_memory(ctl);
        }
        return 0;
}

static int ask(Ctl *ctl,
               const char *name,
               const StringList *names,
               const char *other,
               VarlinkReply *reply) {
        _cleanup_(varlink_client_freep) VarlinkClient *client = NULL;
        _cleanup_(json_freep) Json *j = json_object_new();
        int r;

        r = j ? json_set_string(j, "certificate", name) : -ENOMEM;
        if (r >= 0 && names->count > 0)
                r = json_set_strings(j, "names", names);
        if (r >= 0)
                r = json_set_string(j, "other", other);
        if (r < 0)
                return ctl_no_memory(ctl);
        r = ctl_connect_signer(ctl, &client);
        if (r == 0)
                r = ctl_call(ctl, client, SIGNER, TAKE_PTR(j), reply);
        return r == 0 && reply->error ? ctl_reply_failure(ctl, reply, name) : r;
}

/* Another one than there is, unless that was just made. */
static int make(Ctl *ctl, const char *name, const StringList *names) {
        _cleanup_(varlink_reply_done) VarlinkReply first = {}, second = {};
        const VarlinkReply *last = &first;
        char date[WHEN_SIZE];
        bool made = false;
        int r;

        r = ask(ctl, name, names, NULL, &first);
        if (r != 0)
                return r;
        (void) json_get_bool(first.parameters, "made", &made); /* absent: not */
        if (!made) {
                r = ask(ctl, name, names, status_text(first.parameters, "leaf"), &second);
                last = &second;
        }
        if (r == 0)
                ctl_say(ctl, "%s: a new stand-in, until %s at the latest", name,
                        when_format(status_number(last->parameters, "notAfter"),
                                    (int64_t) time(NULL), date));
        return r;
}

static bool is_live(const Ctl *ctl, const char *name) {
        _cleanup_free_ char *path = NULL;

        return str_printf(&path, "%s/live/%s/cert.pem", ctl->paths.state, name) >= 0 &&
               access(path, F_OK) == 0;
}

int verb_stand_in(Ctl *ctl, char *names[], int count) {
        _cleanup_(string_list_done) StringList more = {};
        _cleanup_(config_freep) Config *config = NULL;
        _cleanup_(json_freep) Json *j = NULL;
        const CertificateConfig *c;
        int r;

        (void) count;
        r = read_names(ctl, &more);
        if (r == 0)
                r = ctl_load_certificate(ctl, names[0], &config, &c);
        if (r != 0)
                return r;
        if (!certificate_has_stand_in(c))
                return ctl_fail(ctl, CTL_PROBLEM,
                                "%s: no [Deploy] in %s has StandIn=yes; write it where a service waits for a "
                                "certificate, then: systemctl reload renewd",
                                c->name, c->path);
        if (is_live(ctl, c->name))
                return ctl_fail(ctl, CTL_PROBLEM,
                                "%s: the certificate is there, nothing stands in for it", c->name);
        r = make(ctl, c->name, &more);
        if (r != 0)
                return r;
        j = json_object_new();
        if (!j || json_set_string(j, "name", c->name) < 0)
                return ctl_no_memory(ctl);
        return ctl_follow(ctl, MANAGER, TAKE_PTR(j), c->name, true);
}
