#include "hooks/staging.h"

#include "base/log.h"
#include "hooks/store.h"

void staging_done(Staging *s) {
        for (size_t i = 0; i < s->count; i++)
                staged_file_discard(s->places->items[i].dir_fd, &s->files[i]);
        free(s->files);
        *s = (Staging){};
}

int staging_write(const PlaceList *places, const Bytes *contents, Staging *ret, char **ret_error) {
        _cleanup_(staging_done) Staging s = { .places = places };

        s.files = calloc(places->count ? places->count : 1, sizeof *s.files);
        if (!s.files)
                return -ENOMEM;
        for (; s.count < places->count; s.count++) {
                const Place *p = &places->items[s.count];
                const Bytes *content = &contents[s.count];
                int r;

                store_remove_temporaries_of(p->dir_fd, p->name);
                r =
                                file_stage_at(p->dir_fd, p->name, bytes_text(content),
                                              content->size, p->rights, &s.files[s.count]);
                if (r < 0) {
                        (void) str_printf(
                                        ret_error, "%s cannot be written: %s%s", p->path,
                                        errno_text(r),
                                        r == -EROFS ? "; the file system is read-only; for /usr see 'systemd-sysext status'"
                                                    : "");
                        return r;
                }
        }
        *ret = s;
        s = (Staging){};
        return 0;
}

int staging_commit(Staging *s, char **ret_error) {
        int r = 0;

        for (size_t i = 0; i < s->count && r >= 0; i++) {
                const Place *p = &s->places->items[i];

                r = file_commit_at(p->dir_fd, &s->files[i]);
                if (r < 0)
                        (void) str_printf(
                                        ret_error, "%s cannot be replaced: %s", p->path,
                                        errno_text(r));
        }
        /* Also after a failed rename: what was renamed must be known to be there. */
        for (size_t i = 0; i < s->count; i++) {
                int sync = dir_sync(s->places->items[i].dir_fd);

                if (r >= 0 && sync < 0) {
                        (void) str_printf(
                                        ret_error, "%s cannot be synced: %s",
                                        s->places->items[i].path, errno_text(sync));
                        r = sync;
                }
        }
        return r;
}

Bytes *contents_free(Bytes *contents, size_t count) {
        for (size_t i = 0; contents && i < count; i++)
                bytes_done(&contents[i]);
        free(contents);
        return NULL;
}

int contents_of_bundle(const PlaceList *places, const Bundle *bundle, Bytes **ret) {
        Bytes *contents = calloc(places->count ? places->count : 1, sizeof *contents);
        int r = contents ? 0 : -ENOMEM;

        for (size_t i = 0; r >= 0 && i < places->count; i++) {
                contents[i].secret = file_content_has_key(places->items[i].content);
                r = bundle_content(bundle, places->items[i].content, &contents[i]);
        }
        if (r < 0) {
                contents_free(contents, places->count);
                return r;
        }
        *ret = contents;
        return 0;
}
