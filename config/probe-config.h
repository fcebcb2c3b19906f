#pragma once

/* Where a service is looked at, and what is asked of what it shows. */

#include "base/probe-protocol.h"

/* Where a service shows its certificate, and what is spoken there before. */
typedef struct ProbeConfig {
        ProbeProtocol protocol;
        char *host; /* name or literal address without brackets */
        uint16_t port;
} ProbeConfig;

bool probe_configs_same(const ProbeConfig *a, size_t a_count, const ProbeConfig *b, size_t b_count);

/* What a probe is satisfied with (Validation=). */
typedef enum Validation {
        VALIDATION_LEAF,        /* the installed leaf, with all that clients need */
        VALIDATION_DISABLED,    /* any */
        VALIDATION_BASIC,       /* one of a trusted CA, or the key that was seen first */
        VALIDATION_RECOMMENDED, /* one of a trusted CA, or the key of Pin= */
        VALIDATION_STRICT,      /* one of a trusted CA for the right name */
        VALIDATION_MAX,
} Validation;
const char *validation_to_string(Validation v); /* NULL: it is the default */
