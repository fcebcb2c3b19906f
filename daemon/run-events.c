/* What the engine hears and says: signals, the watchdog, the sentence of `systemctl status`. */

#include <signal.h>
#include <string.h>

#include "base/log.h"
#include "base/message-id.h"
#include "base/strings.h"
#include "daemon/run-internal.h"
#include "systemd/notify.h"

#define STATUS_GAP USEC_PER_SEC
#define STATUS_AGE (SEC_PER_HOUR * USEC_PER_SEC) /* "in 43 days" goes stale */
#define ONCE_LIMIT (SEC_PER_HOUR * USEC_PER_SEC)

static usec_t now_of(Run *run) {
        uint64_t now = 0;

        (void) sd_event_now(
                        loop_event(run->loop), CLOCK_MONOTONIC,
                        &now); /* fails for unknown clocks only */
        return now;
}

/* ---- the sentence ---- */

/* Tells the sentence when it is another one. */
static void update_sentence(Run *run) {
        _cleanup_free_ char *sentence = NULL;

        if (manager_sentence(run->manager, &sentence) < 0)
                return; /* out of memory: the next change tries again */
        run->shown_usec = now_of(run);
        if (str_equal(sentence, run->sentence))
                return;
        notify_status(sentence);
        free(run->sentence);
        run->sentence = TAKE_PTR(sentence);
}

static int on_status_time(sd_event_source *source, uint64_t usec, void *userdata) {
        (void) source;
        (void) usec;
        update_sentence(userdata);
        return 0;
}

void run_changed(void *userdata) {
        Run *run = userdata;
        int enabled = SD_EVENT_OFF;

        if (!run->status_timer)
                return; /* not yet, or not any more */
        (void) sd_event_source_get_enabled(run->status_timer, &enabled);
        if (enabled != SD_EVENT_OFF)
                return;
        (void) sd_event_source_set_time(run->status_timer, run->shown_usec + STATUS_GAP);
        (void) sd_event_source_set_enabled(run->status_timer, SD_EVENT_ONESHOT);
}

void run_tell_ready(Run *run) {
        update_sentence(run);
        notify_ready(run->sentence);
}

void run_log_sentence(Run *run) {
        update_sentence(run);
        log_info("%s", run->sentence ? run->sentence : "done");
}

/* ---- configuration ---- */

void run_log_config(const Config *config) {
        for (size_t i = 0; i < config->message_count; i++) {
                const ConfigMessage *m = &config->messages[i];
                LogFields fields = {
                        .certificate = m->certificate,
                        .message_id = m->error ? MESSAGE_CONFIG_ERROR : NULL,
                };
                log_message(m->error ? LOG_ERR : LOG_WARNING, &fields, "%s", m->text);
        }
}

static int messages_json(const Config *config, Json **ret) {
        _cleanup_(json_freep) Json *messages = json_array_new();
        int r = messages ? 0 : -ENOMEM;

        for (size_t i = 0; r >= 0 && i < config->message_count; i++)
                r = json_append_string(messages, config->messages[i].text);
        if (r >= 0)
                *ret = TAKE_PTR(messages);
        return r;
}

static int reload(Run *run, Json **ret) {
        _cleanup_(json_freep) Json *messages = NULL;
        Config *config = NULL;
        int r;

        r = config_load(&run->options->paths, NULL, &config);
        if (r < 0) {
                log_error("The configuration cannot be read: %s; the one before stays",
                          errno_text(r));
                return r;
        }
        r = messages_json(config, &messages);
        if (r >= 0 && config->broken) {
                run_log_config(config);
                log_error("The configuration has an error; the one before stays");
                config_free(config);
        } else if (r >= 0) {
                responder_configure(run->responder, config);
                r = manager_reload(run->manager, config); /* takes it */
        } else
                config_free(config);
        if (r >= 0)
                *ret = TAKE_PTR(messages);
        return r;
}

int run_reload(Json **ret, void *userdata) {
        Run *run = userdata;
        int r;

        notify_reloading();
        r = reload(run, ret);
        run_tell_ready(run);
        return r;
}

/* ---- signals ---- */

static int on_stop(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        Run *run = userdata;

        (void) source;
        (void) info;
        notify_stopping();
        return sd_event_exit(loop_event(run->loop), 0);
}

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        _cleanup_(json_freep) Json *messages = NULL;

        (void) source;
        (void) info;
        log_info("Reading the configuration again");
        (void) run_reload(&messages, userdata); /* it logged what is wrong */
        return 0;
}

static int add_signals(Run *run) {
        static const int stop[] = { SIGTERM, SIGINT };
        sd_event *event = loop_event(run->loop);
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(stop); i++)
                r = sd_event_add_signal(event, NULL, stop[i], on_stop, run);
        return r < 0 ? r : sd_event_add_signal(event, NULL, SIGHUP, on_hangup, run);
}

/* ---- watchdog ---- */

/* Not a bare timer: the loop got here, and the manager, asked to look, either moves on or finds nothing lost. */
static bool is_healthy(Run *run) {
        uint64_t progress = manager_progress(run->manager);
        bool moved = progress != run->progress;

        run->progress = progress;
        return moved;
}

static int on_watchdog(sd_event_source *source, uint64_t usec, void *userdata) {
        Run *run = userdata;

        (void) usec;
        if (is_healthy(run))
                notify_watchdog();
        else
                log_error("Something is due and nothing moves: not feeding the watchdog");
        if (now_of(run) - run->shown_usec > STATUS_AGE)
                update_sentence(run);
        (void) sd_event_source_set_time_relative(source, notify_watchdog_interval());
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int add_watchdog(Run *run) {
        usec_t interval = notify_watchdog_interval();

        if (interval == 0)
                return 0;
        notify_watchdog();
        return sd_event_add_time_relative(
                        loop_event(run->loop), &run->watchdog, CLOCK_MONOTONIC, interval,
                        interval / 8, on_watchdog, run);
}

/* ---- once ---- */

static int on_turn(sd_event_source *source, void *userdata) {
        Run *run = userdata;

        (void) source;
        if (!manager_is_settled(run->manager))
                return 0;
        return sd_event_exit(
                        loop_event(run->loop),
                        manager_is_degraded(run->manager) ? EXIT_FAILURE : 0);
}

static int on_once_limit(sd_event_source *source, uint64_t usec, void *userdata) {
        Run *run = userdata;

        (void) source;
        (void) usec;
        log_error("Not done within an hour: giving up");
        return sd_event_exit(loop_event(run->loop), EXIT_FAILURE);
}

static int on_first_turn(sd_event_source *source, void *userdata) {
        (void) source;
        (void) userdata; /* its only purpose is a first turn of the loop, behind which on_turn() looks */
        return 0;
}

static int add_once(Run *run) {
        sd_event *event = loop_event(run->loop);
        int r;

        r = sd_event_add_post(event, &run->post, on_turn, run);
        if (r >= 0)
                r = sd_event_add_defer(event, NULL, on_first_turn, NULL);
        if (r < 0)
                return r;
        return sd_event_add_time_relative(
                        event, &run->limit, CLOCK_MONOTONIC, ONCE_LIMIT, 0, on_once_limit, run);
}

/* ---- all ---- */

int run_add_events(Run *run) {
        int r;

        r = add_signals(run);
        if (r >= 0)
                r = add_watchdog(run);
        if (r >= 0 && run->options->once)
                r = add_once(run);
        if (r < 0)
                return r;
        r = sd_event_add_time(
                        loop_event(run->loop), &run->status_timer, CLOCK_MONOTONIC, USEC_INFINITY,
                        STATUS_GAP / 10, on_status_time, run);
        return r < 0 ? r : sd_event_source_set_enabled(run->status_timer, SD_EVENT_OFF);
}

void run_remove_events(Run *run) {
        sd_event_source **sources[] = { &run->status_timer, &run->watchdog, &run->limit,
                                        &run->post };

        for (size_t i = 0; i < ELEMENTSOF(sources); i++)
                *sources[i] = sd_event_source_disable_unref(*sources[i]);
}
