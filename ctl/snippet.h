#pragma once

/* The file of its own by which the web server on port 80 hands challenges over to renewd ([Challenge] of its profile). */

#include "config/service.h"
#include "ctl/ctl.h"
#include "systemd/unit.h"

/* Does http-01, or tls-alpn-01, come into question for the certificate? */
bool certificate_wants(const CertificateConfig *c, ChallengeType type);

/* Its names that are shown over port 80; appended. */
int snippet_names(const CertificateConfig *c, StringList *ret);

/* The profile of the web server whose process is called `program`, with its texts for this certificate; *ret NULL: there
 * is none. 0, or an exit status. */
int snippet_find(Ctl *ctl, const char *program, const CertificateConfig *c, ServiceProfile **ret);

/* Shows the file and, if the person agrees, puts it there, has the configuration checked and the web server reloaded. What
 * fails is undone, and said. *ret_there: it is there now; *ret_new: since now. 0, or an exit status. */
int snippet_install(
                Ctl *ctl,
                Units *units,
                const ServiceProfile *p,
                const StringList *names,
                bool *ret_there,
                bool *ret_new);

/* Takes it away again; what is not ours stays. 0, or an exit status. */
int snippet_take_back(Ctl *ctl, Units *units, const ServiceProfile *p);

/* What a person does instead. */
void snippet_say_otherwise(Ctl *ctl, const ServiceProfile *p);

/* After the certificate `name` was removed: those that only it needed. 0, or an exit status. */
int snippet_remove_unneeded(Ctl *ctl, const char *name);
