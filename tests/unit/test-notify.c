#include <sys/socket.h>
#include <sys/un.h>

#include "systemd/notify.h"
#include "tests/unit/test.h"

static int manager(void) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        (void) snprintf(address.sun_path, sizeof address.sun_path, "%s/notify", test_directory());
        CHECK(fd >= 0 && bind(fd, (struct sockaddr *) &address, sizeof address) == 0);
        CHECK(setenv("NOTIFY_SOCKET", address.sun_path, 1) == 0);
        return fd;
}

static const char *said(int fd) {
        static char text[4096];
        ssize_t n = recv(fd, text, sizeof text - 1, 0);

        text[n < 0 ? 0 : n] = 0;
        return text;
}

static void messages(void) {
        _cleanup_close_ int fd = manager();
        const char *reload;

        notify_ready("2 certificates");
        CHECK_STR(said(fd), "READY=1\nSTATUS=2 certificates");
        notify_ready(NULL);
        CHECK_STR(said(fd), "READY=1");
        notify_reloading();
        reload = said(fd);
        CHECK(strncmp(reload, "RELOADING=1\nMONOTONIC_USEC=", 27) == 0);
        CHECK(strtoull(reload + 27, NULL, 10) > 0);
        notify_stopping();
        CHECK_STR(said(fd), "STOPPING=1");
        notify_watchdog();
        CHECK_STR(said(fd), "WATCHDOG=1");
}

static void status_cannot_assign(void) {
        _cleanup_close_ int fd = manager();

        notify_status("bad\nREADY=1\nMAINPID=1");
        CHECK_STR(said(fd), "STATUS=bad\\x0aREADY=1\\x0aMAINPID=1");
}

static void without_manager(void) {
        CHECK(unsetenv("NOTIFY_SOCKET") == 0 && unsetenv("WATCHDOG_USEC") == 0);
        notify_ready("x");
        notify_status("x");
        notify_reloading();
        CHECK_INT(notify_watchdog_interval(), 0);
}

static void watchdog_is_half(void) {
        CHECK(setenv("WATCHDOG_USEC", "60000000", 1) == 0 && unsetenv("WATCHDOG_PID") == 0);
        CHECK_INT(notify_watchdog_interval(), 30 * USEC_PER_SEC);
        CHECK(setenv("WATCHDOG_PID", "1", 1) == 0);
        CHECK_INT(notify_watchdog_interval(), 0);
}

TEST_MAIN({ "each message as sd_notify(3) wants it", messages },
          { "R2.4.14: a status cannot assign anything else", status_cannot_assign },
          { "without a manager nothing happens", without_manager },
          { "the watchdog is fed twice in its time, if it is ours", watchdog_is_half })
