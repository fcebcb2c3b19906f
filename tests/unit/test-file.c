#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "base/file.h"
#include "tests/unit/test.h"

static const FileRights rights_0644 = { .mode = 0644, .uid = (uid_t) -1, .gid = (gid_t) -1 };

/* These two take the place of the C library's: they see what the file is like at that moment, and let
 * a sync fail. */
static mode_t mode_before_fchmod;
static unsigned syncs_of_files, syncs_of_directories;
static int sync_error;

int fchmod(int fd, mode_t mode) {
        struct stat st;

        if (fstat(fd, &st) >= 0)
                mode_before_fchmod = st.st_mode & 07777;
        return (int) syscall(SYS_fchmod, fd, mode);
}

int fsync(int fd) {
        struct stat st;

        if (sync_error > 0) {
                errno = sync_error;
                return -1;
        }
        if (fstat(fd, &st) >= 0)
                *(S_ISDIR(st.st_mode) ? &syncs_of_directories : &syncs_of_files) += 1;
        return 0;
}

static void put(int fd, const char *name, const char *text) {
        CHECK_INT(file_replace_at(fd, name, text, strlen(text), rights_0644), 0);
}

static void check_content(int fd, const char *name, const char *expected) {
        _cleanup_(bytes_done) Bytes b = {};

        CHECK_INT(file_read_at(fd, name, 1024, &b), 0);
        CHECK_STR(bytes_text(&b), expected);
}

static void check_entries(int fd, const char *expected) {
        _cleanup_(string_list_done) StringList names = {};
        _cleanup_(bytes_done) Bytes joined = {};

        CHECK_INT(dir_list(fd, &names), 0);
        for (size_t i = 0; i < names.count; i++)
                CHECK_INT(bytes_printf(&joined, "%s|", names.items[i]), 0);
        CHECK_STR(bytes_text(&joined), expected);
}

static void replaces_whole_files(void) {
        _cleanup_close_ int fd = dir_open(test_directory());
        struct stat st;

        REQUIRE(fd >= 0);
        mode_t mask = umask(0);
        put(fd, "a", "one");
        umask(0177);
        put(fd, "a", "two");
        CHECK(fstatat(fd, "a", &st, 0) >= 0 && (st.st_mode & 07777) == 0644);
        umask(mask);
        check_content(fd, "a", "two");
        check_entries(fd, "a|");
}

static void stages_with_final_rights(void) {
        _cleanup_close_ int fd = dir_open(test_directory());
        FileRights rights = { .mode = 0640, .uid = geteuid(), .gid = getegid() };
        StagedFile staged = {};
        struct stat st;

        REQUIRE(fd >= 0);
        mode_t mask = umask(0);
        CHECK_INT(file_stage_at(fd, "key.pem", "k", 1, rights, &staged), 0);
        umask(mask);
        CHECK_INT(mode_before_fchmod, 0600);
        REQUIRE(staged.temporary);
        CHECK(strncmp(staged.temporary, ".key.pem.", 9) == 0);
        CHECK(str_ends_with(staged.temporary, "~renewd"));
        CHECK(fstatat(fd, staged.temporary, &st, 0) >= 0 && (st.st_mode & 07777) == 0640);
        CHECK(faccessat(fd, "key.pem", F_OK, 0) < 0);
        CHECK_INT(file_commit_at(fd, &staged), 0);
        CHECK(!staged.name && !staged.temporary);
        check_content(fd, "key.pem", "k");

        CHECK_INT(file_stage_at(fd, "b", "b", 1, rights, &staged), 0);
        staged_file_discard(fd, &staged);
        check_entries(fd, "key.pem|");
}

static void syncs_file_and_directory(void) {
        _cleanup_close_ int fd = dir_open(test_directory());
        _cleanup_close_ int sub = -1;

        syncs_of_files = syncs_of_directories = 0;
        put(fd, "a", "x");
        CHECK_INT(syncs_of_files, 1);
        CHECK_INT(syncs_of_directories, 1);
        CHECK_INT(file_remove_at(fd, "a"), 0);
        CHECK_INT(syncs_of_directories, 2);
        CHECK_INT(link_replace_at(fd, "l", "x"), 0);
        CHECK_INT(syncs_of_directories, 3);
        sub = dir_open_at(fd, "sub", 0700);
        CHECK(sub >= 0 && syncs_of_directories >= 4);
}

static void failed_sync_is_final(void) {
        _cleanup_close_ int fd = dir_open(test_directory());

        put(fd, "a", "old");
        sync_error = EIO;
        CHECK_INT(file_replace_at(fd, "a", "new", 3, rights_0644), -EIO);
        sync_error = 0;
        check_content(fd, "a", "old");
        check_entries(fd, "a|");
}

static void failed_stage_leaves_nothing(void) {
        _cleanup_close_ int fd = dir_open(test_directory());
        FileRights rights = { .mode = 0600, .uid = 0, .gid = 0 };
        StagedFile staged = {};

        REQUIRE(fd >= 0);
        if (geteuid() != 0) { /* root may give files away */
                CHECK_INT(file_stage_at(fd, "a", "x", 1, rights, &staged), -EPERM);
                CHECK(!staged.temporary);
        }
        char name[260];
        memset(name, 'n', sizeof(name) - 1);
        name[259] = 0;
        CHECK_INT(file_replace_at(fd, name, "x", 1, rights_0644), -ENAMETOOLONG);
        CHECK(mkdirat(fd, "dir", 0700) >= 0);
        CHECK_INT(file_replace_at(fd, "dir", "x", 1, rights_0644), -EISDIR);
        check_entries(fd, "dir|");
}

static void names_stay_in_the_directory(void) {
        static const char *const bad[] = { "", ".", "..", "a/b", "/etc/passwd", "../x" };
        _cleanup_close_ int fd = dir_open(test_directory());
        _cleanup_(bytes_done) Bytes b = {};

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                CHECK_INT(file_read_at(fd, bad[i], 10, &b), -EINVAL);
                CHECK_INT(file_replace_at(fd, bad[i], "x", 1, rights_0644), -EINVAL);
                CHECK_INT(file_remove_at(fd, bad[i]), -EINVAL);
                CHECK_INT(link_replace_at(fd, bad[i], "x"), -EINVAL);
                CHECK_INT(dir_open_at(fd, bad[i], 0700), -EINVAL);
                CHECK_INT(dir_remove_flat_at(fd, bad[i]), -EINVAL);
        }
        check_entries(fd, "");
}

static void reads_only_regular_files(void) {
        const char *path = test_directory();
        _cleanup_close_ int fd = dir_open(path), s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        _cleanup_(bytes_done) Bytes b = {};
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        REQUIRE(fd >= 0 && s >= 0);
        put(fd, "file", "x");
        CHECK(symlinkat("file", fd, "link") >= 0);
        CHECK(mkfifoat(fd, "fifo", 0600) >= 0);
        CHECK(mkdirat(fd, "dir", 0700) >= 0);
        (void) snprintf(address.sun_path, sizeof(address.sun_path), "%s/sock", path);
        CHECK(bind(s, (struct sockaddr *) &address, sizeof(address)) >= 0);
        CHECK_INT(file_read_at(fd, "link", 10, &b), -ELOOP);
        CHECK_INT(file_read_at(fd, "fifo", 10, &b), -EINVAL);
        CHECK_INT(file_read_at(fd, "dir", 10, &b), -EINVAL);
        CHECK_INT(file_read_at(fd, "sock", 10, &b), -EINVAL);
        CHECK_INT(file_read_at(fd, "none", 10, &b), -ENOENT);
        CHECK_INT(file_read("/dev/null", 10, &b), -EINVAL);
        CHECK_INT(b.size, 0);

        char link[300];
        (void) snprintf(link, sizeof(link), "%s/link", path);
        CHECK_INT(file_read(link, 10, &b), 0);
        CHECK_STR(bytes_text(&b), "x");
}

static void reads_within_the_limit(void) {
        _cleanup_close_ int fd = dir_open(test_directory());
        _cleanup_(bytes_done) Bytes b = {};

        put(fd, "file", "12345");
        CHECK_INT(file_read_at(fd, "file", 4, &b), -E2BIG);
        CHECK_INT(b.size, 0);
        CHECK_INT(file_read_at(fd, "file", 5, &b), 0);
        CHECK_INT(file_read_at(fd, "file", 5, &b), 0); /* appends */
        CHECK_STR(bytes_text(&b), "1234512345");
        CHECK_INT(file_read("/proc/self/status", 10, &b), -E2BIG); /* its size says 0 */
        CHECK_STR(bytes_text(&b), "1234512345");

        _cleanup_close_ int sparse = openat(fd, "sparse", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        CHECK(sparse >= 0 && ftruncate(sparse, 1 << 30) >= 0);
        CHECK_INT(file_read_at(fd, "sparse", 1024 * 1024, &b), -E2BIG);
}

static void opens_and_makes_directories(void) {
        const char *path = test_directory();
        _cleanup_close_ int fd = dir_open(path), made = -1, again = -1;
        struct stat st;

        mode_t mask = umask(077);
        made = dir_open_at(fd, "sub", 0751);
        umask(mask);
        CHECK(made >= 0 && fstat(made, &st) >= 0 && (st.st_mode & 07777) == 0751);
        again = dir_open_at(fd, "sub", 0700);
        CHECK(again >= 0 && fstat(again, &st) >= 0 && (st.st_mode & 07777) == 0751);
        CHECK(symlinkat("sub", fd, "link") >= 0);
        put(fd, "file", "x");
        CHECK_INT(dir_open_at(fd, "link", 0700), -ELOOP);
        CHECK_INT(dir_open_at(fd, "file", 0700), -ENOTDIR);

        char link[300];
        (void) snprintf(link, sizeof(link), "%s/link", path);
        CHECK_INT(dir_open(link), -ELOOP);
        (void) snprintf(link, sizeof(link), "%s/none", path);
        CHECK_INT(dir_open(link), -ENOENT);
}

static void check_trusted(const char *path, uid_t uid, int expected, const char *expected_bad) {
        _cleanup_free_ char *bad = NULL;
        _cleanup_close_ int fd = dir_open_trusted(path, uid, &bad);

        CHECK_INT(MIN(fd, 0), expected);
        if (expected_bad)
                CHECK_STR(bad, expected_bad);
        else
                CHECK(!bad);
}

static void trusts_only_who_cannot_be_led_away(void) {
        const char *path = test_directory();
        _cleanup_close_ int top = dir_open(path);
        _cleanup_close_ int a = dir_open_at(top, "a", 0755), b = dir_open_at(a, "b", 0755);
        char deep[300], part[300];

        REQUIRE(b >= 0);
        (void) snprintf(deep, sizeof(deep), "%s//a/./b/", path);
        (void) snprintf(part, sizeof(part), "%s//a", path);
        check_trusted("/", 0, 0, NULL);
        check_trusted("relative", 0, -EINVAL, NULL);
        check_trusted(deep, 0, 0, NULL);
        CHECK(fchmod(a, 0777) >= 0);
        check_trusted(deep, 0, -EPERM, part);
        CHECK(fchmod(a, 01777) >= 0);
        check_trusted(deep, 0, 0, NULL);
        CHECK(fchmod(a, 0755) >= 0);
        if (geteuid() == 0) { /* only root can give it away */
                CHECK(fchown(a, 12345, 12345) >= 0);
                check_trusted(deep, 0, -EPERM, part);
                check_trusted(deep, 12345, 0, NULL);
        }
        CHECK(symlinkat("a", top, "l") >= 0);
        (void) snprintf(deep, sizeof(deep), "%s/l/b", path);
        (void) snprintf(part, sizeof(part), "%s/l", path);
        check_trusted(deep, 12345, -ELOOP, part);
        (void) snprintf(deep, sizeof(deep), "%s/a/../a", path);
        (void) snprintf(part, sizeof(part), "%s/a/..", path);
        check_trusted(deep, 12345, -EINVAL, part);
}

static void removes(void) {
        _cleanup_close_ int fd = dir_open(test_directory());
        _cleanup_close_ int sub = dir_open_at(fd, "sub", 0700);

        put(fd, "a", "x");
        CHECK_INT(file_remove_at(fd, "a"), 0);
        CHECK_INT(file_remove_at(fd, "a"), 0);
        put(sub, "one", "1");
        CHECK(symlinkat("/etc", sub, "two") >= 0);
        CHECK_INT(dir_remove_flat_at(fd, "sub"), 0);
        CHECK_INT(dir_remove_flat_at(fd, "sub"), 0);
        check_entries(fd, "");
        CHECK(symlinkat("/etc", fd, "link") >= 0);
        CHECK_INT(dir_remove_flat_at(fd, "link"), -ELOOP);
}

static void removes_only_its_temporaries(void) {
        _cleanup_close_ int fd = dir_open(test_directory());
        StagedFile staged = {};

        CHECK_INT(file_stage_at(fd, "key", "x", 1, rights_0644, &staged), 0);
        put(fd, "plain~renewd", "x");
        put(fd, ".x~renewd", "x");
        put(fd, ".name.abc~renewd", "x");
        put(fd, ".name.abcdef~other", "x");
        put(fd, ".name.abcdef~renewd", "x");
        CHECK_INT(dir_remove_temporaries(fd), 0);
        check_entries(fd, ".name.abcdef~other|.name.abc~renewd|.x~renewd|plain~renewd|");
        staged_file_discard(fd, &staged);
}

static void links_are_replaced(void) {
        _cleanup_close_ int fd = dir_open(test_directory());
        char target[16] = {};

        CHECK_INT(link_replace_at(fd, "live", "../v/1"), 0);
        CHECK_INT(link_replace_at(fd, "live", "../v/2"), 0);
        CHECK(readlinkat(fd, "live", target, sizeof(target) - 1) > 0);
        CHECK_STR(target, "../v/2");
        check_entries(fd, "live|");
}

static void locks_exclude(void) {
        const char *path = test_directory();
        _cleanup_close_ int a = dir_open(path), b = dir_open(path);

        CHECK_INT(dir_lock(a, false), 0);
        CHECK_INT(dir_lock(b, false), -EWOULDBLOCK);
        a = close_fd(a);
        CHECK_INT(dir_lock(b, true), 0);
}

TEST_MAIN({ "replaces whole files with the mode asked for, whatever the umask (R1.4)",
            replaces_whole_files },
          { "stages under a temporary name with the final rights (R1.4, R2.10.2)",
            stages_with_final_rights },
          { "syncs the file before and the directory after the rename (R2.10.2)",
            syncs_file_and_directory },
          { "a failed sync is final: the old file stays, nothing is left", failed_sync_is_final },
          { "a failed stage leaves nothing behind (R2.10.2)", failed_stage_leaves_nothing },
          { "names cannot leave the directory (R2.9.1)", names_stay_in_the_directory },
          { "reads only regular files, no link, FIFO, socket (R2.9.2)", reads_only_regular_files },
          { "reads within the limit, also what lies about its size (R2.9.2)",
            reads_within_the_limit },
          { "opens and makes directories without links (R2.9.1)", opens_and_makes_directories },
          { "trusts a path of trusted owners only (R2.10.1)", trusts_only_who_cannot_be_led_away },
          { "removes files and flat directories, follows no link", removes },
          { "removes only its own temporary files", removes_only_its_temporaries },
          { "replaces symbolic links in one rename", links_are_replaced },
          { "a lock excludes the second and ends with its descriptor", locks_exclude })
