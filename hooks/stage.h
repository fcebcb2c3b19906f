#pragma once

/* STATE/installer/stage/NAME/TARGET, root's alone: the files that the commands of one deploy read, %s of [Deploy]. It is
 * made for the deploy and removed after it, whatever came of it. */

#include "hooks/deploy-internal.h"

/* Makes it afresh, when the target has something there. Returns its descriptor; the one who makes it removes it. */
int stage_open(const Deployment *d);

/* Writes the target's staged files, if it has some. As every step: 0, DEPLOY_STOPPED or a negative errno. */
int stage_write(Deployment *d);

/* None is fine. What cannot be removed is logged. */
void stage_remove(const Paths *paths, const char *certificate, const char *target);

/* Of all targets, but those that a deploy has just now. */
void stage_remove_all(const Paths *paths, const char *certificate);
