/* The table as the reference of renewd.conf(5). */

#include <string.h>

#include "config/table.h"

/* The order of the manual, which is not that of the file kinds' numbers. */
static const struct {
        ConfigKind kind;
        const char *section, *title;
} parts[] = {
        { CONFIG_MAIN, "Account", "renewd.conf: [Account]" },
        { CONFIG_MAIN, "Defaults", "renewd.conf: [Defaults]" },
        { CONFIG_MAIN, "HTTP", "renewd.conf: [HTTP]" },
        { CONFIG_MAIN, "TLS", "renewd.conf: [TLS]" },
        { CONFIG_CERTIFICATE, "Certificate", "certificates/NAME.conf: [Certificate]" },
        { CONFIG_CERTIFICATE, "Deploy", "certificates/NAME.conf: [Deploy TARGET]" },
        { CONFIG_CA, "CA", "ca/NAME.conf: [CA]" },
        { CONFIG_DNS, "DNS", "dns/NAME.conf: [DNS]" },
        { CONFIG_WATCH, "Watch", "watch/NAME.conf: [Watch]" },
        { CONFIG_SERVICE, "Service", "services/NAME.conf: [Service]" },
        { CONFIG_SERVICE, "Challenge", "services/NAME.conf: [Challenge]" },
};

/* Text for roff: a backslash or a '-' is written with its escape, and no line begins with a dot or
 * an apostrophe. */
static int append_roff(const char *text, Bytes *ret) {
        int r = 0;

        for (const char *p = text; *p && r >= 0; p++) {
                bool first = p == text || p[-1] == '\n';

                if (first && (*p == '.' || *p == '\''))
                        r = bytes_append_string(ret, "\\&");
                if (r < 0)
                        return r;
                if (*p == '\\')
                        r = bytes_append_string(ret, "\\e");
                else if (*p == '-')
                        r = bytes_append_string(ret, "\\-");
                else
                        r = bytes_append(ret, p, 1);
        }
        return r;
}

static int append_key(const ConfigKey *k, Bytes *ret) {
        int r;

        r = bytes_append_string(ret, ".TP\n.BI ");
        if (r >= 0)
                r = bytes_printf(ret, "%s= \"", k->key);
        if (r >= 0)
                r = append_roff(k->type->form, ret);
        if (r >= 0)
                r = bytes_append_string(ret, "\"\n");
        if (r >= 0)
                r = append_roff(k->help, ret);
        if (r >= 0 && k->standard) {
                r = bytes_append_string(ret, "\nDefault: ");
                if (r >= 0)
                        r = append_roff(k->standard, ret);
                if (r >= 0)
                        r = bytes_append_string(ret, ".");
        }
        return r < 0 ? r : bytes_append_string(ret, "\n");
}

int config_reference_man(Bytes *ret) {
        int r = 0;

        for (size_t p = 0; p < ELEMENTSOF(parts) && r >= 0; p++) {
                r = bytes_append_string(ret, ".SS \"");
                if (r >= 0)
                        r = append_roff(parts[p].title, ret);
                if (r >= 0)
                        r = bytes_append_string(ret, "\"\n");
                for (size_t i = 0; i < config_key_count && r >= 0; i++)
                        if ((config_keys[i].kinds & (unsigned) parts[p].kind) &&
                            str_equal(config_keys[i].section, parts[p].section))
                                r = append_key(&config_keys[i], ret);
        }
        return r;
}
