/* Time and chance on sd-event. Wall-clock timers sleep on CLOCK_REALTIME; a timerfd that the kernel cancels when the
 * clock is set wakes all of them early, because what was planned with the old clock may be wrong by years. Waits sleep on
 * CLOCK_BOOTTIME, so that a suspended machine does not stretch them. */

#include <sys/random.h>
#include <sys/timerfd.h>
#include <time.h>

#include "base/log.h"
#include "daemon/loop-real.h"

/* A wait may come this share later, so that several meet in one wake-up. */
#define WAIT_SLACK_SHARE 16
#define WAIT_SLACK_MAX   (10 * USEC_PER_SEC)
#define SLACK_MIN        USEC_PER_MSEC

/* Far enough for any certificate, and no overflow in microseconds. */
#define WALL_MAX_SEC ((int64_t) 1 << 42)

struct Loop {
        sd_event *event;               /* owns */
        sd_event_source *clock_source; /* owns; told when the clock is set */
        int clock_fd;                  /* owns */
        Timer *wall;                   /* head of the list of wall-clock timers; borrows */
};

struct Timer {
        Loop *loop;              /* borrows */
        sd_event_source *source; /* owns */
        loop_fn fn;
        void *userdata;
        Timer *next, **link; /* in loop->wall; link NULL: not in it */
};

static usec_t clock_usec(clockid_t clock) {
        struct timespec ts = {};

        (void) clock_gettime(clock, &ts); /* fails for unknown clocks only */
        return (usec_t) ts.tv_sec * USEC_PER_SEC + (usec_t) ts.tv_nsec / 1000;
}

/* ---- the clock is set ---- */

/* Never fires by itself within a human life: only its cancellation is of interest. */
static int arm_clock_watch(int fd) {
        struct itimerspec never = { .it_value.tv_sec = (time_t) WALL_MAX_SEC };

        if (timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL) < 0)
                return -errno;
        return 0;
}

static int on_clock_set(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Loop *l = userdata;
        uint64_t expirations;
        int r;

        (void) source;
        (void) events;
        if (read(fd, &expirations, sizeof(expirations)) < 0 && errno == EAGAIN)
                return 0;
        r = arm_clock_watch(fd);
        if (r < 0)
                return r;
        log_info("The clock was set: planning again");
        for (Timer *t = l->wall; t; t = t->next) {
                int enabled = SD_EVENT_OFF;
                (void) sd_event_source_get_enabled(t->source, &enabled);
                if (enabled != SD_EVENT_OFF)
                        (void) sd_event_source_set_time(t->source, 0);
        }
        return 0;
}

static int watch_clock(Loop *l) {
        int r;

        l->clock_fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
        if (l->clock_fd < 0)
                return -errno;
        r = arm_clock_watch(l->clock_fd);
        if (r < 0)
                return r;
        r = sd_event_add_io(l->event, &l->clock_source, l->clock_fd, EPOLLIN, on_clock_set, l);
        if (r < 0)
                return r;
        /* Before the timers: they are to see the new clock at once. */
        return sd_event_source_set_priority(l->clock_source, SD_EVENT_PRIORITY_IMPORTANT);
}

/* ---- the loop ---- */

int loop_new(Loop **ret) {
        _cleanup_(loop_freep) Loop *l = NULL;
        int r;

        l = calloc(1, sizeof(*l));
        if (!l)
                return -ENOMEM;
        l->clock_fd = -1;
        r = sd_event_new(&l->event);
        if (r >= 0)
                r = watch_clock(l);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(l);
        return 0;
}

Loop *loop_free(Loop *l) {
        if (!l)
                return NULL;
        assert(!l->wall); /* timers end before their loop */
        (void) sd_event_source_disable_unref(l->clock_source);
        (void) close_fd(l->clock_fd);
        (void) sd_event_unref(l->event);
        free(l);
        return NULL;
}

sd_event *loop_event(Loop *l) {
        return l->event;
}

int64_t loop_wall_sec(Loop *l) {
        (void) l;
        return (int64_t) (clock_usec(CLOCK_REALTIME) / USEC_PER_SEC);
}

usec_t loop_boot_usec(Loop *l) {
        (void) l;
        return clock_usec(CLOCK_BOOTTIME);
}

uint32_t loop_random(Loop *l) {
        uint32_t value;

        (void) l;
        if (getrandom(&value, sizeof(value), 0) != sizeof(value))
                return (uint32_t) clock_usec(
                                CLOCK_MONOTONIC); /* no secret: a poor spread is better than none */
        return value;
}

/* ---- timers ---- */

static int on_time(sd_event_source *source, uint64_t usec, void *userdata) {
        Timer *t = userdata;

        (void) source;
        (void) usec;
        t->fn(t->userdata); /* may free the timer */
        return 0;
}

static int timer_new(
                Loop *l,
                clockid_t clock,
                usec_t at,
                usec_t slack,
                loop_fn fn,
                void *userdata,
                Timer **ret) {
        _cleanup_(timer_freep) Timer *t = NULL;
        int r;

        t = calloc(1, sizeof(*t));
        if (!t)
                return -ENOMEM;
        *t = (Timer){ .loop = l, .fn = fn, .userdata = userdata };
        r = sd_event_add_time(l->event, &t->source, clock, at, MAX(slack, SLACK_MIN), on_time, t);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(t);
        return 0;
}

int loop_timer_at(
                Loop *l,
                int64_t at_unix_sec,
                int64_t slack_sec,
                loop_fn fn,
                void *userdata,
                Timer **ret) {
        usec_t at = (usec_t) MIN(MAX(at_unix_sec, 0), WALL_MAX_SEC) * USEC_PER_SEC;
        usec_t slack = (usec_t) MIN(MAX(slack_sec, 0), (int64_t) SEC_PER_DAY) * USEC_PER_SEC;
        Timer *t = NULL;
        int r;

        r = timer_new(l, CLOCK_REALTIME, at, slack, fn, userdata, &t);
        if (r < 0)
                return r;
        t->next = l->wall;
        t->link = &l->wall;
        if (l->wall)
                l->wall->link = &t->next;
        l->wall = t;
        *ret = t;
        return 0;
}

int loop_timer_after(Loop *l, usec_t delay_usec, loop_fn fn, void *userdata, Timer **ret) {
        usec_t delay = MIN(delay_usec, (usec_t) WALL_MAX_SEC * USEC_PER_SEC);
        usec_t slack = MIN(delay / WAIT_SLACK_SHARE, WAIT_SLACK_MAX);

        return timer_new(l, CLOCK_BOOTTIME, loop_boot_usec(l) + delay, slack, fn, userdata, ret);
}

Timer *timer_free(Timer *t) {
        if (!t)
                return NULL;
        if (t->link) {
                *t->link = t->next;
                if (t->next)
                        t->next->link = t->link;
        }
        (void) sd_event_source_disable_unref(t->source);
        free(t);
        return NULL;
}
