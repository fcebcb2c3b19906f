/* Which parts, in which order. Servers take the leaf first; a combined file begins with the key, as
 * the products that want one expect it (S3.2); others want another order (S6.1). */

#include "hooks/bundle.h"

#include <string.h>

#include "acme/certinfo.h"
#include "hooks/keystore.h"

void bundle_done(Bundle *b) {
        bytes_done(&b->key);
        bytes_done(&b->cert);
        bytes_done(&b->chain);
        bytes_done(&b->fullchain);
        bytes_done(&b->root);
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

static const Bytes *part_of(const Bundle *b, FileContent part) {
        switch (part) {
        case FILE_KEY:
                return &b->key;
        case FILE_CERT:
                return &b->cert;
        case FILE_CHAIN:
                return &b->chain;
        case FILE_ROOT:
                return &b->root;
        default:
                return NULL;
        }
}

bool bundle_root_is_leaf(const Bundle *b) {
        return b->root.size > 0 && b->root.size == b->cert.size &&
               memcmp(b->root.data, b->cert.data, b->cert.size) == 0;
}

static int append_part(const Bundle *b, FileContent part, const FileForm *form, Bytes *ret) {
        const Bytes *block = part_of(b, part);

        if (!block)
                return -EINVAL;
        if (part == FILE_ROOT && block->size == 0)
                return -ENODATA;
        if (part != FILE_KEY)
                return append_block(ret, block);
        if (block->size == 0)
                return -ENOKEY;
        return form->traditional ? bundle_key(b, form, ret) : append_block(ret, block);
}

static int append_parts(const Bundle *b, FileContent content, const FileForm *form, Bytes *ret) {
        int r = content > 0 ? 0 : -EINVAL;

        for (size_t i = 0; r >= 0 && file_content_part(content, i) > 0; i++) {
                FileContent part = file_content_part(content, i);

                if (part == FILE_ROOT && file_content_holds(content, FILE_CERT) &&
                    bundle_root_is_leaf(b))
                        continue; /* it is there already */
                r = append_part(b, part, form, ret);
        }
        return r;
}

int bundle_content(const Bundle *b, FileContent content, Bytes *ret) {
        static const FileForm pem = {};

        return append_parts(b, content, &pem, ret);
}

static int append_der(const Bundle *b, FileContent content, const FileForm *form, Bytes *ret) {
        const Bytes *block = part_of(b, content);

        if (!block)
                return -EINVAL; /* the configuration has one part for a file */
        if (block->size == 0)
                return content == FILE_KEY ? -ENOKEY : -ENODATA;
        if (content == FILE_KEY)
                return bundle_key(b, form, ret);
        return chain_leaf_der(block->data, block->size, ret);
}

int bundle_form(const Bundle *b,
                FileContent content,
                const FileForm *form,
                const char *password,
                Bytes *ret) {
        switch (form->format) {
        case FILE_FORMAT_PEM:
                return append_parts(b, content, form, ret);
        case FILE_FORMAT_DER:
                return append_der(b, content, form, ret);
        case FILE_FORMAT_PKCS12:
        case FILE_FORMAT_JKS:
                return keystore_write(b, content, form, password, ret);
        case FILE_FORMAT_MAX:
        case FILE_FORMAT_INVALID:
        default:
                return -EINVAL;
        }
}
