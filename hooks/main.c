/* renewd-installer: one process for each connection, started by systemd (Accept=yes) or by renewd. It has
 * root's rights and no network; its defence is how little it can be asked. */

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "base/log.h"
#include "config/paths.h"
#include "hooks/recover.h"
#include "hooks/service.h"
#include "hooks/stand-in.h"
#include "hooks/stopped.h"
#include "systemd/journal.h"
#include "systemd/serve.h"

static Paths arg_paths;
static bool arg_recover, arg_stopped;

static void help(void) {
        printf("renewd-installer [OPTION...]\n"
               "\n"
               "Installs certificates for renewd. Started by its socket with one connection.\n"
               "\n"
               "      --recover      End what a crash left half done and put files that\n"
               "                     services wait for, then exit (at boot)\n"
               "      --stopped      Close the engine's sockets if it does not come back, then exit\n"
               "      --config DIR   Configuration (%s)\n"
               "      --state DIR    State (%s)\n"
               "      --runtime DIR  Sockets (%s)\n"
               "      --data DIR     Shipped profiles (%s)\n"
               "      --debug        Log more\n"
               "  -h, --help         Show this\n"
               "      --version      Show the version\n",
               arg_paths.config, arg_paths.state, arg_paths.runtime, arg_paths.data);
}

/* 1: go on; 0: done; negative: wrong. */
static int parse_arguments(int argc, char *argv[]) {
        enum { ARG_RECOVER = 0x200, ARG_STOPPED, ARG_DEBUG, ARG_VERSION };
        static const struct option options[] = {
                PATHS_OPTIONS,
                { "recover", no_argument, NULL, ARG_RECOVER },
                { "stopped", no_argument, NULL, ARG_STOPPED },
                { "debug", no_argument, NULL, ARG_DEBUG },
                { "help", no_argument, NULL, 'h' },
                { "version", no_argument, NULL, ARG_VERSION },
                {},
        };
        int option, r;

        while ((option = getopt_long(argc, argv, "h", options, NULL)) >= 0)
                switch (option) {
                case ARG_RECOVER:
                        arg_recover = true;
                        break;
                case ARG_STOPPED:
                        arg_stopped = true;
                        break;
                case ARG_DEBUG:
                        log_set_max_level(LOG_DEBUG);
                        break;
                case 'h':
                        help();
                        return 0;
                case ARG_VERSION:
                        puts("renewd-installer " RENEWD_VERSION);
                        return 0;
                case '?':
                        return -EINVAL; /* getopt has said what */
                default:
                        r = paths_take_option(&arg_paths, option, optarg);
                        if (r <= 0) {
                                log_error("'%s' is not an absolute path", optarg ? optarg : "");
                                return -EINVAL;
                        }
                }
        if (optind == argc)
                return 1;
        log_error("'%s' is not an option", argv[optind]);
        return -EINVAL;
}

static int serve(void) {
        InstallerService service = { .paths = &arg_paths };

        return serve_inherited(&installer_service, &service);
}

int main(int argc, char *argv[]) {
        int r;

        arg_paths = paths_default();
        log_set_program("renewd-installer");
        (void) journal_attach();
        r = parse_arguments(argc, argv);
        if (r <= 0)
                return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;

        (void) umask(077);
        (void) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* no key in a core file; cannot fail */
        (void) signal(SIGPIPE, SIG_IGN);
        if (arg_stopped) {
                r = engine_stopped();
                if (r < 0)
                        log_warning("the engine's sockets stay as they are: %s", errno_text(r));
                return EXIT_SUCCESS;
        }
        if (!arg_recover)
                return serve() < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
        r = recover_all(&arg_paths);
        if (r < 0)
                log_error("recovery: the state cannot be read: %s", errno_text(r));
        if (stand_in_place_all(&arg_paths) < 0)
                log_error("stand-ins: the configuration cannot be read");
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
