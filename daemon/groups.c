#include "daemon/groups.h"

#include "base/strings.h"

typedef struct Group {
        char *name; /* owns both */
        Slots *slots;
} Group;

/* A name that the configuration drops stays until the end: there are few. */
struct Groups {
        Loop *loop; /* borrowed */
        Group *items;
        size_t count;
};

int groups_new(Loop *loop, Groups **ret) {
        Groups *g = calloc(1, sizeof *g);

        if (!g)
                return -ENOMEM;
        g->loop = loop;
        *ret = g;
        return 0;
}

Groups *groups_free(Groups *g) {
        if (!g)
                return NULL;
        for (size_t i = 0; i < g->count; i++) {
                free(g->items[i].name);
                (void) slots_free(g->items[i].slots);
        }
        free(g->items);
        free(g);
        return NULL;
}

static int add(Groups *g, const char *name, Slots **ret) {
        Group *grown = reallocarray(g->items, g->count + 1, sizeof *grown);
        Group new = {};
        int r;

        if (!grown)
                return -ENOMEM;
        g->items = grown;
        r = str_replace(&new.name, name);
        if (r >= 0)
                r = slots_new(g->loop, 1, &new.slots);
        if (r < 0) {
                free(new.name);
                return r;
        }
        grown[g->count++] = new;
        *ret = new.slots;
        return 0;
}

static Slots *find(const Groups *g, const char *name) {
        for (size_t i = 0; i < g->count; i++)
                if (str_equal(g->items[i].name, name))
                        return g->items[i].slots;
        return NULL;
}

int groups_turn(Groups *g, const char *name, loop_fn fn, void *userdata, Slot **ret) {
        Slots *slots = find(g, name);
        int r = slots ? 0 : add(g, name, &slots);

        return r < 0 ? r : slot_take(slots, fn, userdata, ret);
}
