#include "daemon/account.h"

#include <string.h>

#include "base/strings.h"

#define ACCOUNT_VERSION 1
#define BUCKET_SEC      (5 * SEC_PER_MIN)
#define BUCKETS_MAX     48 /* four hours */

typedef struct Bucket {
        int64_t start; /* Unix seconds */
        int64_t count;
} Bucket;

struct Account {
        Store *store; /* borrowed */
        char *ca;
        Json *raw; /* owns; what was read, so that unknown members stay */
        char *directory, *url, *terms;
        AccountLife life;
        bool lookup;
        int64_t retry_at, hold_until;
        Bucket buckets[BUCKETS_MAX]; /* oldest first */
        size_t bucket_count;
};

/* Members of the record that are texts of the life. */
static const struct {
        const char *key;
        size_t offset;
} life_texts[] = {
        { "contact", offsetof(AccountLife, contact) },
        { "contact_refused", offsetof(AccountLife, contact_refused) },
        { "external_account", offsetof(AccountLife, external_account) },
        { "terms_seen", offsetof(AccountLife, terms_seen) },
        { "status", offsetof(AccountLife, status) },
        { "action_terms", offsetof(AccountLife, action_terms) },
        { "action_url", offsetof(AccountLife, action_url) },
        { "binding_refused", offsetof(AccountLife, binding_refused) },
        { "former_account", offsetof(AccountLife, former_url) },
};

static const struct {
        const char *key;
        size_t offset;
} life_numbers[] = {
        { "status_at", offsetof(AccountLife, status_at) },
        { "action_at", offsetof(AccountLife, action_at) },
        { "binding_failures", offsetof(AccountLife, binding_failures) },
};

static char **life_text(Account *a, size_t i) {
        return (char **) (void *) ((char *) &a->life + life_texts[i].offset);
}

static int64_t *life_number(Account *a, size_t i) {
        return (int64_t *) (void *) ((char *) &a->life + life_numbers[i].offset);
}

Account *account_free(Account *a) {
        if (!a)
                return NULL;
        free(a->ca);
        (void) json_free(a->raw);
        free(a->directory);
        free(a->url);
        free(a->terms);
        for (size_t i = 0; i < ELEMENTSOF(life_texts); i++)
                free(*life_text(a, i));
        free(a);
        return NULL;
}

static int read_text(const Json *j, const char *key, char **ret) {
        const char *text;

        if (json_get_string(j, key, &text) < 0)
                return 0;
        return str_replace(ret, text);
}

static void read_buckets(Account *a) {
        const Json *list;

        if (json_get_array(a->raw, "orders", &list) < 0)
                return;
        for (size_t i = 0; i < json_count(list) && a->bucket_count < BUCKETS_MAX; i++) {
                Bucket b;

                if (json_get_int64(json_at(list, i), "at", &b.start) < 0 ||
                    json_get_int64(json_at(list, i), "count", &b.count) < 0 || b.count < 0 ||
                    b.count > INT32_MAX)
                        continue;
                a->buckets[a->bucket_count++] = b;
        }
}

static int read_life(Account *a) {
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(life_texts) && r >= 0; i++)
                r = read_text(a->raw, life_texts[i].key, life_text(a, i));
        for (size_t i = 0; i < ELEMENTSOF(life_numbers); i++)
                (void) json_get_int64(a->raw, life_numbers[i].key, life_number(a, i));
        return r;
}

static int account_read(Account *a) {
        int r;

        r = read_text(a->raw, "directory", &a->directory);
        if (r >= 0)
                r = read_text(a->raw, "account", &a->url);
        if (r >= 0)
                r = read_text(a->raw, "terms", &a->terms);
        if (r >= 0)
                r = read_life(a);
        if (r < 0)
                return r;
        (void) json_get_bool(a->raw, "lookup", &a->lookup); /* absent: its default stays */
        (void) json_get_int64(a->raw, "retry_at", &a->retry_at);
        (void) json_get_int64(a->raw, "hold_until", &a->hold_until);
        read_buckets(a);
        return 0;
}

int account_load(Store *store, const char *ca, Account **ret) {
        _cleanup_(account_freep) Account *a = calloc(1, sizeof *a);
        int r;

        if (!a)
                return -ENOMEM;
        a->store = store;
        a->ca = strdup(ca);
        if (!a->ca)
                return -ENOMEM;
        r = store_load(store, STORE_ACCOUNT, ca, &a->raw);
        if (r == -ENOMEM)
                return r;
        if (r == 0 && !json_is_object(a->raw))
                a->raw = json_free(a->raw);
        if (!a->raw)
                a->raw = json_object_new();
        if (!a->raw)
                return -ENOMEM;
        a->lookup = r < 0 && r != -ENOENT; /* there was one, and it cannot be read */
        r = account_read(a);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(a);
        return 0;
}

static int write_buckets(const Account *a, Json *object) {
        Json *list = json_array_new();

        if (!list)
                return -ENOMEM;
        for (size_t i = 0; i < a->bucket_count; i++) {
                Json *b = json_object_new();
                int r = b ? json_set_int64(b, "at", a->buckets[i].start) : -ENOMEM;

                if (r >= 0)
                        r = json_set_int64(b, "count", a->buckets[i].count);
                if (r >= 0)
                        r = json_append(list, TAKE_PTR(b));
                if (r < 0) {
                        (void) json_free(b);
                        (void) json_free(list);
                        return r;
                }
        }
        return json_set(object, "orders", list);
}

static int set_text(Json *object, const char *key, const char *text) {
        if (text)
                return json_set_string(object, key, text);
        (void) json_remove(object, key); /* -ENOENT: as it shall be */
        return 0;
}

static int write_life(Account *a) {
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(life_texts) && r >= 0; i++)
                r = set_text(a->raw, life_texts[i].key, *life_text(a, i));
        for (size_t i = 0; i < ELEMENTSOF(life_numbers) && r >= 0; i++)
                r = json_set_int64(a->raw, life_numbers[i].key, *life_number(a, i));
        return r;
}

AccountLife *account_life(Account *a) {
        return &a->life;
}

int account_save(Account *a) {
        int r;

        r = json_set_int64(a->raw, "version", ACCOUNT_VERSION);
        if (r >= 0)
                r = write_life(a);
        if (r >= 0)
                r = set_text(a->raw, "directory", a->directory);
        if (r >= 0)
                r = set_text(a->raw, "account", a->url);
        if (r >= 0)
                r = set_text(a->raw, "terms", a->terms);
        if (r >= 0)
                r = json_set_bool(a->raw, "lookup", a->lookup);
        if (r >= 0)
                r = json_set_int64(a->raw, "retry_at", a->retry_at);
        if (r >= 0)
                r = json_set_int64(a->raw, "hold_until", a->hold_until);
        if (r >= 0)
                r = write_buckets(a, a->raw);
        if (r < 0)
                return r;
        return store_save(a->store, STORE_ACCOUNT, a->ca, a->raw);
}

const char *account_url(const Account *a, const char *directory) {
        return str_equal(a->directory, directory) ? a->url : NULL;
}

int account_set_url(Account *a, const char *directory, const char *url, const char *terms) {
        int r;

        r = str_replace(&a->directory, directory);
        if (r >= 0)
                r = str_replace(&a->url, url);
        if (r >= 0)
                r = str_replace(&a->terms, terms);
        if (r < 0)
                return r;
        a->lookup = false;
        a->retry_at = 0;
        return account_save(a);
}

int account_forget_url(Account *a) {
        if (a->url) {
                free(a->life.former_url);
                a->life.former_url = TAKE_PTR(a->url);
        }
        a->lookup = true;
        return account_save(a);
}

int account_expect(Account *a, bool expected) {
        if (a->lookup == expected)
                return 0;
        a->lookup = expected;
        return account_save(a);
}

bool account_wants_lookup(const Account *a) {
        return a->lookup;
}

const char *account_terms(const Account *a) {
        return a->terms;
}

int64_t account_retry_at(const Account *a) {
        return a->retry_at;
}

int account_set_retry_at(Account *a, int64_t at) {
        if (a->retry_at == at)
                return 0;
        a->retry_at = at;
        return account_save(a);
}

int64_t account_hold_until(const Account *a) {
        return a->hold_until;
}

int account_set_hold_until(Account *a, int64_t until) {
        if (a->hold_until == until)
                return 0;
        a->hold_until = until;
        return account_save(a);
}

/* What lies in the future was written before the clock was set back: it counts, but not for ever. */
static bool in_window(const Bucket *b, int64_t now, int64_t window_sec) {
        return b->start > now - window_sec && b->start <= now + BUCKET_SEC;
}

int64_t account_orders(const Account *a, int64_t now, int64_t window_sec) {
        int64_t n = 0;

        for (size_t i = 0; i < a->bucket_count; i++)
                if (in_window(&a->buckets[i], now, window_sec))
                        n += a->buckets[i].count;
        return n;
}

int64_t account_oldest_leaves(const Account *a, int64_t now, int64_t window_sec) {
        for (size_t i = 0; i < a->bucket_count; i++)
                if (in_window(&a->buckets[i], now, window_sec))
                        return a->buckets[i].start + window_sec + 1;
        return 0;
}

int account_add_order(Account *a, int64_t now) {
        int64_t start = now - now % BUCKET_SEC;

        if (a->bucket_count > 0 && a->buckets[a->bucket_count - 1].start == start) {
                a->buckets[a->bucket_count - 1].count++;
                return account_save(a);
        }
        if (a->bucket_count == BUCKETS_MAX) {
                memmove(a->buckets, a->buckets + 1, (BUCKETS_MAX - 1) * sizeof a->buckets[0]);
                a->bucket_count--;
        }
        a->buckets[a->bucket_count++] = (Bucket){ .start = start, .count = 1 };
        return account_save(a);
}
