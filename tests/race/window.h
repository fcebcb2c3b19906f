#pragma once

/* Where the installer's own calls are: between the opening of the target's directory and a rename in it. The program that is
 * linked with window.c has these calls in place of libc's; what is tested knows nothing of it. */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define WINDOWS 4096

/* Shared by the installer and its adversary. */
typedef struct Window {
        _Atomic uint64_t
                        opened; /* generation: odd while the directory is open and nothing renamed */
        _Atomic uint64_t written; /* the same since the temporary file was made */
        _Atomic uint64_t pending_opened[WINDOWS], pending_written[WINDOWS];
        _Atomic uint64_t swaps, swaps_opened,
                        swaps_written; /* all, and those in windows that ended in a rename */
        _Atomic uint64_t renames, deploys;
        _Atomic int stop;
} Window;

extern Window *window;
extern bool window_is_installer;     /* this process; else its calls are nothing to count */
extern const char *window_directory; /* the last component of the target's directory */

/* The adversary's: before and after one swap. */
typedef struct Moment {
        uint64_t opened, written;
} Moment;
Moment window_before(void);
void window_after(Moment before);
