/* How the common web servers hand the challenge path over. HAProxy runs in a chroot where the unix
 * socket is not to be seen, so it gets the loopback port. */

#include <string.h>

#include "base/strings.h"
#include "ctl/port80.h"

#define NGINX_LINES                                        \
        "    location /.well-known/acme-challenge/ {\n"    \
        "        proxy_pass http://unix:@RUNTIME@/http;\n" \
        "        proxy_set_header Host $host;\n"           \
        "    }\n"
#define APACHE_LINES                                                             \
        "    ProxyPass \"/.well-known/acme-challenge/\" "                        \
        "\"unix:@RUNTIME@/http|http://localhost/.well-known/acme-challenge/\"\n" \
        "    ProxyPreserveHost On\n"
#define HAPROXY_LINES                                                           \
        "    (in the frontend)\n"                                               \
        "    use_backend renewd if { path_beg /.well-known/acme-challenge/ }\n" \
        "    (and beside it)\n"                                                 \
        "    backend renewd\n"                                                  \
        "        server renewd " WEB_SERVER_LISTEN "\n"
#define CADDY_LINES                                    \
        "    handle /.well-known/acme-challenge/* {\n" \
        "        reverse_proxy unix/@RUNTIME@/http\n"  \
        "    }\n"
#define LIGHTTPD_LINES                                                                             \
        "    $HTTP[\"url\"] =~ \"^/.well-known/acme-challenge/\" {\n"                              \
        "        proxy.server = ( \"\" => ( ( \"host\" => \"127.0.0.1\", \"port\" => 8402 ) ) )\n" \
        "    }\n"
#define OTHER_LINES \
        "    pass requests for /.well-known/acme-challenge/ on to http://" WEB_SERVER_LISTEN "\n"

static const WebServer servers[] = {
        { "nginx", "nginx, in the server block for port 80", true, NGINX_LINES },
        { "apache2", "Apache, in the virtual host for port 80 (a2enmod proxy proxy_http)", true,
          APACHE_LINES },
        { "httpd", "Apache, in the virtual host for port 80 (with mod_proxy_http)", true,
          APACHE_LINES },
        { "haproxy", "HAProxy", false, HAPROXY_LINES },
        { "caddy", "Caddy, in the site's block", true, CADDY_LINES },
        { "lighttpd", "lighttpd (with mod_proxy)", false, LIGHTTPD_LINES },
};

static const WebServer other = { "", "the web server's configuration", false, OTHER_LINES };

const WebServer *web_server_for(const char *program) {
        for (size_t i = 0; i < ELEMENTSOF(servers); i++)
                if (str_equal(program, servers[i].program))
                        return &servers[i];
        return &other;
}

int web_server_lines(const WebServer *server, const char *runtime, char **ret) {
        static const char mark[] = "@RUNTIME@";
        const char *at = strstr(server->lines, mark);

        if (!at)
                return str_printf(ret, "%s", server->lines);
        return str_printf(
                        ret, "%.*s%s%s", (int) (at - server->lines), server->lines, runtime,
                        at + strlen(mark));
}
