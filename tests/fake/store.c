#include "tests/fake/store.h"

#include <string.h>

#include "base/strings.h"

#define KIND_CHAIN 100 /* apart from every StoreKind */

typedef struct Item {
        int kind;
        char *name, *text;
} Item;

struct Store {
        Loop *loop;
        Item *items;
        size_t count;
        bool fail;
        uint32_t crash_chance;
        unsigned saves;
};

Store *fake_store_new(Loop *loop) {
        Store *s = calloc(1, sizeof *s);

        if (s)
                s->loop = loop;
        return s;
}

Store *fake_store_free(Store *s) {
        if (!s)
                return NULL;
        for (size_t i = 0; i < s->count; i++) {
                free(s->items[i].name);
                free(s->items[i].text);
        }
        free(s->items);
        free(s);
        return NULL;
}

void fake_store_fail(Store *s, bool fail) {
        s->fail = fail;
}

void fake_store_crash_chance(Store *s, uint32_t per_million) {
        s->crash_chance = per_million;
}

unsigned fake_store_saves(const Store *s) {
        return s->saves;
}

static Item *find(const Store *s, int kind, const char *name) {
        for (size_t i = 0; i < s->count; i++)
                if (s->items[i].kind == kind && strcmp(s->items[i].name, name) == 0)
                        return &s->items[i];
        return NULL;
}

static int put(Store *s, int kind, const char *name, const char *text) {
        Item *item = find(s, kind, name), *items;

        if (item)
                return str_replace(&item->text, text);
        items = reallocarray(s->items, s->count + 1, sizeof *items);
        if (!items)
                return -ENOMEM;
        s->items = items;
        items[s->count] = (Item){ .kind = kind, .name = strdup(name) };
        if (!items[s->count].name)
                return -ENOMEM;
        return str_replace(&items[s->count++].text, text);
}

static const char *get(const Store *s, int kind, const char *name) {
        const Item *item = find(s, kind, name);

        return item ? item->text : NULL;
}

static int save(Store *s, int kind, const char *name, const char *text) {
        bool crash = s->crash_chance > 0 && fake_chance(s->loop, s->crash_chance);
        bool before = crash && fake_random(s->loop) % 2;
        int r;

        if (fake_loop_effect(s->loop) == EFFECT_COMES_TOO_LATE)
                return -EIO;
        if (crash)
                fake_loop_crash(s->loop);
        if (before)
                return -EIO;
        if (s->fail)
                return -ENOSPC;
        s->saves++;
        r = put(s, kind, name, text);
        return crash ? -EIO : r;
}

int store_load(Store *s, StoreKind kind, const char *name, Json **ret) {
        const char *text = get(s, (int) kind, name);
        int r;

        if (!text)
                return -ENOENT;
        r = json_parse(text, strlen(text), ret);
        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                *ret = NULL;
                (void) put(s, (int) kind, name, NULL); /* set aside */
                return -EBADMSG;
        }
        return 0;
}

int store_save(Store *s, StoreKind kind, const char *name, const Json *object) {
        _cleanup_free_ char *text = NULL;
        int r;

        r = json_to_string(object, &text);
        return r < 0 ? r : save(s, (int) kind, name, text);
}

int store_load_chain(Store *s, const char *name, Bytes *ret) {
        const char *text = get(s, KIND_CHAIN, name);

        return text ? bytes_append_string(ret, text) : -ENOENT;
}

int store_save_chain(Store *s, const char *name, const void *pem, size_t size) {
        _cleanup_free_ char *text = strndup(pem, size);

        return text ? save(s, KIND_CHAIN, name, text) : -ENOMEM;
}

void fake_store_put(Store *s, StoreKind kind, const char *name, const char *text) {
        (void) put(s, (int) kind, name, text);
}

const char *fake_store_get(const Store *s, StoreKind kind, const char *name) {
        return get(s, (int) kind, name);
}

void fake_store_put_chain(Store *s, const char *name, const char *pem) {
        (void) put(s, KIND_CHAIN, name, pem);
}

const char *fake_store_chain(const Store *s, const char *name) {
        return get(s, KIND_CHAIN, name);
}
