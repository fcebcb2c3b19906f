/* The owner of a target's directory against the installer (R2.10.3, B3): while it deploys, over and over, he puts links to a
 * tree of root's in the place of his directory, of the temporary files and of the files themselves, as fast as he can. The
 * adversary is several processes under another user; the installer is this program's copy of the installer's own code.
 *
 * That the watch sees what it should see is shown first, by an installer that works by path. */

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "hooks/deploy.h"
#include "tests/fake/unit.h"
#include "tests/race/decoy.h"
#include "tests/race/window.h"
#include "tests/unit/test-live.h"
#include "tests/unit/test.h"

#define NAME       "a.example.org"
#define ADVERSARY  65534
#define SECONDS    60 /* of the full form */
#define SWAPS      100000
#define IN_WINDOWS 1000
#define PATIENCE   20 /* times as long as it should take, on a busy machine */

typedef struct Race {
        TestLive live;
        Decoy decoy;
        char home[400], tls[420], link[420], other[420];
        pid_t children[8];
        size_t count;
} Race;

static bool is_full(void) {
        const char *full = getenv("RENEWD_TEST_FULL");

        return full && *full;
}

static double now(void) {
        struct timespec t;

        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

/* ---- the adversary ---- */

static void swap(int at, const char *a, int to, const char *b) {
        Moment before = window_before();

        if (renameat2(at, a, to, b, RENAME_EXCHANGE) == 0)
                window_after(before);
}

/* His directory, a link to the decoy, and another directory of his. */
static void swap_directory(const Race *r, int home) {
        (void) r;
        swap(home, "tls", home, "link");
        swap(home, "tls", home, "link");
        swap(home, "tls", home, "other");
        (void) usleep(20); /* else hardly any deploy gets far */
}

/* Whatever looks temporary becomes a link to the decoy, or a hard link of another file of his. */
static void swap_temporary(const Race *r, int home) {
        static const char *const own[] = { "to-shadow", "to-nothing", "hard" };
        static unsigned turn;
        int fd = openat(home, turn % 2 ? "tls" : "other",
                        O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        DIR *dir = fd < 0 ? NULL : fdopendir(fd);
        const struct dirent *entry;

        (void) r;
        turn++;
        if (!dir)
                (void) close_fd(fd);
        while (dir && (entry = readdir(dir)))
                if (str_ends_with(entry->d_name, "~renewd"))
                        swap(dirfd(dir), entry->d_name, home, own[turn % ELEMENTSOF(own)]);
        if (dir)
                (void) closedir(dir);
}

/* The files, each with a link to the decoy; sometimes there is none, so that something is to be installed. */
static void swap_files(const Race *r, int home) {
        static unsigned turn;

        (void) r;
        swap(home, "tls/a.key", home, "to-key");
        swap(home, "tls/a.key", home, "to-key");
        swap(home, "tls/a.crt", home, "to-shadow");
        swap(home, "tls/a.crt", home, "to-shadow");
        if (++turn % 8 == 0)
                (void) unlinkat(home, "tls/a.crt", 0);
        (void) usleep(50);
}

/* Back to where a deploy can begin: links and directories go from where files should be. */
static void tidy(int home) {
        static const char *const directories[] = { "tls", "other" };
        struct stat st;

        if (fstatat(home, "tls", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode))
                (void) renameat2(home, "tls", home, "link", RENAME_EXCHANGE);
        for (size_t i = 0; i < ELEMENTSOF(directories); i++) {
                static const char *const files[] = { "a.key", "a.crt" };

                for (size_t k = 0; k < ELEMENTSOF(files); k++) {
                        char path[64];

                        (void) snprintf(path, sizeof path, "%s/%s", directories[i], files[k]);
                        if (fstatat(home, path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
                            S_ISLNK(st.st_mode))
                                (void) unlinkat(home, path, 0);
                }
        }
}

static void plant(const Race *r, int home, const char *name, const char *target) {
        char path[600];

        (void) snprintf(path, sizeof path, "%s/%s", r->decoy.path, target);
        if (symlinkat(path, home, name) < 0 && errno != EEXIST)
                perror(name);
}

/* What he swaps with wears out: a rename of the installer's takes it away. */
static void replant(const Race *r, int home) {
        plant(r, home, "to-shadow", "shadow");
        plant(r, home, "to-nothing", "made-by-the-race");
        plant(r, home, "to-key", "a.key");
        (void) close_fd(openat(home, "hard", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
}

static pid_t start(Race *r, void (*body)(Race *)) {
        pid_t pid = fork();

        if (pid == 0) {
                body(r);
                _exit(0);
        }
        if (pid < 0)
                exit(99);
        r->children[r->count++] = pid;
        return pid;
}

static void adversary(Race *r, void (*move)(const Race *, int)) {
        int home;

        if (setgid(ADVERSARY) < 0 || setuid(ADVERSARY) < 0)
                _exit(99);
        home = open(r->home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        for (unsigned i = 0; !atomic_load(&window->stop); i++) {
                if (i % 64 == 0) {
                        tidy(home);
                        replant(r, home);
                }
                move(r, home);
        }
}

static void adversary_of_directory(Race *r) {
        adversary(r, swap_directory);
}

static void adversary_of_temporary(Race *r) {
        adversary(r, swap_temporary);
}

static void adversary_of_files(Race *r) {
        adversary(r, swap_files);
}

/* ---- the installers ---- */

/* One that works by path, and looks before it leaps: what everybody writes first. */
static void naive(Race *r) {
        char path[500], temporary[520];

        (void) snprintf(path, sizeof path, "%s/a.key", r->tls);
        (void) snprintf(temporary, sizeof temporary, "%s/.a.key.XXXXXX~renewd", r->tls);
        while (!atomic_load(&window->stop)) {
                struct stat st;
                int fd;

                if (lstat(r->tls, &st) < 0 || !S_ISDIR(st.st_mode))
                        continue;
                fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
                if (fd < 0)
                        continue;
                (void) !write(fd, "key\n", 4);
                (void) close(fd);
                (void) !chown(temporary, ADVERSARY, ADVERSARY);
                (void) rename(temporary, path);
                atomic_fetch_add(&window->deploys, 1);
        }
}

/* The three ways in which the owner of a directory has a say. */
static void set_target(const Race *r, unsigned way, FileConfig files[2]) {
        static char paths[2][440], number[16], directory[] = FILE_OWNER_DIRECTORY;
        char *owner = way == 1 ? directory : number;

        (void) snprintf(number, sizeof number, "%u", ADVERSARY);
        (void) snprintf(paths[0], sizeof paths[0], "%s/a.key", r->tls);
        (void) snprintf(paths[1], sizeof paths[1], "%s/a.crt", r->tls);
        files[0] = (FileConfig){ .content = FILE_KEY, .mode = 0600 };
        files[1] = (FileConfig){ .content = FILE_FULLCHAIN, .mode = 0644 };
        for (size_t i = 0; i < 2; i++) {
                files[i].path = paths[i];
                files[i].owner = files[i].group = owner;
                files[i].keep_link = way == 2;
        }
}

static int deploy(const Race *r, unsigned way, bool *ret_in_place) {
        FileConfig files[2];
        char target_name[] = "race", certificate_name[] = NAME;
        TargetConfig target = {
                .name = target_name, .files = files, .file_count = 2, .timeout_sec = 10
        };
        CertificateConfig certificate = { .name = certificate_name };
        DeployJob job = { .paths = &r->live.paths, .certificate = &certificate, .target = &target };
        _cleanup_(row_done) Row row = {};
        _cleanup_free_ char *error = NULL;
        int e;

        set_target(r, way, files);
        e = deploy_run(&job, r->live.leaf, &row, &error);
        *ret_in_place = e >= 0 && row.in_place;
        if (e < 0)
                printf("# deploying: %s\n", error ? error : "?");
        return e;
}

static void installer(Race *r) {
        bool in_place;

        window_is_installer = true;
        for (unsigned i = 0; !atomic_load(&window->stop); i++) {
                (void) deploy(r, i % 3, &in_place);
                atomic_fetch_add(&window->deploys, 1);
        }
}

/* ---- races ---- */

static void own(const char *path, mode_t mode) {
        if (mkdir(path, mode) < 0 || chown(path, ADVERSARY, ADVERSARY) < 0)
                exit(99);
}

static void race_init(Race *r) {
        *r = (Race){};
        fake_units_reset();
        fake_units.running = false;
        test_live_init(&r->live);
        CHECK(test_issue_live(&r->live, NAME) >= 0);
        (void) snprintf(r->home, sizeof r->home, "%s/home", r->live.root);
        (void) snprintf(r->tls, sizeof r->tls, "%s/tls", r->home);
        (void) snprintf(r->link, sizeof r->link, "%s/link", r->home);
        (void) snprintf(r->other, sizeof r->other, "%s/other", r->home);
        if (chmod(r->live.root, 0755) < 0)
                exit(99);
        decoy_make(&r->decoy, test_path(&r->live, "decoy"));
        own(r->home, 0755);
        own(r->tls, 0755);
        own(r->other, 0755);
        if (symlink(r->decoy.path, r->link) < 0 || lchown(r->link, ADVERSARY, ADVERSARY) < 0)
                exit(99);
        window = mmap(NULL, sizeof *window, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                      0);
        if (window == MAP_FAILED)
                exit(99);
        window_directory = "tls";
}

static void race_start(Race *r, void (*body)(Race *)) {
        (void) fflush(stdout); /* a child would print it again */
        (void) start(r, adversary_of_directory);
        (void) start(r, adversary_of_temporary);
        (void) start(r, adversary_of_files);
        (void) start(r, body);
}

static void race_stop(Race *r) {
        atomic_store(&window->stop, 1);
        for (size_t i = 0; i < r->count; i++) {
                int status = -1;

                (void) waitpid(r->children[i], &status, 0);
                CHECK_INT(status, 0);
        }
}

static void race_done(Race *r) {
        (void) r;
        (void) munmap(window, sizeof *window);
        window = NULL;
}

static void the_watch_sees_a_naive_installer(void) {
        double until = now() + 20;
        unsigned touched = 0;

        while (!touched && now() < until) {
                Race r;

                race_init(&r);
                race_start(&r, naive);
                for (int i = 0; i < 10; i++)
                        (void) usleep(50 * 1000);
                race_stop(&r);
                touched = decoy_end(&r.decoy);
                race_done(&r);
        }
        CHECK(touched > 0);
}

static void print_figures(double seconds) {
        printf("# measured: %lu swaps in %.1f s by a hostile owner, %lu of them between the opening of the directory and the "
               "rename (%lu with the temporary file there), in %lu deploys and %lu renames\n",
               (unsigned long) window->swaps, seconds, (unsigned long) window->swaps_opened,
               (unsigned long) window->swaps_written, (unsigned long) window->deploys,
               (unsigned long) window->renames);
        printf("# measured: repeat with RENEWD_TEST_FULL=%s %s\n", is_full() ? "1" : "",
               program_invocation_name);
}

static void nothing_outside_is_touched(void) {
        double seconds = is_full() ? SECONDS : SECONDS / 20.0, begin, share = seconds / SECONDS;
        bool in_place = false;
        Race r;
        int home;

        race_init(&r);
        begin = now();
        race_start(&r, installer);
        while (now() < begin + seconds || (now() < begin + seconds * PATIENCE &&
                                           ((double) window->swaps < SWAPS * share ||
                                            (double) window->swaps_written < IN_WINDOWS * share)))
                (void) usleep(50 * 1000);
        race_stop(&r);
        print_figures(now() - begin);
        CHECK((double) window->swaps >= SWAPS * share);
        CHECK((double) window->swaps_opened >= IN_WINDOWS * share);
        CHECK((double) window->swaps_written >= IN_WINDOWS * share);
        CHECK(window->renames > 0);
        home = open(r.home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        tidy(home);
        (void) close_fd(home);
        CHECK_INT(deploy(&r, 0, &in_place), 0); /* he is gone, and all is well */
        CHECK(in_place);
        CHECK_INT(decoy_end(&r.decoy), 0);
        race_done(&r);
}

static void as_root(void (*fn)(void), const char *name) {
        if (geteuid() == 0)
                fn();
        else
                printf("skip %s -- needs root\n", name);
}

static void watch_case(void) {
        as_root(the_watch_sees_a_naive_installer, "the watch");
}

static void race_case(void) {
        as_root(nothing_outside_is_touched, "the race");
}

TEST_MAIN({ "R2.10.3: the watch sees an installer that works by path", watch_case },
          { "R2.10.3 B3: a hostile owner's swaps lead nowhere", race_case })
