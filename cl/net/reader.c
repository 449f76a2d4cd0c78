/* SPDX-License-Identifier: Apache-2.0 */
/* What reading a model stands on: memory of the model, names, unpacking within a budget. */
#include "cl/net/reader.h"

#include <protobuf-c/protobuf-c.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"

#define CHUNK ((size_t)64 << 10)
#define NAME_SHOWN 160

/* Unpacked messages are larger than packed ones: an empty string of two bytes takes a pointer and a
 * block. More than this is an attack. */
#define BUDGET_BASE ((size_t)16 << 20)
#define BUDGET_FACTOR 64

typedef struct chunk {
    struct chunk *next;
    size_t used, room;
} chunk;

#define CHUNK_HEAD CF_ALIGN

void *cf_reader_take(cf_reader *r, size_t count, size_t size) {
    if (size && count > CF_ALLOC_MAX / size) {
        cf_log(CF_LOG_ERROR, "%s: refusing %zu x %zu bytes", r->model->name, count, size);
        return NULL;
    }
    size_t bytes = (count * size + 15) / 16 * 16;
    chunk *c = r->model->arena;
    if (!c || c->room - c->used < bytes) {
        size_t room = bytes > CHUNK / 4 ? bytes : CHUNK;
        chunk *fresh = cf_alloc(1, CHUNK_HEAD + room);
        if (!fresh)
            return NULL;
        fresh->room = room;
        if (c && bytes > CHUNK / 4) { /* a large block of its own: the head stays in use */
            fresh->next = c->next;
            c->next = fresh;
        } else {
            fresh->next = c;
            r->model->arena = fresh;
        }
        c = fresh;
    }
    void *at = (char *)c + CHUNK_HEAD + c->used;
    c->used += bytes;
    return at;
}

void cf_reader_release(cf_model *model) {
    chunk *c = model->arena;
    while (c) {
        chunk *next = c->next;
        cf_free(c);
        c = next;
    }
    cf_free(model);
}

/* Length of the well-formed UTF-8 sequence at s that is no control character; 0 when there is none.
 */
static size_t shown_length(const unsigned char *s) {
    if (*s < 0x80)
        return *s >= 0x20 && *s != 0x7f;
    size_t more = *s >= 0xc2 && *s < 0xe0   ? 1
                  : *s >= 0xe0 && *s < 0xf0 ? 2
                  : *s >= 0xf0 && *s < 0xf5 ? 3
                                            : 0;
    for (size_t i = 1; i <= more; i++)
        if ((s[i] & 0xc0) != 0x80) /* the terminator ends this, too */
            return 0;
    int c1_control = *s == 0xc2 && s[1] < 0xa0;
    int overlong = (*s == 0xe0 && s[1] < 0xa0) || (*s == 0xf0 && s[1] < 0x90);
    int outside = (*s == 0xed && s[1] >= 0xa0) || (*s == 0xf4 && s[1] >= 0x90);
    return more && !c1_control && !overlong && !outside ? more + 1 : 0;
}

const char *cf_reader_printable(cf_reader *r, const char *name) {
    const unsigned char *from = (const unsigned char *)(name ? name : "");
    char text[NAME_SHOWN + 8];
    size_t used = 0;
    while (*from && used < NAME_SHOWN) {
        size_t n = shown_length(from);
        if (n)
            memcpy(text + used, from, n);
        else
            text[used] = '?';
        used += n ? n : 1;
        from += n ? n : 1;
    }
    strcpy(text + used, *from ? "..." : "");
    return cf_reader_copy(r, text);
}

const char *cf_reader_copy(cf_reader *r, const char *name) {
    size_t bytes = name ? strlen(name) + 1 : 1;
    char *copy = cf_reader_take(r, bytes, 1);
    if (copy && name)
        memcpy(copy, name, bytes);
    return copy;
}

cf_status cf_reader_fail(const cf_reader *r, cf_status status, const char *format, ...) {
    char message[700];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    return cf_fail(status, "%s: %s", r->model->name, message);
}

static void *budget_alloc(void *user, size_t size) {
    cf_reader *r = user;
    if (size > r->budget || r->budget - size < CF_ALIGN) {
        r->over_budget = 1;
        return NULL;
    }
    r->budget -= size + CF_ALIGN;
    void *block = cf_alloc(1, size);
    r->out_of_memory |= !block;
    return block;
}

static void budget_free(void *user, void *block) {
    (void)user;
    cf_free(block);
}

cf_status cf_reader_unpack(cf_reader *r, const ProtobufCMessageDescriptor *type, cf_span message,
                           uint64_t keep, const char *what, void *out) {
    ProtobufCAllocator allocator = {budget_alloc, budget_free, r};
    unsigned char *kept = NULL;
    void *unpacked = NULL;
    size_t size = cf_wire_keep(message, keep, NULL);
    memcpy(out, &unpacked, sizeof unpacked);
    if (size == SIZE_MAX)
        return cf_reader_fail(r, CF_ERR_FORMAT, "%s is damaged", what);
    if (size != message.size) {
        kept = cf_alloc(size, 1);
        if (!kept)
            return CF_ERR_MEMORY;
        cf_wire_keep(message, keep, kept);
    }
    r->budget = BUDGET_BASE + BUDGET_FACTOR * size;
    r->over_budget = r->out_of_memory = 0;
    unpacked = protobuf_c_message_unpack(type, &allocator, size, kept ? kept : message.at);
    cf_free(kept);
    memcpy(out, &unpacked, sizeof unpacked);
    if (unpacked)
        return CF_OK;
    if (r->out_of_memory)
        return CF_ERR_MEMORY; /* logged by cf_alloc */
    return cf_reader_fail(r, CF_ERR_FORMAT,
                          r->over_budget ? "%s takes too much memory" : "%s is damaged", what);
}

void cf_reader_free(cf_reader *r, void *message) {
    ProtobufCAllocator allocator = {budget_alloc, budget_free, r};
    if (message)
        protobuf_c_message_free_unpacked(message, &allocator);
}

/* FNV-1a, 64 bits (Fowler, Noll, Vo). */
static size_t hash(const char *text) {
    uint64_t h = 0xcbf29ce484222325u;
    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * 0x100000001b3u;
    return (size_t)(h ^ h >> 32);
}

/* The slot where the name is, or where it would go. */
static int *slot_of(const cf_reader *r, const char *raw) {
    size_t at = hash(raw) & r->slot_mask;
    while (r->slots[at] && strcmp(r->raw[r->slots[at] - 1], raw) != 0)
        at = (at + 1) & r->slot_mask;
    return &r->slots[at];
}

int cf_reader_find(const cf_reader *r, const char *raw) {
    return *slot_of(r, raw) - 1;
}

cf_status cf_reader_add(cf_reader *r, const char *raw, const char *what, int *index) {
    cf_model *m = r->model;
    if (!raw || !*raw)
        return cf_reader_fail(r, CF_ERR_FORMAT, "%s has no name", what);
    int *slot = slot_of(r, raw);
    if (*slot)
        return cf_reader_fail(r, CF_ERR_FORMAT, "%s: there is another value '%s' already", what,
                              m->values[*slot - 1].name);
    if (m->value_count == r->value_room)
        return cf_reader_fail(r, CF_ERR_FORMAT, "%s: more values than were counted", what);
    cf_value *v = &m->values[m->value_count];
    r->raw[m->value_count] = cf_reader_copy(r, raw);
    v->name = cf_reader_printable(r, raw);
    if (!v->name || !r->raw[m->value_count])
        return CF_ERR_MEMORY;
    v->node = -1;
    *index = (int)m->value_count++;
    *slot = *index + 1;
    return CF_OK;
}
