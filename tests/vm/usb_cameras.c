/* SPDX-License-Identifier: Apache-2.0 */
/* Two USB cameras made in user space, a mono and a Bayer one on one frame clock, for the kernel's
 * own uvcvideo driver. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/vm/usbip.h"
#include "tests/vm/uvc.h"

static const char usage[] =
    "usage: vm_usb_cameras CONTROLLER [fps=30] [skew_us=0] [drop_every=0] [error_every=0]\n\n"
    "CONTROLLER: /sys/devices/platform/vhci_hcd.0. Plugs both into it and streams until SIGTERM. "
    "skew_us: how much later the Bayer "
    "camera's\n"
    "frames are; drop_every, error_every: each so many-th frame is left out, or flagged as "
    "damaged.\n"
    "SIGUSR1 unplugs the Bayer camera, SIGUSR2 plugs it in again, SIGHUP makes it stall or go on.\n"
    "The first 48 pixels of a frame are bits, lowest first, as black and white: 16 of the number "
    "of\n"
    "the tick that it belongs to (the same for both cameras), 16 of the exposure in 100 us, 16 of\n"
    "the gain in 1/16.\n";

#define CAMERAS 2
#define MARKS 48

typedef struct {
    usbip_port port;
    uvc_camera uvc;
    const uvc_format *format;
    unsigned width, height;
    uint8_t *picture;
    uint32_t size, sent; /* bytes of the picture */
    int is_sending, is_damaged, is_stalled;
    uint8_t frame_bit; /* of the payload headers: toggles with each frame */
    int64_t next_ns;   /* when the next frame is due */
} camera;

static const char *controller;
static long fps = 30, skew_us, drop_every, error_every;
static volatile sig_atomic_t wants_unplug, wants_plug, wants_stall, wants_end;

static void on_signal(int number) {
    wants_unplug |= number == SIGUSR1;
    wants_plug |= number == SIGUSR2;
    wants_stall |= number == SIGHUP;
    wants_end |= number == SIGTERM || number == SIGINT;
}

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static int64_t period_ns(void) {
    return INT64_C(1000000000) / fps;
}

static int64_t offset_ns(const camera *c) {
    return c->uvc.is_color ? skew_us * 1000 : 0;
}

static void put_code(camera *c, size_t index, unsigned code) {
    if (c->format->bits == 8) {
        c->picture[index] = (uint8_t)code;
    } else {
        c->picture[2 * index] = (uint8_t)code;
        c->picture[2 * index + 1] = (uint8_t)(code >> 8);
    }
}

/* A grey of 8 bits at a place of the scene: texture, and a ramp that moves. */
static unsigned scene_at(unsigned x, unsigned y, uint64_t tick) {
    return 32 + ((x ^ y) & 31) * 4 + ((y + (unsigned)tick) & 63);
}

/* Through the Bayer camera the scene is orange: green 3/4, blue 1/2 of red. */
static unsigned seen_at(const camera *c, unsigned x, unsigned y, uint64_t tick) {
    unsigned value = scene_at(x, y, tick), site = (x & 1) + (y & 1);
    if (c->uvc.is_color && site)
        value = site == 1 ? value * 3 / 4 : value / 2;
    return c->format->depth == 16 ? value * 257 : value << (c->format->depth - 8);
}

static void paint(camera *c, uint64_t tick) {
    unsigned white = (1u << c->format->depth) - 1;
    uint64_t marks = (tick & 0xffff) | (uint64_t)(c->uvc.exposure & 0xffff) << 16 |
                     (uint64_t)(c->uvc.gain & 0xffff) << 32;
    for (unsigned y = 0; y < c->height; y++)
        for (unsigned x = 0; x < c->width; x++)
            put_code(c, (size_t)y * c->width + x, seen_at(c, x, y, tick));
    for (unsigned i = 0; i < MARKS; i++)
        put_code(c, i, marks >> i & 1 ? white : 0);
}

static int begin_stream(camera *c) {
    c->uvc.is_committed = 0;
    c->format = uvc_committed_format(&c->uvc);
    uvc_committed_size(&c->uvc, &c->width, &c->height);
    c->size = c->width * c->height * (unsigned)c->format->bits / 8;
    free(c->picture);
    c->picture = malloc(c->size);
    c->is_sending = 0;
    c->next_ns = (now_ns() / period_ns() + 1) * period_ns() + offset_ns(c);
    return c->picture ? 0 : -1;
}

/* A frame is due: begins to send it, unless it is one to lose. The driver stamps it when it
 * arrives, so a frame that would be late by much is left out instead: its time would be a lie. */
static void begin_frame(camera *c, int64_t now) {
    int64_t late = now - c->next_ns;
    uint64_t tick = (uint64_t)((c->next_ns - offset_ns(c)) / period_ns());
    c->next_ns += (late / period_ns() + 1) * period_ns();
    if (late > period_ns() / 5)
        return;
    int is_dropped = c->uvc.is_color && drop_every && tick % (uint64_t)drop_every == 0;
    if (!c->port.first || c->is_stalled || is_dropped)
        return;
    c->is_damaged = c->uvc.is_color && error_every && tick % (uint64_t)error_every == 0;
    c->frame_bit ^= 1;
    c->is_sending = 1;
    c->sent = 0;
    paint(c, tick);
}

static int send_payload(camera *c) {
    enum { HEADER = 2, END_OF_FRAME = 2, DAMAGED = 0x40, END_OF_HEADER = 0x80 };
    static uint8_t payload[UVC_PAYLOAD];
    uint32_t room = c->port.first->length < UVC_PAYLOAD ? c->port.first->length : UVC_PAYLOAD;
    uint32_t left = c->size - c->sent, n = left < room - HEADER ? left : room - HEADER;
    if (room <= HEADER)
        return -1;
    payload[0] = HEADER;
    payload[1] = (uint8_t)(END_OF_HEADER | c->frame_bit | (c->is_damaged ? DAMAGED : 0));
    memcpy(payload + HEADER, c->picture + c->sent, n);
    c->sent += n;
    if (c->sent == c->size) {
        payload[1] |= END_OF_FRAME;
        c->is_sending = 0;
    }
    return usbip_complete(&c->port, payload, n + HEADER);
}

static int run_clock(camera *c) {
    if (!c->uvc.is_streaming)
        return 0;
    if (c->uvc.is_committed && begin_stream(c))
        return -1;
    int64_t now = now_ns();
    if (!c->is_sending && now >= c->next_ns)
        begin_frame(c, now);
    while (c->is_sending && c->port.first)
        if (send_payload(c))
            return -1;
    return 0;
}

static void say(const char *what, int index) {
    printf("usb_cameras: camera %d %s\n", index, what);
    fflush(stdout);
}

static void unplug(camera *c) {
    usbip_unplug(&c->port);
    c->uvc.is_streaming = c->is_sending = 0;
    say("unplugged", c->uvc.is_color);
}

static int plug(camera *c, int index) {
    uvc_init(&c->uvc, index, (int)fps);
    c->is_stalled = 0;
    if (usbip_plug(&c->port, controller, index)) {
        perror("usb_cameras: cannot plug into vhci_hcd");
        return -1;
    }
    say("plugged", index);
    return 0;
}

static void obey_signals(camera *second) {
    if (wants_unplug && second->port.fd >= 0)
        unplug(second);
    if (wants_plug && second->port.fd < 0)
        plug(second, 1);
    if (wants_stall)
        second->is_stalled = !second->is_stalled;
    wants_unplug = wants_plug = wants_stall = 0;
}

/* Waits for messages, or until the next frame is due. */
static void wait_for_work(camera *cameras, struct pollfd *polls) {
    int64_t now = now_ns(), wait = 100000000;
    for (int i = 0; i < CAMERAS; i++) {
        camera *c = &cameras[i];
        polls[i] = (struct pollfd){.fd = c->port.fd, .events = POLLIN};
        if (c->uvc.is_streaming && !c->is_sending && c->next_ns - now < wait)
            wait = c->next_ns - now;
    }
    poll(polls, CAMERAS, wait < 0 ? 0 : (int)((wait + 999999) / 1000000));
}

static int parse(int argc, char **argv) {
    static const struct {
        const char *name;
        long *value;
    } options[] = {{"fps=", &fps},
                   {"skew_us=", &skew_us},
                   {"drop_every=", &drop_every},
                   {"error_every=", &error_every}};
    if (argc < 2)
        return -1;
    controller = argv[1];
    for (int i = 2; i < argc; i++) {
        size_t k = 0;
        while (k < 4 && strncmp(argv[i], options[k].name, strlen(options[k].name)) != 0)
            k++;
        if (k == 4)
            return -1;
        *options[k].value = strtol(argv[i] + strlen(options[k].name), NULL, 10);
    }
    return fps >= 1 && fps <= 240 && drop_every >= 0 && error_every >= 0 ? 0 : -1;
}

int main(int argc, char **argv) {
    static camera cameras[CAMERAS];
    struct pollfd polls[CAMERAS];
    if (parse(argc, argv)) {
        fputs(usage, stderr);
        return 2;
    }
    const int signals[] = {SIGUSR1, SIGUSR2, SIGHUP, SIGTERM, SIGINT};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        signal(signals[i], on_signal);
    for (int i = 0; i < CAMERAS; i++)
        if (plug(&cameras[i], i))
            return 1;
    while (!wants_end) {
        wait_for_work(cameras, polls);
        for (int i = 0; i < CAMERAS; i++) {
            camera *c = &cameras[i];
            int is_gone = (polls[i].revents && usbip_serve(&c->port, uvc_control, &c->uvc)) ||
                          (c->port.fd >= 0 && run_clock(c));
            if (is_gone)
                unplug(c);
        }
        obey_signals(&cameras[1]);
    }
    for (int i = 0; i < CAMERAS; i++) {
        usbip_unplug(&cameras[i].port);
        free(cameras[i].picture);
    }
    return 0;
}
