#pragma once

/* Who has a TCP port: read from the kernel's tables, so that `renewctl add` can name the web server
 * instead of failing with "address in use". */

#include "config/service.h"

#define PORT_LISTENERS_MAX 32

/* Inodes of the sockets that listen on `port`, from the text of /proc/net/tcp or tcp6; returns how
 * many were put into `inodes`. Lines that do not read as such are skipped. */
size_t port_listeners_parse(const char *text, uint16_t port, uint64_t *inodes, size_t max);

typedef struct PortOwner {
        bool busy;
        char *program; /* owns; escaped name of the process; NULL if it could not be found out */
        pid_t pid;
} PortOwner;

void port_owner_done(PortOwner *o);

/* `proc`: "/proc". Other users' processes are named only to root. */
int port_owner_find(const char *proc, uint16_t port, PortOwner *ret);

/* Can the port be bound on all addresses? -EADDRINUSE: no; -EACCES: only root may know. */
int port_try_bind(uint16_t port);

/* The lines that hand the challenge path over to renewd, for the program that has port 80. */
typedef struct WebServer {
        const char *program; /* name of the process */
        const char *title;
        bool by_socket;    /* lines use RUNTIME/http; else the loopback port of Listen= */
        const char *lines; /* "@RUNTIME@" stands for the directory */
} WebServer;

/* The entry for the program; never NULL. */
const WebServer *web_server_for(const char *program);
bool web_server_is_known(const char *program);
int web_server_lines(const WebServer *server, const char *runtime, char **ret); /* malloc'ed */
#define WEB_SERVER_LISTEN SERVICE_HTTP_LISTEN

/* The same for port 443: the lines that route acme-tls/1 to renewd. Never NULL. */
const WebServer *alpn_proxy_for(const char *program);
#define ALPN_PROXY_LISTEN "127.0.0.1:8443"
