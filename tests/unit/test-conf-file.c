#include <fcntl.h>
#include <sys/stat.h>

#include "base/conf-file.h"
#include "base/file.h"
#include "tests/unit/test.h"

/* Items as "LINE[SECTION]KEY=VALUE;" and errors as "LINE!;". */
static int collect_item(const ConfItem *item, void *userdata) {
        if (!item->key)
                return bytes_printf(userdata, "%u[%s];", item->line, item->section);
        if (str_equal(item->value, "stop"))
                return -ECANCELED;
        return bytes_printf(
                        userdata, "%u[%s]%s=%s;", item->line, item->section, item->key,
                        item->value);
}

static void collect_error(const char *path, unsigned line, const char *message, void *userdata) {
        CHECK(path && *message);
        CHECK_INT(bytes_printf(userdata, "%u!;", line), 0);
}

static void check_parse_sized(const char *text, size_t size, const char *expected) {
        _cleanup_(bytes_done) Bytes seen = {};

        CHECK_INT(conf_parse("test.conf", text, size, collect_item, collect_error, &seen), 0);
        CHECK_STR(bytes_text(&seen), expected);
}

static void check_parse(const char *text, const char *expected) {
        check_parse_sized(text, strlen(text), expected);
}

static void reads_sections_and_settings(void) {
        check_parse("", "");
        check_parse("# c\n\n[A]\n; c\n  Key = a value \t\nEmpty=\n[B x]\nK=a=b\n",
                    "3[A];5[A]Key=a value;6[A]Empty=;7[B x];8[B x]K=a=b;");
        check_parse("\xef\xbb\xbf[A]\r\nk=v\r\n", "1[A];2[A]k=v;");
        check_parse("[A]\nk=v # not a comment", "1[A];2[A]k=v # not a comment;");
}

static void joins_continued_lines(void) {
        check_parse("[A]\nk=one\\\n  two\\\n three\nl=x\n", "1[A];2[A]k=one   two  three;5[A]l=x;");
        check_parse("[A]\nk=one\\\n# comment\n; comment\ntwo\n", "1[A];2[A]k=one two;");
        check_parse("[A]\nk=one\\\\\nl=x\n", "1[A];2[A]k=one\\\\;3[A]l=x;");
        check_parse("[A]\nk=one\\\n\nl=x\n", "1[A];2[A]k=one;4[A]l=x;");
        check_parse("[A]\nk=one\\", "1[A];2[A]k=one;");
        check_parse("[A]\nk=one\\\r\ntwo\r\n", "1[A];2[A]k=one two;");
}

static void reports_and_goes_on(void) {
        check_parse("k=v\n[A]\nnonsense\n=v\n  = v\nk=v\n", "1!;2[A];3!;4!;5!;6[A]k=v;");
        check_parse("[A\nk=v\n[]\nk=v\n[B]\nk=v\n", "1!;3!;5[B];6[B]k=v;");
        check_parse("[A]\nk=\xff\nl=ok\n", "1[A];2!;3[A]l=ok;");
        check_parse_sized("[A]\nk=\0x\nl=ok\n", 14, "1[A];2!;3[A]l=ok;");
        /* What belongs to a faulty line is dropped with it. */
        check_parse("[A]\nk=\xff\\\nl=dropped\nm=ok\n", "1[A];2!;4[A]m=ok;");
}

static void long_lines_are_reported(void) {
        _cleanup_(bytes_done) Bytes text = {};

        REQUIRE(bytes_append_string(&text, "[A]\nk=") == 0);
        for (size_t i = 0; i < CONF_LINE_MAX; i++)
                REQUIRE(bytes_append_string(&text, "x") == 0);
        REQUIRE(bytes_append_string(&text, "\nl=ok\nm=") == 0);
        for (size_t i = 0; i < CONF_LINE_MAX / 1000 + 1; i++)
                REQUIRE(bytes_printf(&text, "%01000d\\\n", 0) == 0);
        REQUIRE(bytes_append_string(&text, "x\nn=ok\n") == 0);
        _cleanup_(bytes_done) Bytes seen = {};
        CHECK_INT(conf_parse("t", text.data, text.size, collect_item, collect_error, &seen), 0);
        CHECK(str_skip_prefix(bytes_text(&seen), "1[A];2!;3[A]l=ok;"));
        CHECK(str_ends_with(bytes_text(&seen), "!;71[A]n=ok;"));
}

static void the_reader_can_stop(void) {
        _cleanup_(bytes_done) Bytes seen = {};
        static const char text[] = "[A]\nk=stop\nl=x\n";

        CHECK_INT(conf_parse("t", text, strlen(text), collect_item, NULL, &seen), -ECANCELED);
        CHECK_STR(bytes_text(&seen), "1[A];");
        CHECK_INT(conf_parse("t", text, CONF_FILE_MAX + 1, collect_item, NULL, &seen), -E2BIG);
}

static void check_words(const char *value, int expected_r, const char *expected) {
        _cleanup_(string_list_done) StringList words = {};
        _cleanup_(bytes_done) Bytes joined = {};

        CHECK_INT(conf_split_words(value, &words), expected_r);
        for (size_t i = 0; i < words.count; i++)
                CHECK_INT(bytes_printf(&joined, "%s|", words.items[i]), 0);
        CHECK_STR(bytes_text(&joined), expected);
}

static void splits_words(void) {
        check_words("", 0, "");
        check_words("  a  b\tc ", 0, "a|b|c|");
        check_words("\"a b\" 'c \"d' x'y z'w", 0, "a b|c \"d|xy zw|");
        check_words("\"\" ''", 0, "||");
        check_words("a\\sb \\x41\\102 \\u00e4 \\U0001F512 \\\\ \\\" \"\\t\"", 0,
                    "a b|AB|\xc3\xa4|\xf0\x9f\x94\x92|\\|\"|\t|");
        static const char *const bad[] = { "\"a",     "'a",    "a\\",   "\\q",   "\\x4",
                                           "\\x00",   "\\000", "\\400", "\\u12", "\\UFFFFFFFF",
                                           "\\ud800", "\\xff", "ok \"" };
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                check_words(bad[i], -EINVAL, "");
}

static void parses_booleans(void) {
        static const char *const yes[] = { "1", "yes", "True", "ON" };
        static const char *const no[] = { "0", "no", "FALSE", "off" };
        static const char *const bad[] = { "", "y", "2", "yes ", "enabled" };
        bool v;

        for (size_t i = 0; i < ELEMENTSOF(yes); i++)
                CHECK(conf_parse_bool(yes[i], &v) == 0 && v);
        for (size_t i = 0; i < ELEMENTSOF(no); i++)
                CHECK(conf_parse_bool(no[i], &v) == 0 && !v);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                CHECK_INT(conf_parse_bool(bad[i], &v), -EINVAL);
}

static void parses_spans_of_time(void) {
        static const struct {
                const char *text;
                int64_t seconds;
        } good[] = {
                { "90", 90 },       { "10min", 600 },   { "1h 30min", 5400 }, { "2 days", 172800 },
                { "160h", 576000 }, { "1h30m", 5400 },  { " 5 s ", 5 },       { "0", 0 },
                { "1ms", 1 },       { "1500 ms", 2 },   { "1.5h", 5400 },     { "1w", 604800 },
                { "1M", 2629800 },  { "1y", 31557600 }, { "0.25min", 15 },
        };
        static const char *const bad[] = { "",   " ",   "min", "-1", "1x",       "1 h x", "1.",
                                           ".5", "1,5", "+1",  "1H", "infinity", "1mins" };
        int64_t v;

        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                v = -1;
                CHECK_INT(conf_parse_seconds(good[i].text, &v), 0);
                CHECK_INT(v, good[i].seconds);
        }
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                CHECK_INT(conf_parse_seconds(bad[i], &v), -EINVAL);
        CHECK_INT(conf_parse_seconds("99999999999999999999", &v), -ERANGE);
        CHECK_INT(conf_parse_seconds("9223372036854y 9223372036854y", &v), -ERANGE);
}

static void put(int fd, const char *name, const char *text) {
        FileRights rights = { .mode = 0644, .uid = (uid_t) -1, .gid = (gid_t) -1 };

        CHECK_INT(file_replace_at(fd, name, text, strlen(text), rights), 0);
}

static void files_follow_priority(void) {
        _cleanup_close_ int top = dir_open(test_directory());
        _cleanup_close_ int etc = -1, etc_d = -1, usr = -1, usr_d = -1;
        _cleanup_(string_list_done) StringList files = {};
        _cleanup_free_ char *cwd = get_current_dir_name();

        REQUIRE(top >= 0 && fchdir(top) >= 0);
        etc = dir_open_at(top, "etc", 0755);
        usr = dir_open_at(top, "usr", 0755);
        etc_d = dir_open_at(etc, "r.conf.d", 0755);
        usr_d = dir_open_at(usr, "r.conf.d", 0755);
        REQUIRE(etc_d >= 0 && usr_d >= 0);
        put(usr, "r.conf", "usr");
        put(usr_d, "10-a.conf", "usr");
        put(usr_d, "20-b.conf", "usr");
        put(usr_d, "30-c.conf", "usr");
        put(usr_d, "40-d.conf", "usr");
        put(usr_d, "README", "no");
        put(usr_d, ".hidden.conf", "no");
        put(etc_d, "20-b.conf", "etc");
        put(etc_d, "05-z.conf", "etc");
        put(etc_d, "40-d.conf", "");
        REQUIRE(symlinkat("/dev/null", etc_d, "30-c.conf") >= 0);

        static const char *const dirs[] = { "etc", "missing", "usr", NULL };
        CHECK_INT(conf_files(dirs, "r.conf", &files), 0);
        static const char *const expected[] = {
                "usr/r.conf",
                "etc/r.conf.d/05-z.conf",
                "usr/r.conf.d/10-a.conf",
                "etc/r.conf.d/20-b.conf",
        };
        CHECK_INT(files.count, ELEMENTSOF(expected));
        for (size_t i = 0; i < MIN(files.count, ELEMENTSOF(expected)); i++)
                CHECK(files.items[i][0] == '/' && str_ends_with(files.items[i], expected[i]));

        /* A main file above hides the one below; an empty one masks it. */
        string_list_done(&files);
        put(etc, "r.conf", "");
        CHECK_INT(conf_files(dirs, "r.conf", &files), 0);
        CHECK_INT(files.count, 3);
        CHECK(cwd && chdir(cwd) >= 0);
}

TEST_MAIN({ "reads sections, settings, comments, BOM, CRLF", reads_sections_and_settings },
          { "joins continued lines over comments (systemd.syntax(7))", joins_continued_lines },
          { "reports a faulty line and goes on", reports_and_goes_on },
          { "reports lines over the limit, also joined ones", long_lines_are_reported },
          { "the reader can stop; files over the limit are refused", the_reader_can_stop },
          { "splits words with quotes and escapes (systemd.syntax(7))", splits_words },
          { "parses booleans", parses_booleans },
          { "parses spans of time (systemd.time(7))", parses_spans_of_time },
          { "drop-ins by name and priority, masks (UAPI.6)", files_follow_priority })
