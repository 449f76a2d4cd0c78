/* SPDX-License-Identifier: Apache-2.0 */
/* The official ONNX operator tests (Debian: libonnx-testdata): every one whose operators we have,
 * by the references and on the device. Does not prove anything about sizes and layouts that those
 * small cases lack: cl/net/operators does. */
#include <dirent.h>
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "cl/net/net.h"
#include "tests/cl/net/onnx_case.h"

#define BFLOAT16 "its file declares bfloat16 numbers as uint16"
#define STRINGS "text is no number"
#define TRAINING "training mode"
#define FRACTION "its sizes are fractions; ours agree with ONNX Runtime and PyTorch"

/* Cases with our operators that are not run, and why. One that is listed and passes all the same,
 * or does not exist, fails the test. */
static const struct {
    const char *name, *why;
} skipped[] = {
    {"test_batchnorm_epsilon_training_mode", TRAINING},
    {"test_batchnorm_example_training_mode", TRAINING},
    {"test_cast_BFLOAT16_to_FLOAT", BFLOAT16},
    {"test_cast_FLOAT_to_BFLOAT16", BFLOAT16},
    {"test_castlike_BFLOAT16_to_FLOAT_expanded", BFLOAT16},
    {"test_castlike_FLOAT_to_BFLOAT16_expanded", BFLOAT16},
    {"test_cast_FLOAT_to_STRING", STRINGS},
    {"test_cast_STRING_to_FLOAT", STRINGS},
    {"test_castlike_FLOAT_to_STRING_expanded", STRINGS},
    {"test_castlike_STRING_to_FLOAT_expanded", STRINGS},
    {"test_resize_downsample_scales_cubic_align_corners", FRACTION},
    {"test_resize_downsample_scales_linear_align_corners", FRACTION},
    {"test_resize_tf_crop_and_resize", "not supported"},
    {"test_convtranspose_3d", "three dimensions"},
    {"test_averagepool_3d_default", "three dimensions"},
    {"test_maxpool_3d_default", "three dimensions"},
    {"test_maxpool_2d_uint8", "integers"},
    {"test_maxpool_with_argmax_2d_precomputed_pads", "indices as a second output"},
    {"test_maxpool_with_argmax_2d_precomputed_strides", "indices as a second output"},
    {"test_training_dropout", TRAINING},
    {"test_training_dropout_default", TRAINING},
    {"test_training_dropout_default_mask", TRAINING},
    {"test_training_dropout_mask", TRAINING},
    {"test_training_dropout_zero_ratio", TRAINING},
    {"test_training_dropout_zero_ratio_mask", TRAINING},
    {"test_identity_opt", "an optional value"},
    {"test_identity_sequence", "a sequence"},
};
#define SKIPPED (sizeof skipped / sizeof *skipped)
static int skip_seen[SKIPPED];

/* Cases whose files are less exact than the rest. */
static const struct {
    const char *part; /* of the name */
    double relative;
    const char *why;
} coarse[] = {
    {"window_", 1e-3, "their cosines are those of a coarse pi; ours agree with ONNX Runtime"},
};

/* Cases of which only the first output is looked at: the others serve training (Dropout's mask,
 * LayerNormalization's statistics). */
static int outputs_of(const char *name) {
    int first = !strncmp(name, "test_dropout_default_mask", 25) ||
                (!strncmp(name, "test_layer_normalization", 24) && !strstr(name, "expanded"));
    return first ? 1 : FILES;
}

/* What the executor promises: each must have passed on the device, or by folding where it is known
 * before the run. */
static const char *const promised[] = {"Abs",
                                       "Add",
                                       "ArgMax",
                                       "AveragePool",
                                       "BatchNormalization",
                                       "Cast",
                                       "Clip",
                                       "Concat",
                                       "Constant",
                                       "ConstantOfShape",
                                       "Conv",
                                       "ConvTranspose",
                                       "DepthToSpace",
                                       "Div",
                                       "Dropout",
                                       "Equal",
                                       "Erf",
                                       "Exp",
                                       "Expand",
                                       "Flatten",
                                       "Gather",
                                       "Gemm",
                                       "GlobalAveragePool",
                                       "HardSwish",
                                       "Identity",
                                       "InstanceNormalization",
                                       "LayerNormalization",
                                       "LeakyRelu",
                                       "Log",
                                       "MatMul",
                                       "Max",
                                       "MaxPool",
                                       "Min",
                                       "Mul",
                                       "Neg",
                                       "PRelu",
                                       "Pad",
                                       "Pow",
                                       "Range",
                                       "ReduceMax",
                                       "ReduceMean",
                                       "ReduceSum",
                                       "Relu",
                                       "Reshape",
                                       "Resize",
                                       "Shape",
                                       "Sigmoid",
                                       "Slice",
                                       "Softmax",
                                       "SpaceToDepth",
                                       "Split",
                                       "Sqrt",
                                       "Squeeze",
                                       "Sub",
                                       "Tanh",
                                       "Transpose",
                                       "Unsqueeze"};

/* Per operator, in the order of first appearance. */
static struct {
    char name[40];
    int reference, device, folded; /* folded: nothing was left for the device */
} tally[256];
static int tallied, failures, passed;
static cf_cl *cl;

static int skip_index(const char *name) {
    for (size_t i = 0; i < SKIPPED; i++)
        if (!strcmp(skipped[i].name, name))
            return (int)i;
    return -1;
}

static int differs(double got, double wanted, double relative) {
    if (isnan(wanted) || isinf(wanted))
        return isnan(wanted) ? !isnan(got) : got != wanted;
    return !(fabs(got - wanted) <= 1e-6 + relative * fabs(wanted));
}

/* 1 when `got` (integers where whole) is what the file says. */
static int check_output(const onnx_case *c, const char *how, const cf_shape *shape, int whole,
                        const void *got, const cf_tensor *wanted) {
    char a[96], b[96];
    if (!cf_shape_equal(shape, &wanted->shape)) {
        fprintf(stderr, "%s (%s): %s instead of %s\n", c->name, how, cf_shape_text(shape, a),
                cf_shape_text(&wanted->shape, b));
        return 0;
    }
    /* results that the file rounds to float16 or bfloat16 are float32 here */
    double relative = wanted->stored.stored == 10   ? 1e-3
                      : wanted->stored.stored == 16 ? 8e-3
                                                    : 1e-5;
    for (size_t i = 0; i < sizeof coarse / sizeof *coarse; i++)
        if (strstr(c->name, coarse[i].part))
            relative = coarse[i].relative;
    for (int64_t i = 0; i < cf_shape_count(shape); i++) {
        double g = whole ? (double)((const int64_t *)got)[i] : (double)((const float *)got)[i], w;
        float real;
        int64_t integer;
        if (wanted->type == CF_TYPE_FLOAT) {
            cf_tensor_read(wanted, i, 1, &real);
            w = (double)real;
        } else {
            cf_tensor_read_int(wanted, i, 1, &integer);
            w = whole ? (double)integer : (double)(float)integer;
        }
        if (differs(g, w, relative)) {
            if (skip_index(c->name) < 0)
                fprintf(stderr, "%s (%s): element %lld is %.9g instead of %.9g\n", c->name, how,
                        (long long)i, g, w);
            return 0;
        }
    }
    return 1;
}

/* Host arrays and shapes of the inputs that remain, in the model's order. */
typedef struct {
    void *data[FILES];
    cf_shape shape[FILES];
    cf_type type[FILES];
} arrays;

static void free_arrays(arrays *a) {
    for (int i = 0; i < FILES; i++)
        free(a->data[i]);
}

static int take_inputs(const onnx_case *c, const cf_model *model, arrays *out) {
    *out = (arrays){.data = {NULL}};
    for (size_t i = 0; i < cf_model_input_count(model); i++)
        for (int k = 0; k < c->inputs && !out->data[i]; k++) {
            cf_model *file = read_tensor(&c->in[k]);
            const cf_tensor *t = file ? tensor_of(file) : NULL;
            if (t && !strcmp(t->name, cf_model_input(model, i)->name)) {
                size_t count = (size_t)cf_shape_count(&t->shape);
                out->data[i] = calloc(count + 1, sizeof(int64_t));
                out->shape[i] = t->shape;
                out->type[i] = t->type;
                if (t->type == CF_TYPE_FLOAT)
                    cf_tensor_read(t, 0, (int64_t)count, out->data[i]);
                else
                    cf_tensor_read_int(t, 0, (int64_t)count, out->data[i]);
            }
            cf_model_destroy(&file);
        }
    for (size_t i = 0; i < cf_model_input_count(model); i++)
        if (!out->data[i])
            return 0;
    return 1;
}

static int run_reference(const onnx_case *c, const cf_model *model, const arrays *in) {
    void *outputs[FILES] = {NULL};
    cf_shape shapes[FILES];
    int good =
        cf_model_output_count(model) <= FILES &&
        cf_net_reference(model, in->shape, (const void *const *)in->data, outputs, shapes) == CF_OK;
    for (size_t i = 0; good && i < cf_model_output_count(model); i++) {
        cf_model *file = i < (size_t)c->outputs ? read_tensor(&c->out[i]) : NULL;
        /* references give integers where the plan says so, which is where the file does */
        good =
            file && check_output(c, "reference", &shapes[i], tensor_of(file)->type == CF_TYPE_INT64,
                                 outputs[i], tensor_of(file));
        cf_model_destroy(&file);
    }
    for (int i = 0; i < FILES; i++)
        cf_free(outputs[i]);
    return good;
}

/* One run with everything that nobody wrote poisoned. */
static cf_status run_net(cf_net *net, const arrays *in, float **outputs) {
    cf_buffer *from[FILES] = {NULL}, *to[FILES] = {NULL};
    cf_status status = CF_OK;
    for (size_t i = 0; status == CF_OK && i < cf_net_input_count(net); i++) {
        size_t count = (size_t)cf_shape_count(&in->shape[i]);
        float *floats = calloc(count + 1, sizeof *floats);
        for (size_t k = 0; k < count; k++)
            floats[k] = in->type[i] == CF_TYPE_FLOAT ? ((const float *)in->data[i])[k]
                                                     : (float)((const int64_t *)in->data[i])[k];
        status = cf_buffer_get(cl, (count + 1) * sizeof(float), &from[i]);
        if (status == CF_OK)
            status = cf_buffer_write(from[i], 0, floats, count * sizeof *floats);
        free(floats);
    }
    for (size_t i = 0; status == CF_OK && i < cf_net_output_count(net); i++)
        status = cf_buffer_get(cl, cf_net_port_bytes(cf_net_output(net, i)) + 4, &to[i]);
    if (status == CF_OK)
        status = cf_net_run(net, (const cf_buffer *const *)from, to);
    for (size_t i = 0; status == CF_OK && i < cf_net_output_count(net); i++) {
        size_t size = cf_net_port_bytes(cf_net_output(net, i));
        outputs[i] = calloc(1, size + 4);
        status = cf_buffer_read(to[i], 0, outputs[i], size);
    }
    for (int i = 0; i < FILES; i++) {
        cf_buffer_put(&from[i]);
        cf_buffer_put(&to[i]);
    }
    return status;
}

static int run_device(const onnx_case *c, const cf_model *model, const arrays *in, int *folded) {
    cf_net *net;
    float *outputs[FILES] = {NULL};
    const cf_net_params params = {
        .shapes = in->shape, .shape_count = cf_model_input_count(model), .poison = 1};
    if (cf_net_create(cl, model, &params, &net) != CF_OK)
        return 0;
    int good = run_net(net, in, outputs) == CF_OK;
    *folded = cf_net_describe(net).nodes == 0;
    for (size_t i = 0; good && i < cf_net_output_count(net); i++) {
        cf_model *file = i < (size_t)c->outputs ? read_tensor(&c->out[i]) : NULL;
        good = file && check_output(c, "device", &cf_net_output(net, i)->shape, 0, outputs[i],
                                    tensor_of(file));
        cf_model_destroy(&file);
    }
    for (int i = 0; i < FILES; i++)
        free(outputs[i]);
    cf_net_destroy(&net);
    return good;
}

/* Which inputs to give as constants: none; where the operator wants more before the run, integers
 * (they are shapes and axes); then all but the first, as Conv its weights; at last all. What is
 * empty is always one: there are no empty tensors on the device. */
enum { NONE = 0, INTEGERS, BUT_FIRST, ALL, ATTEMPTS };
static unsigned choose_fixed(const onnx_case *c, int attempt) {
    unsigned fixed = 0;
    for (int i = 0; i < c->inputs; i++) {
        cf_model *file = read_tensor(&c->in[i]);
        int whole = file && tensor_of(file)->type == CF_TYPE_INT64;
        if (!file || cf_shape_count(&tensor_of(file)->shape) == 0 || attempt == ALL ||
            (whole && attempt >= INTEGERS) || (i && attempt >= BUT_FIRST))
            fixed |= 1U << i;
        cf_model_destroy(&file);
    }
    return fixed;
}

static cf_status measure(const onnx_case *c, bytes *out, cf_model **model, arrays *in,
                         int attempt) {
    cf_net_info info;
    *out = make_model(c, choose_fixed(c, attempt), outputs_of(c->name));
    *in = (arrays){.data = {NULL}};
    cf_status status = cf_model_parse(out->at, out->size, c->name, model);
    if (status == CF_OK && (cf_model_input_count(*model) > FILES || !take_inputs(c, *model, in)))
        status = CF_ERR_UNSUPPORTED;
    if (status == CF_OK)
        status = cf_net_measure(*model, in->shape, cf_model_input_count(*model), &info);
    return status;
}

static void count_case(const onnx_case *c, int reference, int device, int folded) {
    char list[sizeof c->operators];
    snprintf(list, sizeof list, "%s", c->operators);
    for (char *rest = list, *name; (name = strtok_r(rest, " ", &rest));) {
        int k = 0;
        while (k < tallied && strcmp(tally[k].name, name) != 0)
            k++;
        if (k == tallied) {
            ck_assert_int_lt(tallied, 256);
            snprintf(tally[tallied++].name, sizeof tally->name, "%s", name);
        }
        tally[k].reference += reference;
        tally[k].device += device && !folded;
        tally[k].folded += device && folded;
    }
}

/* Both ways; 1 when all is well. */
static int run_case(const onnx_case *c) {
    bytes file;
    cf_model *model;
    arrays in;
    cf_status status = CF_ERR_UNSUPPORTED;
    for (int attempt = 0; status != CF_OK && attempt < ATTEMPTS; attempt++) {
        int quiet = attempt < ATTEMPTS - 1 || skip_index(c->name) >= 0;
        cf_log_set(quiet ? NULL : test_print_line, NULL, CF_LOG_WARNING);
        if (attempt) {
            free_arrays(&in);
            cf_model_destroy(&model);
            free(file.at);
        }
        status = measure(c, &file, &model, &in, attempt);
    }
    cf_log_set(test_print_line, NULL, CF_LOG_WARNING);
    int reference = status == CF_OK && run_reference(c, model, &in);
    int folded = 0, device = status == CF_OK && run_device(c, model, &in, &folded);
    count_case(c, reference, device, folded);
    free_arrays(&in);
    cf_model_destroy(&model);
    free(file.at);
    return reference && device;
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static size_t list_cases(char ***names) {
    size_t count = 0;
    DIR *dir = opendir(FOLDER);
    *names = calloc(4096, sizeof **names);
    for (struct dirent *e = dir ? readdir(dir) : NULL; e && count < 4096; e = readdir(dir))
        if (!strncmp(e->d_name, "test_", 5))
            (*names)[count++] = strdup(e->d_name);
    if (dir)
        closedir(dir);
    qsort(*names, count, sizeof **names, by_name);
    return count;
}

static void one(const char *name) {
    onnx_case c;
    int skip = skip_index(name);
    if (read_case(name, &c) && is_ours(&c)) {
        int good = run_case(&c);
        if (!good && skip < 0)
            fprintf(stderr, "FAILED %s (%s)\n", name, c.operators);
        if (good && skip >= 0)
            fprintf(stderr, "FAILED %s: is in the list of skipped cases, but passes\n", name);
        failures += good ? skip >= 0 : skip < 0;
        passed += good;
        if (skip >= 0)
            skip_seen[skip] = 1;
    }
    free_case(&c);
}

START_TEST(every_case_of_ours_passes) {
    char **names;
    size_t count = list_cases(&names);
    const char *only = getenv("CASE");
    ck_assert_int_eq(cf_cl_open(NULL, &cl), CF_OK);
    for (size_t i = 0; i < count; i++) {
        if (!only || strstr(names[i], only))
            one(names[i]);
        free(names[i]);
    }
    free(names);
    cf_cl_close(&cl);
    printf("%d cases of our operators pass, %zu are not run\n", passed, SKIPPED);
    for (int i = 0; i < tallied; i++)
        printf("%-24s %3d by reference, %3d on the device, %3d folded\n", tally[i].name,
               tally[i].reference, tally[i].device, tally[i].folded);
    for (size_t i = 0; i < SKIPPED && !only; i++)
        if (!skip_seen[i]) {
            fprintf(stderr, "FAILED %s: is in the list of skipped cases, but there is none\n",
                    skipped[i].name);
            failures++;
        }
    for (size_t i = 0; i < sizeof promised / sizeof *promised && !only; i++) {
        int k = 0;
        while (k < tallied && strcmp(tally[k].name, promised[i]) != 0)
            k++;
        if (k == tallied || !(tally[k].device + tally[k].folded)) {
            fprintf(stderr, "FAILED: no case of %s passed\n", promised[i]);
            failures++;
        }
    }
    ck_assert_int_eq(failures, 0);
}
END_TEST

static void add_tests(TCase *tc) {
    tcase_add_test(tc, every_case_of_ours_passes);
}

int main(void) {
    DIR *dir = opendir(FOLDER);
    if (!dir) {
        fprintf(stderr,
                "SKIPPED: no official ONNX operator tests (Debian: libonnx-testdata) in "
                "%s: operators are not checked against them\n",
                FOLDER);
        return 77;
    }
    closedir(dir);
    return test_run("onnx_cases", add_tests);
}
