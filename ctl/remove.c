/* remove: takes the configuration away. What was deployed belongs to the services and stays; it is
 * named, so that nobody wonders later. With --restore the engine first has the targets given back, while the configuration still
 * says what they are; if one cannot be, nothing is removed. */

#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "ctl/add.h"
#include "ctl/snippet.h"

#define TIMEOUT_SEC 30
#define DIRECTORY   "certificates"

static void say_if_there(Ctl *ctl, const char *path) {
        struct stat st;

        if (lstat(path, &st) == 0)
                ctl_say(ctl, "Stays: %s", path);
}

/* A file with two key types goes with both; half of it cannot go. */
static int check_twin(Ctl *ctl, const CertificateConfig *c) {
        if (!c->twin_of)
                return 0;
        return ctl_fail(ctl, CTL_USAGE,
                        "'%s' comes of KeyType= in %s; take its key type out there, or remove '%s'",
                        c->name, c->path, c->twin_of);
}

/* Line by line, as the installer said it. */
static int say_restored(Ctl *ctl, const VarlinkReply *reply) {
        _cleanup_free_ char *text = NULL;
        const char *message;
        char *rest;

        if (json_get_string(reply->parameters, "message", &message) < 0)
                return ctl_transport_failure(ctl, -EBADMSG);
        text = strdup(message);
        if (!text)
                return ctl_no_memory(ctl);
        rest = text;
        for (char *line; (line = strsep(&rest, "\n"));) {
                _cleanup_free_ char *shown = str_escape(line, STR_ESCAPE_MAX);

                if (shown && *shown)
                        ctl_say(ctl, "%s", shown);
        }
        return 0;
}

static int restore(Ctl *ctl, const char *name) {
        _cleanup_(varlink_client_freep) VarlinkClient *client = NULL;
        _cleanup_(varlink_reply_done) VarlinkReply reply = {};
        _cleanup_(json_freep) Json *parameters = json_object_new();
        int r;

        if (!parameters || json_set_string(parameters, "name", name) < 0)
                return ctl_no_memory(ctl);
        /* Without a limit: a product takes as long to restart as it likes. */
        r = ctl_connect(ctl, 0, &client);
        if (r == 0)
                r = ctl_call(ctl, client, "io.renewd.Manager.Restore", TAKE_PTR(parameters),
                             &reply);
        if (r != 0)
                return r;
        if (!reply.error)
                return say_restored(ctl, &reply);
        r = ctl_reply_failure(ctl, &reply, name);
        ctl_say(ctl, "Nothing was removed");
        return r;
}

static void say_what_stays(Ctl *ctl, const CertificateConfig *c) {
        _cleanup_free_ char *live = NULL;

        for (size_t t = 0; t < c->target_count && !ctl->restore; t++)
                for (size_t f = 0; f < c->targets[t].file_count; f++)
                        say_if_there(ctl, c->targets[t].files[f].path);
        if (str_printf(&live, "%s/live/%s", ctl->paths.state, c->name) >= 0)
                say_if_there(ctl, live);
}

/* An engine that does not run has nothing to forget. */
static int reload(Ctl *ctl) {
        _cleanup_(varlink_client_freep) VarlinkClient *client = NULL;
        _cleanup_(varlink_reply_done) VarlinkReply reply = {};
        _cleanup_free_ char *path = NULL;
        int r;

        r = path_join(ctl->paths.runtime, "manager", &path);
        if (r < 0)
                return ctl_no_memory(ctl);
        r = varlink_client_connect(path, TIMEOUT_SEC, &client);
        if (r == -ENOENT || r == -ECONNREFUSED) {
                ctl_say(ctl,
                        "renewd is not running; it will not know the certificate when it starts");
                return 0;
        }
        if (r >= 0)
                r = varlink_client_call(client, "io.renewd.Manager.Reload", NULL, &reply);
        if (r < 0)
                return ctl_transport_failure(ctl, r);
        return reply.error ? ctl_reply_failure(ctl, &reply, NULL) : 0;
}

int verb_remove(Ctl *ctl, char *names[], int count) {
        _cleanup_free_ char *name = NULL, *file = NULL;
        _cleanup_(config_freep) Config *config = NULL;
        const CertificateConfig *c;
        int r, taken;

        (void) count;
        r = certificate_name_for(names[0], &name);
        if (r < 0)
                return r == -EINVAL ? ctl_unknown_name(ctl, names[0]) : ctl_no_memory(ctl);
        r = config_load(&ctl->paths, name, &config);
        if (r < 0)
                return ctl_fail(ctl, CTL_PROBLEM, "%s cannot be read: %s", ctl->paths.config,
                                errno_text(r));
        c = config_certificate(config, name);
        if (!c)
                return ctl_unknown_name(ctl, name);
        r = check_twin(ctl, c);
        if (r != 0)
                return r;
        if (ctl->restore)
                r = restore(ctl, c->name);
        if (r == 0 && ctl->restore && c->twin)
                r = restore(ctl, c->twin);
        if (r != 0)
                return r;
        if (str_printf(&file, "%s.conf", name) < 0)
                return ctl_no_memory(ctl);
        r = add_file_remove(ctl, DIRECTORY, file);
        if (r != 0)
                return r;
        ctl_say(ctl, "Removed %s/" DIRECTORY "/%s; it is not renewed any more", ctl->paths.config,
                file);
        say_what_stays(ctl, c);
        if (c->twin)
                say_what_stays(ctl, config_certificate(config, c->twin));
        taken = snippet_remove_unneeded(ctl, name);
        r = reload(ctl);
        return r != 0 ? r : taken;
}
