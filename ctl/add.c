/* add: one file below certificates/, what the account still lacks, a way for http-01, and the order
 * begins. Everything is checked before the first file is written, and the written file is read back
 * as renewd reads it: one that it would refuse does not stay. */

#include "ctl/add.h"

#include <string.h>

#include "base/log.h"
#include "config/idn.h"
#include "config/table.h"
#include "ctl/status.h"

#define TIMEOUT_SEC 30
#define DIRECTORY   "certificates"

int certificate_name_for(const char *identifier, char **ret) {
        const char *rest = str_skip_prefix(identifier, "*.");
        _cleanup_free_ char *name = NULL;
        int r;

        r = str_printf(&name, "%s%s", rest ? "_wildcard." : "", rest ? rest : identifier);
        if (r < 0)
                return r;
        for (char *p = name; *p; p++)
                if (*p == ':')
                        *p = '-';
        if (!certificate_name_is_valid(name))
                return -EINVAL;
        *ret = TAKE_PTR(name);
        return 0;
}

static int normalize_names(Ctl *ctl, char *names[], int count, StringList *ret) {
        for (int i = 0; i < count; i++) {
                _cleanup_free_ char *name = NULL, *shown = NULL;
                const char *reason = "is not a name";
                int r = identifier_normalize(names[i], &name, &reason);

                if (r == -EINVAL) {
                        shown = str_escape(names[i], CERTIFICATE_NAME_MAX);
                        return ctl_fail(ctl, CTL_USAGE, "'%s' %s", shown ? shown : "", reason);
                }
                if (r < 0 || (!string_list_contains(ret, name) && string_list_add(ret, name) < 0) ||
                    identifier_show(name, &shown) < 0)
                        return ctl_no_memory(ctl);
                if (!str_equal(shown, name)) /* what is ordered must be what was meant */
                        ctl_say(ctl, "Name: %s", shown);
        }
        return 0;
}

static int check_services(Ctl *ctl) {
        _cleanup_(string_list_done) StringList known = {};
        _cleanup_(bytes_done) Bytes list = {};
        int r;

        r = config_service_names(&ctl->paths, &known);
        for (size_t i = 0; i < known.count && r >= 0; i++)
                r = bytes_printf(&list, "%s%s", i > 0 ? ", " : "", known.items[i]);
        if (r == -ENOMEM)
                return ctl_no_memory(ctl);
        for (size_t i = 0; i < ctl->services.count; i++) {
                _cleanup_free_ char *shown = NULL;

                if (string_list_contains(&known, ctl->services.items[i]))
                        continue;
                shown = str_escape(ctl->services.items[i], CERTIFICATE_NAME_MAX);
                return ctl_fail(ctl, CTL_USAGE, "there is no service '%s'; there are: %s",
                                shown ? shown : "", list.size ? bytes_text(&list) : "none");
        }
        return 0;
}

/* A value as the configuration takes it. */
static int check_value(Ctl *ctl, const char *option, const ValueType *type, const char *text) {
        CertificateConfig c = {};
        KeyType key_types[KEY_TYPES_MAX];
        _cleanup_free_ char *reason = NULL, *shown = NULL;
        void *field = type == &value_key_types ? (void *) key_types : (void *) c.challenges;
        size_t count = 0;
        int r;

        r = text ? type->parse(text, field, &count, &reason) : 0;
        if (r == -EINVAL) {
                shown = str_escape(reason ? reason : "it is no such value", STR_ESCAPE_MAX);
                return ctl_fail(ctl, CTL_USAGE, "--%s: %s", option, shown ? shown : "");
        }
        return r < 0 ? ctl_no_memory(ctl) : 0;
}

static int check_options(Ctl *ctl) {
        int r;

        if (ctl->staging && ctl->ca)
                return ctl_fail(ctl, CTL_USAGE, "--staging and --ca exclude each other");
        r = check_value(ctl, "key-type", &value_key_types, ctl->key_types);
        if (r == 0)
                r = check_value(ctl, "challenge", &value_challenges, ctl->challenges);
        if (r != 0)
                return r;
        if (ctl->dns && !certificate_name_is_valid(ctl->dns))
                return ctl_fail(ctl, CTL_USAGE, "--dns is a file name below dns/");
        if (ctl->email && (strpbrk(ctl->email, " \t\r\n,?\"<>%") || !strchr(ctl->email, '@')))
                return ctl_fail(ctl, CTL_USAGE,
                                "--email is not an e-mail address; write NAME@DOMAIN");
        return check_services(ctl);
}

static int build_content(
                const Ctl *ctl,
                const StringList *names,
                const char *ca,
                const AddWishes *wishes,
                Bytes *ret) {
        int r;

        r = bytes_append_string(ret, "[Certificate]\nNames=");
        for (size_t i = 0; i < names->count && r >= 0; i++)
                r = bytes_printf(ret, "%s%s", i > 0 ? " " : "", names->items[i]);
        if (r >= 0)
                r = bytes_append_string(ret, "\n");
        if (r >= 0 && ca)
                r = bytes_printf(ret, "CA=%s\n", ca);
        if (r >= 0 && wishes->key_types)
                r = bytes_printf(ret, "KeyType=%s\n", wishes->key_types);
        if (r >= 0 && wishes->reuse_key)
                r = bytes_append_string(ret, "ReuseKey=yes\n");
        if (r >= 0 && wishes->profile)
                r = bytes_printf(ret, "Profile=%s\n", wishes->profile);
        if (r >= 0 && ctl->challenges)
                r = bytes_printf(ret, "Challenge=%s\n", ctl->challenges);
        if (r >= 0 && ctl->dns)
                r = bytes_printf(ret, "DNS=%s\n", ctl->dns);
        for (size_t i = 0; i < ctl->services.count && r >= 0; i++)
                r = bytes_printf(ret, "\n[Deploy %s]\n", ctl->services.items[i]);
        return r;
}

static int load(Ctl *ctl, Config **ret) {
        int r = config_load(&ctl->paths, NULL, ret);

        if (r >= 0)
                return 0;
        return ctl_fail(ctl, r == -EACCES ? CTL_NO_RIGHT : CTL_PROBLEM, "%s cannot be read: %s",
                        ctl->paths.config, errno_text(r));
}

/* What renewd would say to the file that was just written. */
static int check_written(Ctl *ctl, const Config *config, const char *name, bool written) {
        const CertificateConfig *c = config_certificate(config, name);
        _cleanup_free_ char *file = NULL;

        if (c && !c->broken && !config->broken) {
                ctl_say(ctl, "%s %s", written ? "Wrote" : "Unchanged:", c->path);
                return 0;
        }
        if (written && str_printf(&file, "%s.conf", name) >= 0)
                (void) add_file_remove(ctl, DIRECTORY, file); /* it said so itself */
        for (size_t i = 0; i < config->message_count; i++) {
                const ConfigMessage *m = &config->messages[i];

                if (m->error && (!m->certificate || str_equal(m->certificate, name)))
                        return ctl_fail(ctl, CTL_PROBLEM, "%s%s", m->text,
                                        written ? "; nothing was added" : "");
        }
        return ctl_fail(ctl, CTL_PROBLEM,
                        "the configuration of '%s' cannot be used; see: renewctl check", name);
}

/* Reload, then the certificate's own message. The messages of the configuration are for `check`. */
static int tell_engine(Ctl *ctl, const char *name) {
        _cleanup_(varlink_client_freep) VarlinkClient *client = NULL;
        _cleanup_(varlink_reply_done) VarlinkReply reloaded = {}, shown = {};
        _cleanup_(json_freep) Json *parameters = json_object_new();
        _cleanup_free_ char *state = NULL, *message = NULL;
        const Json *certificate = NULL;
        int r;

        if (!parameters || json_set_string(parameters, "name", name) < 0)
                return ctl_no_memory(ctl);
        r = ctl_connect(ctl, TIMEOUT_SEC, &client);
        if (r == 0)
                r = ctl_call(ctl, client, "io.renewd.Manager.Reload", NULL, &reloaded);
        if (r == 0 && reloaded.error)
                r = ctl_reply_failure(ctl, &reloaded, NULL);
        if (r == 0)
                r = ctl_call(ctl, client, "io.renewd.Manager.Show", TAKE_PTR(parameters), &shown);
        if (r == 0 && shown.error)
                r = ctl_reply_failure(ctl, &shown, name);
        if (r != 0)
                return r;
        (void) json_get_object(
                        shown.parameters, "certificate", &certificate); /* absent: nothing to say */
        state = str_escape(status_text(certificate, "state"), 40);
        message = str_escape(status_text(certificate, "message"), STR_ESCAPE_MAX);
        if (!state || !message)
                return ctl_no_memory(ctl);
        ctl_say(ctl, "%s: %s%s%s", name, state, *message ? ": " : "", message);
        return 0;
}

static int write_certificate(
                Ctl *ctl,
                const char *name,
                const StringList *names,
                const char *ca,
                bool *ret_written) {
        _cleanup_(add_wishes_done) AddWishes wishes = {};
        _cleanup_(bytes_done) Bytes content = {};
        _cleanup_free_ char *file = NULL;
        int r = add_wishes(ctl, &wishes);

        if (r != 0)
                return r;
        if (build_content(ctl, names, ca, &wishes, &content) < 0 ||
            str_printf(&file, "%s.conf", name) < 0)
                return ctl_no_memory(ctl);
        return add_file(ctl, DIRECTORY, file, &content, false, ret_written);
}

/* What follows the files: a way for http-01, the engine, the order. */
static int start(Ctl *ctl, const Config *config, const char *name) {
        const CertificateConfig *c = config_certificate(config, name);
        bool handed_over = false;
        int r;

        if (ctl->no_start) {
                ctl_say(ctl, "Not started; renewd takes it up after: systemctl reload renewd");
                return 0;
        }
        r = c->elsewhere ? 0 : add_start(ctl, config, c, &handed_over);
        if (r == 0)
                r = tell_engine(ctl, name);
        if (r != 0 || c->elsewhere)
                return r;
        if (handed_over) { /* an order followed now would fail before the web server hands over */
                ctl_say(ctl,
                        "Next: make these changes, reload the web server and renewd (systemctl reload renewd), then: "
                        "renewctl renew %s --wait",
                        name);
                return 0;
        }
        if (ctl->wait)
                return ctl_follow_renewal(ctl, name);
        ctl_say(ctl, "Follow it with: renewctl status, or renewctl renew %s --wait", name);
        return 0;
}

int verb_add(Ctl *ctl, char *arguments[], int count) {
        _cleanup_(config_freep) Config *before = NULL, *after = NULL;
        _cleanup_(string_list_done) StringList names = {};
        const char *ca = ctl->staging ? "letsencrypt-staging" : ctl->ca;
        _cleanup_free_ char *name = NULL;
        bool written = false;
        int r;

        r = add_find_services(ctl);
        if (r == 0)
                r = check_options(ctl);
        if (r == 0)
                r = normalize_names(ctl, arguments, count, &names);
        if (r != 0)
                return r;
        r = certificate_name_for(names.items[0], &name);
        if (r < 0)
                return ctl_fail(ctl, CTL_USAGE,
                                "'%s' is too long for a file name; write %s/" DIRECTORY
                                "/SHORTER.conf yourself",
                                names.items[0], ctl->paths.config);
        r = load(ctl, &before);
        if (r == 0 && !str_equal(ca ? ca : before->default_ca, CA_NONE))
                r = add_account(ctl, before, ca ? ca : before->default_ca);
        if (r == 0)
                r = write_certificate(ctl, name, &names, ca, &written);
        if (r == 0)
                r = load(ctl, &after);
        if (r == 0)
                r = check_written(ctl, after, name, written);
        if (r == 0 && ctl->answer && json_set_string(ctl->answer, "name", name) < 0)
                r = ctl_no_memory(ctl);
        return r != 0 ? r : start(ctl, after, name);
}
