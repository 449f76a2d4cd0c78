/* SPDX-License-Identifier: Apache-2.0 */
/* Layout and conversion of training records. */
#include "tools/train/render/record.h"

#include <assert.h>
#include <math.h>
#include <string.h>

const cf_record_plane cf_record_planes[] = {
    {"rgb", 0, 3, 0, 2},    {"visibility", 0, 1, 0, 1}, {"mono", 1, 1, 0, 2},
    {"chroma", 1, 2, 0, 2}, {"hint", 1, 2, 1, 2},       {"confidence", 1, 1, 1, 2},
    {"sigma", 1, 1, 1, 2},  {"error", 1, 1, 1, 2},      {0},
};

uint16_t cf_half_of(float value) {
    uint32_t bits;
    if (isnan(value))
        return 0;
    memcpy(&bits, &value, sizeof bits);
    uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
    if (magnitude >= 0x477fefff) /* 65519.99 and more would round to infinity */
        return (uint16_t)(sign | 0x7bff);
    if (magnitude < 0x38800000) { /* below 2^-14: a multiple of 2^-24 */
        float scaled = fabsf(value) * 16777216.0F;
        return (uint16_t)(sign | (uint32_t)lrintf(scaled));
    }
    uint32_t rounded = magnitude - 0x38000000 + 0xfff + (magnitude >> 13 & 1);
    return (uint16_t)(sign | rounded >> 13);
}

float cf_half_value(uint16_t half) {
    int exponent = half >> 10 & 31, fraction = half & 1023;
    float value =
        exponent ? ldexpf((float)(fraction + 1024), exponent - 25) : ldexpf((float)fraction, -24);
    return half & 0x8000 ? -value : value;
}

static size_t plane_bytes(const cf_record_plane *p, int width, int height) {
    int factor = p->network ? CF_TRAIN_FACTOR : 1;
    return (size_t)p->planes * (size_t)(width / factor) * (size_t)(height / factor) *
           (size_t)p->bytes;
}

static size_t group_bytes(int of_level, int width, int height) {
    size_t sum = 0;
    for (const cf_record_plane *p = cf_record_planes; p->name; p++)
        sum += p->of_level == of_level ? plane_bytes(p, width, height) : 0;
    return sum;
}

size_t cf_record_bytes(int width, int height, int levels) {
    return group_bytes(0, width, height) + (size_t)levels * group_bytes(1, width, height);
}

static const cf_record_plane *plane_of(const char *name) {
    for (const cf_record_plane *p = cf_record_planes; p->name; p++)
        if (!strcmp(p->name, name))
            return p;
    assert(!"a plane of the table");
    return NULL;
}

size_t cf_record_offset(const cf_record *r, const char *name, int level) {
    const cf_record_plane *plane = plane_of(name);
    size_t offset = plane->of_level ? group_bytes(0, r->width, r->height) +
                                          (size_t)level * group_bytes(1, r->width, r->height)
                                    : 0;
    for (const cf_record_plane *p = cf_record_planes; p != plane; p++)
        offset += p->of_level == plane->of_level ? plane_bytes(p, r->width, r->height) : 0;
    return offset;
}

void cf_record_put(cf_record *r, const char *name, int level, const cf_image *planes) {
    const cf_record_plane *p = plane_of(name);
    unsigned char *to = r->data + cf_record_offset(r, name, level);
    assert(planes->planes == p->planes);
    assert(planes->width == r->width / (p->network ? CF_TRAIN_FACTOR : 1));
    assert(planes->height == r->height / (p->network ? CF_TRAIN_FACTOR : 1));
    for (int c = 0; c < planes->planes; c++)
        for (int y = 0; y < planes->height; y++) {
            const void *row = cf_image_row(planes, c, y);
            if (p->bytes == 1) {
                memcpy(to, row, (size_t)planes->width);
                to += planes->width;
                continue;
            }
            for (int x = 0; x < planes->width; x++, to += 2) {
                uint16_t half = cf_half_of(((const float *)row)[x]);
                to[0] = (unsigned char)(half & 255);
                to[1] = (unsigned char)(half >> 8);
            }
        }
}

float cf_record_get(const cf_record *r, const char *name, int level, int plane, int x, int y) {
    const cf_record_plane *p = plane_of(name);
    int factor = p->network ? CF_TRAIN_FACTOR : 1;
    size_t width = (size_t)(r->width / factor), height = (size_t)(r->height / factor);
    size_t index = ((size_t)plane * height + (size_t)y) * width + (size_t)x;
    const unsigned char *at = r->data + cf_record_offset(r, name, level) + index * (size_t)p->bytes;
    return p->bytes == 1 ? (float)*at : cf_half_value((uint16_t)(at[0] | at[1] << 8));
}

/* Weighted sum of a cell; the weights' own sum goes to *total. */
static float cell_sum(const cf_image *from, const cf_image *weight, int plane, int x, int y,
                      float *total) {
    float sum = 0;
    *total = 0;
    for (int j = y; j < y + CF_TRAIN_FACTOR; j++)
        for (int i = x; i < x + CF_TRAIN_FACTOR; i++) {
            float w = weight ? ((float *)cf_image_row(weight, 0, j))[i] : 1;
            sum += w > 0 ? w * ((float *)cf_image_row(from, plane, j))[i] : 0;
            *total += w;
        }
    return sum;
}

cf_status cf_record_shrink(const cf_image *from, const cf_image *weight, cf_image *out) {
    CF_TRY(cf_image_alloc(from->width / CF_TRAIN_FACTOR, from->height / CF_TRAIN_FACTOR,
                          from->planes, CF_PIXEL_F32, out));
    for (int p = 0; p < out->planes; p++)
        for (int y = 0; y < out->height; y++)
            for (int x = 0; x < out->width; x++) {
                float total, sum = cell_sum(from, weight, p, x * CF_TRAIN_FACTOR,
                                            y * CF_TRAIN_FACTOR, &total);
                ((float *)cf_image_row(out, p, y))[x] = total > 0 ? sum / total : 0;
            }
    return CF_OK;
}
