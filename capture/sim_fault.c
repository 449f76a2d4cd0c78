/* SPDX-License-Identifier: Apache-2.0 */
/* Remembers simulated cameras that were unplugged or that stalled. */
#include "capture/sim_fault.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

/* Failed cameras that are remembered at most; more just start anew. */
#define ROOM 16

static struct {
    char camera[512]; /* "": free */
    double back;      /* cf_clock_seconds */
    cf_sim_fault fault;
} records[ROOM];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Place of the camera's record, or a free one; ROOM: neither. */
static int find(const char *camera) {
    int at = ROOM;
    for (int i = 0; i < ROOM; i++) {
        if (!strcmp(records[i].camera, camera))
            return i;
        if (!records[i].camera[0] && at == ROOM)
            at = i;
    }
    return at;
}

cf_status cf_sim_fault_open(const char *camera, cf_sim_fault *out) {
    int is_away = 0;
    *out = (cf_sim_fault){0};
    pthread_mutex_lock(&lock);
    int i = find(camera);
    if (i < ROOM && records[i].camera[0]) {
        *out = records[i].fault;
        is_away = cf_clock_seconds() < records[i].back;
    }
    pthread_mutex_unlock(&lock);
    return is_away ? cf_fail(CF_ERR_DEVICE, "sim:%s: there is no such camera", camera) : CF_OK;
}

void cf_sim_fault_begin(const char *camera, long number, double away_s, cf_sim_fault *fault) {
    pthread_mutex_lock(&lock);
    int i = find(camera);
    fault->number = number;
    fault->was_unplugged |= away_s >= 0;
    fault->was_stalled |= away_s < 0;
    if (i < ROOM) {
        snprintf(records[i].camera, sizeof records[i].camera, "%s", camera);
        records[i].back = cf_clock_seconds() + away_s;
        records[i].fault = *fault;
    }
    pthread_mutex_unlock(&lock);
}

void cf_sim_fault_close(const char *camera, const cf_sim_fault *fault) {
    if (fault->is_gone || fault->is_stalled)
        return;
    pthread_mutex_lock(&lock);
    int i = find(camera);
    if (i < ROOM)
        records[i].camera[0] = '\0';
    pthread_mutex_unlock(&lock);
}
