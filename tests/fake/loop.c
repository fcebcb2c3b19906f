/* A binary heap of timers keyed by boot time; equal times in the order of their making. */

#include "tests/fake/loop.h"

#include <stdio.h>

#define BOOT_START ((usec_t) 1000 * USEC_PER_SEC)

struct Timer {
        Loop *loop;
        usec_t at;
        uint64_t number;
        bool wall, world;
        size_t index; /* in the heap; SIZE_MAX: not in it */
        loop_fn fn;
        void *userdata;
};

struct Loop {
        Timer **heap;
        size_t count, allocated, alive;
        usec_t now;
        int64_t epoch, offset; /* true time at boot 0; wall less true */
        uint64_t engine_random, world_random;
        uint64_t last_number, fired;
        bool crashed;
        unsigned fuse; /* 0: none */
        bool fuse_before;
};

/* splitmix64 */
static uint64_t next_random(uint64_t *state) {
        uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        return z ^ (z >> 31);
}

Loop *fake_loop_new(uint64_t seed, int64_t true_sec) {
        Loop *l = calloc(1, sizeof *l);

        if (!l)
                return NULL;
        l->now = BOOT_START;
        l->epoch = true_sec - (int64_t) (BOOT_START / USEC_PER_SEC);
        l->engine_random = seed;
        l->world_random = seed ^ UINT64_C(0x5851f42d4c957f2d);
        return l;
}

Loop *fake_loop_free(Loop *l) {
        if (!l)
                return NULL;
        assert(l->alive == 0);
        free(l->heap);
        free(l);
        return NULL;
}

/* ---- heap ---- */

static bool before(const Timer *a, const Timer *b) {
        return a->at != b->at ? a->at < b->at : a->number < b->number;
}

static void put(Loop *l, size_t i, Timer *t) {
        l->heap[i] = t;
        t->index = i;
}

static void sift_up(Loop *l, size_t i) {
        Timer *t = l->heap[i];

        for (; i > 0 && before(t, l->heap[(i - 1) / 2]); i = (i - 1) / 2)
                put(l, i, l->heap[(i - 1) / 2]);
        put(l, i, t);
}

static void sift_down(Loop *l, size_t i) {
        Timer *t = l->heap[i];

        for (;;) {
                size_t child = 2 * i + 1;

                if (child >= l->count)
                        break;
                if (child + 1 < l->count && before(l->heap[child + 1], l->heap[child]))
                        child++;
                if (!before(l->heap[child], t))
                        break;
                put(l, i, l->heap[child]);
                i = child;
        }
        put(l, i, t);
}

static void heap_remove(Loop *l, Timer *t) {
        size_t i = t->index;
        Timer *last;

        if (i == SIZE_MAX)
                return;
        t->index = SIZE_MAX;
        last = l->heap[--l->count];
        if (last == t)
                return;
        put(l, i, last);
        sift_up(l, i);
        sift_down(l, last->index);
}

static int heap_add(Loop *l, Timer *t) {
        if (l->count == l->allocated) {
                size_t n = l->allocated ? l->allocated * 2 : 64;
                Timer **heap = reallocarray(l->heap, n, sizeof *heap);

                if (!heap)
                        return -ENOMEM;
                l->heap = heap;
                l->allocated = n;
        }
        put(l, l->count++, t);
        sift_up(l, t->index);
        return 0;
}

static int timer_new(Loop *l, usec_t at, loop_fn fn, void *userdata, Timer **ret) {
        Timer *t = calloc(1, sizeof *t);
        int r;

        if (!t)
                return -ENOMEM;
        *t = (Timer){
                .loop = l,
                .at = at,
                .number = ++l->last_number,
                .index = SIZE_MAX,
                .fn = fn,
                .userdata = userdata,
        };
        r = heap_add(l, t);
        if (r < 0) {
                free(t);
                return r;
        }
        l->alive++;
        *ret = t;
        return 0;
}

/* ---- the seam ---- */

int64_t fake_loop_true_sec(const Loop *l) {
        return l->epoch + (int64_t) (l->now / USEC_PER_SEC);
}

int64_t loop_wall_sec(Loop *l) {
        return fake_loop_true_sec(l) + l->offset;
}

usec_t loop_boot_usec(Loop *l) {
        return l->now;
}

uint32_t loop_random(Loop *l) {
        return (uint32_t) next_random(&l->engine_random);
}

int loop_timer_after(Loop *l, usec_t delay_usec, loop_fn fn, void *userdata, Timer **ret) {
        return timer_new(l, l->now + delay_usec, fn, userdata, ret);
}

int loop_timer_at(
                Loop *l,
                int64_t at_unix_sec,
                int64_t slack_sec,
                loop_fn fn,
                void *userdata,
                Timer **ret) {
        int64_t delay = at_unix_sec - loop_wall_sec(l);
        usec_t slack = (usec_t) MAX(slack_sec, 0) * USEC_PER_SEC / 2;
        int r;

        r = timer_new(l, l->now + (delay > 0 ? (usec_t) delay * USEC_PER_SEC + slack : 0), fn,
                      userdata, ret);
        if (r >= 0)
                (*ret)->wall = true;
        return r;
}

Timer *timer_free(Timer *t) {
        if (!t)
                return NULL;
        heap_remove(t->loop, t);
        t->loop->alive--;
        free(t);
        return NULL;
}

/* ---- the test's side ---- */

int fake_loop_world_timer(Loop *l, usec_t delay, loop_fn fn, void *userdata, Timer **ret) {
        int r = timer_new(l, l->now + delay, fn, userdata, ret);

        if (r >= 0)
                (*ret)->world = true;
        return r;
}

usec_t fake_loop_next(const Loop *l) {
        return l->count > 0 ? l->heap[0]->at : USEC_INFINITY;
}

size_t fake_loop_timers(const Loop *l) {
        return l->count;
}

uint64_t fake_loop_fired(const Loop *l) {
        return l->fired;
}

bool fake_loop_step(Loop *l) {
        Timer *t;

        if (l->count == 0 || l->crashed)
                return false;
        t = l->heap[0];
        if (t->at > l->now)
                l->now = t->at;
        heap_remove(l, t);
        l->fired++;
        t->fn(t->userdata); /* may free the timer */
        return true;
}

void fake_loop_run(Loop *l, int64_t sec) {
        usec_t end = l->now + (usec_t) sec * USEC_PER_SEC;

        while (!l->crashed && fake_loop_next(l) <= end)
                (void) fake_loop_step(l);
        if (!l->crashed)
                l->now = end;
}

bool fake_loop_run_until_quiet(Loop *l, int64_t sec, int64_t limit_sec) {
        usec_t end = l->now + (usec_t) limit_sec * USEC_PER_SEC;

        while (!l->crashed && l->now < end) {
                usec_t next = fake_loop_next(l);

                if (next == USEC_INFINITY || next > l->now + (usec_t) sec * USEC_PER_SEC)
                        return true;
                (void) fake_loop_step(l);
        }
        return false;
}

void fake_loop_set_offset(Loop *l, int64_t offset_sec) {
        l->offset = offset_sec;
        for (size_t i = 0; i < l->count; i++)
                if (l->heap[i]->wall)
                        l->heap[i]->at = l->now;
        for (size_t i = l->count; i-- > 0;)
                sift_down(l, i);
}

int64_t fake_loop_offset(const Loop *l) {
        return l->offset;
}

void fake_loop_crash(Loop *l) {
        l->crashed = true;
}

void fake_loop_crash_over(Loop *l) {
        l->crashed = false;
}

bool fake_loop_crashed(const Loop *l) {
        return l->crashed;
}

void fake_loop_set_fuse(Loop *l, unsigned nth, bool before_it) {
        l->fuse = nth;
        l->fuse_before = before_it;
}

bool fake_loop_fuse_is_left(const Loop *l) {
        return l->fuse > 0;
}

FakeEffect fake_loop_effect(Loop *l) {
        if (l->crashed)
                return EFFECT_COMES_TOO_LATE;
        if (l->fuse == 0 || --l->fuse > 0)
                return EFFECT_HAPPENS;
        l->crashed = true;
        return l->fuse_before ? EFFECT_COMES_TOO_LATE : EFFECT_IS_THE_LAST;
}

uint32_t fake_random(Loop *l) {
        return (uint32_t) next_random(&l->world_random);
}

bool fake_chance(Loop *l, uint32_t per_million) {
        return fake_random(l) % 1000000 < per_million;
}
