#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "hooks/row.h"
#include "tests/unit/test.h"

#define LEAF "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static int open_scratch(void) {
        log_set_max_level(LOG_ERR); /* each row set aside says so */
        return dir_open(test_directory());
}

static int put(int fd, const char *text, size_t size) {
        return file_replace_at(
                        fd, "nginx.json", text, size,
                        (FileRights){ .mode = 0600, .uid = (uid_t) -1, .gid = (gid_t) -1 });
}

static void fill(Row *row) {
        row->state = ROW_OPEN;
        row->activated = true;
        row->rolled_back = true;
        CHECK(str_replace(&row->leaf, LEAF) >= 0);
        CHECK(row_set_failure(row, "check", strdup("nginx: [emerg] \"x\"")) >= 0);
}

static void row_survives(void) {
        _cleanup_close_ int fd = open_scratch();
        _cleanup_(row_done) Row row = {}, read = {};

        fill(&row);
        REQUIRE(row_save(fd, "nginx", &row) >= 0);
        REQUIRE(row_load(fd, "nginx", &read) >= 0);
        CHECK_INT(read.state, ROW_OPEN);
        CHECK_STR(read.leaf, LEAF);
        CHECK_STR(read.step, "check");
        CHECK_STR(read.error, "nginx: [emerg] \"x\"");
        CHECK(read.activated && read.rolled_back && !read.in_place);
}

static void missing_row_is_none(void) {
        _cleanup_close_ int fd = open_scratch();
        _cleanup_(row_done) Row row = {};

        CHECK_INT(row_load(fd, "nginx", &row), 0);
        CHECK_INT(row.state, ROW_NONE);
        CHECK(!row.leaf);
}

static void check_bad(int fd) {
        _cleanup_(row_done) Row row = {};
        struct stat st;

        CHECK_INT(row_load(fd, "nginx", &row), 0);
        CHECK_INT(row.state, ROW_NONE);
        CHECK(fstatat(fd, "nginx.json", &st, AT_SYMLINK_NOFOLLOW) < 0);
        CHECK(fstatat(fd, "nginx.json.bad", &st, AT_SYMLINK_NOFOLLOW) == 0);
        CHECK(unlinkat(fd, "nginx.json.bad", S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0) == 0);
}

static void cut_rows_are_set_aside(void) {
        _cleanup_(bytes_done) Bytes text = {};
        _cleanup_close_ int fd = open_scratch();
        _cleanup_(row_done) Row row = {};

        fill(&row);
        REQUIRE(row_save(fd, "nginx", &row) >= 0);
        REQUIRE(file_read_at(fd, "nginx.json", 65536, &text) >= 0);
        /* The last octet may be a line end: a row without it is whole. */
        for (size_t size = 0; size + 2 < text.size; size++) {
                REQUIRE(put(fd, bytes_text(&text), size) >= 0);
                check_bad(fd);
        }
}

static void other_shapes_are_set_aside(void) {
        static const char *const texts[] = {
                "[]",
                "{}",
                "{\"version\":2,\"state\":\"open\",\"leaf\":\"x\",\"activated\":true,\"rolled_back\":false}",
                "{\"version\":1,\"state\":\"shut\",\"leaf\":\"x\",\"activated\":true,\"rolled_back\":false}",
                "{\"version\":1,\"state\":\"open\",\"activated\":true,\"rolled_back\":false}",
                "{\"version\":1,\"state\":\"open\",\"leaf\":7,\"activated\":true,\"rolled_back\":false}",
        };
        _cleanup_close_ int fd = open_scratch();

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                REQUIRE(put(fd, texts[i], strlen(texts[i])) >= 0);
                check_bad(fd);
        }
        REQUIRE(put(fd, "\0\0\0\0", 4) >= 0);
        check_bad(fd);
        REQUIRE(mkdirat(fd, "nginx.json", 0700) == 0);
        check_bad(fd);
        REQUIRE(mkfifoat(fd, "nginx.json", 0600) == 0);
        check_bad(fd);
        REQUIRE(symlinkat("/etc/passwd", fd, "nginx.json") == 0);
        check_bad(fd);
}

static void varlink_form(void) {
        _cleanup_(json_freep) Json *j = NULL;
        _cleanup_(row_done) Row row = {};
        const char *text;
        bool flag;

        REQUIRE(row_to_json(&row, &j) >= 0);
        CHECK(json_get_string(j, "state", &text) >= 0);
        CHECK_STR(text, "none");
        CHECK(json_get_string(j, "unit", &text) >= 0);
        CHECK_STR(text, "none");
        CHECK(json_get_bool(j, "in_place", &flag) >= 0 && !flag);
        CHECK(json_get_bool(j, "activated", &flag) >= 0 && !flag);
        CHECK(json_get_bool(j, "rolled_back", &flag) >= 0 && !flag);
        CHECK_INT(json_get_string(j, "leaf", &text), -ENOENT);
        CHECK_INT(json_get_string(j, "step", &text), -ENOENT);
}

TEST_MAIN({ "a row survives a restart", row_survives },
          { "no row is none", missing_row_is_none },
          { "R1.20: a row cut at any length counts as none and is set aside",
            cut_rows_are_set_aside },
          { "R1.20: other shapes, directory, FIFO, link are set aside",
            other_shapes_are_set_aside },
          { "the interface's members are all there", varlink_form })
