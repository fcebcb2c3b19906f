/* The journal's entry is durable before the program runs, and goes when the clean-up has succeeded. An entry that says
 * "done" is not shown a second time: to most foreign programs that would be another record. */

#include "hooks/present.h"

#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/log.h"
#include "hooks/program.h"
#include "hooks/proof-call.h"
#include "hooks/proof-journal.h"
#include "hooks/runner.h"
#include "hooks/store.h"

#define HOOK_TIMEOUT (60 * USEC_PER_SEC) /* of ChallengeHook=: a firewall is quick */

typedef struct Presenting {
        const Paths *paths;
        const CertificateConfig *certificate;
        ProofJournal journal;
        Units *units;      /* owns; NULL: no systemd here */
        char *state;       /* owns; of the provider's program */
        char *credentials; /* owns; the directory */
} Presenting;

static void presenting_done(Presenting *p) {
        proof_journal_close(&p->journal);
        p->units = units_free(p->units);
        free(p->state);
        free(p->credentials);
}

static int make_state(Presenting *p) {
        const DnsConfig *dns = p->certificate->dns;
        _cleanup_close_ int fd = -1;

        if (!dns)
                return 0;
        fd = store_installer(p->paths, "dns", dns->name, true);
        if (fd < 0)
                return fd;
        return str_printf(&p->state, "%s/installer/dns/%s", p->paths->state, dns->name);
}

static int presenting_open(Presenting *p, const Paths *paths, const CertificateConfig *c) {
        int r;

        *p = (Presenting){
                .paths = paths,
                .certificate = c,
                .journal = { .dir_fd = -1, .lock_fd = -1 },
        };
        r = proof_journal_open(paths, c->name, &p->journal);
        if (r >= 0)
                r = make_state(p);
        if (r >= 0)
                r = path_join(paths->config, "credentials", &p->credentials);
        if (r >= 0 && systemd_is_running())
                (void) units_open(&p->units); /* without it: as a plain child */
        return r;
}

/* ---- one run ---- */

typedef struct Group {
        const Proof *proofs; /* shallow copies; borrow */
        size_t count;
        bool cleanup;
} Group;

/* Where there is no systemd to hand credentials over, the program finds the directory itself. */
static int add_credentials(
                const Presenting *p, const Group *g, ProgramRun *run, StringList *environment) {
        _cleanup_free_ char *text = NULL;
        int r;

        if (!proof_is_dns(g->proofs) || p->certificate->dns->credentials.count == 0)
                return 0;
        if (p->units) {
                run->credentials = &p->certificate->dns->credentials;
                run->credential_directory = p->credentials;
                return 0;
        }
        r = str_printf(&text, "CREDENTIALS_DIRECTORY=%s", p->credentials);
        return r < 0 ? r : string_list_add(environment, text);
}

static int credential_words(const char *name, const char *path, int error, char **ret) {
        if (error == -ENOENT)
                return str_printf(
                                ret,
                                "there is no credential '%s': put it into %s, owner root, mode 0600",
                                name, path);
        return str_printf(ret, "the credential %s cannot be read: %s", path, strerror(-error));
}

/* Told here in words: systemd would only end the unit with 243. */
static int check_credentials(const Presenting *p, const Group *g, char **ret_error) {
        const StringList *names =
                        proof_is_dns(g->proofs) ? &p->certificate->dns->credentials : NULL;

        for (size_t i = 0; names && i < names->count; i++) {
                _cleanup_free_ char *path = NULL;
                int r = path_join(p->credentials, names->items[i], &path), error;

                if (r < 0)
                        return r;
                if (access(path, R_OK) >= 0)
                        continue;
                error = -errno;
                r = credential_words(names->items[i], path, error, ret_error);
                return r < 0 ? r : error;
        }
        return 0;
}

/* What the shim sources is held to the same rule as what is executed. */
static int check_source(const Presenting *p, const Group *g, char **ret_error) {
        const DnsConfig *dns = p->certificate->dns;

        if (!proof_is_dns(g->proofs) || dns->style != DNS_STYLE_ACME_SH)
                return 0;
        return program_check_source(dns->program.items[0], ret_error);
}

static int unit_name(const Presenting *p, const Group *g, char **ret) {
        uint32_t random;

        if (getrandom(&random, sizeof random, 0) != sizeof random)
                return -EIO;
        return str_printf(
                        ret, "renewd-%s-%s-%08x.service", g->cleanup ? "cleanup" : "present",
                        p->certificate->name, random);
}

static int run_program(
                const Presenting *p,
                const Group *g,
                const StringList *argv,
                StringList *environment,
                ProgramResult *ret) {
        const DnsConfig *dns = proof_is_dns(g->proofs) ? p->certificate->dns : NULL;
        _cleanup_free_ char *unit = NULL, *description = NULL;
        ProgramRun run = {
                .argv = argv,
                .environment = environment,
                .limit = dns ? (usec_t) dns->timeout_sec * USEC_PER_SEC : HOOK_TIMEOUT,
                .output_only = dns && dns->style == DNS_STYLE_CERTBOT,
        };
        int r;

        r = add_credentials(p, g, &run, environment);
        if (r >= 0)
                r = unit_name(p, g, &unit);
        if (r >= 0)
                r = str_printf(&description, "renewd %s of %s for %s",
                               challenge_type_to_string(g->proofs->type), g->proofs->identifier,
                               p->certificate->name);
        if (r < 0)
                return r;
        run.unit = unit;
        run.description = description;
        return runner_run(p->units, &run, ret);
}

/* 1: it did what it should. 0: it did not, and *ret_error says why. */
static int run_group(const Presenting *p, const Group *g, ProgramResult *ret, char **ret_error) {
        _cleanup_(string_list_done) StringList argv = {}, environment = {};
        ProofCall call = {
                .certificate = p->certificate,
                .paths = p->paths,
                .state = p->state,
                .proofs = g->proofs,
                .count = g->count,
                .cleanup = g->cleanup,
        };
        const StringList *program;
        int r;

        ret->end = PROGRAM_NOT_STARTED;
        r = proof_call_build(&call, &argv, &environment, ret_error);
        if (r >= 0)
                r = check_source(p, g, ret_error);
        if (r >= 0)
                r = check_credentials(p, g, ret_error);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        r = run_program(p, g, &argv, &environment, ret);
        if (r < 0)
                return r;
        if (program_succeeded(ret))
                return 1;
        program = proof_program(p->certificate, g->proofs, g->cleanup);
        r = program_result_describe(ret, program->items[0], ret_error);
        return r < 0 ? r : 0;
}

static bool takes_all(const Presenting *p, const Proof *proof) {
        return proof_is_dns(proof) && p->certificate->dns &&
               p->certificate->dns->style == DNS_STYLE_DEHYDRATED_CHAIN;
}

/* ---- present ---- */

/* Standard output without the white space around it, where it is text. */
static int keep_output(Proof *entry, const ProgramResult *result) {
        const char *text = (const char *) result->output.data;
        size_t size = result->output.size;
        _cleanup_free_ char *copy = NULL;

        while (size > 0 && strchr(" \t\r\n", text[size - 1]))
                size--;
        while (size > 0 && strchr(" \t\r\n", *text)) {
                text++;
                size--;
        }
        if (size == 0 || size > PROOF_OUTPUT_MAX || memchr(text, 0, size) ||
            !utf8_is_valid(text, size))
                return 0;
        copy = strndup(text, size);
        return copy ? str_replace(&entry->output, copy) : -ENOMEM;
}

static int journal_take(ProofJournal *j, const Proof *p, int64_t remaining) {
        _cleanup_(json_freep) Json *form = NULL;
        _cleanup_(proof_done) Proof copy = {};
        Proof *entry = proof_list_find(&j->list, p);
        int r;

        if (entry && entry->done && str_equal(entry->record, p->record))
                return 0;
        if (entry)
                proof_list_remove(&j->list, (size_t) (entry - j->list.items));
        if (j->list.count >= PROOFS_MAX)
                return -ENOBUFS;
        r = proof_to_json(p, &form);
        if (r >= 0)
                r = proof_from_json(form, &copy);
        if (r < 0)
                return r;
        copy.remaining = remaining;
        return proof_list_add(&j->list, &copy);
}

/* The group's end goes into the journal, and into the answer of each of its members. */
static int note_group(
                Presenting *p,
                const Group *g,
                bool shown,
                const ProgramResult *result,
                const char *error,
                char **answers[]) {
        for (size_t i = 0; i < g->count; i++) {
                Proof *entry = proof_list_find(&p->journal.list, &g->proofs[i]);
                int r = 0;

                if (!entry)
                        continue;
                entry->done = shown;
                if (shown)
                        r = keep_output(entry, result);
                else if (result->end == PROGRAM_EXITED &&
                         proof_is_declined(p->certificate, entry, result->status))
                        proof_list_remove(
                                        &p->journal.list, (size_t) (entry - p->journal.list.items));
                if (r >= 0 && !shown)
                        r = str_replace(answers[i], error ? error : "the program failed");
                if (r < 0)
                        return r;
        }
        return proof_journal_save(&p->journal);
}

/* Shows the members at these places of `proofs`. */
static int present_group(
                Presenting *p,
                const ProofList *proofs,
                const size_t *places,
                size_t count,
                char *texts[]) {
        _cleanup_free_ Proof *members = calloc(count, sizeof *members); /* shallow */
        _cleanup_free_ char ***answers = calloc(count, sizeof *answers);
        _cleanup_(program_result_done) ProgramResult result = {};
        _cleanup_free_ char *error = NULL;
        Group g = { .proofs = members, .count = count };
        int r;

        if (!members || !answers)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++) {
                members[i] = *proof_list_find(&p->journal.list, &proofs->items[places[i]]);
                answers[i] = &texts[places[i]];
        }
        r = run_group(p, &g, &result, &error);
        if (r < 0)
                return r;
        /* The members borrow from entries that may move: the engine's own are as good for looking up. */
        for (size_t i = 0; i < count; i++)
                members[i] = proofs->items[places[i]];
        return note_group(p, &g, r > 0, &result, error, answers);
}

static int present_all(Presenting *p, const ProofList *proofs, char *texts[]) {
        _cleanup_free_ size_t *places = calloc(proofs->count + 1, sizeof *places);
        size_t count = 0;
        int r = 0;

        if (!places)
                return -ENOMEM;
        for (size_t i = 0; i < proofs->count && r >= 0; i++) {
                const Proof *entry = proof_list_find(&p->journal.list, &proofs->items[i]);

                if (entry->done)
                        continue;
                places[count++] = i;
                if (takes_all(p, entry))
                        continue;
                r = present_group(p, proofs, places + count - 1, 1, texts);
                count--;
        }
        if (r >= 0 && count > 0)
                r = present_group(p, proofs, places, count, texts);
        return r;
}

int present_proofs(
                const Paths *paths,
                const CertificateConfig *c,
                const ProofList *proofs,
                StringList *ret_errors) {
        _cleanup_(presenting_done) Presenting p = {};
        char **texts = calloc(proofs->count + 1, sizeof *texts);
        int r = texts ? presenting_open(&p, paths, c) : -ENOMEM;

        for (size_t i = 0; i < proofs->count && r >= 0; i++)
                r = journal_take(&p.journal, &proofs->items[i], (int64_t) (proofs->count - 1 - i));
        if (r >= 0)
                r = proof_journal_save(&p.journal);
        if (r >= 0)
                r = present_all(&p, proofs, texts);
        for (size_t i = 0; i < proofs->count && r >= 0; i++)
                r = string_list_add(ret_errors, texts[i] ? texts[i] : "");
        for (size_t i = 0; texts && i < proofs->count; i++)
                free(texts[i]);
        free(texts);
        return r;
}

/* ---- clean-up ---- */

/* Its program is not configured any more: nobody can clean up, so nothing is gained by keeping the entry. */
static void tell_orphan(const Presenting *p, const Proof *proof) {
        LogFields fields = { .certificate = p->certificate->name };

        log_message(LOG_WARNING, &fields,
                    "%s: the program that showed %s of '%s' is no longer configured: remove %s%s by hand",
                    p->certificate->name, challenge_type_to_string(proof->type), proof->identifier,
                    proof->record ? "the TXT record " : "what it did",
                    proof->record ? proof->record : "");
}

/* Cleans up the entry at *at, or all from there where the program takes all at once; *at moves on to the next. */
static int clean_group(Presenting *p, const ProofList *which, size_t *at, StringList *errors) {
        Proof *first = &p->journal.list.items[*at];
        _cleanup_free_ Proof *members = NULL; /* shallow */
        _cleanup_(program_result_done) ProgramResult result = {};
        _cleanup_free_ char *error = NULL;
        Group g = { .cleanup = true };
        size_t end = *at + 1;
        int r;

        if (takes_all(p, first))
                end = p->journal.list.count;
        members = calloc(end - *at, sizeof *members);
        if (!members)
                return -ENOMEM;
        for (size_t i = *at; i < end; i++)
                if (!which || proof_list_find(which, &p->journal.list.items[i]))
                        members[g.count++] = p->journal.list.items[i];
        g.proofs = members;
        if (proof_needs_no_cleanup(p->certificate, first))
                r = 1;
        else if (!proof_program(p->certificate, first, true) && p->certificate->broken) {
                r = str_printf(&error, "the configuration has an error");
                r = MIN(r, 0); /* tried again when it is mended */
        } else if (!proof_program(p->certificate, first, true)) {
                tell_orphan(p, first);
                r = 1;
        } else
                r = run_group(p, &g, &result, &error);
        if (r < 0)
                return r;
        if (r == 0) {
                *at = end;
                return string_list_add(errors, error ? error : "the program failed");
        }
        for (size_t i = end; i-- > *at;)
                if (!which || proof_list_find(which, &p->journal.list.items[i]))
                        proof_list_remove(&p->journal.list, i);
        return proof_journal_save(&p->journal);
}

int present_cleanup(
                const Paths *paths,
                const CertificateConfig *c,
                const ProofList *which,
                StringList *ret_errors) {
        _cleanup_(presenting_done) Presenting p = {};
        int r;

        r = presenting_open(&p, paths, c);
        for (size_t i = 0; r >= 0 && i < p.journal.list.count;) {
                if (which && !proof_list_find(which, &p.journal.list.items[i])) {
                        i++;
                        continue;
                }
                r = clean_group(&p, which, &i, ret_errors);
        }
        return r;
}
