/* Never a file of the administrator's: one that does not begin with our line is not touched. Nothing is remembered of it
 * elsewhere; the line and the profile's path are enough to find it again. */

#include "ctl/snippet.h"

#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "ctl/path-proof.h"
#include "ctl/run.h"
#include "ctl/services.h"

#define HEADER      "# Written by renewctl, for renewd; 'renewctl remove' takes it away.\n"
#define SNIPPET_MAX ((size_t) 64 * 1024)
#define JOB_TIMEOUT (90 * USEC_PER_SEC)

bool certificate_wants(const CertificateConfig *c, ChallengeType type) {
        return certificate_has_challenge(c, type) ||
               (c->challenge_count == 0 &&
                type == CHALLENGE_HTTP_01); /* nothing chosen: the usual one */
}

int snippet_names(const CertificateConfig *c, StringList *ret) {
        int r = 0;

        for (size_t i = 0; i < c->names.count && r >= 0; i++)
                if (c->names.items[i][0] != '*')
                        r = string_list_add(ret, c->names.items[i]);
        return r;
}

/* ---- which ---- */

static int load_for(
                Ctl *ctl,
                const char *service,
                const char *certificate,
                const StringList *names,
                ServiceProfile **ret) {
        _cleanup_(bytes_done) Bytes list = {};
        ServiceFor what = { .certificate = certificate };
        int r = 0;

        for (size_t i = 0; i < names->count && r >= 0; i++)
                r = bytes_printf(&list, "%s%s", i > 0 ? " " : "", names->items[i]);
        what.names = bytes_text(&list);
        if (r >= 0)
                r = service_profile_load(&ctl->paths, service, &what, ret);
        if (r >= 0 || r == -ENOENT)
                return 0; /* masked */
        return r == -ENOMEM ? ctl_no_memory(ctl)
                            : ctl_fail(ctl, CTL_PROBLEM, "the profile '%s' cannot be read: %s",
                                       service, errno_text(r));
}

int snippet_find(Ctl *ctl, const char *program, const CertificateConfig *c, ServiceProfile **ret) {
        _cleanup_(string_list_done) StringList services = {}, names = {};
        int r = ctl_services(ctl, &services);

        *ret = NULL;
        if (r == 0 && snippet_names(c, &names) < 0)
                r = ctl_no_memory(ctl);
        for (size_t i = 0; i < services.count && r == 0 && program && names.count > 0; i++) {
                _cleanup_(service_profile_freep) ServiceProfile *p = NULL;

                r = load_for(ctl, services.items[i], c->name, &names, &p);
                if (r != 0 || !p || p->broken ||
                    !string_list_contains(&p->service.programs, program))
                        continue;
                *ret = TAKE_PTR(p);
                return 0;
        }
        return r;
}

/* ---- the file ---- */

static int open_directory(const char *path, const char **ret_name) {
        const char *slash = strrchr(path, '/');
        _cleanup_free_ char *directory = strndup(path, (size_t) (slash - path));

        if (!directory)
                return -ENOMEM;
        *ret_name = slash + 1;
        return dir_open(*directory ? directory : "/");
}

static int build_text(const ServiceConfig *s, Bytes *ret) {
        int r = bytes_append_string(ret, HEADER);

        for (size_t i = 0; i < s->lines.count && r >= 0; i++)
                r = bytes_printf(ret, "%s\n", s->lines.items[i]);
        return r;
}

/* What is there: -ENOENT, 0: it is ours, -EEXIST: it is not. */
static int look(int fd, const char *name, Bytes *ret) {
        int r = file_read_at(fd, name, SNIPPET_MAX, ret);

        if (r < 0)
                return r;
        return str_skip_prefix(bytes_text(ret), HEADER) ? 0 : -EEXIST;
}

static int fail_file(Ctl *ctl, const char *path, int error) {
        if (error == -EEXIST)
                return ctl_fail(ctl, CTL_PROBLEM,
                                "%s is there already and was not written by renewctl; it stays as it is",
                                path);
        return ctl_fail(ctl, error == -EACCES || error == -EPERM ? CTL_NO_RIGHT : CTL_PROBLEM,
                        "%s cannot be written: %s", path, errno_text(error));
}

/* ---- the web server's programs ---- */

/* 0, or 1 with words. */
static int run_words(const StringList *argv, const char *conflict, char **ret_why) {
        _cleanup_(bytes_done) Bytes output = {};
        _cleanup_free_ char *words = NULL;
        int r;

        if (argv->count == 0)
                return 0;
        r = run_program(argv, &output);
        if (r < 0)
                return str_printf(ret_why, "'%s' cannot be run: %s", argv->items[0],
                                  errno_text(r)) < 0
                                       ? -ENOMEM
                                       : 1;
        if (r == 0 && (!conflict || !strstr(bytes_text(&output), conflict)))
                return 0;
        words = run_last_words(&output);
        return !words || str_printf(ret_why, "'%s' says: %s", argv->items[0], words) < 0 ? -ENOMEM
                                                                                         : 1;
}

static int reload(Units *units, const ServiceConfig *s, char **ret_why) {
        _cleanup_free_ char *error = NULL;
        int r;

        if (!units && s->challenge_command.count > 0)
                return run_words(&s->challenge_command, NULL, ret_why);
        if (!units)
                return str_replace(ret_why,
                                   "systemd does not run here, and the profile has no Command= to reload it") <
                                                       0
                                       ? -ENOMEM
                                       : 1;
        if (!s->challenge_reload)
                return 0;
        r = units_reload_or_try_restart(units, s->challenge_reload, JOB_TIMEOUT, &error);
        if (r >= 0)
                return 0;
        return str_printf(ret_why, "%s cannot be reloaded: %s", s->challenge_reload,
                          error ? error : errno_text(r)) < 0
                               ? -ENOMEM
                               : 1;
}

static int activate(Units *units, const ServiceConfig *s, char **ret_why) {
        int r = run_words(&s->enable, NULL, ret_why);

        if (r == 0)
                r = run_words(&s->challenge_check, s->conflict, ret_why);
        return r == 0 ? reload(units, s, ret_why) : r;
}

int snippet_take_back(Ctl *ctl, Units *units, const ServiceProfile *p) {
        const ServiceConfig *s = &p->service;
        _cleanup_(bytes_done) Bytes present = {};
        _cleanup_free_ char *why = NULL;
        const char *name;
        _cleanup_close_ int fd = open_directory(s->snippet, &name);
        int r = fd;

        if (r >= 0)
                r = look(fd, name, &present);
        if (r == -ENOENT || r == -EEXIST)
                return 0;
        if (r >= 0 && run_words(&s->disable, NULL, &why) < 0)
                r = -ENOMEM;
        if (r >= 0)
                r = file_remove_at(fd, name);
        if (r < 0)
                return fail_file(ctl, s->snippet, r);
        ctl_say(ctl, "Took away %s", s->snippet);
        r = why ? 1 : run_words(&s->challenge_check, NULL, &why);
        if (r == 0)
                r = reload(units, s, &why);
        if (r < 0)
                return ctl_no_memory(ctl);
        return r == 0 ? 0 : ctl_fail(ctl, CTL_PROBLEM, "%s is taken away, but %s", s->snippet, why);
}

/* ---- consent ---- */

static void show(Ctl *ctl, const ServiceConfig *s) {
        ctl_say(ctl,
                "It can hand the challenges over to renewd by a file of its own, %s:", s->snippet);
        for (size_t i = 0; i < s->lines.count; i++)
                ctl_say(ctl, "    %s", s->lines.items[i]);
        if (s->takes_names)
                ctl_say(ctl,
                        "No site of these names is configured there for port 80 so far, as far as can be seen.");
}

static bool agrees(Ctl *ctl) {
        if (ctl->web_server_snippet || ctl->yes)
                return true;
        if (ctl_can_ask(ctl))
                return ctl_ask("Install it, check the configuration and reload the web server?");
        ctl_say(ctl, "To have it installed, add --web-server-snippet.");
        return false;
}

void snippet_say_otherwise(Ctl *ctl, const ServiceProfile *p) {
        if (p->service.otherwise.count > 0)
                ctl_say(ctl, "Instead:");
        for (size_t i = 0; i < p->service.otherwise.count; i++)
                ctl_say(ctl, "    %s", p->service.otherwise.items[i]);
}

static bool is_blank(const ServiceConfig *s, const Bytes *body) {
        for (size_t i = 0; i < s->blank_pages.count; i++)
                if (strstr(bytes_text(body), s->blank_pages.items[i]))
                        return true;
        return body->size == 0;
}

/* A page that is served for the name now would be gone. */
static bool would_hide_a_page(Ctl *ctl, const ServiceConfig *s, const StringList *names) {
        for (size_t i = 0; i < names->count && s->takes_names; i++) {
                _cleanup_(path_page_done) PathPage page = {};

                if (path_fetch(names->items[i], "/", &page) < 0 || page.status < 200 ||
                    page.status > 299 || is_blank(s, &page.body))
                        continue;
                ctl_say(ctl,
                        "It serves a page for http://%s/, which a file of our own would hide; so it is left as it is.",
                        names->items[i]);
                return true;
        }
        return false;
}

/* ---- install ---- */

static int put(Ctl *ctl,
               Units *units,
               const ServiceProfile *p,
               int fd,
               const char *name,
               const Bytes *text,
               bool *ret_there) {
        const ServiceConfig *s = &p->service;
        _cleanup_free_ char *why = NULL;
        int r;

        r =
                        file_replace_at(fd, name, text->data, text->size,
                                        (FileRights){ 0644, (uid_t) -1, (gid_t) -1 });
        if (r < 0)
                return fail_file(ctl, s->snippet, r);
        r = activate(units, s, &why);
        if (r < 0)
                return ctl_no_memory(ctl);
        if (r == 0) {
                ctl_say(ctl, "Wrote %s and reloaded the web server", s->snippet);
                *ret_there = true;
                return 0;
        }
        ctl_say(ctl, "The web server does not take it: %s", why);
        return snippet_take_back(ctl, units, p);
}

int snippet_install(
                Ctl *ctl,
                Units *units,
                const ServiceProfile *p,
                const StringList *names,
                bool *ret_there,
                bool *ret_new) {
        const ServiceConfig *s = &p->service;
        _cleanup_(bytes_done) Bytes text = {}, present = {};
        const char *name;
        int r;

        *ret_there = *ret_new = false;
        if (!s->snippet)
                return 0;
        if (build_text(s, &text) < 0)
                return ctl_no_memory(ctl);
        _cleanup_close_ int fd = open_directory(s->snippet, &name);
        r = fd < 0 ? fd : look(fd, name, &present);
        if (r >= 0 && str_equal(bytes_text(&present), bytes_text(&text))) {
                *ret_there = true;
                return 0;
        }
        if (r < 0 && r != -ENOENT)
                return fail_file(ctl, s->snippet, r);
        if (fd < 0 || (r == -ENOENT && would_hide_a_page(ctl, s, names)))
                return 0;
        show(ctl, s);
        if (!agrees(ctl))
                return 0;
        r = put(ctl, units, p, fd, name, &text, ret_there);
        *ret_new = *ret_there;
        return r;
}

/* ---- remove ---- */

static bool others_want_it(const Config *config, const char *name) {
        for (size_t i = 0; i < config->certificate_count; i++)
                if (!str_equal(config->certificates[i].name, name) &&
                    certificate_wants(&config->certificates[i], CHALLENGE_HTTP_01))
                        return true;
        return false;
}

/* A path without the certificate's name is for all of them. */
static int is_shared(Ctl *ctl, const ServiceProfile *p, bool *ret) {
        _cleanup_(service_profile_freep) ServiceProfile *other = NULL;
        const StringList none = {};
        int r = load_for(ctl, p->name, "another", &none, &other);

        *ret = r == 0 && other && str_equal(p->service.snippet, other->service.snippet);
        return r;
}

static int remove_of(
                Ctl *ctl,
                Units *units,
                const Config *config,
                const char *service,
                const char *name) {
        _cleanup_(service_profile_freep) ServiceProfile *p = NULL;
        const StringList none = {};
        bool shared;
        int r = load_for(ctl, service, name, &none, &p);

        if (r != 0 || !p || !p->service.snippet || access(p->service.snippet, F_OK) < 0)
                return r;
        r = is_shared(ctl, p, &shared);
        if (r != 0 || (shared && others_want_it(config, name)))
                return r;
        return snippet_take_back(ctl, units, p);
}

int snippet_remove_unneeded(Ctl *ctl, const char *name) {
        _cleanup_(string_list_done) StringList services = {};
        _cleanup_(units_freep) Units *units = NULL;
        _cleanup_(config_freep) Config *config = NULL;
        int r = ctl_services(ctl, &services);

        if (r != 0)
                return r;
        r = config_load(&ctl->paths, NULL, &config);
        if (r >= 0 && systemd_is_running())
                r = units_open(&units);
        if (r < 0)
                return ctl_fail(ctl, CTL_PROBLEM,
                                "the web server's configuration stays as it is: %s", errno_text(r));
        for (size_t i = 0; i < services.count && r == 0; i++)
                r = remove_of(ctl, units, config, services.items[i], name);
        return r;
}
