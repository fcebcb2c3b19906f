/* A configuration on disk for one case, and what loading says about it. */

#include "tests/unit/config-tree.h"

#include <sys/stat.h>

#include "tests/unit/test.h"

char root[300]; /* of the running case; etc/ and lib/ are in it */
char config_dir[320], data_dir[320];

void make_dirs(void) {
        static const char *const dirs[] = {
                "etc", "etc/certificates", "etc/ca", "etc/services", "lib", "lib/ca", "lib/services"
        };

        (void) snprintf(root, sizeof root, "%s", test_directory());
        for (size_t i = 0; i < ELEMENTSOF(dirs); i++) {
                char path[400];

                (void) snprintf(path, sizeof path, "%s/%s", root, dirs[i]);
                if (mkdir(path, 0755) < 0)
                        abort();
        }
        (void) snprintf(config_dir, sizeof config_dir, "%s/etc", root);
        (void) snprintf(data_dir, sizeof data_dir, "%s/lib", root);
}

void write_sized(const char *name, const void *text, size_t size) {
        char path[500];
        FILE *f;

        (void) snprintf(path, sizeof path, "%s/%s", root, name);
        for (char *slash = strchr(path + strlen(root) + 1, '/'); slash;
             slash = strchr(slash + 1, '/')) {
                *slash = '\0';
                (void) mkdir(path, 0755); /* may be there */
                *slash = '/';
        }
        f = fopen(path, "w");
        if (!f || fwrite(text, 1, size, f) != size || fclose(f) != 0)
                abort();
        if (chmod(path, 0644) < 0)
                abort();
}

void write_text(const char *name, const char *text) {
        write_sized(name, text, strlen(text));
}

/* A tree with a CA and a service profile. */
void make_tree(void) {
        make_dirs();
        write_text("lib/ca/letsencrypt.conf",
                   "[CA]\nDirectory=https://ca.example/dir\nOrderBudget=300\nMaxLabels=9\n");
        write_text("lib/dns/p.conf",
                   "[DNS]\nProgram=/usr/local/lib/dns \"a b\"\nStyle=lego\nCredentials=token tsig.key\n"
                   "Environment=\"ZONE=example org\" TTL=60\nServers=192.0.2.53 [2001:db8::53]:5353\n"
                   "Resolver=127.0.0.1:5300\n");
        write_text("lib/services/nginx.conf",
                   "[Service]\nDescription=web server\nDetect=/usr/sbin/nginx\n"
                   "[Deploy]\nFile=fullchain /etc/nginx/%n.crt\nFile=key /etc/nginx/%n.key\n"
                   "Check=/usr/sbin/nginx -t\nReload=nginx.service\nProbe=localhost:443\n");
}

Config *load_only(const char *only) {
        Paths paths = { config_dir, root, root, data_dir };
        Config *c = NULL;

        if (config_load(&paths, only, &c) < 0)
                abort();
        return c;
}

Config *load(void) {
        return load_only(NULL);
}

/* The text of a message without the case's directory. */
const char *message_at(const Config *c, size_t i) {
        static char text[4096];
        const char *in = c->messages[i].text, *hit;
        size_t n = 0;

        while ((hit = strstr(in, root)) && n + (size_t) (hit - in) < sizeof text - 1) {
                memcpy(text + n, in, (size_t) (hit - in));
                n += (size_t) (hit - in);
                in = hit + strlen(root);
        }
        (void) snprintf(text + n, sizeof text - n, "%s", in);
        return text;
}

void print_messages(const Config *c) {
        for (size_t i = 0; i < c->message_count; i++)
                printf("# %s: %s\n", c->messages[i].error ? "error" : "warning", message_at(c, i));
}

/* The whole configuration has exactly this one message. */
void check_one_message(const Config *c, bool error, const char *certificate, const char *text) {
        CHECK_INT(c->message_count, 1);
        if (c->message_count != 1) {
                print_messages(c);
                return;
        }
        CHECK_STR(message_at(c, 0), text);
        CHECK_INT(c->messages[0].error, error);
        if (certificate)
                CHECK_STR(c->messages[0].certificate, certificate);
        else
                CHECK(!c->messages[0].certificate);
}
