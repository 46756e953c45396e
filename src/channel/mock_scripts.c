#include "channel/mock_scripts.h"

#include "base/hash.h"
#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct waiting_script {
    struct waiting_script *next;
    int64_t serial;
    enum channel channel;
    struct mock_behaviour behaviour;
    struct str to;
    char bytes[];
};

static const struct hash_key script_key = {0x746f6373696e0002, 0x7363726970747301};

struct mock_scripts *mock_scripts_new(void)
{
    return memory_new(sizeof(struct mock_scripts));
}

void mock_scripts_free(struct mock_scripts **scripts)
{
    if (*scripts == NULL) {
        return;
    }
    for (size_t i = 0; i < MOCK_SCRIPT_BUCKETS; i++) {
        struct waiting_script *script = (*scripts)->buckets[i].first;
        while (script != NULL) {
            struct waiting_script *next = script->next;
            free(script);
            script = next;
        }
    }
    free(*scripts);
    *scripts = NULL;
}

static struct mock_script_bucket *bucket_of(struct mock_scripts *scripts,
                                            struct mock_script_key key)
{
    char folded[256];
    size_t len = key.to.len < sizeof folded ? key.to.len : sizeof folded;
    for (size_t i = 0; i < len; i++) {
        char c = key.to.ptr[i];
        folded[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    uint64_t hash = hash_bytes(script_key, (struct str){folded, len}) + (uint64_t)key.channel;
    return &scripts->buckets[hash % MOCK_SCRIPT_BUCKETS];
}

static bool is_for(const struct waiting_script *script, struct mock_script_key key)
{
    return script->channel == key.channel && str_equal_nocase(script->to, key.to) &&
           (key.serial == 0 || script->serial == key.serial);
}

void mock_scripts_add(struct mock_scripts *scripts, struct mock_script_key key,
                      const struct mock_behaviour *behaviour)
{
    assert(scripts->count < MOCK_SCRIPTS_MAX);
    struct str detail = behaviour->detail;
    struct waiting_script *script = memory_new(sizeof *script + key.to.len + detail.len + 1);
    script->serial = key.serial;
    script->channel = key.channel;
    script->behaviour = *behaviour;
    script->to = (struct str){script->bytes, key.to.len};
    script->behaviour.detail = (struct str){script->bytes + key.to.len, detail.len};
    if (key.to.len > 0) {
        memcpy(script->bytes, key.to.ptr, key.to.len);
    }
    if (detail.len > 0) {
        memcpy(script->bytes + key.to.len, detail.ptr, detail.len);
    }
    struct mock_script_bucket *bucket = bucket_of(scripts, key);
    if (bucket->last == NULL) {
        bucket->first = script;
    } else {
        bucket->last->next = script;
    }
    bucket->last = script;
    scripts->count++;
}

static void unlink_script(struct mock_script_bucket *bucket, struct waiting_script *before,
                          struct waiting_script *script)
{
    if (before == NULL) {
        bucket->first = script->next;
    } else {
        before->next = script->next;
    }
    if (bucket->last == script) {
        bucket->last = before;
    }
}

int64_t mock_scripts_take(struct mock_scripts *scripts, struct mock_script_key key,
                          struct arena *arena, struct mock_behaviour *out)
{
    struct mock_script_bucket *bucket = bucket_of(scripts, key);
    struct waiting_script *before = NULL;
    struct waiting_script *script = bucket->first;
    while (script != NULL && !is_for(script, key)) {
        before = script;
        script = script->next;
    }
    if (script == NULL) {
        return 0;
    }
    int64_t serial = script->serial;
    *out = script->behaviour;
    out->detail = arena_str(arena, script->behaviour.detail);
    unlink_script(bucket, before, script);
    free(script);
    scripts->count--;
    return serial;
}
