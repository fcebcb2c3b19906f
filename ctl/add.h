#pragma once

/* The parts of `renewctl add`. */

#include "ctl/ctl.h"

/* The account: makes sure that the terms of `ca` are agreed to, and writes
 * renewd.conf.d/50-account.conf if that or an e-mail address was missing. 0, or an exit status. */
int add_account(Ctl *ctl, const Config *config, const char *ca);

/* Writes CONFIG/`directory`/`file`; the same content is success, another one is refused unless
 * `replace`. *ret_written: it was not there before. 0, or an exit status. */
int add_file(Ctl *ctl,
             const char *directory,
             const char *file,
             const Bytes *content,
             bool replace,
             bool *ret_written);
int add_file_remove(Ctl *ctl, const char *directory, const char *file);

/* "--service auto": what is found on this machine is proposed, and asked for or taken with --yes. 0, or an exit status. */
int add_find_services(Ctl *ctl);

/* What the services' profiles want of the certificate, unless the person says otherwise. NULL: nothing. */
typedef struct AddWishes {
        char *key_types;
        char *profile;
        bool reuse_key;
} AddWishes;
void add_wishes_done(AddWishes *w);
int add_wishes(Ctl *ctl, AddWishes *ret); /* 0, or an exit status */

/* Makes sure that there is a way for http-01 or tls-alpn-01, whichever `certificate` wants, and that renewd runs: enables
 * the socket units, or says what to write into whose configuration. *ret_handed_over: a person has
 * something to do first. 0, or an exit status. */
int add_start(Ctl *ctl,
              const Config *config,
              const CertificateConfig *certificate,
              bool *ret_handed_over);
