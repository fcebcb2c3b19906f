#pragma once

/* A configuration on disk for one case, and what loading says about it. */

#include "config/config.h"

extern char root[300]; /* of the running case; etc/ and lib/ are in it */
extern char config_dir[320], data_dir[320];

void make_dirs(void);
/* With a CA "letsencrypt" and a service profile "nginx". */
void make_tree(void);

/* `name` is relative to the root; makes what is above it. */
void write_sized(const char *name, const void *text, size_t size);
void write_text(const char *name, const char *text);

Config *load(void);
Config *load_only(const char *only);

/* The text of a message without the case's directory; valid until the next call. */
const char *message_at(const Config *c, size_t i);
void print_messages(const Config *c);
/* The whole configuration has exactly this one message. */
void check_one_message(const Config *c, bool error, const char *certificate, const char *text);
