/* Where a file may be put, by whom the way there is changed, and with which rights it stands (R2.9, R2.10, S6.2). */

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/acl.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include "hooks/access-list.h"
#include "tests/unit/deploy-bench.h"
#include "tests/unit/test.h"

#define OTHER 65534 /* not root */

/* Chmod()s and the like of what a case needs to be there. */
#define MUST(call)                                        \
        do {                                              \
                if ((call) < 0) {                         \
                        printf("# %s: %m\n", #call);      \
                        CHECK(!"the case can be set up"); \
                        return;                           \
                }                                         \
        } while (0)

static bool is_root(void) {
        if (geteuid() == 0)
                return true;
        printf("skip this case -- needs root\n");
        return false;
}

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

        if (!is_root())
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
        if (!is_root() || !mount_at(test_path(&b.live, "etc/fs"), 0, "size=1m"))
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
        if (!is_root() || !mount_at(test_path(&b.live, "etc/fs"), 0, "size=32k"))
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
        if (!is_root() || !mount_at(test_path(&b.live, "etc/fs"), MS_RDONLY, "size=1m"))
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
        if (!is_root() || !set_immutable(test_path(&b.live, "etc/a.crt"), true))
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
        if (!is_root())
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
        if (!is_root())
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

/* ---- links ---- */

static void link_is_kept(void) {
        _cleanup_(bench_done) Bench b;
        struct stat st;

        bench_init(&b);
        MUST(mkdir(test_path(&b.live, "real"), 0755));
        REQUIRE(test_write(&b.live, "real/cert.pem", "old\n", 0644) >= 0);
        MUST(symlink("../real/cert.pem", test_path(&b.live, "etc/middle")));
        MUST(symlink(test_path(&b.live, "etc/middle"), test_path(&b.live, "etc/a.crt")));
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_STR(b.row.step, "place");
        CHECK(b.row.error && strstr(b.row.error, "symlink=keep"));
        b.files[0].keep_link = true;
        REQUIRE(bench_deploy(&b) >= 0 && bench_verify(&b) >= 0);
        CHECK_INT(b.row.state, ROW_VERIFIED);
        st = bench_stat(&b, "etc/a.crt");
        CHECK(S_ISLNK(st.st_mode));
        CHECK(bench_pair_is_live(&b));
        CHECK(S_ISREG(bench_stat(&b, "real/cert.pem").st_mode));
        REQUIRE(test_write(&b.live, "real/cert.pem", "old\n", 0644) >= 0);
        REQUIRE(bench_inspect(&b) >= 0);
        CHECK(!b.row.in_place);
}

static void kept_link_comes_back_after_a_refusal(void) {
        _cleanup_(bench_done) Bench b;
        char first[BENCH_FILE_MAX];

        bench_init(&b);
        MUST(mkdir(test_path(&b.live, "real"), 0755));
        MUST(symlink(test_path(&b.live, "real/cert.pem"), test_path(&b.live, "etc/a.crt")));
        b.files[0].keep_link = true;
        REQUIRE(bench_deploy(&b) >= 0 && bench_verify(&b) >= 0);
        (void) snprintf(first, sizeof first, "%s", test_content(&b.live, "real/cert.pem"));
        REQUIRE(test_issue_live(&b.live, NAME) >= 0);
        bench_set_program(&b, &b.target.check, "check", "#!/bin/sh\nexit 1\n");
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK(b.row.rolled_back);
        CHECK_STR(test_content(&b.live, "real/cert.pem"), first);
        CHECK(S_ISLNK(bench_stat(&b, "etc/a.crt").st_mode));
}

/* renewctl remove --restore: what a place can do besides its path is needed for that too. */
static void first_set_comes_back_behind_a_link(void) {
        _cleanup_(string_list_done) StringList messages = {};
        _cleanup_(bench_done) Bench b;

        bench_init(&b);
        MUST(mkdir(test_path(&b.live, "real"), 0755));
        REQUIRE(test_write(&b.live, "real/cert.pem", "vendor's\n", 0604) >= 0);
        MUST(symlink(test_path(&b.live, "real/cert.pem"), test_path(&b.live, "etc/a.crt")));
        REQUIRE(test_write(&b.live, "etc/a.key", "vendor's key\n", 0600) >= 0);
        b.files[0].keep_link = b.files[1].leave_rights = true;
        REQUIRE(bench_deploy(&b) >= 0 && bench_verify(&b) >= 0);
        CHECK_INT(b.row.state, ROW_VERIFIED);
        CHECK_INT(deploy_restored(&b.job, &messages, &b.error), 0);
        CHECK_STR(test_content(&b.live, "real/cert.pem"), "vendor's\n");
        CHECK_INT(bench_stat(&b, "real/cert.pem").st_mode & 07777, 0604);
        CHECK_STR(test_content(&b.live, "etc/a.key"), "vendor's key\n");
        CHECK(S_ISLNK(bench_stat(&b, "etc/a.crt").st_mode));
}

static void link_of_another_is_not_followed(void) {
        char other[] = "65534";

        if (!is_root())
                return;
        for (unsigned i = 0; i < 4; i++) {
                _cleanup_(bench_done) Bench b;
                const char *link;

                bench_init(&b);
                MUST(mkdir(test_path(&b.live, "decoy"), 0755));
                REQUIRE(test_write(&b.live, "decoy/shadow", "secret\n", 0600) >= 0);
                link = test_path(&b.live, "etc/a.crt");
                MUST(symlink(test_path(&b.live, "decoy/shadow"), link));
                b.files[0].keep_link = true;
                if (i == 0) /* his directory, his link */
                        MUST(chown(test_path(&b.live, "etc"), OTHER, OTHER));
                if (i == 1) /* his link in root's directory */
                        MUST(lchown(link, OTHER, OTHER));
                if (i == 2) { /* a directory that a group can change */
                        MUST(chown(test_path(&b.live, "etc"), 0, OTHER));
                        MUST(chmod(test_path(&b.live, "etc"), 0775));
                }
                if (i == 3) /* it leads to a directory that everybody can change */
                        MUST(chmod(test_path(&b.live, "decoy"), 0777));
                b.files[0].owner = b.files[1].owner = other;
                REQUIRE(bench_deploy(&b) >= 0);
                CHECK_STR(b.row.step, "place");
                CHECK_STR(test_content(&b.live, "decoy/shadow"), "secret\n");
        }
}

static void endless_links_end(void) {
        _cleanup_(bench_done) Bench b;

        bench_init(&b);
        MUST(symlink("a.crt", test_path(&b.live, "etc/b.crt")));
        MUST(symlink("b.crt", test_path(&b.live, "etc/a.crt")));
        b.files[0].keep_link = true;
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_STR(b.row.step, "place");
}

/* ---- access lists ---- */

static void add_acl(Bench *b, size_t i, const char *entry) {
        CHECK(string_list_add(&b->files[i].acl, entry) >= 0);
}

static const char *list_of(Bench *b, const char *path) {
        static char list[300];
        _cleanup_free_ char *text = NULL;
        int fd = open(test_path(&b->live, path), O_RDONLY | O_CLOEXEC);

        CHECK(access_list_read(fd, &text) >= 0);
        (void) close_fd(fd);
        (void) snprintf(list, sizeof list, "%s", text ? text : "none");
        return list;
}

static void set_list(Bench *b, const char *path, acl_type_t type, const char *text) {
        acl_t a = acl_from_text(text);

        CHECK(a && acl_set_file(test_path(&b->live, path), type, a) == 0);
        (void) acl_free(a);
}

#define WANTED "u::rw-,u:7:r--,g::---,g:8:rw-,m::rw-,o::---"

static void access_list_is_exact(void) {
        _cleanup_(bench_done) Bench b;

        bench_init(&b);
        add_acl(&b, 1, "u:7:r-");
        add_acl(&b, 1, "g:8:rw");
        REQUIRE(bench_deploy(&b) >= 0 && bench_verify(&b) >= 0);
        CHECK_INT(b.row.state, ROW_VERIFIED);
        CHECK_STR(list_of(&b, "etc/a.key"), WANTED);
        CHECK_STR(list_of(&b, "etc/a.crt"), "none");
        set_list(&b, "etc/a.key", ACL_TYPE_ACCESS, "u::rw-,u:9:r--,g::---,m::rw-,o::---");
        REQUIRE(bench_inspect(&b) >= 0);
        CHECK(!b.row.in_place);
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_STR(list_of(&b, "etc/a.key"), WANTED);
        set_list(&b, "etc/a.crt", ACL_TYPE_ACCESS, "u::rw-,u:9:r--,g::r--,m::r--,o::r--");
        REQUIRE(bench_inspect(&b) >= 0);
        CHECK(!b.row.in_place); /* one that nobody configured */
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK(b.row.in_place);
        CHECK_STR(list_of(&b, "etc/a.crt"), "none");
        string_list_done(&b.files[1].acl);
}

/* What the directory hands down would give the key to somebody. */
static void inherited_list_is_taken_away(void) {
        _cleanup_(bench_done) Bench b;

        bench_init(&b);
        set_list(&b, "etc", ACL_TYPE_DEFAULT, "u::rwx,u:9:rwx,g::r-x,m::rwx,o::r-x");
        bench_set_file(&b, 1, FILE_KEY, "etc/a.key", 0640);
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK(b.row.in_place);
        CHECK_STR(list_of(&b, "etc/a.key"), "none");
        CHECK_INT(bench_stat(&b, "etc/a.key").st_mode & 07777, 0640);
}

static void former_list_comes_back(void) {
        _cleanup_(bench_done) Bench b;
        char first[BENCH_FILE_MAX];

        bench_renewed(&b, first);
        set_list(&b, "etc/a.key", ACL_TYPE_ACCESS, WANTED);
        bench_set_program(&b, &b.target.check, "check", "#!/bin/sh\nexit 1\n");
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK(b.row.rolled_back);
        CHECK_STR(list_of(&b, "etc/a.key"), WANTED);
}

static void unknown_user_of_a_list(void) {
        _cleanup_(bench_done) Bench b;

        bench_init(&b);
        add_acl(&b, 1, "u:no-such-user:r-");
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_STR(b.row.step, "place");
        CHECK(b.row.error && strstr(b.row.error, "there is no user 'no-such-user'"));
        string_list_done(&b.files[1].acl);
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
          { "S6.2: a file system without rights", no_rights_at_all },
          { "S6.2: a link of root's is followed where it is to be kept", link_is_kept },
          { "a file behind a kept link comes back", kept_link_comes_back_after_a_refusal },
          { "the very first file behind a kept link comes back",
            first_set_comes_back_behind_a_link },
          { "R2.10.1: a link that another can make is not followed",
            link_of_another_is_not_followed },
          { "links in a circle end", endless_links_end },
          { "S6.2: the access list is exactly the configured one", access_list_is_exact },
          { "S6.2: a list of the directory does not open the key", inherited_list_is_taken_away },
          { "the former file's list comes back", former_list_comes_back },
          { "a user of a list that does not exist is named", unknown_user_of_a_list })
