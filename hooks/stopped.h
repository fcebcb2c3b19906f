#pragma once

/* What follows the end of the engine, run by systemd after it (ExecStopPost=). */

/* Closes the engine's sockets when a person stopped the engine, or when it will not come back by itself: else the next
 * connection would start it again. After a crash, and during a restart, they stay open and nobody is refused (R2.5.7).
 * PartOf= would close and open them at each crash; then a process that systemd is just starting may still have the
 * old descriptor, and the new socket finds the port busy and stays away for good. Without systemd there is nothing to do. */
int engine_stopped(void);
