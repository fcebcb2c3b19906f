#include "hooks/contents.h"

#include "base/log.h"

Bytes *contents_free(Bytes *contents, size_t count) {
        for (size_t i = 0; contents && i < count; i++)
                bytes_done(&contents[i]);
        free(contents);
        return NULL;
}

static int explain(const Place *p, int error, char **ret_error) {
        if (error == -ENODATA)
                (void) str_printf(
                                ret_error,
                                "%s: the root of this chain is neither in the system's trust store nor in "
                                "Bundle= of the CA: put it there, or leave 'root' out",
                                p->path);
        else if (error == -EOPNOTSUPP)
                (void) str_printf(
                                ret_error,
                                "%s: this kind of key has no traditional form: leave key=traditional out, or set "
                                "another KeyType=",
                                p->path);
        else if (error == -ENOKEY)
                (void) str_printf(ret_error, "%s: there is no key here", p->path);
        else
                (void) str_printf(ret_error, "%s cannot be made: %s", p->path, errno_text(error));
        return error;
}

static int content_of(const Place *p, const Bundle *bundle, Bytes *ret, char **ret_error) {
        int r;

        ret->secret = file_content_holds_key(p->content);
        r = bundle_form(bundle, p->content, &p->form, bytes_text(&p->password), ret);
        return r < 0 ? explain(p, r, ret_error) : 0;
}

int contents_of_bundle(
                const PlaceList *places, const Bundle *bundle, Bytes **ret, char **ret_error) {
        Bytes *contents = calloc(places->count ? places->count : 1, sizeof *contents);
        int r = contents ? 0 : -ENOMEM;

        for (size_t i = 0; r >= 0 && i < places->count; i++)
                r = content_of(&places->items[i], bundle, &contents[i], ret_error);
        if (r < 0) {
                contents_free(contents, places->count);
                return r;
        }
        *ret = contents;
        return 0;
}

bool contents_want_root(const PlaceList *places) {
        for (size_t i = 0; i < places->count; i++)
                if (file_content_holds(places->items[i].content, FILE_ROOT))
                        return true;
        return false;
}
