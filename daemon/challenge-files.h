#pragma once

/* Challenges as files in a directory that a web server shows (K-08). */

#include "base/base.h"

typedef struct ChallengeFiles ChallengeFiles;

/* Opens the directory (its last component is made when missing) and removes what an earlier run left there. */
int challenge_files_open(const char *path, ChallengeFiles **ret);
ChallengeFiles *challenge_files_free(ChallengeFiles *f);
DEFINE_CLEANUP(ChallengeFiles *, challenge_files_free)

const char *challenge_files_path(const ChallengeFiles *f);
int challenge_files_show(ChallengeFiles *f, const char *token, const char *authorization);
int challenge_files_hide(ChallengeFiles *f, const char *token);
