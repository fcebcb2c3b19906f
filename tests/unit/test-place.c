/* Where a file may be put, by whom the way there is changed, and with which rights it stands (R2.9, R2.10, S6.2). */

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include "tests/unit/deploy-bench.h"
#include "tests/unit/place-bench.h"
#include "tests/unit/test.h"

/* ---- what stands at the place ---- */

static void make_directory(const char *path) {
        MUST(mkdir(path, 0755));
}

static void make_fifo(const char *path) {
        MUST(mkfifo(path, 0600));
}

static void make_device(const char *path) {
        MUST(mknod(path, S_IFCHR | 0600, makedev(1, 3)));
}

static void make_socket(const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        (void) snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
        MUST(bind(fd, (const struct sockaddr *) &address, sizeof address));
        (void) close_fd(fd);
}

static void make_dangling(const char *path) {
        MUST(symlink("/nonexistent/x", path));
}

static void make_device_link(const char *path) {
        MUST(symlink("/dev/null", path));
}

static void what_is_no_file_is_refused(void) {
        void (*const make[])(const char *) = { make_directory, make_fifo,     make_device,
                                               make_socket,    make_dangling, make_device_link };

        if (!place_is_root())
                return;
        for (size_t i = 0; i < ELEMENTSOF(make); i++) {
                _cleanup_(bench_done) Bench b;
                struct stat before, after;

                bench_init(&b);
                make[i](test_path(&b.live, "etc/a.key"));
                before = bench_stat(&b, "etc/a.key");
                REQUIRE(bench_deploy(&b) >= 0);
                CHECK_STR(b.row.step, "place");
                CHECK(b.row.error && strstr(b.row.error, "stands there, which is not replaced"));
                after = bench_stat(&b, "etc/a.key");
                CHECK(before.st_ino == after.st_ino && before.st_mode == after.st_mode);
                CHECK(!test_exists(&b.live, "etc/a.crt"));
        }
}

/* R2.9.2: the installer's own state. */
static void state_is_read_without_links(void) {
        _cleanup_(bench_done) Bench b;

        bench_init(&b);
        REQUIRE(bench_deploy(&b) >= 0);
        REQUIRE(test_write(&b.live, "decoy", "{}\n", 0600) >= 0);
        MUST(unlink(test_path(&b.live, "state/installer/rows/" NAME "/nginx.json")));
        MUST(symlink(test_path(&b.live, "decoy"),
                     test_path(&b.live, "state/installer/rows/" NAME "/nginx.json")));
        (void) bench_deploy(&b);
        CHECK_STR(test_content(&b.live, "decoy"), "{}\n");
        MUST(rename(test_path(&b.live, "state/installer/saved"),
                    test_path(&b.live, "state/moved")));
        MUST(symlink(test_path(&b.live, "state/moved"),
                     test_path(&b.live, "state/installer/saved")));
        REQUIRE(test_issue_live(&b.live, NAME) >= 0);
        CHECK(bench_deploy(&b) < 0);
}

/* ---- file systems ---- */

static bool mount_at(const char *path, unsigned long flags, const char *options) {
        if (mkdir(path, 0755) < 0 && errno != EEXIST)
                return false;
        if (mount("tmpfs", path, "tmpfs", flags, options) == 0)
                return true;
        printf("# mount: %m\n");
        CHECK(!"a file system can be mounted");
        return false;
}

static void other_file_system(void) {
        _cleanup_(bench_done) Bench b;

        bench_init(&b);
        bench_set_file(&b, 0, FILE_FULLCHAIN, "etc/fs/a.crt", 0644);
        if (!place_is_root() || !mount_at(test_path(&b.live, "etc/fs"), 0, "size=1m"))
                return;
        CHECK(bench_deploy(&b) >= 0);
        CHECK(b.row.in_place && b.row.activated);
        (void) umount2(test_path(&b.live, "etc/fs"), MNT_DETACH);
}

/* All or nothing: the key stays the former one when there is no room for the certificate. */
static void full_file_system(void) {
        _cleanup_(bench_done) Bench b;
        char first[BENCH_FILE_MAX], block[4096];
        int fd;

        bench_renewed(&b, first);
        if (!place_is_root() || !mount_at(test_path(&b.live, "etc/fs"), 0, "size=32k"))
                return;
        bench_set_file(&b, 0, FILE_FULLCHAIN, "etc/fs/a.crt", 0644);
        fd = open(test_path(&b.live, "etc/fs/fill"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        memset(block, 'x', sizeof block);
        while (write(fd, block, sizeof block) > 0)
                ;
        (void) close_fd(fd);
        CHECK(bench_deploy(&b) >= 0);
        CHECK_STR(b.row.step, "stage");
        CHECK(b.row.error && strstr(b.row.error, "No space left"));
        CHECK(strcmp(test_content(&b.live, "etc/a.crt"), first) == 0);
        CHECK(!test_exists(&b.live, "etc/fs/a.crt"));
        MUST(unlink(test_path(&b.live, "etc/fs/fill")));
        CHECK(bench_deploy(&b) >= 0);
        CHECK(b.row.in_place);
        (void) umount2(test_path(&b.live, "etc/fs"), MNT_DETACH);
}

static void read_only_file_system(void) {
        _cleanup_(bench_done) Bench b;

        bench_init(&b);
        bench_set_file(&b, 0, FILE_FULLCHAIN, "etc/fs/a.crt", 0644);
        if (!place_is_root() || !mount_at(test_path(&b.live, "etc/fs"), MS_RDONLY, "size=1m"))
                return;
        CHECK(bench_deploy(&b) >= 0);
        CHECK_STR(b.row.step, "stage");
        CHECK(b.row.error && strstr(b.row.error, "Read-only file system"));
        CHECK(!test_exists(&b.live, "etc/a.key"));
        (void) umount2(test_path(&b.live, "etc/fs"), MNT_DETACH);
}

static bool set_immutable(const char *path, bool on) {
        int fd = open(path, O_RDONLY | O_CLOEXEC), flags = 0;
        bool done = fd >= 0 && ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0;

        flags = on ? flags | FS_IMMUTABLE_FL : flags & ~FS_IMMUTABLE_FL;
        done = done && ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0;
        (void) close_fd(fd);
        return done;
}

static void immutable_file(void) {
        _cleanup_(bench_done) Bench b;
        char first[BENCH_FILE_MAX];

        bench_renewed(&b, first);
        if (!place_is_root() || !set_immutable(test_path(&b.live, "etc/a.crt"), true))
                return;
        CHECK(bench_deploy(&b) >= 0);
        CHECK_STR(b.row.step, "rename");
        CHECK(b.row.error && strstr(b.row.error, "lsattr"));
        CHECK_STR(test_content(&b.live, "etc/a.crt"), first);
        CHECK(!bench_pair_is_live(&b));
        CHECK(set_immutable(test_path(&b.live, "etc/a.crt"), false));
        CHECK(bench_deploy(&b) >= 0);
        CHECK(bench_pair_is_live(&b));
}

/* ---- owner and mode ---- */

static void owner_of_the_directory(void) {
        _cleanup_(bench_done) Bench b;
        char directory[] = FILE_OWNER_DIRECTORY;
        struct stat st;

        bench_init(&b);
        if (!place_is_root())
                return;
        MUST(mkdir(test_path(&b.live, "etc/ssl"), 0755));
        MUST(chown(test_path(&b.live, "etc/ssl"), OTHER, OTHER));
        bench_set_file(&b, 0, FILE_COMBINED, "etc/ssl/cert.pem", 0640);
        b.files[0].owner = b.files[0].group = directory;
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK(b.row.in_place && !b.row.step);
        st = bench_stat(&b, "etc/ssl/cert.pem");
        CHECK_INT(st.st_uid, OTHER);
        CHECK_INT(st.st_gid, OTHER);
        CHECK_INT(st.st_mode & 07777, 0640);
        MUST(chown(test_path(&b.live, "etc/ssl"), 7, 8)); /* another user now: drift */
        REQUIRE(bench_inspect(&b) >= 0);
        CHECK(!b.row.in_place);
        REQUIRE(bench_deploy(&b) >= 0);
        st = bench_stat(&b, "etc/ssl/cert.pem");
        CHECK(st.st_uid == 7 && st.st_gid == 8 && b.row.in_place);
        bench_set_file(&b, 0, FILE_COMBINED, "etc/none/cert.pem", 0640);
        b.files[0].owner = b.files[0].group = directory;
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_STR(b.row.step, "place");
        CHECK(b.row.error && strstr(b.row.error, "its owner is not known: make it"));
}

/* A directory of somebody's in that of somebody else's. */
static void owner_of_the_directory_is_trusted_as_if_named(void) {
        _cleanup_(bench_done) Bench b;
        char directory[] = FILE_OWNER_DIRECTORY;

        bench_init(&b);
        if (!place_is_root())
                return;
        MUST(mkdir(test_path(&b.live, "etc/x"), 0755));
        MUST(mkdir(test_path(&b.live, "etc/x/ssl"), 0755));
        MUST(chown(test_path(&b.live, "etc/x"), OTHER, OTHER));
        MUST(chown(test_path(&b.live, "etc/x/ssl"), 7, 7));
        bench_set_file(&b, 0, FILE_COMBINED, "etc/x/ssl/cert.pem", 0640);
        b.files[0].owner = b.files[0].group = directory;
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_STR(b.row.step, "place");
        CHECK(b.row.error && strstr(b.row.error, "may be changed by others"));
}

static void no_rights_at_all(void) {
        _cleanup_(bench_done) Bench b;
        struct stat st;

        bench_init(&b);
        b.files[0].leave_rights = b.files[1].leave_rights = true;
        REQUIRE(bench_deploy(&b) >= 0 && bench_verify(&b) >= 0);
        CHECK_INT(b.row.state, ROW_VERIFIED);
        st = bench_stat(&b, "etc/a.key");
        CHECK_INT(st.st_mode & 0077, 0); /* as it was made */
        MUST(chmod(test_path(&b.live, "etc/a.crt"), 0444));
        REQUIRE(bench_inspect(&b) >= 0);
        CHECK(b.row.in_place); /* whatever the file system shows */
        REQUIRE(test_write(&b.live, "etc/a.crt", "junk", 0644) >= 0);
        REQUIRE(bench_inspect(&b) >= 0);
        CHECK(!b.row.in_place);
}

TEST_MAIN({ "R2.10.4: directory, FIFO, device, socket, links are not replaced",
            what_is_no_file_is_refused },
          { "R2.9.2: no link leads out of the state", state_is_read_without_links },
          { "R2.10.4: another file system", other_file_system },
          { "R2.10.4: a full one, all or nothing", full_file_system },
          { "R2.10.4: a read-only one", read_only_file_system },
          { "R2.10.4: an immutable file", immutable_file },
          { "S6.2: the directory's owner", owner_of_the_directory },
          { "R2.10.1: the directory's owner is trusted as if he were named",
            owner_of_the_directory_is_trusted_as_if_named },
          { "S6.2: a file system without rights", no_rights_at_all })
