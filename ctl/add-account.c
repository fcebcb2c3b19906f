/* The account: without agreement to the CA's terms nothing is ordered, so add asks for it at once
 * instead of leaving a certificate that waits. */

#include <string.h>

#include "base/file.h"
#include "ctl/add.h"

#define DIRECTORY "renewd.conf.d"
#define FILE_NAME "50-account.conf"
#define HEADER    "# Written by renewctl add.\n"

/* 0: agreed; else an exit status. */
static int ask_for_agreement(Ctl *ctl, const CaConfig *ca) {
        _cleanup_free_ char *question = NULL;

        if (!ctl_can_ask(ctl))
                return ctl_fail(ctl, CTL_USAGE,
                                "the terms of service of the CA '%s' (%s) must be accepted; if you do, add --agree-tos",
                                ca->name, ca->directory);
        if (str_printf(&question,
                       "The CA '%s' (%s) has terms of service, which must be accepted before it issues a "
                       "certificate. Do you agree to them?",
                       ca->name, ca->directory) < 0)
                return ctl_no_memory(ctl);
        if (!ctl_ask(question))
                return ctl_fail(ctl, CTL_PROBLEM, "not agreed; nothing was changed");
        return 0;
}

/* Only what add wrote itself may be replaced. */
static int may_replace(Ctl *ctl) {
        _cleanup_(bytes_done) Bytes present = {};
        _cleanup_free_ char *path = NULL;
        int r;

        r = str_printf(&path, "%s/" DIRECTORY "/" FILE_NAME, ctl->paths.config);
        if (r < 0)
                return ctl_no_memory(ctl);
        r = file_read(path, CERTIFICATE_NAME_MAX * 100, &present);
        if (r < 0 || str_skip_prefix(bytes_text(&present), HEADER))
                return 0;
        return ctl_fail(ctl, CTL_PROBLEM,
                        "%s was not written by renewctl; add e-mail and agreement there yourself: [Account] Email= "
                        "AgreeToTerms=yes",
                        path);
}

static int write_account(Ctl *ctl, const char *email, bool agreed) {
        _cleanup_(bytes_done) Bytes content = {};
        bool written;
        int r;

        r = may_replace(ctl);
        if (r != 0)
                return r;
        r = bytes_append_string(&content, HEADER "[Account]\n");
        if (r >= 0 && email)
                r = bytes_printf(&content, "Email=%s\n", email);
        if (r >= 0 && agreed)
                r = bytes_append_string(&content, "AgreeToTerms=yes\n");
        if (r < 0)
                return ctl_no_memory(ctl);
        r = add_file(ctl, DIRECTORY, FILE_NAME, &content, true, &written);
        if (r == 0)
                ctl_say(ctl, "Wrote %s/" DIRECTORY "/" FILE_NAME, ctl->paths.config);
        return r;
}

int add_account(Ctl *ctl, const Config *config, const char *name) {
        const CaConfig *ca = config_ca(config, name);
        const char *email = config->email ? config->email : ctl->email;
        bool agreed = ca && ca->terms_agreed;
        int r;

        if (!ca)
                return ctl_fail(ctl, CTL_PROBLEM,
                                "the CA '%s' is not configured or has an error; see: renewctl check",
                                name);
        if (config->email && ctl->email && !str_equal(config->email, ctl->email))
                ctl_say(ctl,
                        "The e-mail address stays '%s'; change it in [Account] Email= below %s",
                        config->email, ctl->paths.config);
        if (!agreed && !ctl->agree_to_terms) {
                r = ask_for_agreement(ctl, ca);
                if (r != 0)
                        return r;
        }
        if (agreed && (config->email || !ctl->email))
                return 0;
        return write_account(ctl, email, !agreed || config->agree_to_terms);
}
