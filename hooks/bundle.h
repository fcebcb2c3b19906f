#pragma once

/* A live version in memory, and the files that services want made of it. */

#include "base/bytes.h"
#include "config/config.h"

typedef struct Bundle {
        Bytes key; /* secret; empty: it is elsewhere */
        Bytes cert;
        Bytes chain; /* empty without intermediates */
        Bytes fullchain;
} Bundle;

void bundle_done(Bundle *b);

/* The content of one file, appended: PEM blocks, each line ended. A `ret` that takes the key must be
 * secret. -ENOKEY: there is none. */
int bundle_content(const Bundle *b, FileContent content, Bytes *ret);

bool file_content_has_key(FileContent c);
bool file_content_has_leaf(FileContent c);
