/* SPDX-License-Identifier: Apache-2.0 */
/* Changes one thing inside an ONNX model and keeps the lengths around it right, which blind changes
 * of bytes hardly ever do. */
#ifndef CHROMAFUSE_TESTS_FUZZ_MODEL_MUTATOR_H
#define CHROMAFUSE_TESTS_FUZZ_MODEL_MUTATOR_H

#include <stdlib.h>
#include <string.h>

#include "cl/net/operator.h"
#include "cl/net/wire.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

/* Messages of ONNX, and which field of one holds another. */
enum { LEAF, MODEL, GRAPH, NODE, ATTRIBUTE, TENSOR, VALUE, TYPE, TENSOR_TYPE, SHAPE, DIMENSION };
static const struct {
    int outer;
    unsigned field;
    int inner;
} mutator_tree[] = {{MODEL, 7, GRAPH},       {GRAPH, 1, NODE},     {GRAPH, 5, TENSOR},
                    {GRAPH, 11, VALUE},      {GRAPH, 12, VALUE},   {NODE, 5, ATTRIBUTE},
                    {ATTRIBUTE, 5, TENSOR},  {VALUE, 2, TYPE},     {TYPE, 1, TENSOR_TYPE},
                    {TENSOR_TYPE, 2, SHAPE}, {SHAPE, 1, DIMENSION}};
#define MUTATOR_ROOM 8192
#define MUTATOR_DEPTH 12

typedef struct {
    uint8_t at[MUTATOR_ROOM];
    size_t size;
} mutator_bytes;

typedef struct {
    mutator_bytes level[MUTATOR_DEPTH];
    long target; /* fields until the one to change */
    int full;
} mutator;

static int mutator_inner(int outer, unsigned field) {
    for (size_t i = 0; i < sizeof mutator_tree / sizeof *mutator_tree; i++)
        if (mutator_tree[i].outer == outer && mutator_tree[i].field == field)
            return mutator_tree[i].inner;
    return LEAF;
}

static void mutator_put(mutator *m, mutator_bytes *to, const void *data, size_t size) {
    if (size > MUTATOR_ROOM - to->size) {
        m->full = 1;
        return;
    }
    if (size)
        memcpy(to->at + to->size, data, size);
    to->size += size;
}

static void mutator_varint(mutator *m, mutator_bytes *to, uint64_t value) {
    uint8_t byte;
    for (; value > 127; value >>= 7) {
        byte = (uint8_t)(value | 128);
        mutator_put(m, to, &byte, 1);
    }
    byte = (uint8_t)value;
    mutator_put(m, to, &byte, 1);
}

static void mutator_part(mutator *m, mutator_bytes *to, unsigned field, const void *data,
                         size_t size) {
    mutator_varint(m, to, field << 3 | 2);
    mutator_varint(m, to, size);
    mutator_put(m, to, data, size);
}

static long mutator_count(cf_span message, int type) {
    cf_wire_field f;
    long count = 0;
    while (cf_wire_next(&message, &f) > 0)
        count += 1 + (f.type == 2 && mutator_inner(type, f.number)
                          ? mutator_count(f.bytes, mutator_inner(type, f.number))
                          : 0);
    return count;
}

static const char *mutator_operator(unsigned choice) {
    unsigned count = 0;
    for (int pass = 0; pass < 2; pass++)
        for (const cf_operator *const *list = cf_operator_lists; *list; list++)
            for (const cf_operator *op = *list; op->name; op++) {
                if (!pass)
                    count++;
                else if (!(choice-- % count))
                    return op->name;
            }
    return "Relu";
}

/* The field with a new value, twice, or not at all. */
static void mutator_change(mutator *m, mutator_bytes *to, const cf_wire_field *f, int type) {
    static const int64_t values[] = {0,
                                     1,
                                     -1,
                                     2,
                                     3,
                                     4,
                                     7,
                                     8,
                                     16,
                                     64,
                                     -2,
                                     -3,
                                     1 << 16,
                                     1 << 30,
                                     2147483647,
                                     -2147483648LL,
                                     INT64_MAX,
                                     INT64_MIN,
                                     (int64_t)1 << 40,
                                     1 << 20};
    int what = rand() % 8;
    if (what == 0)
        return;
    if (what == 1)
        mutator_put(m, to, f->whole.at, f->whole.size);
    if (f->type == 0) {
        mutator_varint(m, to, f->number << 3);
        mutator_varint(m, to, (uint64_t)values[(size_t)rand() % (sizeof values / sizeof *values)]);
    } else if (f->type == 2 && type == NODE && f->number == 4 && what > 2) {
        const char *name = mutator_operator((unsigned)rand());
        mutator_part(m, to, f->number, name, strlen(name));
    } else if (f->type == 2 && !mutator_inner(type, f->number)) {
        uint8_t bytes[256];
        size_t size = f->bytes.size < 128 ? f->bytes.size : 128;
        if (size)
            memcpy(bytes, f->bytes.at, size);
        size = LLVMFuzzerMutate(bytes, size, sizeof bytes);
        mutator_part(m, to, f->number, bytes, size);
    } else {
        mutator_put(m, to, f->whole.at, f->whole.size);
    }
}

static void mutator_copy(mutator *m, cf_span message, int type, int depth) {
    mutator_bytes *to = &m->level[depth];
    cf_wire_field f;
    to->size = 0;
    while (cf_wire_next(&message, &f) > 0) {
        int inner = f.type == 2 ? mutator_inner(type, f.number) : LEAF;
        if (m->target-- == 0) {
            mutator_change(m, to, &f, type);
        } else if (inner && depth + 1 < MUTATOR_DEPTH) {
            mutator_copy(m, f.bytes, inner, depth + 1);
            mutator_part(m, to, f.number, m->level[depth + 1].at, m->level[depth + 1].size);
        } else {
            mutator_put(m, to, f.whole.at, f.whole.size);
        }
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
    static mutator m;
    srand(seed);
    long fields = mutator_count((cf_span){data, size}, MODEL);
    if (!fields || rand() % 4 == 0)
        return LLVMFuzzerMutate(data, size, max_size);
    m.full = 0;
    m.target = rand() % fields;
    mutator_copy(&m, (cf_span){data, size}, MODEL, 0);
    if (m.full || m.level[0].size > max_size)
        return LLVMFuzzerMutate(data, size, max_size);
    memcpy(data, m.level[0].at, m.level[0].size);
    return m.level[0].size;
}

#endif
