/* account bind: the external account key that a CA gave its customer becomes a credential of the signer. The secret is read from
 * standard input, so that it stands in no command line, no history and no environment. */

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "acme/external-account.h"
#include "base/file.h"
#include "base/log.h"
#include "ctl/account.h"

#define INPUT_MAX ((size_t) 2048)

static int read_key(Ctl *ctl, Bytes *ret) {
        char line[256];

        if (isatty(STDIN_FILENO) && !ctl->json) {
                (void) fputs("HMAC key: ", stdout);
                (void) fflush(stdout);
        }
        while (fgets(line, sizeof line, stdin)) {
                if (bytes_append_string(ret, line) < 0)
                        return ctl_fail(ctl, CTL_USAGE,
                                        "what came by standard input is too long for a key");
                if (isatty(STDIN_FILENO) && strchr(line, '\n'))
                        break;
        }
        OPENSSL_cleanse(line, sizeof line);
        if (ret->size == 0)
                return ctl_fail(ctl, CTL_USAGE,
                                "the HMAC key is read from standard input, and nothing came");
        return 0;
}

static int build_file(Ctl *ctl, const Bytes *key, Bytes *ret) {
        _cleanup_(external_account_done) ExternalAccount e = {};
        const char *text = bytes_text(key), *reason = "";
        int size = (int) strcspn(text + strspn(text, " \t\r\n"), " \t\r\n"), r;

        text += strspn(text, " \t\r\n");
        if (text[size + (int) strspn(text + size, " \t\r\n")])
                return ctl_fail(ctl, CTL_USAGE, "the HMAC key is one word");
        if (strpbrk(ctl->kid, "\r\n"))
                return ctl_fail(ctl, CTL_USAGE, "the key id is one line");
        r = bytes_printf(ret, "kid=%s\nhmac=%.*s\n", ctl->kid, size, text);
        if (r < 0)
                return ctl_no_memory(ctl);
        r = external_account_parse(bytes_text(ret), ret->size, &e, &reason);
        if (r == -ENOMEM)
                return ctl_no_memory(ctl);
        return r < 0 ? ctl_fail(ctl, CTL_USAGE, "this is no external account key: %s", reason) : 0;
}

static int open_directory(const Ctl *ctl) {
        _cleanup_close_ int config = dir_open(ctl->paths.config), credentials = -1;

        if (config < 0)
                return TAKE_FD(config);
        credentials = dir_open_at(config, "credentials", 0700);
        return credentials < 0 ? TAKE_FD(credentials) : dir_open_at(credentials, "eab", 0700);
}

static int write_file(Ctl *ctl, const char *name, const Bytes *content) {
        const FileRights rights = { .mode = 0600, .uid = (uid_t) -1, .gid = (gid_t) -1 };
        _cleanup_close_ int fd = open_directory(ctl);
        int r = fd;

        if (r >= 0)
                r = file_replace_at(fd, name, content->data, content->size, rights);
        if (r == -EACCES || r == -EPERM || r == -EROFS)
                return ctl_fail(ctl, CTL_NO_RIGHT,
                                "%s/credentials/eab/%s cannot be written (%s); use sudo",
                                ctl->paths.config, name, errno_text(r));
        if (r < 0)
                return ctl_fail(ctl, CTL_PROBLEM, "%s/credentials/eab/%s cannot be written: %s",
                                ctl->paths.config, name, errno_text(r));
        ctl_say(ctl, "Wrote %s/credentials/eab/%s", ctl->paths.config, name);
        return 0;
}

/* So that a signer with the old credentials is asked no more; that renewd does not run is no failure. */
static int reload(Ctl *ctl) {
        _cleanup_(varlink_client_freep) VarlinkClient *client = NULL;
        _cleanup_(varlink_reply_done) VarlinkReply reply = {};
        _cleanup_free_ char *path = NULL;
        int r;

        r = path_join(ctl->paths.runtime, "manager", &path);
        if (r < 0)
                return ctl_no_memory(ctl);
        if (varlink_client_connect(path, 30, &client) < 0)
                return 0;
        r = ctl_call(ctl, client, "io.renewd.Manager.Reload", NULL, &reply);
        if (r == 0 && reply.error)
                r = ctl_reply_failure(ctl, &reply, NULL);
        return r;
}

int account_bind(Ctl *ctl, const CaConfig *ca) {
        _cleanup_(bytes_done) Bytes key = { .secret = true, .limit = INPUT_MAX };
        _cleanup_(bytes_done)
                        Bytes content = { .secret = true, .limit = EXTERNAL_ACCOUNT_FILE_MAX };
        int r;

        if (!ctl->kid)
                return ctl_fail(ctl, CTL_USAGE, "write: renewctl account bind %s --kid KEY-ID",
                                ca->name);
        r = read_key(ctl, &key);
        if (r == 0)
                r = build_file(ctl, &key, &content);
        if (r == 0)
                r = write_file(ctl, ca->external_account, &content);
        return r != 0 ? r : reload(ctl);
}
