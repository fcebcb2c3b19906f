/* Names as a person types and reads them: certificates are called by A-labels, which nobody remembers. */

#include <string.h>

#include "config/idn.h"
#include "ctl/ctl.h"

/* NULL: it is none that could be meant. */
static char *name_meant(const char *typed) {
        _cleanup_free_ char *identifier = NULL;
        const char *reason;
        char *name = NULL;

        if (str_is_ascii(typed) || identifier_normalize(typed, &identifier, &reason) < 0 ||
            certificate_name_for(identifier, &name) < 0)
                return NULL;
        return name;
}

int ctl_names_typed(char *const typed[], int count, StringList *ret) {
        for (int i = 0; i < count; i++) {
                _cleanup_free_ char *name = name_meant(typed[i]);
                int r = string_list_add(ret, name ? name : typed[i]);

                if (r < 0)
                        return r;
        }
        return 0;
}

char *ctl_name_shown(const char *name) {
        const char *base = str_skip_prefix(name, "_wildcard.");
        _cleanup_free_ char *escaped = NULL, *shown = NULL;

        escaped = str_escape(name, STR_ESCAPE_MAX);
        if (!escaped || identifier_show(base ? base : name, &shown) < 0)
                return NULL;
        if (str_equal(shown, base ? base : name))
                return TAKE_PTR(escaped);
        if (!base)
                return TAKE_PTR(shown);
        free(escaped);
        escaped = NULL;
        (void) str_printf(&escaped, "_wildcard.%s", shown); /* NULL without memory */
        return TAKE_PTR(escaped);
}
