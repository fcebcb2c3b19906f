/* services: which profiles there are, and what each of them would do. The [Deploy] of a profile is shown by the
 * configuration's own table, so that a new key needs no word here. */

#include "ctl/services.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "config/service.h"
#include "ctl/ctl.h"
#include "ctl/table.h"

#define NAME_SHOWN "NAME" /* stands for the certificate's */

int ctl_service(Ctl *ctl, const char *name, ServiceProfile **ret) {
        const ServiceFor what = { .certificate = NAME_SHOWN, .names = NAME_SHOWN };
        _cleanup_free_ char *shown = NULL;
        int r;

        r = service_profile_load(&ctl->paths, name, &what, ret);
        if (r >= 0)
                return 0;
        shown = str_escape(name, CERTIFICATE_NAME_MAX);
        if (r == -ENOENT)
                return ctl_fail(ctl, CTL_UNKNOWN,
                                "there is no service profile '%s'; see: renewctl services",
                                shown ? shown : "");
        return ctl_fail(ctl, CTL_PROBLEM, "the profile '%s' cannot be read: %s", shown ? shown : "",
                        errno_text(r));
}

int ctl_services(Ctl *ctl, StringList *ret) {
        int r = config_service_names(&ctl->paths, ret);

        if (r >= 0)
                return 0;
        return ctl_fail(ctl, r == -EACCES ? CTL_NO_RIGHT : CTL_PROBLEM,
                        "the service profiles cannot be read: %s", errno_text(r));
}

static int list_one(Ctl *ctl, const char *name, Table *table, Json *array) {
        _cleanup_(service_profile_freep) ServiceProfile *p = NULL;
        _cleanup_(json_freep) Json *j = NULL;
        const char *here;
        int r;

        r = ctl_service(ctl, name, &p);
        if (r != 0)
                return r;
        here = service_is_here(&p->service) ? "yes" : "no";
        if (table_add(table, (const char *const[]){ name, here, p->service.description }) < 0)
                return ctl_no_memory(ctl);
        j = json_object_new();
        if (!j || json_set_string(j, "name", name) < 0 ||
            json_set_string(j, "description", p->service.description) < 0 ||
            json_set_bool(j, "found", service_is_here(&p->service)) < 0 ||
            json_append(array, TAKE_PTR(j)) < 0)
                return ctl_no_memory(ctl);
        return 0;
}

static int list(Ctl *ctl) {
        static const char *const headings[] = { "NAME", "HERE", "WHAT", NULL };
        _cleanup_(json_freep) Json *array = json_array_new();
        _cleanup_(string_list_done) StringList names = {};
        _cleanup_(table_freep) Table *table = NULL;
        _cleanup_(bytes_done) Bytes text = {};
        int r;

        if (!array || table_new(headings, &table) < 0)
                return ctl_no_memory(ctl);
        r = ctl_services(ctl, &names);
        for (size_t i = 0; i < names.count && r == 0; i++) {
                r = list_one(ctl, names.items[i], table, array);
                if (r == CTL_UNKNOWN)
                        r = 0; /* masked */
        }
        if (r != 0)
                return r;
        if (ctl->json)
                return json_set(ctl->answer, "services", TAKE_PTR(array)) < 0 ? ctl_no_memory(ctl)
                                                                              : CTL_FINE;
        if (table_format(table, false, &text) < 0)
                return ctl_no_memory(ctl);
        (void) fputs(bytes_text(&text), stdout);
        (void) puts("\nWhat one of them does: renewctl services show NAME");
        return CTL_FINE;
}

static int show(Ctl *ctl, const char *name) {
        _cleanup_(service_profile_freep) ServiceProfile *p = NULL;
        int r;

        r = ctl_service(ctl, name, &p);
        if (r != 0)
                return r;
        if ((ctl->json ? services_json(p, ctl->answer) : services_print(p)) < 0)
                return ctl_no_memory(ctl);
        return p->broken ? CTL_PROBLEM : CTL_FINE;
}

int verb_services(Ctl *ctl, char *arguments[], int count) {
        if (count == 0 || (count == 1 && str_equal(arguments[0], "list")))
                return list(ctl);
        if (count == 2 && str_equal(arguments[0], "show"))
                return show(ctl, arguments[1]);
        return ctl_fail(ctl, CTL_USAGE,
                        "write: renewctl services [list], or renewctl services show NAME");
}
