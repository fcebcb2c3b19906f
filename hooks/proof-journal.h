#pragma once

/* What programs show for a certificate, or may show: STATE/installer/challenges/NAME/shown.json. An entry is there
 * before its program runs and until its clean-up has succeeded, so that a crash leaves nothing behind (J-13). */

#include "hooks/proof.h"

typedef struct ProofJournal {
        int dir_fd;  /* owns */
        int lock_fd; /* owns */
        ProofList list;
} ProofJournal;

/* -EWOULDBLOCK: another call is at work. What is unreadable is set aside, with a word in the log. */
int proof_journal_open(const Paths *paths, const char *certificate, ProofJournal *ret);
int proof_journal_save(const ProofJournal *j);
void proof_journal_close(ProofJournal *j);
