#pragma once

/* The transaction of one certificate at one target. Each function names what shall be true and may be
 * called again at any time, also after a crash in the middle of the last call. */

#include "config/config.h"
#include "hooks/row.h"

typedef struct DeployJob {
        const Paths *paths;
        const CertificateConfig *certificate;
        const TargetConfig *target;
        const Config *config; /* whose CAs have roots; NULL: the system's alone */
} DeployJob;

/* This leaf is at this target. What failed is in the row; negative only when there is no row to speak
 * of: -ESTALE: this leaf is not live; -EKEYREJECTED: the live pair does not match; -EWOULDBLOCK: another
 * call works on this target; other: storage. *ret_error then has words, malloc'ed. */
int deploy_run(const DeployJob *job, const char *leaf, Row *ret, char **ret_error);

/* This leaf was seen served: VERIFIED, unless the files are no longer in place or the hook has not
 * done its work; then the row stays OPEN. -ESTALE: the row is not of this leaf. */
int deploy_verified(const DeployJob *job, const char *leaf, Row *ret, char **ret_error);

/* The files of this leaf, which is verified here, are at their places; nobody is told. What must wait for a deploy the row shows.
 * -ESTALE: it is not verified here. */
int deploy_mended(const DeployJob *job, const char *leaf, Row *ret, char **ret_error);

/* What stood there before renewd stands there again, what was set up besides is taken back, and the row is gone. A line for each
 * thing done or left in *messages. -EREMOTEIO: a program or unit refused; the rest as above. */
int deploy_restored(const DeployJob *job, StringList *messages, char **ret_error);

/* How it stands; changes nothing. */
int deploy_inspect(const DeployJob *job, Row *ret, char **ret_error);
