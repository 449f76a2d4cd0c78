/* SPDX-License-Identifier: Apache-2.0 */
/* A USB video class 1.1 camera as its host sees it: descriptors, format negotiation, controls. */
#ifndef CHROMAFUSE_TESTS_VM_UVC_H
#define CHROMAFUSE_TESTS_VM_UVC_H

#include <stdint.h>

#define UVC_PAYLOAD                                                                                \
    16384            /* bytes of a bulk transfer: 32 packets of 512, as the driver asks for        \
                      */
#define UVC_PROBE 34 /* bytes of a probe or commit block */

typedef struct {
    const char *guid; /* first four bytes of the format's GUID, a FourCC */
    int bits;         /* per pixel in memory */
    int depth;        /* of a code */
} uvc_format;

typedef struct {
    int is_color; /* 0: Y8 and Y10; 1: RGGB with 8 and 16 bits */
    int fps;
    uint8_t configuration[512];
    int configuration_size;
    uint8_t probe[UVC_PROBE], commit[UVC_PROBE];
    int is_streaming;  /* 1 from the commit on */
    int is_committed;  /* 1 after a commit until the frame clock has seen it */
    int is_auto;       /* exposure */
    unsigned exposure; /* 100 us */
    unsigned gain;     /* 1/16 */
} uvc_camera;

void uvc_init(uvc_camera *camera, int is_color, int fps);

/* usbip_control of a camera. */
int uvc_control(void *camera, const uint8_t setup[8], const uint8_t *out, uint32_t length,
                uint8_t *in);

/* What was committed. */
const uvc_format *uvc_committed_format(const uvc_camera *camera);
void uvc_committed_size(const uvc_camera *camera, unsigned *width, unsigned *height);

#endif
