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

#define ALPN_HAPROXY_LINES                                               \
        "    (in the frontend, with mode tcp)\n"                         \
        "    tcp-request inspect-delay 5s\n"                             \
        "    tcp-request content accept if { req.ssl_hello_type 1 }\n"   \
        "    use_backend renewd if { req.ssl_alpn -m str acme-tls/1 }\n" \
        "    (and beside it)\n"                                          \
        "    backend renewd\n"                                           \
        "        mode tcp\n"                                             \
        "        server renewd " ALPN_PROXY_LISTEN "\n"
#define ALPN_NGINX_LINES                                                                    \
        "    stream {\n"                                                                    \
        "        map $ssl_preread_alpn_protocols $to {\n"                                   \
        "            acme-tls/1 " ALPN_PROXY_LISTEN "; default 127.0.0.1:4443;\n"           \
        "        }\n"                                                                       \
        "        server { listen 443; listen [::]:443; ssl_preread on; proxy_pass $to; }\n" \
        "    }\n"                                                                           \
        "    (and let the sites listen on 127.0.0.1:4443 instead of 443)\n"
#define ALPN_OTHER_LINES                                                                                   \
        "    pass connections to port 443 whose ALPN is acme-tls/1 on, as they are, to " ALPN_PROXY_LISTEN \
        "\n"

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

static const WebServer alpn_proxies[] = {
        { "haproxy", "HAProxy", false, ALPN_HAPROXY_LINES },
        { "nginx", "nginx, outside of http { } (with libnginx-mod-stream)", false,
          ALPN_NGINX_LINES },
};

static const WebServer alpn_other = { "", "the configuration of what has port 443", false,
                                      ALPN_OTHER_LINES };

const WebServer *alpn_proxy_for(const char *program) {
        for (size_t i = 0; i < ELEMENTSOF(alpn_proxies); i++)
                if (str_equal(program, alpn_proxies[i].program))
                        return &alpn_proxies[i];
        return &alpn_other;
}

const WebServer *web_server_for(const char *program) {
        for (size_t i = 0; i < ELEMENTSOF(servers); i++)
                if (str_equal(program, servers[i].program))
                        return &servers[i];
        return &other;
}

bool web_server_is_known(const char *program) {
        return program && web_server_for(program) != &other;
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
