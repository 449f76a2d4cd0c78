/* SPDX-License-Identifier: Apache-2.0 */
/* The device's side of USB/IP: plugs a device into the kernel's virtual host controller (vhci_hcd)
 * and answers its requests. */
#ifndef CHROMAFUSE_TESTS_VM_USBIP_H
#define CHROMAFUSE_TESTS_VM_USBIP_H

#include <stdint.h>

#define USBIP_EARLY 16 /* unlinks that may wait for what they unlink */

/* A request for data of the bulk endpoint that waits for its data. */
typedef struct usbip_request {
    uint32_t sequence, length;
    struct usbip_request *next;
} usbip_request;

/* A plugged device. fd -1: unplugged. */
typedef struct {
    int fd;
    usbip_request *first, *last;
    uint32_t seen; /* sequence number of the latest request */
    struct {
        uint32_t target, sequence;
    } early[USBIP_EARLY];
    int early_count;
} usbip_port;

/*
 * Answers a control transfer: setup is its 8 bytes, out what the host sent with it. Writes the
 * answer to `in` (512 bytes) and returns its length, 0 for none, -1 to refuse (a stall).
 */
typedef int (*usbip_control)(void *device, const uint8_t setup[8], const uint8_t *out,
                             uint32_t length, uint8_t *in);

/* Plugs a high-speed device into port `number` of the controller, whose folder in sysfs is given;
 * 0, or -1 with errno. */
int usbip_plug(usbip_port *port, const char *controller, int number);
void usbip_unplug(usbip_port *port);

/* Reads one message; control transfers are answered by `control`, bulk requests wait. -1: the host
 * let go of the device. */
int usbip_serve(usbip_port *port, usbip_control control, void *device);

/* Answers the request that has waited longest with data; -1 as above. */
int usbip_complete(usbip_port *port, const void *data, uint32_t length);

#endif
