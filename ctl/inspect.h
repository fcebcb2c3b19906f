#pragma once

/* The insides of the verb inspect:
 *
 *   inspect.c         looks, and judges
 *   inspect-source.c  where the certificate comes from: a file, a host, renewd's own
 *   inspect-pins.c    what was pinned before
 *   inspect-print.c   tells */

#include "acme/inspect.h"
#include "base/probe-protocol.h"
#include "ctl/ctl.h"

typedef struct InspectSource {
        char *label; /* "smtp mail.example.org:25", "/etc/x.pem": also what a pin is kept under */
        char *name;  /* that it must be for; NULL */
        char *note;  /* worth knowing of the connection; NULL */
        Bytes data;
        bool served;
} InspectSource;

void inspect_source_done(InspectSource *s);

/* 0, or an exit status after having said why. */
int inspect_source_read(Ctl *ctl, const char *argument, InspectSource *ret);

/* What is known of the pin of `source`, and with level basic or recommended what becomes known. 0, or an exit status. */
int inspect_pin(Ctl *ctl,
                InspectLevel level,
                const InspectSource *source,
                const Inspection *i,
                InspectPin *ret);

int inspect_print(const InspectSource *source, const Inspection *i, int64_t now);
int inspect_json(Ctl *ctl, const InspectSource *source, const Inspection *i, int64_t now);
