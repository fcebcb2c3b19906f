#include "tests/unit/deploy-bench.h"

#include "tests/fake/unit.h"
#include "tests/unit/test.h"

void bench_set_file(Bench *b, size_t i, FileContent content, const char *path, mode_t mode) {
        (void) snprintf(b->paths[i], sizeof b->paths[i], "%s", test_path(&b->live, path));
        b->files[i] = (FileConfig){ .content = content,
                                    .path = b->paths[i],
                                    .owner = b->owner,
                                    .group = b->group,
                                    .mode = mode };
}

/* A certificate of which a key and a chain go to etc/, no service yet. */
void bench_init(Bench *b) {
        *b = (Bench){};
        fake_units_reset();
        fake_units.running = false;
        test_live_init(&b->live);
        (void) snprintf(b->owner, sizeof b->owner, "%u", geteuid());
        (void) snprintf(b->group, sizeof b->group, "%u", getegid());
        (void) snprintf(b->unit, sizeof b->unit, "nginx.service");
        bench_set_file(b, 0, FILE_FULLCHAIN, "etc/a.crt", 0644); /* first here, yet renamed last */
        bench_set_file(b, 1, FILE_KEY, "etc/a.key", 0600);
        b->target = (TargetConfig){
                .name = (char *) "nginx", .files = b->files, .file_count = 2, .timeout_sec = 10
        };
        b->certificate = (CertificateConfig){ .name = (char *) NAME,
                                              .targets = &b->target,
                                              .target_count = 1 };
        CHECK(string_list_add(&b->certificate.names, "a.example.org") >= 0);
        b->job = (DeployJob){ .paths = &b->live.paths,
                              .certificate = &b->certificate,
                              .target = &b->target };
        CHECK(test_issue_live(&b->live, NAME) >= 0);
}

void bench_done(Bench *b) {
        row_done(&b->row);
        free(b->error);
        string_list_done(&b->certificate.names);
        string_list_done(&b->target.check);
        string_list_done(&b->target.command);
        string_list_done(&b->target.fallback_command);
        string_list_done(&b->target.hook);
        string_list_done(&b->target.prove);
        string_list_done(&b->target.setup);
        string_list_done(&b->target.options);
        string_list_done(&b->target.twin_files);
        free(b->certificate.twin);
}

static int take(Bench *b, int (*fn)(const DeployJob *, const char *, Row *, char **)) {
        row_done(&b->row);
        free(TAKE_PTR(b->error));
        return fn(&b->job, b->live.leaf, &b->row, &b->error);
}

int bench_deploy(Bench *b) {
        return take(b, deploy_run);
}

int bench_verify(Bench *b) {
        return take(b, deploy_verified);
}

int bench_inspect(Bench *b) {
        row_done(&b->row);
        free(TAKE_PTR(b->error));
        return deploy_inspect(&b->job, &b->row, &b->error);
}

static bool same(Bench *b, const char *path, const char *live) {
        char copy[65536];

        (void) snprintf(copy, sizeof copy, "%s", test_content(&b->live, path));
        return copy[0] && strcmp(copy, test_content(&b->live, live)) == 0;
}

bool bench_pair_is_live(Bench *b) {
        return same(b, "etc/a.key", "state/live/" NAME "/privkey.pem") &&
               same(b, "etc/a.crt", "state/live/" NAME "/fullchain.pem");
}

void bench_set_program(Bench *b, StringList *argv, const char *path, const char *script) {
        CHECK(test_write(&b->live, path, script, 0755) >= 0);
        CHECK(string_list_add(argv, test_path(&b->live, path)) >= 0);
}

struct stat bench_stat(Bench *b, const char *path) {
        struct stat st = {};

        CHECK(lstat(test_path(&b->live, path), &st) == 0);
        return st;
}

/* Verified at one leaf, then another is live. */
void bench_renewed(Bench *b, char ret_first[BENCH_FILE_MAX]) {
        bench_init(b);
        CHECK(bench_deploy(b) >= 0 && bench_verify(b) >= 0);
        (void) snprintf(ret_first, BENCH_FILE_MAX, "%s", test_content(&b->live, "etc/a.crt"));
        CHECK(test_issue_live(&b->live, NAME) >= 0);
}
