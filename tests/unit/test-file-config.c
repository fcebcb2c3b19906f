/* File= of a target: parts, rights, forms. */

#include "tests/unit/config-tree.h"
#include "tests/unit/test.h"

#define HEAD "[Certificate]\nNames=a.example.org\n[Deploy t]\n"

static Config *load_files(const char *lines) {
        char text[2048];

        make_tree();
        (void) snprintf(text, sizeof text, HEAD "%s\n", lines);
        write_text("etc/certificates/a.conf", text);
        return load();
}

static const FileConfig *file_of(const Config *c, size_t i) {
        const CertificateConfig *a = config_certificate(c, "a");

        print_messages(c);
        if (!a || a->broken || a->target_count != 1 || i >= a->targets[0].file_count) {
                CHECK(!"the file is there");
                exit(1);
        }
        return &a->targets[0].files[i];
}

static void parts_in_any_order(void) {
        static const struct {
                const char *text, *same;
                FileContent content;
        } cases[] = {
                { "key", NULL, FILE_KEY },
                { "root", NULL, FILE_ROOT },
                { "cert,chain", "fullchain", FILE_FULLCHAIN },
                { "key,cert,chain", "combined", FILE_COMBINED },
                { "key,fullchain", "combined", FILE_COMBINED },
                { "cert,chain,key", NULL, 0x231 },
                { "cert,key,chain", NULL, 0x213 },
                { "fullchain,root", "cert,chain,root", 0x234 },
                { "combined,root", "key,cert,chain,root", 0x1234 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *text = NULL;

                CHECK_INT(file_content_from_string(cases[i].text), cases[i].content);
                CHECK_INT(file_content_to_string(cases[i].content, &text), 0);
                CHECK_STR(text, cases[i].same ? cases[i].same : cases[i].text);
        }
        CHECK_INT(file_content_from_string("key,"), FILE_CONTENT_INVALID);
        CHECK_INT(file_content_from_string(",key"), FILE_CONTENT_INVALID);
        CHECK_INT(file_content_from_string(""), FILE_CONTENT_INVALID);
        CHECK_INT(file_content_from_string("key,key"), FILE_CONTENT_INVALID);
        CHECK_INT(file_content_from_string("combined,key"), FILE_CONTENT_INVALID);
        CHECK_INT(file_content_part(0x231, 0), FILE_CERT);
        CHECK_INT(file_content_part(0x231, 2), FILE_KEY);
        CHECK_INT(file_content_part(0x231, 3), 0);
}

static void rights_and_options(void) {
        _cleanup_(config_freep) Config *c = load_files(
                        "File=combined /a directory 0640\n"
                        "File=key,cert /b mail:directory -\n"
                        "File=cert /c -\n"
                        "File=combined /d 1:2 0640 format=pkcs12 alias=\"my alias\" password=tomcat encoding=legacy\n"
                        "File=combined /e format=jks password-text=aircontrolenterprise\n"
                        "File=key /f 0:0 0600 key=traditional format=der symlink=keep acl=u:7:r acl=group:8:rw");
        const FileConfig *f = file_of(c, 0);

        CHECK_STR(f->owner, "directory");
        CHECK_STR(f->group, "directory");
        f = file_of(c, 1);
        CHECK_STR(f->owner, "mail");
        CHECK_STR(f->group, "directory");
        CHECK(f->leave_rights);
        CHECK(file_of(c, 2)->leave_rights);
        f = file_of(c, 3);
        CHECK_INT(f->mode, 0640);
        CHECK_INT(f->form.format, FILE_FORMAT_PKCS12);
        CHECK_STR(f->form.alias, "my alias");
        CHECK_STR(f->form.password, "tomcat");
        CHECK(f->form.legacy && !f->form.password_text);
        f = file_of(c, 4);
        CHECK_INT(f->form.format, FILE_FORMAT_JKS);
        CHECK_INT(f->mode, 0600);
        CHECK_STR(f->form.password_text, "aircontrolenterprise");
        f = file_of(c, 5);
        CHECK(f->form.traditional && f->keep_link);
        REQUIRE(f->acl.count == 2);
        CHECK_STR(f->acl.items[0], "u:7:r-");
        CHECK_STR(f->acl.items[1], "g:8:rw");
}

static void what_is_dumped_reads_back(void) {
        static const char lines[] =
                        "File=cert,chain,key /a directory:directory 0640\n"
                        "File=combined \"/b c\" 0:0 - format=pkcs12 \"alias=my alias\" password=tomcat encoding=legacy symlink=keep\n"
                        "File=combined /e 0:0 0600 format=jks password-text=aircontrol\n"
                        "File=key /f 0:0 0600 format=der key=traditional acl=u:7:r- acl=g:8:rw\n";
        _cleanup_(config_freep) Config *c = load_files(lines);
        _cleanup_(bytes_done) Bytes text = {};

        CHECK(file_of(c, 3)->acl.count == 2);
        CHECK_INT(config_dump(c, &text), 0);
        CHECK(strstr(bytes_text(&text), lines) != NULL);
}

static void stage_directory(void) {
        _cleanup_(config_freep) Config *c = load_files(
                        "File=key %s/key.pem\nFile=cert /etc/x.crt\nHook=/bin/tool --key %s/key.pem");
        const CertificateConfig *a = config_certificate(c, "a");
        char path[600];

        CHECK(file_of(c, 0)->staged);
        CHECK(!file_of(c, 1)->staged);
        (void) snprintf(path, sizeof path, "%s/installer/stage/a/t/key.pem", root);
        CHECK_STR(file_of(c, 0)->path, path);
        CHECK_STR(a->targets[0].hook.items[2], path);
}

static void a_mistake_says_what_would_be_right(void) {
        static const struct {
                const char *lines, *words;
        } cases[] = {
                { "File=cert,key,cert /a",
                  "'cert,key,cert' is not a kind of file; write: key|cert" },
                { "File=key /a mail 0600 x",
                  "write: key|cert|chain|root|fullchain|combined /PATH" },
                { "File=key /a colour=red", "there are format= key= alias=" },
                { "File=key /a format=p12", "format=p12: there are pem, der, pkcs12 and jks" },
                { "File=combined /a format=der", "format=der holds one thing: write key or cert" },
                { "File=chain /a format=der", "format=der holds one certificate: write cert" },
                { "File=cert /a format=pkcs12 password=x",
                  "holds the key and its certificate: write combined" },
                { "File=combined /a format=pkcs12",
                  "format=pkcs12 needs a password: password=NAME" },
                { "File=combined /a format=jks password=x password-text=y", "not both" },
                { "File=combined /a format=jks password-text=short", "at least 6 characters" },
                { "File=combined /a format=jks password=x encoding=legacy",
                  "is for format=pkcs12" },
                { "File=combined /a 0644 format=pkcs12 password=x",
                  "lets everybody read the private key" },
                { "File=cert,chain,key /a 0644", "lets everybody read the private key" },
                { "File=combined /a format=pkcs12 password=a/b",
                  "the password itself stands in that file" },
                { "File=cert /a alias=x", "alias= is for format=pkcs12" },
                { "File=cert /a password-text=x", "a password is for format=pkcs12" },
                { "File=cert /a key=traditional", "there is no key in this file" },
                { "File=key /a key=pkcs1", "write key=pkcs8 or key=traditional" },
                { "File=key /a symlink=yes", "write symlink=refuse or symlink=keep" },
                { "File=key /a acl=o::r", "write u:USER:r or g:GROUP:r" },
                { "File=key /a acl=u:mail:x", "write u:USER:r or g:GROUP:r" },
                { "File=key /a - acl=u:mail:r", "leave acl= out" },
                { "File=key /a root:root 4755", "write for example 0640, or '-'" },
                { "File=key %s/a/b", "stands in it directly" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(config_freep) Config *c = load_files(cases[i].lines);

                REQUIRE(c->message_count == 1);
                CHECK(c->messages[0].error);
                if (!strstr(message_at(c, 0), cases[i].words))
                        CHECK_STR(message_at(c, 0), cases[i].words);
        }
}

TEST_MAIN({ "S6.1: parts stand in any order", parts_in_any_order },
          { "S6.2: owner of the directory, no rights, forms and access lists are read",
            rights_and_options },
          { "the dump of a file reads back as the same", what_is_dumped_reads_back },
          { "S6.11: %s is the stage directory", stage_directory },
          { "R2.8.2: a mistake in File= says what would be right",
            a_mistake_says_what_would_be_right })
