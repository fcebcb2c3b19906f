/* A signer with a configuration of its own, and calls to it. */

#include "tests/unit/signer-bench.h"

#include <stdarg.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "signer/service.h"
#include "tests/unit/test.h"

static char root[256], config[300], data[300];
char state[300];
char credentials[400];
ListenSocket handed;
const char *const test_root = root;
Paths paths;
unsigned warnings;
char last_warning[1024];

static void keep_warning(int level, const char *message, const LogFields *fields) {
        (void) fields;
        if (level > LOG_WARNING)
                return;
        warnings++;
        (void) snprintf(last_warning, sizeof(last_warning), "%s", message);
}

void write_config(const char *name, const char *text) {
        static const FileRights rights = { 0644, (uid_t) -1, (gid_t) -1 };
        char directory[400];
        const char *slash = strchr(name, '/');

        (void) snprintf(directory, sizeof(directory), "%s/%.*s", config,
                        slash ? (int) (slash - name) : 0, name);
        (void) mkdir(config, 0755);
        (void) mkdir(directory, 0755);
        _cleanup_close_ int fd = dir_open(directory);
        CHECK_INT(file_replace_at(fd, slash ? slash + 1 : name, text, strlen(text), rights), 0);
}

void set_up(void) {
        (void) snprintf(root, sizeof(root), "%s", test_directory());
        (void) snprintf(config, sizeof(config), "%s/config", root);
        (void) snprintf(state, sizeof(state), "%s/state", root);
        (void) snprintf(data, sizeof(data), "%s/data", root);
        paths = (Paths){ .config = config, .state = state, .runtime = root, .data = data };
        log_set_sink(keep_warning);
        warnings = 0;
        last_warning[0] = 0;
        credentials[0] = '\0';
        handed = (ListenSocket){};
        write_config("renewd.conf", "[Account]\nEmail=admin@example.org\nAgreeToTerms=yes\n"
                                    "[Defaults]\nCA=test\n");
        write_config("ca/test.conf",
                     "[CA]\nDirectory=https://ca.example/dir\nOrigins=https://cdn.example\n");
        write_config("ca/other.conf",
                     "[CA]\nDirectory=https://other.example/dir\nAgreeToTerms=no\n");
        write_config("certificates/a.conf",
                     "[Certificate]\nNames=b.example.org a.example.org 9.9.9.9\n");
        write_config("certificates/b.conf",
                     "[Certificate]\nNames=c.example.org\nKeyType=rsa-2048\n");
        write_config("certificates/broken.conf",
                     "[Certificate]\nNames=d.example.org\nKeyType=rsa-1\n");
}

static int append_output(const void *octets, size_t size, void *io) {
        return bytes_append(io, octets, size);
}

/* One call of this peer. Every call has a connection of its own, as a process of its own would. */
VarlinkReply call_as(uid_t uid, const char *method, const char *parameters) {
        _cleanup_(varlink_connection_freep) VarlinkConnection *c = NULL;
        _cleanup_(bytes_done) Bytes output = {}, input = {};
        _cleanup_(json_freep) Json *j = NULL, *message = NULL, *answer = NULL;
        SignerService service = {
                .paths = &paths,
                .credentials = credentials[0] ? credentials : NULL,
                .files = &handed,
                .file_count = handed.name ? 1 : 0,
        };
        VarlinkPeer peer = { .uid = uid };
        VarlinkReply reply = {};
        char name[100];

        (void) snprintf(name, sizeof(name), "io.renewd.Signer.%s", method);
        CHECK_INT(json_parse(parameters, strlen(parameters), &j), 0);
        CHECK_INT(varlink_call_new(name, TAKE_PTR(j), false, &message), 0);
        CHECK_INT(varlink_put_message(&input, message), 0);
        CHECK_INT(varlink_connection_new(
                                  &signer_service, &peer, append_output, &output, &service, &c),
                  0);
        CHECK_INT(varlink_connection_input(c, input.data, input.size), 0);
        CHECK_INT(varlink_take_message(&output, &answer), 1);
        CHECK_INT(output.size, 0);
        CHECK_INT(varlink_reply_parse(answer, &reply), 0);
        return reply;
}

static char call_text[VARLINK_MESSAGE_MAX];

const char *text(const char *format, ...) {
        va_list arguments;

        va_start(arguments, format);
        (void) vsnprintf(call_text, sizeof(call_text), format, arguments);
        va_end(arguments);
        return call_text;
}

/* The error of a call, without the interface; "" if there is none. */
const char *error_of(const char *method, const char *parameters) {
        static char error[200];
        _cleanup_(varlink_reply_done) VarlinkReply reply = call_as(geteuid(), method, parameters);
        const char *dot = reply.error ? strrchr(reply.error, '.') : NULL;

        (void) snprintf(error, sizeof(error), "%s", dot ? dot + 1 : "");
        return error;
}

/* The string member of a good answer; malloc'ed. */
char *answer(const char *method, const char *parameters, const char *member) {
        _cleanup_(varlink_reply_done) VarlinkReply reply = call_as(geteuid(), method, parameters);
        const char *value = NULL;

        CHECK_STR(reply.error ? reply.error : "", "");
        CHECK_INT(json_get_string(reply.parameters, member, &value), 0);
        return strdup(value ? value : "");
}

/* A decoded member of a signed body; malloc'ed. */
char *part(const char *body, const char *member) {
        _cleanup_(json_freep) Json *j = NULL;
        Bytes octets = {};
        const char *encoded = "";

        CHECK_INT(json_parse(body, strlen(body), &j), 0);
        CHECK_INT(json_get_string(j, member, &encoded), 0);
        CHECK_INT(base64url_decode(encoded, strlen(encoded), &octets), 0);
        char *decoded = bytes_take_text(&octets);
        return decoded ? decoded : strdup("");
}

void make_account(void) {
        free(answer("Account", "{\"ca\":\"test\"}", "thumbprint"));
}

char *make_csr(const char *attempt) {
        return answer("CertificateRequest",
                      text("{\"certificate\":\"a\",\"attempt\":\"%s\"," NAMES ",\"create\":true}",
                           attempt),
                      "csr");
}

const char *finalize(const char *certificate, const char *attempt, const char *csr) {
        return text("{" REQUEST ",\"certificate\":\"%s\",\"attempt\":\"%s\",\"csr\":\"%s\"}",
                    certificate, attempt, csr);
}

char *payload_of(const char *method, const char *parameters) {
        _cleanup_free_ char *body = answer(method, parameters, "body");

        return part(body, "payload");
}
