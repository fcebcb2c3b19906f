#include "hooks/proof-journal.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "hooks/store.h"

#define NAME      "shown"
#define FILE_NAME NAME ".json"
#define SIZE_MAX_ ((size_t) 512 * 1024)

void proof_journal_close(ProofJournal *j) {
        proof_list_done(&j->list);
        j->lock_fd = close_fd(j->lock_fd);
        j->dir_fd = close_fd(j->dir_fd);
}

static int read_list(const Json *j, ProofList *ret) {
        const Json *list;

        if (json_get_array(j, "challenges", &list) < 0)
                return -EBADMSG;
        for (size_t i = 0; i < json_count(list) && i < PROOFS_MAX; i++) {
                _cleanup_(proof_done) Proof p = {};
                int r = proof_from_json(json_at(list, i), &p);

                if (r >= 0)
                        r = proof_list_add(ret, &p);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int load(ProofJournal *j) {
        _cleanup_(bytes_done) Bytes text = {};
        _cleanup_(json_freep) Json *object = NULL;
        int r;

        r = file_read_at(j->dir_fd, FILE_NAME, SIZE_MAX_, &text);
        if (r == -ENOENT)
                return 0;
        if (r >= 0)
                r = json_parse(text.data, text.size, &object);
        if (r >= 0)
                r = read_list(object, &j->list);
        if (r == -ENOMEM || r >= 0)
                return r;
        proof_list_done(&j->list);
        log_warning("what was shown for challenges cannot be read, it is set aside: %s",
                    errno_text(r));
        return renameat(j->dir_fd, FILE_NAME, j->dir_fd, FILE_NAME ".bad") < 0 ? -errno : 0;
}

int proof_journal_open(const Paths *paths, const char *certificate, ProofJournal *ret) {
        _cleanup_(proof_journal_close) ProofJournal j = { .dir_fd = -1, .lock_fd = -1 };
        int r;

        j.dir_fd = store_installer(paths, "challenges", certificate, true);
        if (j.dir_fd < 0)
                return j.dir_fd;
        j.lock_fd = store_lock_target(j.dir_fd, NAME);
        if (j.lock_fd < 0)
                return j.lock_fd;
        r = load(&j);
        if (r < 0)
                return r;
        *ret = j;
        j = (ProofJournal){ .dir_fd = -1, .lock_fd = -1 };
        return 0;
}

int proof_journal_save(const ProofJournal *j) {
        _cleanup_(json_freep) Json *object = json_object_new(), *list = json_array_new();
        _cleanup_free_ char *text = NULL;
        int r = object && list ? 0 : -ENOMEM;

        if (r >= 0 && j->list.count == 0)
                return file_remove_at(j->dir_fd, FILE_NAME);
        for (size_t i = 0; i < j->list.count && r >= 0; i++) {
                Json *entry = NULL;

                r = proof_to_json(&j->list.items[i], &entry);
                if (r >= 0)
                        r = json_append(list, entry);
        }
        if (r >= 0)
                r = json_set(object, "challenges", TAKE_PTR(list));
        if (r >= 0)
                r = json_to_string(object, &text);
        if (r < 0)
                return r;
        return file_replace_at(
                        j->dir_fd, FILE_NAME, text, strlen(text),
                        (FileRights){ .mode = 0600, .uid = (uid_t) -1, .gid = (gid_t) -1 });
}
