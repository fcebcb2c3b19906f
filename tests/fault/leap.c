/* Preloaded into the engine by the suites that wait for it: its clocks run on a time of their own, which leaps to the next
 * timer as soon as nothing goes on any more. A wait of an hour then takes some milliseconds, and a stalled connection is
 * given up after its thirty seconds without anybody waiting for them. The engine itself knows nothing of it.
 *
 *   RENEWD_LEAP        file of one page, shared with the test (tests/ca/clock.py): struct Page
 *   RENEWD_LEAP_UNTIL  text: no more leaps once a line with it was written to standard error
 *
 * Nothing goes on when the loop has had no event for some turns in a row, the CA is at rest, and no helper owes an answer.
 * The first leap is short, each one behind it twice as long while nothing happens: whoever is merely slow is waited for. A
 * turn that took longer than it should shows a machine under load, and does not count. */

#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define USEC          INT64_C(1000000)
#define FDS_MAX       1024
#define TURN_MSEC     1
#define TURN_MAX_USEC 4000
#define TURNS_QUIET   5
#define PATIENCE_USEC (USEC / 5)
#define STEP_FIRST    (2 * USEC)
#define STEP_MAX      (INT64_C(400) * 86400 * USEC)

/* As tests/ca/clock.py writes and reads it. */
typedef struct Page {
        _Atomic int64_t wall; /* µs that CLOCK_REALTIME is ahead */
        _Atomic int64_t deadline; /* wall time in µs at which the CA does something by itself; 0: never */
        _Atomic int64_t limit;  /* wall time in µs that no leap goes beyond; 0: none */
        _Atomic int64_t busy;   /* the CA works */
        _Atomic int64_t events; /* of the CA */
        _Atomic int64_t leaps;
        _Atomic int64_t turns; /* of the engine's loop, those with an event */
} Page;

typedef struct TimerFd {
        bool known, armed;
        clockid_t clock;
        int flags;
        int64_t at; /* µs, in the time of the engine */
} TimerFd;

static Page *page;
static int64_t leapt; /* what the clocks that cannot be set are ahead */
static TimerFd timers[FDS_MAX];
static bool is_helper[FDS_MAX], is_tcp[FDS_MAX], owes[FDS_MAX];
static struct {
        int fd;
        int64_t until, events;
} patience; /* something was sent to the CA, which may not have woken up to it yet */
static int64_t step = STEP_FIRST, seen_events;

int clock_gettime(clockid_t, struct timespec *);
time_t time(time_t *);
int gettimeofday(struct timeval *restrict, void *restrict);

/* ---- the real ones ---- */

static void *real(const char *name) {
        void *f = dlsym(RTLD_NEXT, name);

        if (!f)
                abort();
        return f;
}

static int real_clock(clockid_t clock, struct timespec *ts) {
        static int (*f)(clockid_t, struct timespec *);

        if (!f)
                *(void **) &f = real("clock_gettime");
        return f(clock, ts);
}

static int real_wait(int fd, struct epoll_event *events, int count, int timeout) {
        static int (*f)(int, struct epoll_event *, int, int);

        if (!f)
                *(void **) &f = real("epoll_wait");
        return f(fd, events, count, timeout);
}

static int real_settime(int fd, int flags, const struct itimerspec *new, struct itimerspec *old) {
        static int (*f)(int, int, const struct itimerspec *, struct itimerspec *);

        if (!f)
                *(void **) &f = real("timerfd_settime");
        return f(fd, flags, new, old);
}

/* ---- clocks ---- */

__attribute__((constructor)) static void open_page(void) {
        const char *path = getenv("RENEWD_LEAP");
        int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;

        if (fd < 0)
                return;
        page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (page == MAP_FAILED)
                abort();
        close(fd);
}

static int64_t ahead(clockid_t clock) {
        switch (clock) {
        case CLOCK_REALTIME:
        case CLOCK_REALTIME_COARSE:
        case CLOCK_REALTIME_ALARM:
                return page ? page->wall : 0;
        case CLOCK_MONOTONIC:
        case CLOCK_MONOTONIC_RAW:
        case CLOCK_MONOTONIC_COARSE:
        case CLOCK_BOOTTIME:
        case CLOCK_BOOTTIME_ALARM:
                return leapt;
        default:
                return 0;
        }
}

static int64_t to_usec(const struct timespec *ts) {
        return (int64_t) ts->tv_sec * USEC + ts->tv_nsec / 1000;
}

static struct timespec from_usec(int64_t usec) {
        return (struct timespec){ .tv_sec = usec / USEC, .tv_nsec = usec % USEC * 1000 };
}

static int64_t now(clockid_t clock) {
        struct timespec ts;

        (void) clock_gettime(clock, &ts);
        return to_usec(&ts);
}

int clock_gettime(clockid_t clock, struct timespec *ts) {
        int r = real_clock(clock, ts);

        if (r == 0) {
                long nsec = ts->tv_nsec % 1000;
                *ts = from_usec(to_usec(ts) + ahead(clock));
                ts->tv_nsec += nsec;
        }
        return r;
}

time_t time(time_t *ret) {
        time_t t = (time_t) (now(CLOCK_REALTIME) / USEC);

        if (ret)
                *ret = t;
        return t;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone) {
        int64_t usec = now(CLOCK_REALTIME);

        (void) zone;
        tv->tv_sec = usec / USEC;
        tv->tv_usec = usec % USEC;
        return 0;
}

/* ---- timers ---- */

int timerfd_create(clockid_t clock, int flags) {
        static int (*f)(clockid_t, int);
        int fd;

        if (!f)
                *(void **) &f = real("timerfd_create");
        fd = f(clock, flags);
        if (fd >= 0 && fd < FDS_MAX)
                timers[fd] = (TimerFd){ .known = true, .clock = clock };
        return fd;
}

static int arm(int fd) {
        const TimerFd *t = &timers[fd];
        int64_t at = t->at - ahead(t->clock);
        struct itimerspec wish = { .it_value = from_usec(at > 0 ? at : 1) };

        return real_settime(fd, t->flags, &wish, NULL);
}

int timerfd_settime(int fd, int flags, const struct itimerspec *new, struct itimerspec *old) {
        TimerFd *t = fd >= 0 && fd < FDS_MAX ? &timers[fd] : NULL;

        if (!t || !t->known || !(flags & TFD_TIMER_ABSTIME))
                return real_settime(fd, flags, new, old);
        t->armed = new->it_value.tv_sec != 0 || new->it_value.tv_nsec != 0;
        t->at = to_usec(&new->it_value);
        t->flags = flags;
        return t->armed ? arm(fd) : real_settime(fd, flags, new, old);
}

/* Wall time of the next timer, those that have fired left out; INT64_MAX: there is none. */
static int64_t next_timer(void) {
        int64_t wall = now(CLOCK_REALTIME), first = INT64_MAX;

        for (int fd = 0; fd < FDS_MAX; fd++) {
                const TimerFd *t = &timers[fd];
                int64_t left;

                if (!t->known || !t->armed || (t->flags & TFD_TIMER_CANCEL_ON_SET))
                        continue;
                left = t->at - now(t->clock);
                if (left > 0 && left < INT64_C(4000) * 86400 * USEC && wall + left < first)
                        first = wall + left;
        }
        return first;
}

/* ---- what helpers and the CA owe ---- */

static int64_t real_now(void) {
        struct timespec ts;

        (void) real_clock(CLOCK_MONOTONIC, &ts);
        return to_usec(&ts);
}

static void be_patient(int fd) {
        if (!page)
                return;
        patience.fd = fd;
        patience.until = real_now() + PATIENCE_USEC;
        patience.events = page->events;
}

static bool is_patient(void) {
        return page->events == patience.events && real_now() < patience.until;
}

static bool leads_to_helper(const struct sockaddr *address) {
        const struct sockaddr_un *un = (const struct sockaddr_un *) address;
        const char *name;

        if (address->sa_family != AF_UNIX)
                return false;
        name = strrchr(un->sun_path, '/');
        return name && (strcmp(name, "/signer") == 0 || strcmp(name, "/installer") == 0);
}

int connect(int fd, const struct sockaddr *address, socklen_t size) {
        static int (*f)(int, const struct sockaddr *, socklen_t);

        if (!f)
                *(void **) &f = real("connect");
        if (fd >= 0 && fd < FDS_MAX) {
                is_helper[fd] = leads_to_helper(address);
                is_tcp[fd] = address->sa_family == AF_INET || address->sa_family == AF_INET6;
                owes[fd] = false;
                if (is_tcp[fd])
                        be_patient(fd);
        }
        return f(fd, address, size);
}

ssize_t send(int fd, const void *data, size_t size, int flags) {
        static ssize_t (*f)(int, const void *, size_t, int);

        if (!f)
                *(void **) &f = real("send");
        if (fd >= 0 && fd < FDS_MAX && is_helper[fd])
                owes[fd] = true;
        if (fd >= 0 && fd < FDS_MAX && is_tcp[fd])
                be_patient(fd);
        return f(fd, data, size, flags);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
        static ssize_t (*f)(int, struct msghdr *, int);
        ssize_t n;

        if (!f)
                *(void **) &f = real("recvmsg");
        n = f(fd, message, flags);
        if (n >= 0 && fd >= 0 && fd < FDS_MAX)
                owes[fd] = false;
        return n;
}

int close(int fd) {
        static int (*f)(int);

        if (!f)
                *(void **) &f = real("close");
        if (fd >= 0 && fd < FDS_MAX) {
                timers[fd].known = false;
                is_helper[fd] = is_tcp[fd] = owes[fd] = false;
                if (patience.fd == fd)
                        patience.until = 0;
        }
        return f(fd);
}

static bool somebody_owes(void) {
        return memchr(owes, true, sizeof(owes)) != NULL;
}

/* ---- the end ---- */

ssize_t writev(int fd, const struct iovec *parts, int count) {
        static ssize_t (*f)(int, const struct iovec *, int);
        const char *until = page ? getenv("RENEWD_LEAP_UNTIL") : NULL;

        if (!f)
                *(void **) &f = real("writev");
        for (int i = 0; fd == STDERR_FILENO && until && i < count; i++)
                if (memmem(parts[i].iov_base, parts[i].iov_len, until, strlen(until)))
                        page->limit = now(CLOCK_REALTIME);
        return f(fd, parts, count);
}

/* ---- leaping ---- */

static bool is_quiet(void) {
        return page->busy <= 0 && !somebody_owes() && !is_patient() &&
               (page->deadline == 0 || page->deadline > now(CLOCK_REALTIME));
}

static void leap(void) {
        int64_t wall = now(CLOCK_REALTIME), to = next_timer();

        if (page->events != seen_events) {
                seen_events = page->events;
                step = STEP_FIRST;
        }
        if (page->deadline > 0 && page->deadline < to)
                to = page->deadline;
        if (page->limit > 0 && page->limit < to)
                to = page->limit;
        if (to == INT64_MAX || to <= wall)
                return;
        if (to > wall + step)
                to = wall + step;
        step = step < STEP_MAX ? step * 2 : step;
        page->wall += to - wall;
        leapt += to - wall;
        page->leaps++;
        for (int fd = 0; fd < FDS_MAX; fd++)
                if (timers[fd].known && timers[fd].armed)
                        (void) arm(fd);
}

/* One turn without events. True: it was as short as a turn at rest is. */
static bool rest(int fd, struct epoll_event *events, int count, int *ret) {
        int64_t before = real_now();

        *ret = real_wait(fd, events, count, TURN_MSEC);
        return real_now() - before < TURN_MAX_USEC;
}

int epoll_wait(int fd, struct epoll_event *events, int count, int timeout) {
        int64_t end = timeout < 0 ? INT64_MAX : now(CLOCK_MONOTONIC) + (int64_t) timeout * 1000;
        int quiet = 0, n;

        if (!page || timeout == 0)
                return real_wait(fd, events, count, timeout);
        for (;;) {
                bool calm = rest(fd, events, count, &n);

                if (n > 0)
                        page->turns++;
                if (n != 0)
                        return n;
                if (now(CLOCK_MONOTONIC) >= end)
                        return 0;
                quiet = calm && is_quiet() ? quiet + 1 : 0;
                if (quiet >= TURNS_QUIET) {
                        leap();
                        quiet = TURNS_QUIET - 2;
                }
        }
}
