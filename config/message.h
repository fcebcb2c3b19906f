#pragma once

/* Messages of a configuration, and whose they are. Inside this room only. */

#include "config/config.h"

/* Where messages of a piece of configuration go, and whom its errors break. */
typedef struct Report {
        Config *config;          /* takes the messages */
        const char *certificate; /* NULL: not of one */
        bool *broken;            /* set by an error; may be NULL */
} Report;

int report_error(const Report *r, const char *format, ...) _printf_(2, 3);
int report_warning(const Report *r, const char *format, ...) _printf_(2, 3);
