/* csr: key and request for a CA without ACME. The signer makes both; nobody else is needed. */

#include "acme/csr.h"

#include <stdio.h>
#include <string.h>

#include "acme/certinfo.h"
#include "base/file.h"
#include "base/log.h"
#include "ctl/grant.h"
#include "ctl/status.h"

#define METHOD "io.renewd.Signer.ManualRequest"

/* ---- what is wanted ---- */

static int set_field(Ctl *ctl, Subject *s, SubjectField f, const char *value) {
        const char *reason = "it cannot be used";
        int r;

        if (!value)
                return 0;
        r = subject_set(s, f, value, &reason);
        if (r == -EINVAL)
                return ctl_fail(ctl, CTL_USAGE, "%s: %s", subject_field_to_string(f), reason);
        return r < 0 ? ctl_no_memory(ctl) : 0;
}

/* --subject as a whole, and single fields over it. */
static int read_subject(Ctl *ctl, Subject *ret) {
        const char *const fields[SUBJECT_FIELD_MAX] = {
                [SUBJECT_COUNTRY] = ctl->country,   [SUBJECT_STATE] = ctl->province,
                [SUBJECT_LOCALITY] = ctl->locality, [SUBJECT_ORGANIZATION] = ctl->organization,
                [SUBJECT_UNIT] = ctl->unit,         [SUBJECT_COMMON_NAME] = ctl->common_name,
                [SUBJECT_EMAIL] = ctl->email,
        };
        const char *reason = "it cannot be read";
        int r;

        r = ctl->subject ? subject_parse(ctl->subject, ret, &reason) : 0;
        if (r == -EINVAL)
                return ctl_fail(ctl, CTL_USAGE, "--subject: %s", reason);
        if (r < 0)
                return ctl_no_memory(ctl);
        for (SubjectField f = 0; f < SUBJECT_FIELD_MAX && r == 0; f++)
                r = set_field(ctl, ret, f, fields[f]);
        return r;
}

static int put_subject(const Subject *s, Json *j) {
        _cleanup_(json_freep) Json *fields = NULL;
        int r = 0;

        if (subject_is_empty(s))
                return 0; /* that of the last request */
        fields = json_object_new();
        if (!fields)
                return -ENOMEM;
        for (SubjectField f = 0; f < SUBJECT_FIELD_MAX && r >= 0; f++)
                r = json_set_string(fields, subject_field_to_string(f), s->fields[f]);
        return r < 0 ? r : json_set(j, "subject", TAKE_PTR(fields));
}

int ctl_load_certificate(
                Ctl *ctl, const char *name, Config **ret_config, const CertificateConfig **ret) {
        _cleanup_(config_freep) Config *config = NULL;
        int r;

        if (!certificate_name_is_valid(name))
                return ctl_unknown_name(ctl, name);
        r = config_load(&ctl->paths, name, &config);
        if (r < 0)
                return ctl_fail(ctl, r == -EACCES ? CTL_NO_RIGHT : CTL_PROBLEM,
                                "%s cannot be read: %s", ctl->paths.config, errno_text(r));
        *ret = config_certificate(config, name);
        if (!*ret)
                return ctl_unknown_name(ctl, name);
        if ((*ret)->broken)
                return ctl_fail(ctl, CTL_PROBLEM,
                                "%s: its configuration has an error; see: renewctl check", name);
        *ret_config = TAKE_PTR(config);
        return 0;
}

/* ---- the signer ---- */

/* 0, or an exit status; with `create` false a request that is not there is 0 and *ret_spki "". */
static int ask(Ctl *ctl,
               const char *name,
               const Subject *subject,
               const char *other,
               bool create,
               VarlinkReply *reply) {
        _cleanup_(varlink_client_freep) VarlinkClient *client = NULL;
        _cleanup_(json_freep) Json *j = json_object_new();
        int r;

        r = j ? json_set_string(j, "certificate", name) : -ENOMEM;
        if (r >= 0)
                r = json_set_string(j, "keyType", create ? ctl->key_types : NULL);
        if (r >= 0)
                r = json_set_string(j, "other", other);
        if (r >= 0)
                r = json_set_bool(j, "create", create);
        if (r >= 0 && subject)
                r = put_subject(subject, j);
        if (r < 0)
                return ctl_no_memory(ctl);
        r = ctl_connect_signer(ctl, &client);
        if (r == 0)
                r = ctl_call(ctl, client, METHOD, TAKE_PTR(j), reply);
        if (r != 0 || !reply->error || (!create && str_ends_with(reply->error, ".KeyMissing")))
                return r;
        return ctl_reply_failure(ctl, reply, name);
}

static bool is_live(const Ctl *ctl, const char *name, const char *spki) {
        _cleanup_(certinfo_done) CertInfo info = {};
        _cleanup_(bytes_done) Bytes pem = {};
        _cleanup_free_ char *path = NULL;

        return str_printf(&path, "%s/live/%s/cert.pem", ctl->paths.state, name) >= 0 &&
               file_read(path, CHAIN_MAX_SIZE, &pem) >= 0 &&
               certinfo_parse(pem.data, pem.size, &info, NULL) >= 0 &&
               str_equal(info.spki_sha256, spki);
}

/* A renewal has another key unless it shall keep it (ReuseKey=), as with ACME. */
static int find_other(Ctl *ctl, const CertificateConfig *c, VarlinkReply *last, const char **ret) {
        const char *spki;
        int r;

        *ret = NULL;
        r = ask(ctl, c->name, NULL, NULL, false, last);
        if (r != 0 || last->error)
                return r;
        spki = status_text(last->parameters, "spki");
        if (ctl->new_key || (!c->reuse_key && is_live(ctl, c->name, spki)))
                *ret = spki;
        return 0;
}

/* ---- the answer ---- */

static int write_file(Ctl *ctl, const Bytes *pem) {
        const FileRights rights = { .mode = 0644, .uid = (uid_t) -1, .gid = (gid_t) -1 };
        _cleanup_free_ char *directory = strdup(ctl->output);
        _cleanup_close_ int fd = -1;
        char *slash = directory ? strrchr(directory, '/') : NULL;
        const char *name = slash ? ctl->output + (slash - directory) + 1 : ctl->output;
        int r;

        if (!directory)
                return ctl_no_memory(ctl);
        if (slash)
                slash[slash == directory] = '\0';
        r = fd = dir_open(slash ? directory : ".");
        if (r >= 0)
                r = file_replace_at(fd, name, pem->data, pem->size, rights);
        if (r < 0)
                return ctl_fail(ctl, CTL_PROBLEM, "%s cannot be written: %s", ctl->output,
                                errno_text(r));
        ctl_say(ctl, "Wrote %s", ctl->output);
        return 0;
}

static int print(Ctl *ctl, const char *name, const VarlinkReply *reply) {
        const char *csr = status_text(reply->parameters, "csr");
        _cleanup_(bytes_done) Bytes der = {}, pem = {};
        int r;

        r = base64url_decode(csr, strlen(csr), &der);
        if (r >= 0)
                r = csr_to_pem(der.data, der.size, &pem);
        if (r < 0)
                return ctl_transport_failure(ctl, r);
        if (ctl->json &&
            (json_set_string(ctl->answer, "csr", bytes_text(&pem)) < 0 ||
             json_set_string(ctl->answer, "spki", status_text(reply->parameters, "spki")) < 0 ||
             json_set_string(ctl->answer, "key_type", status_text(reply->parameters, "keyType")) <
                             0))
                return ctl_no_memory(ctl);
        if (ctl->output)
                r = write_file(ctl, &pem);
        else if (!ctl->json)
                (void) fputs(bytes_text(&pem), stdout);
        if (r == 0 && ctl->output)
                ctl_say(ctl,
                        "When the CA has signed it: renewctl import %s --cert FILE --chain FILE",
                        name);
        return r;
}

int verb_csr(Ctl *ctl, char *names[], int count) {
        _cleanup_(varlink_reply_done) VarlinkReply last = {}, reply = {};
        _cleanup_(subject_done) Subject subject = {};
        _cleanup_(config_freep) Config *config = NULL;
        const CertificateConfig *c;
        const char *other;
        int r;

        (void) count;
        if (ctl->key_types && key_type_from_string(ctl->key_types) < 0)
                return ctl_fail(ctl, CTL_USAGE,
                                "--key-type is one of ecdsa-p256, ecdsa-p384, rsa-2048, rsa-3072, rsa-4096, ed25519");
        r = read_subject(ctl, &subject);
        if (r == 0)
                r = ctl_load_certificate(ctl, names[0], &config, &c);
        if (r == 0)
                r = find_other(ctl, c, &last, &other);
        if (r == 0)
                r = ask(ctl, c->name, &subject, other, true, &reply);
        return r != 0 ? r : print(ctl, c->name, &reply);
}
