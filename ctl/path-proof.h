#pragma once

/* Whether what has port 80 on this machine hands the challenges of a name over to renewd. */

#include "ctl/ctl.h"

typedef struct PathPage {
        long status; /* 0: it was no HTTP */
        Bytes body;  /* the beginning of it */
} PathPage;
void path_page_done(PathPage *p);

/* GET `path` for host `name` at port 80 of this machine. -ECONNREFUSED … when nothing answers. */
int path_fetch(const char *name, const char *path, PathPage *ret);

/* A token that renewd shows comes back for each of the names. 0; 1 with words in *ret_why: it does not; 2 with words: it
 * could not be tried, as renewd does not answer. -ENOMEM. */
int path_prove(Ctl *ctl, const StringList *names, char **ret_why);
