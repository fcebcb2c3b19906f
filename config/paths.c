/* Where everything lies: the build's directories, moved by four options that all programs share. */

#include "config/paths.h"

#include <limits.h>
#include <string.h>

#include "base/strings.h"

Paths paths_default(void) {
        return (Paths){
                .config = RENEWD_CONFIG_DIR,
                .state = RENEWD_STATE_DIR,
                .runtime = RENEWD_RUNTIME_DIR,
                .data = RENEWD_DATA_DIR,
        };
}

int paths_take_option(Paths *p, int option, const char *argument) {
        const char **field;

        switch (option) {
        case PATHS_OPTION_CONFIG:
                field = &p->config;
                break;
        case PATHS_OPTION_STATE:
                field = &p->state;
                break;
        case PATHS_OPTION_RUNTIME:
                field = &p->runtime;
                break;
        case PATHS_OPTION_DATA:
                field = &p->data;
                break;
        default:
                return 0;
        }
        if (!argument || argument[0] != '/' || strlen(argument) >= PATH_MAX)
                return -EINVAL;
        *field = argument;
        return 1;
}

int paths_stage(const Paths *p, const char *certificate, const char *target, char **ret) {
        return str_printf(ret, "%s/installer/stage/%s/%s", p->state, certificate, target);
}

int path_join(const char *directory, const char *name, char **ret) {
        return str_printf(ret, "%s%s%s", directory, str_ends_with(directory, "/") ? "" : "/", name);
}
