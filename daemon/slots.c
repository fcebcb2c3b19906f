#include "daemon/slots.h"

struct Slot {
        Slots *slots;
        Slot *next; /* in line */
        bool taken;
        loop_fn fn;
        void *userdata;
};

struct Slots {
        Loop *loop; /* borrowed */
        unsigned limit, taken;
        Slot *first, *last; /* the line */
        Timer *timer;
};

int slots_new(Loop *loop, unsigned limit, Slots **ret) {
        Slots *s = calloc(1, sizeof *s);

        if (!s)
                return -ENOMEM;
        s->loop = loop;
        s->limit = limit;
        *ret = s;
        return 0;
}

Slots *slots_free(Slots *s) {
        if (!s)
                return NULL;
        assert(s->taken == 0 && !s->first);
        (void) timer_free(s->timer);
        free(s);
        return NULL;
}

static void leave_line(Slots *s, Slot *slot) {
        Slot *before = NULL;

        for (Slot *i = s->first; i; before = i, i = i->next) {
                if (i != slot)
                        continue;
                if (before)
                        before->next = slot->next;
                else
                        s->first = slot->next;
                if (s->last == slot)
                        s->last = before;
                return;
        }
}

static void on_timer(void *userdata);

static void plan(Slots *s) {
        if (s->timer || !s->first || s->taken >= s->limit)
                return;
        /* Without memory for a timer the next slot_free() tries again. */
        (void) loop_timer_after(s->loop, 0, on_timer, s, &s->timer);
}

static void on_timer(void *userdata) {
        Slots *s = userdata;
        Slot *slot = s->first;

        s->timer = timer_free(s->timer);
        if (!slot || s->taken >= s->limit)
                return;
        leave_line(s, slot);
        slot->taken = true;
        s->taken++;
        plan(s);
        slot->fn(slot->userdata);
}

int slot_take(Slots *s, loop_fn fn, void *userdata, Slot **ret) {
        Slot *slot = calloc(1, sizeof *slot);

        if (!slot)
                return -ENOMEM;
        *slot = (Slot){ .slots = s, .fn = fn, .userdata = userdata };
        *ret = slot;
        if (s->taken < s->limit && !s->first) {
                slot->taken = true;
                s->taken++;
                return 1;
        }
        if (s->last)
                s->last->next = slot;
        else
                s->first = slot;
        s->last = slot;
        plan(s);
        return 0;
}

bool slot_is_taken(const Slot *slot) {
        return slot && slot->taken;
}

Slot *slot_free(Slot *slot) {
        if (!slot)
                return NULL;
        if (slot->taken)
                slot->slots->taken--;
        else
                leave_line(slot->slots, slot);
        plan(slot->slots);
        free(slot);
        return NULL;
}
