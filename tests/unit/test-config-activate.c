/* [Deploy]: how a service is told, and what its programs may use. */

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/config-tree.h"
#include "tests/unit/test.h"

#define HEAD "[Certificate]\nNames=a.example.org\n[Deploy t]\n"

static const TargetConfig *only_target(const Config *c) {
        const CertificateConfig *a = config_certificate(c, "a");

        print_messages(c);
        CHECK_INT(c->message_count, 0);
        return a && a->target_count == 1 ? a->targets : NULL;
}

static void standard_limits(void) {
        make_tree();
        write_text("etc/certificates/a.conf", HEAD "Hook=/bin/true\n");
        _cleanup_(config_freep) Config *c = load();
        const TargetConfig *t = only_target(c);

        REQUIRE(t);
        CHECK_INT(t->memory_max, 512 * 1024 * 1024);
        CHECK_INT(t->tasks_max, 128);
        CHECK(!t->unit && !t->signal_number && t->command.count == 0 && !t->command_user);
        CHECK(t->prove.count == 0 && t->fallback_command.count == 0 && !t->take_over);
}

#define ALL                                                                      \
        "Unit=cache\nSignal=SIGUSR2\nCommand=/usr/bin/client reload \"%n %t\"\n" \
        "CommandUser=cache\nFallbackCommand=/opt/cache/ctl again\n"              \
        "Prove=/usr/bin/prove\nMemory=64M\nTasks=9\nTakeOver=off\n"

static void everything_is_read(void) {
        make_tree();
        write_text("etc/certificates/a.conf", HEAD ALL);
        _cleanup_(config_freep) Config *c = load();
        const TargetConfig *t = only_target(c);

        REQUIRE(t && t->command.count == 3);
        CHECK_STR(t->unit, "cache.service");
        CHECK_INT(t->signal_number, SIGUSR2);
        CHECK_STR(t->command.items[2], "a t");
        CHECK_STR(t->command_user, "cache");
        CHECK_INT(t->fallback_command.count, 2);
        CHECK_STR(t->prove.items[0], "/usr/bin/prove");
        CHECK_INT(t->memory_max, 64 * 1024 * 1024);
        CHECK_INT(t->tasks_max, 9);
        CHECK_STR(t->take_over, "no");
}

static void empty_takes_back(void) {
        make_tree();
        write_text("lib/services/nginx.conf", "[Deploy]\nFile=cert /c\n" ALL);
        write_text("etc/certificates/a.conf",
                   "[Certificate]\nNames=a.example.org\n[Deploy nginx]\nUnit=\nSignal=\nCommand=\n"
                   "CommandUser=\nFallbackCommand=\nProve=\nTakeOver=\nReload=nginx\n");
        _cleanup_(config_freep) Config *c = load();
        const TargetConfig *t = only_target(c);

        REQUIRE(t);
        CHECK(!t->unit && !t->signal_number && t->command.count == 0 && !t->command_user);
        CHECK(t->prove.count == 0 && t->fallback_command.count == 0 && !t->take_over);
        CHECK_STR(t->reload, "nginx.service");
}

static void dump_reads_back(void) {
        _cleanup_(bytes_done) Bytes first = {}, second = {};

        make_tree();
        write_text("etc/certificates/a.conf", HEAD ALL);
        _cleanup_(config_freep) Config *c = load();
        CHECK_INT(config_dump(c, &first), 0);
        CHECK(strstr(bytes_text(&first), "\nSignal=USR2\n"));
        CHECK(strstr(bytes_text(&first), "\nMemory=64M\n"));
        write_text("etc/certificates/a.conf", strstr(bytes_text(&first), "[Certificate]"));
        _cleanup_(config_freep) Config *d = load();
        CHECK_INT(config_dump(d, &second), 0);
        CHECK_STR(bytes_text(&second), bytes_text(&first));
}

static const struct {
        const char *lines, *message;
} mistakes[] = {
        { "Unit=a\nSignal=KILL",
          "/etc/certificates/a.conf:5: Signal=KILL: write one of HUP, USR1, USR2, ALRM, WINCH and CONT" },
        { "Hook=/bin/x\nSignal=USR1",
          "/etc/certificates/a.conf:3: [Deploy t]: Signal= needs the unit whose main process gets it; write Unit=NAME" },
        { "Unit=a\nSignal=HUP\nReload=a",
          "/etc/certificates/a.conf:3: [Deploy t]: both Signal= and Reload=a.service; empty the one that is not wanted, for example with a line 'Signal='" },
        { "Command=client reload",
          "/etc/certificates/a.conf:4: Command=client reload: not an absolute path; begin it with '/'" },
        { "Hook=/bin/x\nCommandUser=-r",
          "/etc/certificates/a.conf:5: CommandUser=-r: not the name of a user" },
        { "Hook=/bin/x\nMemory=12X",
          "/etc/certificates/a.conf:5: Memory=12X: not an amount of memory; write for example 512M" },
        { "Hook=/bin/x\nMemory=1K",
          "/etc/certificates/a.conf:5: Memory=1K: not an amount from 16M to 64G; write for example 512M" },
        { "Hook=/bin/x\nMemory=99999999999999999999G",
          "/etc/certificates/a.conf:5: Memory=99999999999999999999G: not an amount from 16M to 64G; write for example 512M" },
        { "Hook=/bin/x\nTasks=0",
          "/etc/certificates/a.conf:5: Tasks=0: not a number from 1 to 32768" },
        { "Hook=/bin/x\nTakeOver=perhaps",
          "/etc/certificates/a.conf:5: TakeOver=perhaps: not a boolean; write yes or no" },
};

static void mistakes_are_said(void) {
        for (size_t i = 0; i < ELEMENTSOF(mistakes); i++) {
                char text[1024];

                make_tree();
                (void) snprintf(text, sizeof text, HEAD "%s\n", mistakes[i].lines);
                write_text("etc/certificates/a.conf", text);
                _cleanup_(config_freep) Config *c = load();
                check_one_message(c, true, "a", mistakes[i].message);
        }
}

static void reload_or_restart_beside_a_command(void) {
        make_tree();
        write_text("etc/certificates/a.conf",
                   HEAD "Command=/bin/tool\nRestart=product\nUnit=other\n");
        _cleanup_(config_freep) Config *c = load();
        CHECK(only_target(c) != NULL);
}

TEST_MAIN({ "R3.7: every program has limits", standard_limits },
          { "all keys of telling are read", everything_is_read },
          { "an empty value takes back what the profile says", empty_takes_back },
          { "what is dumped reads back", dump_reads_back },
          { "mistakes are said with file and line", mistakes_are_said },
          { "S1.6: a command may stand before a restart", reload_or_restart_beside_a_command })
