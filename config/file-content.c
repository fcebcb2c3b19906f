/* What stands in a file, and how. */

#include <string.h>

#include "config/table.h"

#define PART_BITS 4

static const struct {
        FileContent content;
        const char *name;
} names[] = {
        { FILE_KEY, "key" },   { FILE_CERT, "cert" },           { FILE_CHAIN, "chain" },
        { FILE_ROOT, "root" }, { FILE_FULLCHAIN, "fullchain" }, { FILE_COMBINED, "combined" },
};

static FileContent named(const char *text, size_t size) {
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (strlen(names[i].name) == size && memcmp(names[i].name, text, size) == 0)
                        return names[i].content;
        return FILE_CONTENT_INVALID;
}

FileContent file_content_part(FileContent c, size_t i) {
        size_t count = 0;

        while (count < FILE_PARTS_MAX && c >> (count * PART_BITS))
                count++;
        return c <= 0 || i >= count ? 0 : c >> ((count - 1 - i) * PART_BITS) & 0xf;
}

bool file_content_holds(FileContent c, FileContent part) {
        for (size_t i = 0; i < FILE_PARTS_MAX; i++)
                if (file_content_part(c, i) == part)
                        return true;
        return false;
}

bool file_content_holds_key(FileContent c) {
        return file_content_holds(c, FILE_KEY);
}

FileContent file_content_from_string(const char *text) {
        FileContent content = 0;

        for (const char *p = text;; p++) {
                const char *end = strchrnul(p, ',');
                FileContent more = named(p, (size_t) (end - p));

                for (size_t i = 0; more > 0 && file_content_part(more, i) > 0; i++) {
                        FileContent part = file_content_part(more, i);

                        if (file_content_holds(content, part))
                                return FILE_CONTENT_INVALID;
                        content = content << PART_BITS | part;
                }
                if (more < 0)
                        return FILE_CONTENT_INVALID;
                if (!*end)
                        return content;
                p = end;
        }
}

int file_content_to_string(FileContent c, char **ret) {
        _cleanup_(bytes_done) Bytes text = {};

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (names[i].content == c)
                        return str_replace(ret, names[i].name);
        for (size_t i = 0; file_content_part(c, i) > 0; i++) {
                size_t k = 0;
                int r;

                while (names[k].content != file_content_part(c, i))
                        k++;
                r = bytes_printf(&text, "%s%s", i > 0 ? "," : "", names[k].name);
                if (r < 0)
                        return r;
        }
        return text.size > 0 ? str_replace(ret, bytes_text(&text)) : -EINVAL;
}

static const char *const format_names[FILE_FORMAT_MAX] = {
        [FILE_FORMAT_PEM] = "pem",
        [FILE_FORMAT_DER] = "der",
        [FILE_FORMAT_PKCS12] = "pkcs12",
        [FILE_FORMAT_JKS] = "jks",
};

FileFormat file_format_from_string(const char *text) {
        for (int i = 0; i < FILE_FORMAT_MAX; i++)
                if (str_equal(text, format_names[i]))
                        return (FileFormat) i;
        return FILE_FORMAT_INVALID;
}

const char *file_format_to_string(FileFormat f) {
        return f >= 0 && f < FILE_FORMAT_MAX ? format_names[f] : NULL;
}

bool file_format_is_keystore(FileFormat f) {
        return f == FILE_FORMAT_PKCS12 || f == FILE_FORMAT_JKS;
}

void file_form_done(FileForm *f) {
        free(f->alias);
        free(f->password);
        free(f->password_text);
        *f = (FileForm){};
}

int file_form_copy(const FileForm *f, FileForm *ret) {
        _cleanup_(file_form_done) FileForm copy = { .format = f->format,
                                                    .traditional = f->traditional,
                                                    .legacy = f->legacy };
        int r;

        r = str_replace(&copy.alias, f->alias);
        if (r >= 0)
                r = str_replace(&copy.password, f->password);
        if (r >= 0)
                r = str_replace(&copy.password_text, f->password_text);
        if (r < 0)
                return r;
        *ret = copy;
        copy = (FileForm){};
        return 0;
}

bool file_form_same(const FileForm *a, const FileForm *b) {
        return a->format == b->format && a->traditional == b->traditional &&
               a->legacy == b->legacy && str_equal(a->alias, b->alias) &&
               str_equal(a->password, b->password) && str_equal(a->password_text, b->password_text);
}
