/* One table for getopt and one text for people. */

#include "daemon/options.h"

#include <getopt.h>
#include <stdio.h>

static const char help[] =
                "renewd [OPTION…]\n\n"
                "Obtains, renews, installs and watches certificates.\n\n"
                "      --engine         only the engine; the helpers are reached at their sockets\n"
                "      --once           do what is due and end: 0 all is well, 1 something is left open\n"
                "      --dump-config    print the configuration that holds, and end\n"
                "      --config DIR     configuration (default " RENEWD_CONFIG_DIR ")\n"
                "      --state DIR      keys, certificates and records (default " RENEWD_STATE_DIR
                ")\n"
                "      --runtime DIR    sockets (default " RENEWD_RUNTIME_DIR ")\n"
                "      --data DIR       shipped CAs and profiles (default " RENEWD_DATA_DIR ")\n"
                "      --helpers DIR    helper programs (default " RENEWD_LIBEXEC_DIR ")\n"
                "      --debug          say more\n"
                "      --help, --version\n";

enum {
        OPTION_ENGINE = 1,
        OPTION_ONCE,
        OPTION_DUMP_CONFIG,
        OPTION_HELPERS,
        OPTION_SEPARATION,
        OPTION_DEBUG,
        OPTION_HELP,
        OPTION_VERSION,
};

static const struct option options[] = {
        { "engine", no_argument, NULL, OPTION_ENGINE },
        { "once", no_argument, NULL, OPTION_ONCE },
        { "dump-config", no_argument, NULL, OPTION_DUMP_CONFIG },
        { "helpers", required_argument, NULL, OPTION_HELPERS },
        { "separation", required_argument, NULL, OPTION_SEPARATION },
        { "debug", no_argument, NULL, OPTION_DEBUG },
        { "help", no_argument, NULL, OPTION_HELP },
        { "version", no_argument, NULL, OPTION_VERSION },
        PATHS_OPTIONS,
        {},
};

static int show_help(void) {
        (void) fputs(help, stdout); /* a closed output is the caller's choice */
        return 0;
}

static int show_version(void) {
        (void) puts("renewd " RENEWD_VERSION);
        return 0;
}

static int take_path(Options *o, int option) {
        int r = paths_take_option(&o->paths, option, optarg);

        if (r < 0)
                (void) fprintf(stderr, "renewd: '%s' is no absolute path\n", optarg);
        return r > 0 ? 1 : -EINVAL; /* 0: unknown option, which getopt told */
}

static int take_option(Options *o, int option) {
        switch (option) {
        case OPTION_ENGINE:
                o->engine = true;
                return 1;
        case OPTION_ONCE:
                o->once = true;
                return 1;
        case OPTION_DUMP_CONFIG:
                o->dump_config = true;
                return 1;
        case OPTION_HELPERS:
                o->helpers = optarg;
                return 1;
        case OPTION_SEPARATION:
                o->separation = optarg;
                return 1;
        case OPTION_DEBUG:
                o->debug = true;
                return 1;
        case OPTION_HELP:
                return show_help();
        case OPTION_VERSION:
                return show_version();
        default:
                return take_path(o, option);
        }
}

int options_parse(int argc, char *argv[], Options *ret) {
        Options o = { .paths = paths_default(), .helpers = RENEWD_LIBEXEC_DIR };
        int option, r;

        while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
                r = take_option(&o, option);
                if (r <= 0)
                        return r;
        }
        if (optind < argc) {
                (void) fprintf(stderr, "renewd: '%s': nothing is taken but options\n",
                               argv[optind]);
                return -EINVAL;
        }
        *ret = o;
        return 1;
}
