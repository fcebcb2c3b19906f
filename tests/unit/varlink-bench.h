#pragma once

/* A service with a method for each way of answering. */

#include "base/varlink.h"

extern VarlinkCall *test_pending; /* of Later */
extern unsigned test_gone;        /* how often its peer went meanwhile */
extern const VarlinkService test_service;
