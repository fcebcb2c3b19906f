/* renewd-signer: one process for each connection, started by systemd (Accept=yes) or by renewd. It
 * has the keys and no network, and it runs nothing. */

#include <getopt.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/log.h"
#include "config/paths.h"
#include "signer/service.h"
#include "systemd/journal.h"
#include "systemd/serve.h"

#define SECURE_HEAP_SIZE ((size_t) 256 * 1024) /* several RSA-4096 keys */
#define SECURE_HEAP_MIN  ((size_t) 32)

static Paths arg_paths;
static bool arg_stand_ins;

static void help(void) {
        printf("renewd-signer [OPTION...]\n"
               "\n"
               "Holds the keys for renewd. Started by its socket with one connection.\n"
               "\n"
               "      --stand-ins    Make the stand-ins that are missing, then exit (at boot)\n"
               "      --config DIR   Configuration (%s)\n"
               "      --state DIR    State (%s)\n"
               "      --runtime DIR  Sockets (%s)\n"
               "      --data DIR     Shipped CAs (%s)\n"
               "      --debug        Log more\n"
               "  -h, --help         Show this\n"
               "      --version      Show the version\n",
               arg_paths.config, arg_paths.state, arg_paths.runtime, arg_paths.data);
}

/* 1: go on; 0: done; negative: wrong. */
static int parse_arguments(int argc, char *argv[]) {
        enum { ARG_DEBUG = 0x200, ARG_STAND_INS, ARG_VERSION };
        static const struct option options[] = {
                PATHS_OPTIONS,
                { "debug", no_argument, NULL, ARG_DEBUG },
                { "stand-ins", no_argument, NULL, ARG_STAND_INS },
                { "help", no_argument, NULL, 'h' },
                { "version", no_argument, NULL, ARG_VERSION },
                {},
        };
        int option;

        while ((option = getopt_long(argc, argv, "h", options, NULL)) >= 0)
                switch (option) {
                case ARG_DEBUG:
                        log_set_max_level(LOG_DEBUG);
                        break;
                case ARG_STAND_INS:
                        arg_stand_ins = true;
                        break;
                case 'h':
                        help();
                        return 0;
                case ARG_VERSION:
                        puts("renewd-signer " RENEWD_VERSION);
                        return 0;
                case '?':
                        return -EINVAL; /* getopt has said what */
                default:
                        if (paths_take_option(&arg_paths, option, optarg) <= 0) {
                                log_error("'%s' is not an absolute path", optarg ? optarg : "");
                                return -EINVAL;
                        }
                }
        if (optind == argc)
                return 1;
        log_error("'%s' is not an option", argv[optind]);
        return -EINVAL;
}

/* No core file, no ptrace and no /proc/PID/mem for others of our user, no key in the swap, no file
 * that others can read (R2.14.1, R2.14.2). The unit does the same once more; here it holds without
 * systemd. */
static void protect(void) {
        const struct rlimit none = {};

        (void) umask(077);
        (void) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* cannot fail */
        (void) setrlimit(RLIMIT_CORE, &none);      /* the unit's filter may forbid it; it did it */
        /* OpenSSL keeps private numbers in this heap and cleanses them; whether it could be locked
         * in memory is the administrator's limit. */
        if (CRYPTO_secure_malloc_init(SECURE_HEAP_SIZE, SECURE_HEAP_MIN) != 1)
                log_debug("keys are not locked in memory");
        (void) signal(SIGPIPE, SIG_IGN);
}

static int serve(void) {
        SignerService service = { .paths = &arg_paths };
        ListenSocket *files = NULL;
        int fd, r;

        service.credentials = getenv("CREDENTIALS_DIRECTORY");
        fd = listen_connection(&files, &service.file_count);
        service.files = files;
        r = serve_connection(fd, &signer_service, &service);
        (void) listen_sockets_free(files, service.file_count);
        return r;
}

int main(int argc, char *argv[]) {
        int r;

        arg_paths = paths_default();
        log_set_program("renewd-signer");
        (void) journal_attach();
        r = parse_arguments(argc, argv);
        if (r <= 0)
                return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
        protect();
        if (arg_stand_ins) {
                r = stand_ins_make(&arg_paths);
                if (r < 0)
                        log_error("the configuration cannot be read: %s", errno_text(r));
                return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
        }
        return serve() < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
