#pragma once

/* One certificate and one target on scratch directories, for the tests of the transaction. */

#include <sys/stat.h>

#include "hooks/deploy.h"
#include "tests/unit/test-live.h"

#define NAME "a.example.org"

typedef struct Bench {
        TestLive live;
        FileConfig files[2];
        char paths[2][400];
        char owner[16], group[16];
        char unit[32];
        TargetConfig target;
        CertificateConfig certificate;
        DeployJob job;
        Row row;
        char *error;
} Bench;

/* A live certificate whose chain and key go to etc/a.crt and etc/a.key; no service, no systemd. */
void bench_init(Bench *b);
void bench_done(Bench *b);

/* Verified at one leaf (whose etc/a.crt is *ret_first), then another is live. */
#define BENCH_FILE_MAX 65536
void bench_renewed(Bench *b, char ret_first[BENCH_FILE_MAX]);

/* The calls of the installer; the answer is in row or error. */
int bench_deploy(Bench *b);
int bench_verify(Bench *b);
int bench_inspect(Bench *b);

void bench_set_file(Bench *b, size_t i, FileContent content, const char *path, mode_t mode);
void bench_set_program(Bench *b, StringList *argv, const char *path, const char *script);

/* etc/a.key and etc/a.crt are the live ones. */
bool bench_pair_is_live(Bench *b);
struct stat bench_stat(Bench *b, const char *path);
