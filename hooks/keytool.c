/* It gets its input, its password and the place of its output in the stage directory, which only root can read: a password
 * in an argument would stand in /proc for everybody. It runs as every configured program does, under the same limits. */

#include "hooks/keytool.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "hooks/contents.h"
#include "hooks/runner.h"
#include "hooks/stage.h"

/* No file of a target begins with a dot and has such a name. */
#define INPUT    ".keytool.p12"
#define OUTPUT   ".keytool.jks"
#define PASSWORD ".keytool.password"

const char *const keytool_paths[] = {
        "/usr/bin/keytool",
        "/usr/local/bin/keytool",
        "/usr/lib/jvm/default-java/bin/keytool",
        NULL,
};

const char *keytool_path(const char *const paths[]) {
        for (size_t i = 0; paths[i]; i++)
                if (access(paths[i], X_OK) == 0)
                        return paths[i];
        return NULL;
}

static int write_inputs(int fd, const Place *p, const Bytes *pkcs12) {
        FileRights rights = { .mode = 0600, .uid = (uid_t) -1, .gid = (gid_t) -1 };
        int r;

        (void) unlinkat(fd, OUTPUT, 0); /* keytool would add to it */
        r = file_replace_at(fd, INPUT, pkcs12->data, pkcs12->size, rights);
        return r < 0 ? r
                     : file_replace_at(fd, PASSWORD, p->password.data, p->password.size, rights);
}

static int add_path(StringList *argv, const char *directory, const char *name) {
        _cleanup_free_ char *path = NULL;
        int r = path_join(directory, name, &path);

        return r < 0 ? r : string_list_add(argv, path);
}

/* NAME of each pair that begins with a dot is a file of the directory. */
static int build_argv(const char *keytool, const char *directory, StringList *ret) {
        static const char *const words[] = {
                "-J-Xmx256m", "-importkeystore",     "-noprompt", "-srcstoretype",
                "PKCS12",     "-deststoretype",      "JKS",       "-srckeystore",
                INPUT,        "-destkeystore",       OUTPUT,      "-srcstorepass:file",
                PASSWORD,     "-deststorepass:file", PASSWORD,
        };
        int r = string_list_add(ret, keytool);

        for (size_t i = 0; i < ELEMENTSOF(words) && r >= 0; i++)
                r = words[i][0] == '.' ? add_path(ret, directory, words[i])
                                       : string_list_add(ret, words[i]);
        return r;
}

static int run_keytool(
                Deployment *d, const char *keytool, const char *directory, char **ret_error) {
        _cleanup_(program_result_done) ProgramResult result = {};
        _cleanup_(string_list_done) StringList argv = {};
        int r;

        r = build_argv(keytool, directory, &argv);
        if (r >= 0)
                r = deploy_run_tool(d, &argv, &result);
        if (r < 0 || program_succeeded(&result))
                return r;
        (void) program_result_describe(&result, keytool, ret_error);
        return -EIO;
}

static int convert(
                Deployment *d,
                int fd,
                const char *keytool,
                const Place *p,
                Bytes *content,
                char **ret_error) {
        _cleanup_(bytes_done) Bytes made = { .secret = true };
        _cleanup_free_ char *directory = NULL;
        int r;

        r = write_inputs(fd, p, content);
        if (r >= 0)
                r = paths_stage(d->job->paths, d->job->certificate->name, d->job->target->name,
                                &directory);
        if (r >= 0)
                r = run_keytool(d, keytool, directory, ret_error);
        if (r >= 0)
                r = file_read_at(fd, OUTPUT, PLACE_FILE_MAX, &made);
        (void) unlinkat(fd, INPUT, 0); /* else with the whole directory */
        (void) unlinkat(fd, PASSWORD, 0);
        (void) unlinkat(fd, OUTPUT, 0);
        if (r < 0)
                return r;
        bytes_done(content);
        *content = made;
        made = (Bytes){};
        return 0;
}

int keystores_for_java(Deployment *d, const PlaceList *places, Bytes *contents, char **ret_error) {
        const char *keytool = keytool_path(keytool_paths);
        _cleanup_close_ int fd = -1;
        int r = 0;

        for (size_t i = 0; i < places->count && r >= 0; i++) {
                const Place *p = &places->items[i];

                if (p->form.format != FILE_FORMAT_JKS)
                        continue;
                if (!keytool) {
                        (void) str_printf(
                                        ret_error,
                                        "%s: format=jks needs keytool, which is not installed: install "
                                        "a Java runtime, or use format=pkcs12, which Java reads too",
                                        p->path);
                        return -ENOENT;
                }
                if (fd < 0)
                        r = fd = stage_open(d);
                if (r >= 0)
                        r = convert(d, fd, keytool, p, &contents[i], ret_error);
                if (r < 0 && !*ret_error)
                        (void) str_printf(ret_error, "%s: %s", p->path, errno_text(r));
        }
        return r;
}
