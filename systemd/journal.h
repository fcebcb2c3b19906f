#pragma once

/* The log sink that writes to the journal's own socket, so that the fields of a message survive. */

/* Installs the sink if standard error is the journal (JOURNAL_STREAM names its device and inode).
 * 1: installed; 0: left alone. */
int journal_attach(void);
