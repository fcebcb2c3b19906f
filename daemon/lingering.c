#include "daemon/lingering.h"

#include "base/strings.h"

#define LINGER_USEC (30 * USEC_PER_SEC)

typedef struct Item {
        Lingering *lingering;
        struct Item *next;
        ChallengeType type;
        char *identifier, *token; /* own */
        Timer *timer;
} Item;

struct Lingering {
        Loop *loop; /* borrows */
        lingering_fn fn;
        void *userdata;
        Item *items;
};

static void item_free(Item *i) {
        (void) timer_free(i->timer);
        free(i->identifier);
        free(i->token);
        free(i);
}

/* Out of the list first: what it calls may come back here. */
static void end(Item *i) {
        Lingering *l = i->lingering;

        for (Item **at = &l->items; *at; at = &(*at)->next)
                if (*at == i) {
                        *at = i->next;
                        break;
                }
        l->fn(i->type, i->identifier, i->token, l->userdata);
        item_free(i);
}

static void on_timer(void *userdata) {
        end(userdata);
}

static int add(Lingering *l, ChallengeType type, const char *identifier, const char *token) {
        Item *i = calloc(1, sizeof *i);
        int r;

        if (!i)
                return -ENOMEM;
        *i = (Item){ .lingering = l, .next = l->items, .type = type };
        r = str_replace(&i->identifier, identifier);
        if (r >= 0)
                r = str_replace(&i->token, token);
        if (r >= 0)
                r = loop_timer_after(l->loop, LINGER_USEC, on_timer, i, &i->timer);
        if (r < 0) {
                item_free(i);
                return r;
        }
        l->items = i;
        return 0;
}

static Item *find(
                const Lingering *l, ChallengeType type, const char *identifier, const char *token) {
        for (Item *i = l->items; i; i = i->next)
                if (i->type == type && str_equal(i->identifier, identifier) &&
                    (!token || str_equal(i->token, token)))
                        return i;
        return NULL;
}

void lingering_add(Lingering *l, ChallengeType type, const char *identifier, const char *token) {
        if (find(l, type, identifier, token))
                return;
        if (add(l, type, identifier, token) < 0)
                l->fn(type, identifier, token, l->userdata);
}

void lingering_end(Lingering *l, ChallengeType type, const char *identifier, const char *token) {
        Item *i;

        while ((i = find(l, type, identifier, token)))
                end(i);
}

int lingering_new(Loop *loop, lingering_fn fn, void *userdata, Lingering **ret) {
        Lingering *l = calloc(1, sizeof *l);

        if (!l)
                return -ENOMEM;
        *l = (Lingering){ .loop = loop, .fn = fn, .userdata = userdata };
        *ret = l;
        return 0;
}

Lingering *lingering_free(Lingering *l) {
        if (!l)
                return NULL;
        while (l->items)
                end(l->items);
        free(l);
        return NULL;
}
