/* SPDX-License-Identifier: Apache-2.0 */
/* USB/IP messages (linux/Documentation/usb/usbip_protocol.rst) over a socket pair, one end of which
 * the kernel gets. */
#include "tests/vm/usbip.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SPEED_HIGH 3

enum { CMD_SUBMIT = 1, CMD_UNLINK, RET_SUBMIT, RET_UNLINK };

/* All in network byte order. fields: for CMD_SUBMIT flags, length, ...; for CMD_UNLINK the sequence
 * number to unlink; for RET_SUBMIT status, length, ...; for RET_UNLINK the status. */
typedef struct {
    uint32_t command, sequence, device, is_in, endpoint;
    uint32_t fields[5];
    uint8_t setup[8];
} message;

static int send_all(int fd, const void *data, size_t size) {
    for (const char *p = data; size;) {
        ssize_t n = send(fd, p, size, MSG_NOSIGNAL);
        if (n <= 0)
            return -1;
        p += n;
        size -= (size_t)n;
    }
    return 0;
}

static int receive_all(int fd, void *data, size_t size) {
    return !size || recv(fd, data, size, MSG_WAITALL) == (ssize_t)size ? 0 : -1;
}

int usbip_plug(usbip_port *port, const char *controller, int number) {
    int pair[2];
    char path[256];
    *port = (usbip_port){.fd = -1};
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
        return -1;
    snprintf(path, sizeof path, "%s/attach", controller);
    FILE *f = fopen(path, "w");
    int status = f ? 0 : -1;
    if (f) {
        fprintf(f, "%d %d %d %d", number, pair[1], (1 << 16) + 2 + number, SPEED_HIGH);
        status = fclose(f);
    }
    close(pair[1]);
    if (status)
        close(pair[0]);
    else
        port->fd = pair[0];
    return status;
}

static usbip_request *take_first(usbip_port *port) {
    usbip_request *request = port->first;
    port->first = request->next;
    if (!port->first)
        port->last = NULL;
    return request;
}

void usbip_unplug(usbip_port *port) {
    if (port->fd < 0)
        return;
    shutdown(port->fd, SHUT_RDWR);
    close(port->fd);
    port->fd = -1;
    while (port->first)
        free(take_first(port));
}

static int reply(usbip_port *port, uint32_t sequence, int status, uint32_t length) {
    message m = {.command = htonl(RET_SUBMIT), .sequence = htonl(sequence)};
    m.fields[0] = htonl((uint32_t)status);
    m.fields[1] = htonl(length);
    return send_all(port->fd, &m, sizeof m);
}

static int reply_unlinked(usbip_port *port, uint32_t sequence, int status) {
    message m = {.command = htonl(RET_UNLINK), .sequence = htonl(sequence)};
    m.fields[0] = htonl((uint32_t)status);
    return send_all(port->fd, &m, sizeof m);
}

static int serve_control(usbip_port *port, const message *m, usbip_control control, void *device,
                         const uint8_t *out, uint32_t out_length) {
    uint8_t in[512];
    uint32_t sequence = ntohl(m->sequence), room = m->setup[6] | (uint32_t)m->setup[7] << 8;
    int length = control(device, m->setup, out, out_length, in);
    if (length < 0)
        return reply(port, sequence, -EPIPE, 0);
    if (!(m->setup[0] & 0x80))
        return reply(port, sequence, 0, out_length);
    uint32_t sent = (uint32_t)length < room ? (uint32_t)length : room;
    return reply(port, sequence, 0, sent) ? -1 : send_all(port->fd, in, sent);
}

/* 1 when the request just read was unlinked before it came. */
static int is_unlinked(usbip_port *port, int *status) {
    for (int i = 0; i < port->early_count; i++)
        if (port->early[i].target == port->seen) {
            *status = reply_unlinked(port, port->early[i].sequence, -ECONNRESET);
            port->early[i] = port->early[--port->early_count];
            return 1;
        }
    return 0;
}

static int serve_submit(usbip_port *port, const message *m, usbip_control control, void *device) {
    uint8_t out[4096];
    uint32_t length = ntohl(m->fields[1]), sent = ntohl(m->is_in) ? 0 : length;
    int status;
    if (sent > sizeof out || receive_all(port->fd, out, sent))
        return -1;
    port->seen = ntohl(m->sequence);
    if (is_unlinked(port, &status))
        return status;
    if (ntohl(m->endpoint) == 0)
        return serve_control(port, m, control, device, out, sent);
    usbip_request *request = calloc(1, sizeof *request);
    if (!request)
        return -1;
    request->sequence = port->seen;
    request->length = length;
    if (port->last)
        port->last->next = request;
    else
        port->first = request;
    port->last = request;
    return 0;
}

static int serve_unlink(usbip_port *port, uint32_t sequence, uint32_t target) {
    /* The kernel's sender may put the unlink of a request before the request: it is answered when
     * that comes, else the kernel drops the connection. */
    if ((int32_t)(target - port->seen) > 0 && port->early_count < USBIP_EARLY) {
        port->early[port->early_count].target = target;
        port->early[port->early_count++].sequence = sequence;
        return 0;
    }
    usbip_request *before = NULL, *request = port->first;
    for (; request && request->sequence != target; request = request->next)
        before = request;
    if (!request)
        return reply_unlinked(port, sequence, 0);
    if (before)
        before->next = request->next;
    else
        port->first = request->next;
    if (port->last == request)
        port->last = before;
    free(request);
    return reply_unlinked(port, sequence, -ECONNRESET);
}

int usbip_serve(usbip_port *port, usbip_control control, void *device) {
    message m;
    if (receive_all(port->fd, &m, sizeof m))
        return -1;
    switch (ntohl(m.command)) {
    case CMD_SUBMIT: return serve_submit(port, &m, control, device);
    case CMD_UNLINK: return serve_unlink(port, ntohl(m.sequence), ntohl(m.fields[0]));
    default: return -1;
    }
}

int usbip_complete(usbip_port *port, const void *data, uint32_t length) {
    usbip_request *request = take_first(port);
    uint32_t sequence = request->sequence;
    free(request);
    return reply(port, sequence, 0, length) ? -1 : send_all(port->fd, data, length);
}
