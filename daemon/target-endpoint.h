#pragma once

/* What the places show where a target is looked at: one for each probe and address. */

#include "acme/certinfo.h"
#include "base/json.h"
#include "config/config.h"
#include "daemon/validation.h"
#include "probe/probe.h"

typedef enum TargetServed {
        SERVED_UNKNOWN,
        SERVED_NOT_PROBED, /* no handshake is configured */
        SERVED_YES,
        SERVED_FLAWED,      /* the leaf, but clients will refuse it as it is served */
        SERVED_UNREACHABLE, /* no answer, or no TLS */
        SERVED_OTHER,       /* another leaf */
} TargetServed;             /* the greater, the worse */

const char *served_to_string(TargetServed s);

typedef struct TargetEndpoint {
        char *place; /* "smtp localhost:25 at ::1" */
        TargetServed served;
        bool spared; /* not held against the target */
        char leaf[SHA256_HEX_SIZE];
        int64_t not_after;
        char *message; /* what is wrong; NULL: nothing */
        char *told;    /* what was told in the log and is not over; NULL: nothing */
} TargetEndpoint;

typedef struct TargetEndpoints {
        TargetEndpoint *items;
        size_t count;
} TargetEndpoints;

void target_endpoints_done(TargetEndpoints *e);

/* "smtp mail.example.org:25 at 192.0.2.1", malloc'ed. */
int target_endpoint_place(const ProbeConfig *p, const char *address, char **ret);

/* What must be served. */
typedef struct ServedExpectation {
        const char *leaf;
        const Bytes *chain;    /* as it was issued; may be empty */
        ValidationRules rules; /* with VALIDATION_LEAF this leaf, else whatever satisfies them */
} ServedExpectation;

/* The results of one probe; appended. An address of its host that takes no connection is spared if another one does,
 * and of "localhost" not worth a word. */
int target_endpoints_add(
                TargetEndpoints *e,
                const ProbeConfig *probe,
                const ProbeResult *results,
                size_t count,
                const ServedExpectation *expected);

/* The worst of them; NULL: there is none that counts. Borrowed. */
const TargetEndpoint *target_endpoints_worst(const TargetEndpoints *e);

/* What was told of places that `former` has as well is known. */
void target_endpoints_inherit(TargetEndpoints *e, TargetEndpoints *former);

/* An array of the shape Endpoint of io.renewd.Manager. */
int target_endpoints_json(const TargetEndpoints *e, Json **ret);
