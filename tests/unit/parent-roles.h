#pragma once

/* What the engine and the helpers do under the parent in its tests. */

/* What one helper says at most. */
#define REPORT_MAX ((size_t) 8192)

/* The helper tells what it sees to descriptor 3. */
_Noreturn void play_helper(int argc, char *argv[]);

/* What $TEST_PART says; it tells the descriptor $TEST_FD. */
_Noreturn void play_engine(int argc, char *argv[]);
