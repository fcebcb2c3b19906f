/* renewctl: reads the options, finds the verb, prints the JSON answer. What a verb may be given is a
 * row of one table, from which the help is made as well. */

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "ctl/ctl.h"
#include "ctl/help.h"

typedef struct Verb {
        const char *name;
        const char *usage;   /* what follows the name */
        int min, max;        /* arguments; max -1: any number */
        const char *options; /* letters of the options that it takes, see the table below */
        int (*run)(Ctl *ctl, char *names[], int count);
        const char *summary;
        const char *help;
} Verb;

static const Verb verbs[] = {
        { "add", "NAME [NAME...]", 1, NAMES_MAX, "seatckCDowyx", verb_add,
          "configure a certificate and order it", add_help },
        { "remove", "NAME", 1, 1, "r", verb_remove, "forget a certificate; what is installed stays",
          "  --restore  first put back what was there before renewd, and tell the services\n" },
        { "status", "", 0, 0, "", verb_status, "show all certificates",
          "Exit status 0: all is well; 1: something is not.\n" },
        { "show", "NAME", 1, 1, "", verb_show, "show one certificate",
          "Exit status 0: it is valid; 1: it is not.\n" },
        { "why", "NAME", 1, 1, "", verb_why, "say what a certificate waits for", "" },
        { "plan", "", 0, 0, "", verb_plan, "show what happens to which certificate when", "" },
        { "dns-persist", "NAME", 1, 1, "", verb_dns_persist,
          "print the records that dns-persist-01 wants; writing them is yours", "" },
        { "renew", "NAME", 1, 1, "wfi", verb_renew, "renew a certificate now",
          "  --wait   print each step until it is served, waits for a restart window, or has failed\n"
          "  --force  although it was just issued; twice: although the CA asked to wait\n"
          "  --now    wait for no restart window and no canary; if that is all that is missing, nothing is ordered\n" },
        { "rehearse", "NAME", 1, 1, "", verb_rehearse,
          "walk the way of a renewal at the CA's test service; nothing is installed",
          "Each step is printed. Exit status 0: the renewal will find its way; 1: it will not.\n" },
        { "revoke", "NAME", 1, 1, "RWN", verb_revoke, "revoke a certificate", revoke_help },
        { "csr", "NAME", 1, 1, "k1234567en8", verb_csr,
          "make key and request for a CA without ACME", csr_help },
        { "import", "NAME", 1, 1, "90+!=fw", verb_import, "take a certificate from elsewhere",
          import_help },
        { "stand-in", "NAME", 1, 1, "m", verb_stand_in,
          "make another stand-in for a service without a certificate", stand_in_help },
        { "account", "[ACTION] [CA]", 0, 2, "KFyn", verb_account, "the accounts at the CAs",
          account_help },
        { "inspect", "FILE|NAME|HOST[:PORT]", 1, 1, "SLTmPp", verb_inspect,
          "show a certificate and what is wrong with it", inspect_help },
        { "watch", "[list|forget NAME]", 0, 2, "", verb_watch,
          "the watched endpoints, and what is wrong with their certificates",
          "Exit status 0: all are as asked for; 1: one is not. 'forget' drops what was pinned on first sight.\n" },
        { "services", "[list|show NAME]", 0, 2, "", verb_services,
          "the services that certificates can be installed for, and how",
          "  list       all of them, and which are on this machine (also without an action)\n"
          "  show NAME  what its profile does, and what to write into its configuration\n" },
        { "check", "", 0, 0, "", verb_check, "check the configuration; renewd need not run",
          "Exit status 0: no error; 1: an error.\n" },
        { "version", "", 0, 0, "", verb_version, "print the version", "" },
};

enum { OPTION_JSON = 'j', OPTION_HELP = 'h', OPTION_VERSION = 'V' };

/* The values are the letters of Verb.options. */
static const struct option long_options[] = {
        PATHS_OPTIONS,
        { "json", no_argument, NULL, OPTION_JSON },
        { "help", no_argument, NULL, OPTION_HELP },
        { "version", no_argument, NULL, OPTION_VERSION },
        { "service", required_argument, NULL, 's' },
        { "email", required_argument, NULL, 'e' },
        { "agree-tos", no_argument, NULL, 'a' },
        { "staging", no_argument, NULL, 't' },
        { "ca", required_argument, NULL, 'c' },
        { "key-type", required_argument, NULL, 'k' },
        { "challenge", required_argument, NULL, 'C' },
        { "dns", required_argument, NULL, 'D' },
        { "no-start", no_argument, NULL, 'o' },
        { "restore", no_argument, NULL, 'r' },
        { "wait", no_argument, NULL, 'w' },
        { "force", no_argument, NULL, 'f' },
        { "now", no_argument, NULL, 'i' },
        { "kid", required_argument, NULL, 'K' },
        { "key-file", required_argument, NULL, 'F' },
        { "yes", no_argument, NULL, 'y' },
        { "new-key", no_argument, NULL, 'n' },
        { "reason", required_argument, NULL, 'R' },
        { "with-key", no_argument, NULL, 'W' },
        { "no-replace", no_argument, NULL, 'N' },
        { "subject", required_argument, NULL, '1' },
        { "country", required_argument, NULL, '2' },
        { "province", required_argument, NULL, '3' },
        { "locality", required_argument, NULL, '4' },
        { "organization", required_argument, NULL, '5' },
        { "unit", required_argument, NULL, '6' },
        { "common-name", required_argument, NULL, '7' },
        { "output", required_argument, NULL, '8' },
        { "cert", required_argument, NULL, '9' },
        { "key", required_argument, NULL, '0' },
        { "chain", required_argument, NULL, '+' },
        { "password-file", required_argument, NULL, '!' },
        { "dry-run", no_argument, NULL, '=' },
        { "web-server-snippet", no_argument, NULL, 'x' },
        { "starttls", required_argument, NULL, 'S' },
        { "level", required_argument, NULL, 'L' },
        { "root-store", required_argument, NULL, 'T' },
        { "name", required_argument, NULL, 'm' },
        { "pins", required_argument, NULL, 'P' },
        { "pin", required_argument, NULL, 'p' },
        {},
};

static const char general_help[] =
                "\n"
                "Options:\n"
                "  --json          print one JSON object (renew, rehearse: one a line)\n"
                "  --config DIR    instead of " RENEWD_CONFIG_DIR "\n"
                "  --state DIR     instead of " RENEWD_STATE_DIR "\n"
                "  --runtime DIR   instead of " RENEWD_RUNTIME_DIR "\n"
                "  --data DIR      instead of " RENEWD_DATA_DIR "\n"
                "  -h, --help      this text; behind a command, that command's\n"
                "  --version       print the version\n"
                "\n"
                "Exit status: 0 all is well, 1 something is not, 2 renewd is not running, 3 wrong arguments,\n"
                "4 not allowed, 5 no such certificate.\n";

static const Verb *find_verb(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
                if (str_equal(name, verbs[i].name))
                        return &verbs[i];
        return NULL;
}

static void print_help(const Verb *verb) {
        if (verb) {
                (void) printf("renewctl %s %s\n\n%s.\n%s%s%s", verb->name, verb->usage,
                              verb->summary, *verb->help ? "\n" : "", verb->help, general_help);
                return;
        }
        (void) puts("renewctl [OPTIONS] COMMAND\n\nAsks and instructs renewd, the certificate daemon.\n\nCommands:");
        for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
                (void) printf("  %-11s %-15s %s\n", verbs[i].name, verbs[i].usage,
                              verbs[i].summary);
        (void) fputs(general_help, stdout);
}

typedef struct Seen {
        char letters[64]; /* verb options that were given */
        size_t count;
        bool help, version;
} Seen;

/* Those of account and revoke; false: it is none of them. */
static bool take_account_option(Ctl *ctl, int option) {
        switch (option) {
        case 'K':
                ctl->kid = optarg;
                break;
        case 'F':
                ctl->key_file = optarg;
                break;
        case 'y':
                ctl->yes = true;
                break;
        case 'n':
                ctl->new_key = true;
                break;
        case 'R':
                ctl->reason = optarg;
                break;
        case 'W':
                ctl->with_key = true;
                break;
        case 'N':
                ctl->no_replace = true;
                break;
        default:
                return false;
        }
        return true;
}

/* Those of csr, import, inspect and stand-in; false: it is none of them. */
static bool take_text_option(Ctl *ctl, int option) {
        const struct {
                int option;
                const char **value;
        } texts[] = {
                { '1', &ctl->subject },      { '2', &ctl->country },
                { '3', &ctl->province },     { '4', &ctl->locality },
                { '5', &ctl->organization }, { '6', &ctl->unit },
                { '7', &ctl->common_name },  { '8', &ctl->output },
                { '9', &ctl->cert_file },    { '0', &ctl->key_file },
                { '+', &ctl->chain_file },   { '!', &ctl->password_file },
                { 'S', &ctl->starttls },     { 'L', &ctl->level },
                { 'T', &ctl->root_store },   { 'm', &ctl->host_name },
                { 'P', &ctl->pins },         { 'p', &ctl->pin },
        };

        if (option == 'm' && string_list_add(&ctl->names, optarg) < 0)
                abort(); /* out of memory before anything was done */
        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                if (texts[i].option == option) {
                        *texts[i].value = optarg;
                        return true;
                }
        if (option == '=')
                ctl->dry_run = true;
        return option == '=';
}

static void take_verb_option(Ctl *ctl, int option, Seen *seen) {
        switch (option) {
        case 's':
                if (string_list_add(&ctl->services, optarg) < 0)
                        abort(); /* out of memory before anything was done */
                break;
        case 'e':
                ctl->email = optarg;
                break;
        case 'a':
                ctl->agree_to_terms = true;
                break;
        case 't':
                ctl->staging = true;
                break;
        case 'c':
                ctl->ca = optarg;
                break;
        case 'k':
                ctl->key_types = optarg;
                break;
        case 'C':
                ctl->challenges = optarg;
                break;
        case 'D':
                ctl->dns = optarg;
                break;
        case 'o':
                ctl->no_start = true;
                break;
        case 'r':
                ctl->restore = true;
                break;
        case 'w':
                ctl->wait = true;
                break;
        case 'f':
                ctl->insist = ctl->force;
                ctl->force = true;
                break;
        case 'i':
                ctl->now = true;
                break;
        case 'x':
                ctl->web_server_snippet = true;
                break;
        default:
                if (!take_account_option(ctl, option) && !take_text_option(ctl, option))
                        return;
        }
        if (!memchr(seen->letters, option, seen->count) && seen->count < sizeof seen->letters)
                seen->letters[seen->count++] = (char) option;
}

static int take_options(Ctl *ctl, int argc, char *argv[], Seen *seen) {
        int option, r;

        while ((option = getopt_long(argc, argv, "hV", long_options, NULL)) != -1) {
                r = paths_take_option(&ctl->paths, option, optarg);
                if (r < 0)
                        return ctl_fail(ctl, CTL_USAGE,
                                        "a directory is given by its absolute path");
                if (r > 0)
                        continue;
                if (option == '?')
                        return ctl_fail(ctl, CTL_USAGE, "see: renewctl --help");
                if (option == OPTION_JSON)
                        ctl->json = true;
                else if (option == OPTION_HELP)
                        seen->help = true;
                else if (option == OPTION_VERSION)
                        seen->version = true;
                else
                        take_verb_option(ctl, option, seen);
        }
        return 0;
}

static const char *option_name(char letter) {
        for (const struct option *o = long_options; o->name; o++)
                if (o->val == letter)
                        return o->name;
        return "?";
}

static int check_verb(Ctl *ctl, const Verb *verb, int count, const Seen *seen) {
        for (size_t i = 0; i < seen->count; i++)
                if (!strchr(verb->options, seen->letters[i]))
                        return ctl_fail(ctl, CTL_USAGE,
                                        "%s does not take --%s; see: renewctl %s --help",
                                        verb->name, option_name(seen->letters[i]), verb->name);
        if (count < verb->min || (verb->max >= 0 && count > verb->max))
                return ctl_fail(ctl, CTL_USAGE, "write: renewctl %s %s", verb->name, verb->usage);
        return 0;
}

static int run_verb(Ctl *ctl, int argc, char *argv[], const Seen *seen) {
        _cleanup_(string_list_done) StringList typed = {};
        const char *name = argc > 0 ? argv[0] : NULL;
        const Verb *verb = seen->version ? find_verb("version") : name ? find_verb(name) : NULL;
        int r;

        if (seen->help) {
                print_help(verb);
                return CTL_FINE;
        }
        if (!verb) {
                _cleanup_free_ char *shown = name ? str_escape(name, 40) : NULL;

                if (!name)
                        return ctl_fail(ctl, CTL_USAGE, "which command? see: renewctl --help");
                return ctl_fail(ctl, CTL_USAGE, "there is no command '%s'; see: renewctl --help",
                                shown ? shown : "");
        }
        if (seen->version)
                return verb->run(ctl, NULL, 0);
        r = check_verb(ctl, verb, argc - 1, seen);
        if (r == 0 && verb->run != verb_add && verb->run != verb_inspect &&
            ctl_names_typed(argv + 1, argc - 1, &typed) < 0)
                r = ctl_no_memory(ctl);
        if (r != 0)
                return r;
        return verb->run(ctl, typed.count > 0 ? typed.items : argv + 1, argc - 1);
}

static int print_answer(Ctl *ctl, int status) {
        _cleanup_free_ char *text = NULL;

        if (!ctl->json || !ctl->answer)
                return status;
        if (json_set_int64(ctl->answer, "schema_version", SCHEMA_VERSION) < 0 ||
            json_to_string_pretty(ctl->answer, &text) < 0)
                return ctl_no_memory(ctl);
        (void) puts(text);
        return status;
}

int main(int argc, char *argv[]) {
        Ctl ctl = { .paths = paths_default(), .answer = json_object_new() };
        Seen seen = {};
        int status;

        log_set_program("renewctl");
        (void) signal(SIGPIPE, SIG_IGN); /* a connection that ends is an error that is said */
        status = take_options(&ctl, argc, argv, &seen);
        if (status == 0)
                status = run_verb(&ctl, argc - optind, argv + optind, &seen);
        status = print_answer(&ctl, status);
        if (fflush(stdout) != 0 && status == CTL_FINE)
                status = CTL_PROBLEM;
        string_list_done(&ctl.services);
        string_list_done(&ctl.names);
        (void) json_free(ctl.answer);
        return status;
}
