/* Which parts, in which order. Servers take the leaf first; a combined file begins with the key, as
 * the products that want one expect it (S3.2). */

#include "hooks/bundle.h"

void bundle_done(Bundle *b) {
        bytes_done(&b->key);
        bytes_done(&b->cert);
        bytes_done(&b->chain);
        bytes_done(&b->fullchain);
}

/* A missing line end would glue two PEM blocks into one unreadable line. */
static int append_block(Bytes *ret, const Bytes *part) {
        int r;

        if (part->size == 0)
                return 0;
        r = bytes_append(ret, part->data, part->size);
        if (r < 0 || part->data[part->size - 1] == '\n')
                return r;
        return bytes_append(ret, "\n", 1);
}

int bundle_content(const Bundle *b, FileContent content, Bytes *ret) {
        int r;

        switch (content) {
        case FILE_KEY:
                if (b->key.size == 0)
                        return -ENOKEY;
                return append_block(ret, &b->key);
        case FILE_CERT:
                return append_block(ret, &b->cert);
        case FILE_CHAIN:
                return append_block(ret, &b->chain);
        case FILE_FULLCHAIN:
                return append_block(ret, &b->fullchain);
        case FILE_COMBINED:
                r = b->key.size > 0 ? append_block(ret, &b->key) : -ENOKEY;
                return r < 0 ? r : append_block(ret, &b->fullchain);
        case FILE_CONTENT_MAX:
        case FILE_CONTENT_INVALID:
        default:
                return -EINVAL;
        }
}

bool file_content_has_key(FileContent c) {
        return c == FILE_KEY || c == FILE_COMBINED;
}

bool file_content_has_leaf(FileContent c) {
        return c == FILE_CERT || c == FILE_FULLCHAIN || c == FILE_COMBINED;
}
