/* import: a certificate from elsewhere. Everything is looked at here first, so that a mistake costs nothing; then the key
 * goes to the signer, on its own socket, and the chain to the engine, which looks once more. */

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "acme/elsewhere.h"
#include "acme/pile.h"
#include "base/file.h"
#include "base/log.h"
#include "config/idn.h"
#include "ctl/grant.h"
#include "ctl/status.h"
#include "ctl/when.h"

#define PASSWORD_MAX ((size_t) 1024)
#define TIMEOUT_SEC  30
#define IMPORT       "io.renewd.Manager.Import"

typedef struct Import {
        const CertificateConfig *certificate; /* of config */
        Config *config;                       /* owns, as the rest */
        Pile *pile;
        PileChain chain;
        CertInfo info;
        Bytes password;
} Import;

static void import_done(Import *i) {
        i->config = config_free(i->config);
        i->pile = pile_free(i->pile);
        pile_chain_done(&i->chain);
        certinfo_done(&i->info);
        bytes_done(&i->password);
}

/* ---- what was given ---- */

static int read_password(Ctl *ctl, Import *i) {
        int r;

        if (!ctl->password_file)
                return 0;
        r = file_read(ctl->password_file, PASSWORD_MAX, &i->password);
        if (r >= 0 && strlen(bytes_text(&i->password)) != i->password.size)
                r = -EBADMSG;
        if (r < 0)
                return ctl_fail(ctl, CTL_USAGE, "%s cannot be read: %s", ctl->password_file,
                                errno_text(r));
        if (i->password.size > 0)
                i->password.data[strcspn(bytes_text(&i->password), "\r\n")] = '\0';
        return 0;
}

static int read_file(Ctl *ctl, Import *i, const char *path) {
        const char *password = ctl->password_file ? bytes_text(&i->password) : NULL, *reason = NULL;
        _cleanup_(bytes_done) Bytes data = { .secret = true };
        int r;

        if (!path)
                return 0;
        r = file_read(path, PILE_FILE_MAX, &data);
        if (r < 0)
                return ctl_fail(ctl, r == -EACCES ? CTL_NO_RIGHT : CTL_USAGE,
                                "%s cannot be read: %s", path, errno_text(r));
        r = pile_add(i->pile, data.data, data.size, password, &reason);
        if (r == -ENOKEY)
                return ctl_fail(ctl, CTL_PROBLEM,
                                "%s: %s; write it into a file and give that with "
                                "--password-file FILE",
                                path, reason ? reason : "it needs a password");
        if (r == -EBADMSG)
                return ctl_fail(ctl, CTL_PROBLEM, "%s: %s", path,
                                reason ? reason : "it cannot be read");
        return r < 0 ? ctl_no_memory(ctl) : 0;
}

static int read_files(Ctl *ctl, Import *i) {
        int r;

        if (!ctl->cert_file)
                return ctl_fail(ctl, CTL_USAGE, "which certificate? write: --cert FILE");
        if (pile_new(&i->pile) < 0)
                return ctl_no_memory(ctl);
        r = read_password(ctl, i);
        if (r == 0)
                r = read_file(ctl, i, ctl->cert_file);
        if (r == 0)
                r = read_file(ctl, i, ctl->chain_file);
        if (r == 0)
                r = read_file(ctl, i, ctl->key_file);
        if (r == 0 && ctl->key_file && !pile_key(i->pile))
                return ctl_fail(ctl, CTL_PROBLEM, "%s: there is no private key in it",
                                ctl->key_file);
        return r;
}

/* ---- is it any good ---- */

static int judge(Ctl *ctl, int r, const char *name, const char *why) {
        if (r == -EKEYREJECTED || r == -EBADMSG)
                return ctl_fail(ctl, CTL_PROBLEM, "%s: not imported: %s", name,
                                why ? why : "the certificate cannot be used");
        return r < 0 ? ctl_no_memory(ctl) : 0;
}

static int check(Ctl *ctl, Import *i) {
        const CertificateConfig *c = i->certificate;
        EVP_PKEY *key = c->request_path ? NULL : pile_key(i->pile);
        ElsewhereExpectation e = {
                .names = &c->names,
                .optional_names = &c->optional_names,
                .spki_sha256 = c->request_path ? c->request_spki : NULL,
                .family = c->twin ? key_family(c->key_type) : KEY_FAMILY_ANY,
                .now = (int64_t) time(NULL),
        };
        _cleanup_free_ char *why = NULL;
        char spki[SHA256_HEX_SIZE];
        int r = 0;

        if (key) {
                r = key_spki_sha256(key, spki);
                e.spki_sha256 = spki;
        }
        if (r >= 0)
                r = pile_make_chain(i->pile, &c->names, e.now, &i->chain, &why);
        if (r >= 0)
                r = elsewhere_check(i->chain.pem.data, i->chain.pem.size, &e, &i->info, &why);
        return judge(ctl, r, c->name, why);
}

/* The key of the request, if none was given. */
static int find_key(Ctl *ctl, const Import *i) {
        _cleanup_(varlink_client_freep) VarlinkClient *client = NULL;
        _cleanup_(json_freep) Json *j = json_object_new();
        _cleanup_(varlink_reply_done) VarlinkReply reply = {};
        const char *name = i->certificate->name;
        bool found = false;
        int r;

        if (pile_key(i->pile) || i->certificate->request_path)
                return 0;
        if (!j || json_set_string(j, "certificate", name) < 0 ||
            json_set_string(j, "spki", i->info.spki_sha256) < 0)
                return ctl_no_memory(ctl);
        r = ctl_connect_signer(ctl, &client);
        if (r == 0)
                r = ctl_call(ctl, client, "io.renewd.Signer.FindKey", TAKE_PTR(j), &reply);
        if (r == 0 && reply.error)
                r = ctl_reply_failure(ctl, &reply, name);
        if (r != 0)
                return r;
        (void) json_get_bool(reply.parameters, "found", &found); /* absent: not */
        if (found)
                return 0;
        return ctl_fail(ctl, CTL_PROBLEM,
                        "%s: not imported: its key is not here; give it with --key FILE, or have the "
                        "request signed that 'renewctl csr %s' prints",
                        name, name);
}

static void describe(Ctl *ctl, const Import *i) {
        char date[WHEN_SIZE];

        ctl_say(ctl, "%s: issued by '%s', valid until %s, %s key, %zu intermediate certificate%s",
                i->certificate->name, i->info.issuer ? i->info.issuer : "",
                when_format(i->info.not_after, (int64_t) time(NULL), date),
                i->info.key_type >= 0 ? key_type_to_string(i->info.key_type) : "another kind of",
                i->info.count - 1, i->info.count == 2 ? "" : "s");
        if (i->chain.unneeded > 0)
                ctl_say(ctl, "%zu certificate%s left out, as the chain does not need %s",
                        i->chain.unneeded, i->chain.unneeded == 1 ? " is" : "s are",
                        i->chain.unneeded == 1 ? "it" : "them");
        if (i->certificate->request_path && pile_key(i->pile))
                ctl_say(ctl,
                        "The key that was given is not kept: with CertificateRequest= it is elsewhere");
}

/* ---- taken over ---- */

static int give_key(Ctl *ctl, const Import *i) {
        EVP_PKEY *key = i->certificate->request_path ? NULL : pile_key(i->pile);
        CtlGrant g = { .action = "import", .certificate = i->certificate->name };
        _cleanup_(bytes_done) Bytes pem = { .secret = true };

        if (!key)
                return 0;
        if (key_to_pem(key, &pem) < 0)
                return ctl_no_memory(ctl);
        g.key = bytes_text(&pem);
        return ctl_grant(ctl, &g);
}

/* Whoever cannot take the chain shall not be left with a key. */
static int check_engine(Ctl *ctl) {
        _cleanup_(varlink_client_freep) VarlinkClient *client = NULL;

        return ctl_connect(ctl, TIMEOUT_SEC, &client);
}

static int give_chain(Ctl *ctl, const Import *i) {
        _cleanup_(json_freep) Json *j = json_object_new();

        if (!j || json_set_string(j, "name", i->certificate->name) < 0 ||
            json_set_string(j, "chain", bytes_text(&i->chain.pem)) < 0 ||
            (ctl->force && json_set_bool(j, "force", true) < 0))
                return ctl_no_memory(ctl);
        return ctl_follow(ctl, IMPORT, TAKE_PTR(j), i->certificate->name, ctl->wait);
}

int verb_import(Ctl *ctl, char *names[], int count) {
        _cleanup_(import_done) Import i = { .password.secret = true };
        int r;

        (void) count;
        r = ctl_load_certificate(ctl, names[0], &i.config, &i.certificate);
        if (r != 0)
                return r;
        if (!i.certificate->elsewhere && !ctl->force)
                return ctl_fail(ctl, CTL_PROBLEM,
                                "%s is ordered from CA '%s'; with CA=none in %s it is imported, with --force the "
                                "imported certificate serves until the next renewal",
                                names[0], i.certificate->ca, i.certificate->path);
        r = read_files(ctl, &i);
        if (r == 0)
                r = check(ctl, &i);
        if (r == 0)
                r = find_key(ctl, &i);
        if (r != 0)
                return r;
        describe(ctl, &i);
        if (ctl->dry_run) {
                ctl_say(ctl, "All is well; nothing was changed");
                return CTL_FINE;
        }
        r = check_engine(ctl);
        if (r == 0)
                r = give_key(ctl, &i);
        return r != 0 ? r : give_chain(ctl, &i);
}
