/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors and requests after "USB Device Class Definition for Video Devices" 1.1. */
#include "tests/vm/uvc.h"

#include <string.h>

static const uvc_format formats[2][2] = {{{"Y8  ", 8, 8}, {"Y10 ", 16, 10}},
                                         {{"RGGB", 8, 8}, {"RG16", 16, 16}}};
static const unsigned sizes[][2] = {{160, 120}, {320, 240}, {640, 480}};
#define SIZES 3

/* Ids of the camera terminal and the processing unit; selectors of their controls. */
enum { TERMINAL = 1, PROCESSING = 2, OUTPUT = 3 };
enum { CT_AE_MODE = 2, CT_EXPOSURE = 4, PU_GAIN = 4 };
enum { SET_CUR = 0x01, GET_CUR = 0x81, GET_MIN, GET_MAX, GET_RES, GET_LEN, GET_INFO, GET_DEF };
enum { AE_MANUAL = 1, AE_APERTURE = 8 };

static void put16(uint8_t *p, unsigned value) {
    p[0] = (uint8_t)value;
    p[1] = (uint8_t)(value >> 8);
}

static void put32(uint8_t *p, uint32_t value) {
    put16(p, value & 0xffff);
    put16(p + 2, value >> 16);
}

static void append(uvc_camera *c, const uint8_t *bytes) {
    memcpy(c->configuration + c->configuration_size, bytes, bytes[0]);
    c->configuration_size += bytes[0];
}

static void append_frame(uvc_camera *c, int bits, int index) {
    uint8_t d[30] = {30, 0x24, 5, (uint8_t)(index + 1)};
    unsigned bytes = sizes[index][0] * sizes[index][1] * (unsigned)bits / 8;
    unsigned interval = 10000000u / (unsigned)c->fps; /* 100 ns */
    put16(d + 5, sizes[index][0]);
    put16(d + 7, sizes[index][1]);
    put32(d + 9, bytes * 8 * (unsigned)c->fps);
    put32(d + 13, bytes * 8 * (unsigned)c->fps);
    put32(d + 17, bytes);
    put32(d + 21, interval);
    d[25] = 1; /* one frame interval */
    put32(d + 26, interval);
    append(c, d);
}

static void append_format(uvc_camera *c, int index) {
    const uvc_format *f = &formats[c->is_color][index];
    uint8_t d[27] = {27, 0x24, 4, (uint8_t)(index + 1), SIZES, 0, 0, 0, 0, 0, 0, 0x10, 0, 0x80};
    memcpy(d + 5, f->guid, 4);
    memcpy(d + 14, "\x00\x00\xaa\x00\x38\x9b\x71", 7); /* the end of each such GUID */
    d[21] = (uint8_t)f->bits;
    d[22] = 1; /* the default frame */
    append(c, d);
    for (int i = 0; i < SIZES; i++)
        append_frame(c, f->bits, i);
}

static void make_configuration(uvc_camera *c) {
    static const uint8_t head[][18] = {
        {9, 2, 0, 0, 2, 1, 0, 0x80, 50}, /* configuration; its length is filled in */
        {8, 11, 0, 2, 14, 3, 0, 2},      /* association of both interfaces */
        {9, 4, 0, 0, 0, 14, 1, 0, 2},    /* interface 0: control */
        {13, 0x24, 1, 0x10, 1, 13 + 18 + 12 + 9, 0, 0, 0x6c, 0xdc, 2, 1, 1},
        {18, 0x24, 2, TERMINAL, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0x0a}, /* AE mode, exposure */
        {12, 0x24, 5, PROCESSING, TERMINAL, 0, 0, 2, 0, 2},             /* gain */
        {9, 0x24, 3, OUTPUT, 1, 1, 0, PROCESSING, 0},
        {9, 4, 1, 0, 1, 14, 2, 0, 0},                             /* interface 1: streaming */
        {15, 0x24, 1, 2, 0, 0, 0x81, 0, OUTPUT, 0, 0, 0, 1, 0, 0} /* its length is filled in */
    };
    static const uint8_t endpoint[] = {7, 5, 0x81, 2, 0, 2, 0}; /* bulk in, 512 bytes */
    c->configuration_size = 0;
    for (size_t i = 0; i < sizeof head / sizeof head[0]; i++)
        append(c, head[i]);
    int streaming = c->configuration_size - 15;
    append_format(c, 0);
    append_format(c, 1);
    put16(c->configuration + streaming + 4, (unsigned)(c->configuration_size - streaming));
    append(c, endpoint);
    put16(c->configuration + 2, (unsigned)c->configuration_size);
}

/* Fills in what the camera decides of a probe block: [2] format, [3] frame size are the host's. */
static void negotiate(const uvc_camera *c, uint8_t *block) {
    if (block[2] < 1 || block[2] > 2)
        block[2] = 1;
    if (block[3] < 1 || block[3] > SIZES)
        block[3] = 1;
    const unsigned *size = sizes[block[3] - 1];
    int bits = formats[c->is_color][block[2] - 1].bits;
    put32(block + 4, 10000000u / (unsigned)c->fps);
    put32(block + 18, size[0] * size[1] * (unsigned)bits / 8);
    put32(block + 22, UVC_PAYLOAD);
    put32(block + 26, 48000000);
}

void uvc_init(uvc_camera *c, int is_color, int fps) {
    *c = (uvc_camera){.is_color = is_color, .fps = fps, .is_auto = 1, .exposure = 80, .gain = 16};
    make_configuration(c);
    negotiate(c, c->probe);
    negotiate(c, c->commit);
}

const uvc_format *uvc_committed_format(const uvc_camera *c) {
    return &formats[c->is_color][c->commit[2] - 1];
}

void uvc_committed_size(const uvc_camera *c, unsigned *width, unsigned *height) {
    *width = sizes[c->commit[3] - 1][0];
    *height = sizes[c->commit[3] - 1][1];
}

static int string_descriptor(const uvc_camera *c, int index, uint8_t *in) {
    const char *names[] = {"", "usb_cameras", c->is_color ? "Bayer lens" : "Mono lens",
                           c->is_color ? "CAM1" : "CAM0"};
    if (index == 0) { /* languages: US English */
        memcpy(in, "\x04\x03\x09\x04", 4);
        return 4;
    }
    if (index > 3)
        return -1;
    size_t n = strlen(names[index]);
    in[0] = (uint8_t)(2 + 2 * n);
    in[1] = 3;
    for (size_t i = 0; i < n; i++)
        put16(in + 2 + 2 * i, (unsigned char)names[index][i]);
    return in[0];
}

static int get_descriptor(const uvc_camera *c, int kind, int index, uint8_t *in) {
    const uint8_t device[18] = {
        18, 1, 0, 2, 0xef, 2, 1, 64, 0x6b, 0x1d, 2, (uint8_t)(1 + c->is_color), 0, 1, 1, 2, 3, 1};
    switch (kind) {
    case 1: memcpy(in, device, sizeof device); return sizeof device;
    case 2:
        memcpy(in, c->configuration, (size_t)c->configuration_size);
        return c->configuration_size;
    case 3: return string_descriptor(c, index, in);
    default: return -1;
    }
}

/* Requests of every USB device. Stopping is SET_INTERFACE, or for bulk CLEAR_FEATURE(halt). */
static int standard_request(uvc_camera *c, const uint8_t *setup, uint8_t *in) {
    enum { CLEAR_FEATURE = 1, GET_DESCRIPTOR = 6, SET_CONFIGURATION = 9, SET_INTERFACE = 11 };
    if (setup[1] == GET_DESCRIPTOR)
        return get_descriptor(c, setup[3], setup[2], in);
    if (setup[1] == SET_CONFIGURATION || setup[1] == SET_INTERFACE || setup[1] == CLEAR_FEATURE)
        c->is_streaming = 0;
    in[0] = in[1] = 0;
    return setup[0] & 0x80 ? 2 : 0;
}

static int streaming_request(uvc_camera *c, const uint8_t *setup, const uint8_t *out,
                             uint32_t length, uint8_t *in) {
    int is_commit = setup[3] == 2;
    uint8_t *block = is_commit ? c->commit : c->probe;
    switch (setup[1]) {
    case SET_CUR:
        memcpy(block, out, length < UVC_PROBE ? length : UVC_PROBE);
        negotiate(c, block);
        c->is_streaming |= is_commit;
        c->is_committed |= is_commit;
        return 0;
    case GET_CUR: memcpy(in, block, UVC_PROBE); return UVC_PROBE;
    case GET_LEN: put16(in, UVC_PROBE); return 2;
    case GET_INFO: in[0] = 3; return 1;
    default:
        memset(in, 0, UVC_PROBE);
        negotiate(c, in);
        return UVC_PROBE;
    }
}

typedef struct {
    int size; /* bytes */
    uint32_t current, min, max, step, standard;
} control;

static int find_control(const uvc_camera *c, int unit, int selector, control *out) {
    uint32_t longest = 10000u / (unsigned)c->fps; /* a frame */
    if (unit == TERMINAL && selector == CT_AE_MODE)
        *out = (control){
            1, c->is_auto ? AE_APERTURE : AE_MANUAL, 0, 0, AE_MANUAL | AE_APERTURE, AE_APERTURE};
    else if (unit == TERMINAL && selector == CT_EXPOSURE)
        *out = (control){4, c->exposure, 1, longest, 1, 80};
    else if (unit == PROCESSING && selector == PU_GAIN)
        *out = (control){2, c->gain, 16, 256, 1, 16};
    else
        return -1;
    return 0;
}

static void set_control(uvc_camera *c, int unit, int selector, uint32_t value) {
    if (unit == PROCESSING)
        c->gain = value;
    else if (selector == CT_EXPOSURE)
        c->exposure = value;
    else
        c->is_auto = value != AE_MANUAL;
}

static int control_request(uvc_camera *c, const uint8_t *setup, const uint8_t *out, uint32_t length,
                           uint8_t *in) {
    control k;
    uint32_t value = 0;
    if (find_control(c, setup[5], setup[3], &k))
        return -1;
    switch (setup[1]) {
    case SET_CUR:
        for (uint32_t i = 0; i < length && i < 4; i++)
            value |= (uint32_t)out[i] << 8 * i;
        set_control(c, setup[5], setup[3], value);
        return 0;
    case GET_CUR: put32(in, k.current); break;
    case GET_MIN: put32(in, k.min); break;
    case GET_MAX: put32(in, k.max); break;
    case GET_RES: put32(in, k.step); break;
    case GET_DEF: put32(in, k.standard); break;
    case GET_LEN: put16(in, (unsigned)k.size); return 2;
    case GET_INFO: in[0] = 3; return 1;
    default: return -1;
    }
    return k.size;
}

int uvc_control(void *camera, const uint8_t setup[8], const uint8_t *out, uint32_t length,
                uint8_t *in) {
    int is_class = (setup[0] & 0x60) == 0x20;
    if (!is_class)
        return standard_request(camera, setup, in);
    if (setup[4] == 1 && (setup[3] == 1 || setup[3] == 2))
        return streaming_request(camera, setup, out, length, in);
    return setup[4] == 0 ? control_request(camera, setup, out, length, in) : -1;
}
