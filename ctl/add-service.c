/* The services of a new certificate: those that were named, or those that are found on this machine, and what their
 * profiles want of a certificate. */

#include <stdio.h>
#include <string.h>

#include "config/service.h"
#include "ctl/add.h"
#include "ctl/services.h"

#define AUTO "auto"

/* ---- auto ---- */

static const char *seen_at(const ServiceConfig *s) {
        for (size_t i = 0; i < s->detect.count; i++)
                if (access(s->detect.items[i], F_OK) == 0)
                        return s->detect.items[i];
        return NULL;
}

static int propose(Ctl *ctl, const ServiceProfile *p, const char *path) {
        _cleanup_free_ char *what = str_escape(
                                            p->service.description ? p->service.description : "",
                                            STR_ESCAPE_MAX),
                            *shown = str_escape(path, STR_ESCAPE_MAX), *question = NULL;

        if (!what || !shown)
                return ctl_no_memory(ctl);
        ctl_say(ctl, "Found %s: %s (there is %s)", p->name, what, shown);
        if (ctl->yes)
                return string_list_add(&ctl->services, p->name) < 0 ? ctl_no_memory(ctl) : 0;
        if (!ctl_can_ask(ctl))
                return 0;
        if (str_printf(&question, "Install the certificate for %s?", p->name) < 0)
                return ctl_no_memory(ctl);
        if (ctl_ask(question) && string_list_add(&ctl->services, p->name) < 0)
                return ctl_no_memory(ctl);
        return 0;
}

static int look_at(Ctl *ctl, const char *name, size_t *found) {
        _cleanup_(service_profile_freep) ServiceProfile *p = NULL;
        const char *path;
        int r = ctl_service(ctl, name, &p);

        if (r != 0)
                return r == CTL_UNKNOWN ? 0 : r; /* masked */
        path = seen_at(&p->service);
        if (!path || !p->service.propose)
                return 0;
        ++*found;
        return propose(ctl, p, path);
}

static int find_services(Ctl *ctl) {
        _cleanup_(string_list_done) StringList names = {};
        size_t found = 0;
        int r = ctl_services(ctl, &names);

        for (size_t i = 0; i < names.count && r == 0; i++)
                r = look_at(ctl, names.items[i], &found);
        if (r != 0)
                return r;
        if (found == 0)
                return ctl_fail(ctl, CTL_PROBLEM,
                                "--service auto: none of the services that have a profile is on this machine; see: "
                                "renewctl services");
        if (ctl->services.count > 0)
                return 0;
        if (!ctl_can_ask(ctl))
                return ctl_fail(ctl, CTL_USAGE,
                                "--service auto: add --yes to take all of them, or name those you want with --service");
        return ctl_fail(ctl, CTL_PROBLEM, "no service was chosen; nothing was changed");
}

int add_find_services(Ctl *ctl) {
        if (!string_list_contains(&ctl->services, AUTO))
                return 0;
        if (ctl->services.count > 1)
                return ctl_fail(ctl, CTL_USAGE,
                                "--service auto stands for itself; name no other service with it");
        string_list_done(&ctl->services);
        return find_services(ctl);
}

/* ---- what their profiles want ---- */

void add_wishes_done(AddWishes *w) {
        free(w->key_types);
        free(w->profile);
        *w = (AddWishes){};
}

static int key_types_text(const ServiceConfig *s, char **ret) {
        _cleanup_(bytes_done) Bytes text = {};
        int r = 0;

        for (size_t i = 0; i < s->key_type_count && r >= 0; i++)
                r =
                                bytes_printf(&text, "%s%s", i > 0 ? " " : "",
                                             key_type_to_string(s->key_types[i]));
        if (r < 0)
                return r;
        *ret = bytes_take_text(&text);
        return *ret ? 0 : -ENOMEM;
}

/* The first service that wants something has it; a second one that wants another thing needs its own certificate. */
static int take_wish(
                Ctl *ctl,
                const char *service,
                const char *key,
                const char *option,
                const char *wish,
                char **taken) {
        if (!*taken)
                return str_replace(taken, wish) < 0 ? ctl_no_memory(ctl) : 0;
        if (str_equal(*taken, wish))
                return 0;
        return ctl_fail(ctl, CTL_USAGE,
                        "%s wants %s=%s, another of the services %s; make a certificate for each%s%s",
                        service, key, wish, *taken, *option ? ", or say which with " : "", option);
}

static int take_wishes(Ctl *ctl, const char *service, AddWishes *w) {
        _cleanup_(service_profile_freep) ServiceProfile *p = NULL;
        _cleanup_free_ char *types = NULL;
        int r = ctl_service(ctl, service, &p);

        if (r != 0)
                return r;
        if (str_equal(p->service.reuse_key, "yes"))
                w->reuse_key = true;
        if (p->service.profile)
                r = take_wish(ctl, service, "Profile", "", p->service.profile, &w->profile);
        if (r != 0 || p->service.key_type_count == 0 || ctl->key_types)
                return r;
        if (key_types_text(&p->service, &types) < 0)
                return ctl_no_memory(ctl);
        return take_wish(ctl, service, "KeyType", "--key-type", types, &w->key_types);
}

int add_wishes(Ctl *ctl, AddWishes *ret) {
        _cleanup_(add_wishes_done) AddWishes w = {};
        int r = 0;

        for (size_t i = 0; i < ctl->services.count && r == 0; i++)
                r = take_wishes(ctl, ctl->services.items[i], &w);
        if (r == 0 && ctl->key_types && str_replace(&w.key_types, ctl->key_types) < 0)
                r = ctl_no_memory(ctl);
        if (r != 0)
                return r;
        *ret = w;
        w = (AddWishes){};
        return 0;
}
