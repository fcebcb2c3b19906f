#pragma once

/* What every file of the house may use without thinking: attributes, cleanup and ownership. */

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#define _cleanup_(f)   __attribute__((cleanup(f)))
#define _printf_(a, b) __attribute__((format(printf, a, b)))
#define _unused_       __attribute__((unused))

#define ELEMENTSOF(x) (sizeof(x) / sizeof((x)[0]))
#define MIN(a, b)     ((a) < (b) ? (a) : (b))
#define MAX(a, b)     ((a) > (b) ? (a) : (b))

/* Hands the pointer (or descriptor) on and leaves NULL (or -1) behind, so that the cleanup of an
 * owning local does nothing. */
#define TAKE_PTR(p)                          \
        ({                                   \
                __typeof__(p) _taken_ = (p); \
                (p) = NULL;                  \
                _taken_;                     \
        })
#define TAKE_FD(fd)                 \
        ({                          \
                int _taken_ = (fd); \
                (fd) = -1;          \
                _taken_;            \
        })

/* Defines FUNCp(TYPE *) for _cleanup_(); FUNC takes TYPE and accepts NULL. */
#define DEFINE_CLEANUP(type, func)            \
        static inline void func##p(type *p) { \
                if (*p)                       \
                        func(*p);             \
        }

static inline void freep(void *p) {
        free(*(void **) p);
}

/* Closes, keeps errno, returns -1 for `fd = close_fd(fd)`. */
static inline int close_fd(int fd) {
        int saved = errno;

        if (fd >= 0)
                (void) close(fd); /* the descriptor is gone whatever close() says */
        errno = saved;
        return -1;
}

static inline void close_fdp(int *fd) {
        *fd = close_fd(*fd);
}

#define _cleanup_free_  _cleanup_(freep)
#define _cleanup_close_ _cleanup_(close_fdp)

/* No clock is right before it (T-21). */
#ifndef RENEWD_RELEASE_TIME
#define RENEWD_RELEASE_TIME 1767225600 /* 2026-01-01 */
#endif

/* Times. Instants of certificates are Unix seconds; instants of timers are microseconds of the
 * clock that the function names. */
typedef uint64_t usec_t;
#define USEC_PER_MSEC ((usec_t) 1000)
#define USEC_PER_SEC  ((usec_t) 1000000)
#define USEC_INFINITY ((usec_t) UINT64_MAX)
#define SEC_PER_MIN   60
#define SEC_PER_HOUR  3600
#define SEC_PER_DAY   86400
