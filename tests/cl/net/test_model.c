/* SPDX-License-Identifier: Apache-2.0 */
/* The ONNX reader on models made by hand, whole and damaged, and on the official operator tests.
 * Does not prove that what is read computes the right thing (the operators' tests do), nor that no
 * damage gets through (the fuzz target looks for that). */
#include "cl/net/model.h"

#include <dirent.h>
#include <math.h>
#include <unistd.h>

#include "base/alloc.h"
#include "cl/net/graph.h"
#include "tests/cl/net/onnx_writer.h"
#include "tests/test_main.h"

#define DIMS(...)                                                                                  \
    (const int64_t[]) {                                                                            \
        __VA_ARGS__, -1                                                                            \
    }
#define SCALAR                                                                                     \
    (const int64_t[]) {                                                                            \
        -1                                                                                         \
    }

static char last_line[1024];
static int lines;

static void keep_line(void *user, cf_log_level level, const char *line) {
    (void)user;
    if (level == CF_LOG_ERROR) {
        snprintf(last_line, sizeof last_line, "%s", line);
        lines++;
    }
}

static void listen(void) {
    lines = 0;
    *last_line = '\0';
    cf_log_set(keep_line, NULL, CF_LOG_WARNING);
}

static void stop_listening(void) {
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
}

static const float weights[] = {1, -2, 3, 0.5f, 1, 1, -1, 0, 2, 4, 8, 16};

/* x -> Conv (w, b) -> t -> Relu -> y, the nodes in the wrong order; with `more` appended. */
static onnx_bytes small_graph(const onnx_bytes *more) {
    onnx_bytes g = {.size = 0};
    const int64_t pads[] = {1, 1, 1, 1};
    onnx_bytes relu = onnx_node("Relu", "", "t", "y");
    onnx_bytes conv = onnx_node("Conv", "encoder.0", "x w b", "t");
    onnx_bytes a = onnx_attribute("pads", 7), auto_pad = onnx_attribute("auto_pad", 3);
    for (int i = 0; i < 4; i++)
        onnx_int(&a, 8, pads[i]);
    onnx_text(&auto_pad, 4, "NOTSET");
    onnx_part(&conv, 5, &a);
    onnx_part(&conv, 5, &auto_pad);
    onnx_bytes w = onnx_tensor("w", 1, DIMS(4, 3, 1, 1), weights, sizeof weights);
    onnx_bytes b = onnx_tensor("b", 1, DIMS(4), weights, 4 * sizeof *weights);
    onnx_bytes x = onnx_value("x", 1, DIMS(1, 3, 0, 0)), y = onnx_value("y", 1, DIMS(1, 4, 0, 0));
    onnx_bytes listed_too = onnx_value("w", 1, DIMS(4, 3, 1, 1));
    onnx_part(&g, 1, &relu);
    onnx_part(&g, 1, &conv);
    onnx_text(&g, 2, "graph");
    onnx_part(&g, 5, &w);
    onnx_part(&g, 5, &b);
    onnx_part(&g, 11, &x);
    onnx_part(&g, 11, &listed_too);
    onnx_part(&g, 12, &y);
    if (more) {
        memcpy(g.at + g.size, more->at, more->size);
        g.size += more->size;
    }
    return g;
}

static cf_status parse(const onnx_bytes *bytes, cf_model **out) {
    return cf_model_parse(bytes->at, bytes->size, "hand.onnx", out);
}

START_TEST(reads_a_small_network) {
    onnx_bytes g = small_graph(NULL), bytes = onnx_model(&g, 17);
    cf_model *m;
    ck_assert_int_eq(parse(&bytes, &m), CF_OK);
    ck_assert_uint_eq(m->node_count, 2);
    ck_assert_str_eq(m->nodes[0].label, "Conv 'encoder.0'");
    ck_assert_str_eq(m->nodes[1].label, "Relu #0");
    ck_assert_int_eq(m->nodes[0].inputs, 3);
    ck_assert_uint_eq(m->nodes[0].attribute_count, 2);
    const cf_attribute *pads = &m->nodes[0].attributes[0];
    ck_assert_str_eq(pads->name, "pads");
    ck_assert_int_eq(pads->kind, CF_ATTR_INTS);
    ck_assert_uint_eq(pads->count, 4);
    ck_assert_int_eq(pads->ints[3], 1);
    ck_assert_str_eq(m->nodes[0].attributes[1].s, "NOTSET");
    const cf_value *w = &m->values[m->nodes[0].in[1]];
    float read[12];
    ck_assert_str_eq(w->name, "w");
    ck_assert(cf_tensor_is_constant(&w->constant) && !w->is_input && w->node == -1);
    ck_assert(w->constant.stored.bytes > bytes.at && /* not copied */
              w->constant.stored.bytes < bytes.at + bytes.size);
    cf_tensor_read(&w->constant, 0, 12, read);
    ck_assert_mem_eq(read, weights, sizeof weights);
    ck_assert_int_eq(m->values[m->nodes[1].in[0]].node, 0);
    ck_assert_int_eq(m->values[m->output_values[0]].node, 1);
    ck_assert(m->values[m->input_values[0]].is_input);
    ck_assert_uint_eq(cf_model_input_count(m), 1);
    const cf_model_port *x = cf_model_input(m, 0);
    ck_assert_str_eq(x->name, "x");
    ck_assert_int_eq(x->shape.rank, 4);
    ck_assert_int_eq(x->shape.dim[1], 3);
    ck_assert_int_eq(x->shape.dim[2], -1);
    ck_assert_ptr_null(cf_model_input(m, 1));
    ck_assert_str_eq(cf_model_output(m, 0)->name, "y");
    cf_model_info info = cf_model_describe(m);
    ck_assert_str_eq(info.producer, "hand 1.0");
    ck_assert_int_eq(info.opset, 17);
    ck_assert_int_eq(info.ir_version, 8);
    ck_assert_int_eq(info.weights, 16);
    ck_assert_uint_eq(info.constants, 2);
    size_t kinds;
    const cf_model_operator *rows = cf_model_operators(m, &kinds);
    ck_assert_uint_eq(kinds, 2);
    ck_assert_str_eq(rows[0].name, "Conv");
    ck_assert_uint_eq(rows[1].count, 1);
    cf_model_destroy(&m);
    ck_assert_ptr_null(m);
    cf_model_destroy(&m);
    cf_model_destroy(NULL);
}
END_TEST

static onnx_bytes tensor_head(int type, int64_t count) {
    onnx_bytes t = {.size = 0};
    onnx_int(&t, 1, count);
    onnx_int(&t, 2, type);
    onnx_text(&t, 8, "c");
    return t;
}

/* A network whose only constant "c" is `tensor`. */
static cf_status constant_of(const onnx_bytes *tensor, cf_model **m, const cf_tensor **c) {
    onnx_bytes more = {.size = 0}, node = onnx_node("Identity", "i", "c", "d");
    static onnx_bytes bytes; /* the model points into it */
    onnx_part(&more, 5, tensor);
    onnx_part(&more, 1, &node);
    onnx_bytes g = small_graph(&more);
    bytes = onnx_model(&g, 11);
    CF_TRY(parse(&bytes, m));
    for (size_t i = 0; i < (*m)->value_count; i++)
        if (!strcmp((*m)->values[i].name, "c"))
            *c = &(*m)->values[i].constant;
    return CF_OK;
}

START_TEST(reads_every_way_of_writing_numbers) {
    /* type, the field of its list, and the codes of 1.5 (floats) or 3 (integers), then -2 */
    static const struct {
        int type;
        unsigned field;
        int64_t first, second;
    } cases[] = {
        {10, 5, 0x3e00, 0xc000}, {16, 5, 0x3fc0, 0xc000}, {2, 5, 3, 254}, {3, 5, 3, -2},
        {4, 5, 3, 65534},        {5, 5, 3, -2},           {6, 5, 3, -2},  {7, 7, 3, -2},
        {12, 11, 3, 4294967294}, {13, 11, 3, 9},          {9, 5, 1, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int packed = 0; packed < 2; packed++) {
            onnx_bytes t = tensor_head(cases[i].type, 2), list = {.size = 0};
            onnx_varint(&list, (uint64_t)cases[i].first);
            onnx_varint(&list, (uint64_t)cases[i].second);
            if (packed)
                onnx_part(&t, cases[i].field, &list);
            else {
                onnx_int(&t, cases[i].field, cases[i].first);
                onnx_int(&t, cases[i].field, cases[i].second);
            }
            cf_model *m;
            const cf_tensor *c = NULL;
            ck_assert_int_eq(constant_of(&t, &m, &c), CF_OK);
            if (c->type == CF_TYPE_FLOAT) {
                float v[2];
                cf_tensor_read(c, 0, 2, v);
                ck_assert(v[0] == 1.5f && v[1] == -2);
            } else {
                int64_t v[2];
                cf_tensor_read_int(c, 0, 2, v);
                ck_assert_int_eq(v[0], cases[i].first);
                ck_assert_int_eq(v[1], cases[i].second);
            }
            cf_model_destroy(&m);
        }
    }
    onnx_bytes floats = tensor_head(1, 2), doubles = tensor_head(11, 1);
    const double pi = 3.25;
    float v[2];
    cf_model *m;
    const cf_tensor *c = NULL;
    onnx_float(&floats, 4, 0.125f);
    onnx_float(&floats, 4, INFINITY);
    ck_assert_int_eq(constant_of(&floats, &m, &c), CF_OK);
    cf_tensor_read(c, 0, 2, v);
    ck_assert(v[0] == 0.125f && isinf(v[1]));
    cf_model_destroy(&m);
    onnx_data(&doubles, 10, &pi, sizeof pi);
    ck_assert_int_eq(constant_of(&doubles, &m, &c), CF_OK);
    cf_tensor_read(c, 0, 1, v);
    ck_assert(v[0] == 3.25f);
    cf_model_destroy(&m);
    onnx_bytes empty = tensor_head(7, 0); /* no elements at all, as Resize's roi */
    ck_assert_int_eq(constant_of(&empty, &m, &c), CF_OK);
    ck_assert(cf_tensor_is_constant(c) && cf_shape_count(&c->shape) == 0);
    cf_model_destroy(&m);
}
END_TEST

START_TEST(constant_nodes_become_constants) {
    for (int kind = 0; kind < 5; kind++) {
        static const char *const names[] = {"value_float", "value_floats", "value_int",
                                            "value_ints", "value"};
        static const int kinds[] = {1, 6, 2, 7, 4};
        onnx_bytes more = {.size = 0}, node = onnx_node("Constant", "k", "", "c");
        onnx_bytes a = onnx_attribute(names[kind], kinds[kind]);
        onnx_bytes t = onnx_tensor("ignored", 1, DIMS(1), weights + 2, 4);
        if (kind < 2)
            onnx_float(&a, kind ? 7 : 2, 3);
        else if (kind < 4)
            onnx_int(&a, kind == 3 ? 8 : 3, 3);
        else
            onnx_part(&a, 5, &t);
        onnx_part(&node, 5, &a);
        onnx_part(&more, 1, &node);
        onnx_bytes g = small_graph(&more), bytes = onnx_model(&g, 20);
        cf_model *m;
        ck_assert_int_eq(parse(&bytes, &m), CF_OK);
        ck_assert_uint_eq(m->node_count, 2);
        const cf_value *v = &m->values[m->value_count - 1];
        float f = 0;
        int64_t i = 0;
        ck_assert_str_eq(v->name, "c");
        ck_assert_str_eq(v->constant.name, "c");
        ck_assert_int_eq(v->constant.shape.rank, kind == 0 || kind == 2 ? 0 : 1);
        if (kind < 2 || kind == 4)
            cf_tensor_read(&v->constant, 0, 1, &f);
        else
            cf_tensor_read_int(&v->constant, 0, 1, &i);
        ck_assert(f + (float)i == 3);
        cf_model_destroy(&m);
    }
}
END_TEST

/* The model with `more` in its graph fails with that status, and the one line holds `text`. */
static void refuses_bytes(const onnx_bytes *bytes, cf_status status, const char *text) {
    cf_model *m;
    size_t live = cf_alloc_live();
    listen();
    cf_status got = parse(bytes, &m);
    stop_listening();
    ck_assert_msg(got == status, "'%s' wanted, got status %d, '%s'", text, (int)got, last_line);
    ck_assert_ptr_null(m);
    ck_assert_int_eq(lines, 1);
    ck_assert_msg(strstr(last_line, text) != NULL, "'%s' does not hold '%s'", last_line, text);
    ck_assert_msg(!strncmp(last_line, "hand.onnx: ", 11), "'%s' names no file", last_line);
    ck_assert_uint_eq(cf_alloc_live(), live);
}

static void refuses(unsigned field, onnx_bytes part, cf_status status, const char *text) {
    onnx_bytes more = {.size = 0};
    onnx_part(&more, field, &part);
    onnx_bytes g = small_graph(&more), bytes = onnx_model(&g, 17);
    refuses_bytes(&bytes, status, text);
}

static onnx_bytes with_part(onnx_bytes b, unsigned field, onnx_bytes part) {
    onnx_part(&b, field, &part);
    return b;
}

static onnx_bytes with_int(onnx_bytes b, unsigned field, int64_t value) {
    onnx_int(&b, field, value);
    return b;
}

START_TEST(refuses_wrong_graphs) {
    refuses(1, onnx_node("Relu", "r", "nowhere", "z"), CF_ERR_FORMAT,
            "Relu 'r': its input 'nowhere'");
    refuses(1, onnx_node("Relu", "r", "x", "t"), CF_ERR_FORMAT, "output of Relu 'r'");
    refuses(1, onnx_node("Relu", "r", "x", "x"), CF_ERR_FORMAT, "output of Relu 'r'");
    refuses(1, onnx_node("Relu", "r", "x", ""), CF_ERR_FORMAT, "Relu 'r': has no outputs");
    refuses(1, onnx_node("Add", "loop", "x z", "z"), CF_ERR_FORMAT,
            "Add 'loop': depends on its own");
    refuses(1, onnx_node("", "none", "x", "z"), CF_ERR_FORMAT, "node #2 names no operator");
    refuses(1, onnx_node("Constant", "k", "", "c"), CF_ERR_FORMAT, "Constant 'k': must have");
    refuses(12, onnx_value("nothing", 1, DIMS(1)), CF_ERR_FORMAT, "output 'nothing' is made by");
    refuses(12, onnx_value("y", 1, DIMS(1)), CF_ERR_FORMAT, "output 'y' is listed twice");
    refuses(11, onnx_value("x", 1, DIMS(1)), CF_ERR_FORMAT, "another value 'x'");
    refuses(11, onnx_value("", 1, DIMS(1)), CF_ERR_FORMAT, "an input has no name");
    refuses(11, onnx_value("s", 8, DIMS(1)), CF_ERR_UNSUPPORTED, "input 's': its elements");
    refuses(11, onnx_value("s", 1, DIMS(1, 1, 1, 1, 1, 1, 1, 1, 1)), CF_ERR_UNSUPPORTED,
            "input 's' has 9 dimensions");
    refuses(11, onnx_value("s", 1, DIMS((int64_t)1 << 40)), CF_ERR_FORMAT,
            "input 's' is too large");
    refuses(15, (onnx_bytes){.size = 0}, CF_ERR_UNSUPPORTED, "sparse");
    onnx_bytes two = {.size = 0}, a = onnx_node("Add", "one", "x q", "p");
    onnx_part(&two, 1, &a);
    a = onnx_node("Add", "two", "x p", "q");
    onnx_part(&two, 1, &a);
    onnx_bytes g = small_graph(&two), bytes = onnx_model(&g, 17);
    refuses_bytes(&bytes, CF_ERR_FORMAT, "depends on its own");
}
END_TEST

START_TEST(refuses_wrong_tensors) {
    onnx_bytes t = onnx_tensor("c", 1, DIMS(3), weights, 8);
    refuses(5, t, CF_ERR_FORMAT, "tensor 'c': 8 bytes of data, but 3 makes 12");
    refuses(5, onnx_tensor("w", 1, DIMS(1), weights, 4), CF_ERR_FORMAT, "another value 'w'");
    refuses(5, onnx_tensor("c", 8, DIMS(1), weights, 4), CF_ERR_UNSUPPORTED, "tensor 'c': its");
    refuses(5, onnx_tensor("c", 0, DIMS(1), weights, 4), CF_ERR_UNSUPPORTED, "tensor 'c'");
    refuses(5, tensor_head(1, 2), CF_ERR_FORMAT, "tensor 'c': 0 elements of data, but 2 makes 2");
    refuses(5, tensor_head(1, -5), CF_ERR_FORMAT, "tensor 'c' has a negative dimension");
    refuses(5, tensor_head(1, INT64_MIN), CF_ERR_FORMAT, "tensor 'c' has a negative dimension");
    refuses(5, tensor_head(1, INT64_MAX), CF_ERR_FORMAT, "tensor 'c' is too large");
    refuses(5, with_int(with_int(tensor_head(1, 1 << 20), 1, 1 << 20), 1, 0), CF_ERR_FORMAT,
            "tensor 'c' is too large");
    refuses(5, with_int(tensor_head(1, 1), 14, 1), CF_ERR_UNSUPPORTED, "tensor 'c': its data lies");
    refuses(5, onnx_tensor("c", 1, DIMS(1, 1, 1, 1, 1, 1, 1, 1, 1), weights, 4), CF_ERR_UNSUPPORTED,
            "tensor 'c' has 9 dimensions");
    refuses(5, onnx_tensor("c\033[2J\xff", 1, DIMS(2), weights, 4), CF_ERR_FORMAT,
            "tensor 'c?[2J?'");
    onnx_bytes node = onnx_node("ConstantOfShape", "z", "b", "q"), a = onnx_attribute("value", 4);
    refuses(1, with_part(node, 5, a), CF_ERR_FORMAT, "attribute 'value' has no tensor");
    onnx_part(&a, 5, &t);
    refuses(1, with_part(node, 5, a), CF_ERR_FORMAT,
            "ConstantOfShape 'z': attribute 'value': 8 bytes");
    a = with_int(onnx_attribute("value", 2), 3, 1);
    refuses(1, with_part(with_part(node, 5, a), 5, a), CF_ERR_FORMAT, "'value' is there twice");
    for (int i = 0; i < 65; i++)
        onnx_part(&node, 5, &a);
    refuses(1, node, CF_ERR_FORMAT, "65 attributes");
}
END_TEST

START_TEST(refuses_wrong_files) {
    onnx_bytes g = small_graph(NULL), bytes = onnx_model(&g, 10), none = {.size = 0};
    refuses_bytes(&bytes, CF_ERR_UNSUPPORTED, "opset 10; 11 to 20");
    bytes = onnx_model(&g, 21);
    refuses_bytes(&bytes, CF_ERR_UNSUPPORTED, "opset 21");
    bytes = onnx_model(&g, -1);
    refuses_bytes(&bytes, CF_ERR_UNSUPPORTED, "opset -1");
    bytes = onnx_model(&g, 17);
    onnx_int(&bytes, 1, 2);
    refuses_bytes(&bytes, CF_ERR_UNSUPPORTED, "IR version 2");
    bytes = onnx_model(&g, 17);
    onnx_part(&bytes, 7, &g);
    refuses_bytes(&bytes, CF_ERR_FORMAT, "not an ONNX model");
    bytes = onnx_model(&none, 17);
    refuses_bytes(&bytes, CF_ERR_FORMAT, "no outputs");
    refuses_bytes(&none, CF_ERR_FORMAT, "not an ONNX model");
    onnx_int(&none, 1, 8);
    onnx_part(&none, 7, &g);
    refuses_bytes(&none, CF_ERR_FORMAT, "no version of the ONNX operators");
    bytes.size = (size_t)snprintf((char *)bytes.at, sizeof bytes.at, "not a model at all\n");
    refuses_bytes(&bytes, CF_ERR_FORMAT, "not an ONNX model");
    cf_model *m;
    listen();
    ck_assert_int_eq(cf_model_load("/nowhere/a.onnx", &m), CF_ERR_IO);
    ck_assert_int_eq(cf_model_load("/", &m), CF_ERR_IO);
    ck_assert_int_eq(cf_model_load("/dev/zero", &m), CF_ERR_IO);
    stop_listening();
    ck_assert_int_eq(lines, 3);
}
END_TEST

START_TEST(an_operator_that_we_lack_is_listed) {
    onnx_bytes more = {.size = 0}, node = onnx_node("FusedThing", "f", "x", "z");
    onnx_bytes subgraph = onnx_attribute("body", 5);
    onnx_text(&node, 7, "com.example");
    onnx_part(&node, 5, &subgraph); /* what it has is nobody's business */
    onnx_part(&more, 1, &node);
    onnx_bytes g = small_graph(&more), bytes = onnx_model(&g, 17);
    cf_model *m;
    size_t kinds;
    ck_assert_int_eq(parse(&bytes, &m), CF_OK);
    const cf_model_operator *rows = cf_model_operators(m, &kinds);
    ck_assert_uint_eq(kinds, 3);
    ck_assert_str_eq(rows[2].name, "com.example.FusedThing");
    ck_assert_int_eq(rows[2].supported, 0);
    cf_model_destroy(&m);
}
END_TEST

START_TEST(survives_damage) {
    onnx_bytes g = small_graph(NULL), whole = onnx_model(&g, 17);
    size_t live = cf_alloc_live();
    cf_model *m;
    listen();
    for (size_t size = 0; size < whole.size; size++) {
        lines = 0;
        if (cf_model_parse(whole.at, size, "cut", &m) == CF_OK)
            cf_model_destroy(&m);
        else
            ck_assert_int_eq(lines, 1);
    }
    for (size_t bit = 0; bit < 8 * whole.size; bit++) {
        onnx_bytes damaged = whole;
        damaged.at[bit / 8] ^= (unsigned char)(1 << bit % 8);
        lines = 0;
        if (parse(&damaged, &m) == CF_OK)
            cf_model_destroy(&m);
        else
            ck_assert_int_eq(lines, 1);
    }
    stop_listening();
    ck_assert_uint_eq(cf_alloc_live(), live);
}
END_TEST

START_TEST(survives_failing_memory) {
    onnx_bytes g = small_graph(NULL), bytes = onnx_model(&g, 17);
    size_t live = cf_alloc_live();
    cf_status status = CF_ERR_MEMORY;
    cf_model *m;
    listen();
    for (long after = 0; status == CF_ERR_MEMORY && after < 1000; after++) {
        lines = 0;
        cf_alloc_fail_after(after);
        status = parse(&bytes, &m);
        cf_alloc_fail_after(-1);
        ck_assert(status == CF_OK || (lines == 1 && !m && cf_alloc_live() == live));
    }
    stop_listening();
    ck_assert_int_eq(status, CF_OK);
    cf_model_destroy(&m);
    ck_assert_uint_eq(cf_alloc_live(), live);
}
END_TEST

#define TESTDATA "/usr/share/libonnx-testdata/data/node"

/* The official operator tests: each is read, or refused with one line that names its file. */
START_TEST(reads_the_official_tests) {
    DIR *dir = opendir(TESTDATA);
    int good = 0, refused = 0;
    size_t live = cf_alloc_live();
    listen();
    for (struct dirent *e = dir ? readdir(dir) : NULL; e; e = readdir(dir)) {
        char path[512];
        cf_model *m;
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, TESTDATA "/%s/model.onnx", e->d_name);
        lines = 0;
        if (cf_model_load(path, &m) == CF_OK) {
            cf_model_forget_pages(m);
            cf_model_destroy(&m);
            good++;
            continue;
        }
        ck_assert_msg(lines == 1 && strstr(last_line, e->d_name), "%s: '%s'", path, last_line);
        if (getenv("VERBOSE"))
            printf("%s\n", last_line);
        refused++;
    }
    stop_listening();
    if (dir)
        closedir(dir);
    printf("official tests: %d read, %d refused\n", good, refused);
    ck_assert(!dir || good > 700);
    ck_assert_uint_eq(cf_alloc_live(), live);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, reads_a_small_network);
    tcase_add_test(tc, reads_every_way_of_writing_numbers);
    tcase_add_test(tc, constant_nodes_become_constants);
    tcase_add_test(tc, refuses_wrong_graphs);
    tcase_add_test(tc, refuses_wrong_tensors);
    tcase_add_test(tc, refuses_wrong_files);
    tcase_add_test(tc, an_operator_that_we_lack_is_listed);
    tcase_add_test(tc, survives_damage);
    tcase_add_test(tc, survives_failing_memory);
    tcase_add_test(tc, reads_the_official_tests);
}

int main(void) {
    return test_run("model", add);
}
