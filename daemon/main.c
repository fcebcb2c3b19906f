/* renewd: with --engine the engine, else the small parent that stands in for systemd. */

#include <stdio.h>

#include "base/log.h"
#include "config/config.h"
#include "daemon/parent.h"
#include "daemon/run.h"
#include "systemd/journal.h"

static int dump_config(const Options *options) {
        _cleanup_(config_freep) Config *config = NULL;
        _cleanup_(bytes_done) Bytes text = {};
        int r;

        r = config_load(&options->paths, NULL, &config);
        if (r >= 0)
                r = config_dump(config, &text);
        if (r < 0) {
                log_error("%s: cannot be read: %s", options->paths.config, errno_text(r));
                return EXIT_CONFIG;
        }
        for (size_t i = 0; i < config->message_count; i++)
                log_message(config->messages[i].error ? LOG_ERR : LOG_WARNING, NULL, "%s",
                            config->messages[i].text);
        if (fputs(bytes_text(&text), stdout) < 0 || fflush(stdout) < 0)
                return EXIT_FAILURE;
        return config->broken ? EXIT_CONFIG : EXIT_SUCCESS;
}

int main(int argc, char *argv[]) {
        Options options;
        int r;

        log_set_program("renewd");
        (void) journal_attach(); /* without the journal lines go to standard error */
        r = options_parse(argc, argv, &options);
        if (r <= 0)
                return r < 0 ? 2 : EXIT_SUCCESS;
        if (options.debug)
                log_set_max_level(LOG_DEBUG);
        if (options.dump_config)
                return dump_config(&options);
        return options.engine ? engine_run(&options) : parent_run(&options);
}
