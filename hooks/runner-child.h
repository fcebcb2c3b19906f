#pragma once

/* The plain way to run a program, for machines without systemd. */

#include "hooks/runner.h"

/* As runner_run(). Until it returns the process adopts orphans (PR_SET_CHILD_SUBREAPER) and must have no
 * other children: those that the program leaves behind are ended with it, whatever session they went to
 * (R3.7 H3, H4). */
int runner_child(const ProgramRun *run, ProgramResult *ret);

/* Keeps up to RUNNER_OUTPUT_MAX octets of what the pipe has now, drops the rest (H6). False at its end. */
bool runner_drain(int fd, ProgramResult *result);
