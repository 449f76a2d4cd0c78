/* SPDX-License-Identifier: Apache-2.0 */
/* Progress and summary of a recording. */
#include "tools/capture_report.h"

#include <stdio.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "tools/command.h"
#include "tools/json.h"

static const char *const names[2] = {"mono", "color"};

static double megabytes_left(const char *folder) {
    struct statvfs disk;
    return statvfs(folder, &disk) ? 0 : (double)disk.f_bavail * (double)disk.f_frsize / 1e6;
}

/* Frames that a camera gave to nobody. */
static unsigned long long lost(const cf_capture_facts *f, int camera) {
    const cf_source_stats *s = &f->cameras.camera[camera];
    return s->lost + s->damaged + s->overrun;
}

static unsigned long long dropped(const cf_capture_facts *f) {
    return f->cameras.dropped + f->disk.dropped;
}

void cf_capture_progress(const cf_capture_facts *now, const cf_capture_facts *before) {
    if (cf_cli_quiet())
        return;
    int is_terminal = isatty(STDERR_FILENO);
    double dt = now->seconds - before->seconds;
    double rate = dt > 0 ? (double)(now->disk.written - before->disk.written) / dt : 0;
    double mb_s = dt > 0 ? (double)(now->disk.bytes - before->disk.bytes) / 1e6 / dt : 0;
    fprintf(stderr,
            "%s%.0f s: %llu pairs, %.1f/s, skew %.0f/%.0f us, dropped %llu, lost %llu+%llu, "
            "%.0f MB/s, %.0f MB left%s%s%s",
            is_terminal ? "\r" : "", now->seconds, (unsigned long long)now->disk.written, rate,
            now->cameras.pairing.skew_p50_us, now->cameras.pairing.skew_p99_us, dropped(now),
            lost(now, 0), lost(now, 1), mb_s, megabytes_left(now->folder),
            now->cameras.is_gone[0] ? ", the mono camera is gone" : "",
            now->cameras.is_gone[1] ? ", the colour camera is gone" : "",
            is_terminal ? "\033[K" : "\n");
}

void cf_capture_progress_end(void) {
    if (!cf_cli_quiet() && isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[K");
}

static double per_second(const cf_capture_facts *f, double amount) {
    return f->seconds > 0 ? amount / f->seconds : 0;
}

static double cpu_ms(const cf_capture_facts *f) {
    return f->disk.written ? 1e3 * f->disk.cpu_s / (double)f->disk.written : 0;
}

void cf_capture_print(const cf_capture_facts *f) {
    const cf_pairing_stats *p = &f->cameras.pairing;
    printf("%s: %llu pairs in %.1f s (%.2f a second), %.1f MB (%.1f MB/s; the writer alone %.0f "
           "MB/s, %.2f ms of processor time a pair)\n",
           f->folder, (unsigned long long)f->disk.written, f->seconds,
           per_second(f, (double)f->disk.written), (double)f->disk.bytes / 1e6,
           per_second(f, (double)f->disk.bytes / 1e6), f->disk.write_mb_s, cpu_ms(f));
    printf("skew: p50 %.0f us, p99 %.0f us, mean %+.0f us\n", p->skew_p50_us, p->skew_p99_us,
           p->skew_mean_us);
    printf("dropped: %llu pairs (%llu waiting for the recorder, %llu for the disk)\n", dropped(f),
           (unsigned long long)f->cameras.dropped, (unsigned long long)f->disk.dropped);
    for (int i = 0; i < 2; i++) {
        const cf_source_info *info = cf_pair_stream_camera(f->stream, i);
        const cf_source_stats *s = &f->cameras.camera[i];
        printf("%s: %s, %s %dx%d: %llu frames, %llu lost, %llu damaged, %llu without room, %llu "
               "without a partner, %llu twice, %llu restarts, %llu reconnects\n",
               names[i], info->uri, info->format, info->width, info->height,
               (unsigned long long)s->frames, (unsigned long long)s->lost,
               (unsigned long long)s->damaged, (unsigned long long)s->overrun,
               (unsigned long long)p->alone[i], (unsigned long long)p->duplicated[i],
               (unsigned long long)p->restarts[i], (unsigned long long)f->cameras.reconnects[i]);
    }
}

static void print_camera(cf_json *json, const cf_capture_facts *f, int camera) {
    const cf_source_info *info = cf_pair_stream_camera(f->stream, camera);
    const cf_source_stats *s = &f->cameras.camera[camera];
    const cf_pairing_stats *p = &f->cameras.pairing;
    char size[32];
    snprintf(size, sizeof size, "%dx%d", info->width, info->height);
    cf_json_open(json, names[camera], '{');
    cf_json_text(json, "uri", info->uri);
    cf_json_text(json, "name", info->name);
    cf_json_text(json, "format", info->format);
    cf_json_text(json, "size", size);
    cf_json_number(json, "frames", (double)s->frames);
    cf_json_number(json, "lost", (double)s->lost);
    cf_json_number(json, "damaged", (double)s->damaged);
    cf_json_number(json, "overrun", (double)s->overrun);
    cf_json_number(json, "alone", (double)p->alone[camera]);
    cf_json_number(json, "duplicated", (double)p->duplicated[camera]);
    cf_json_number(json, "restarts", (double)p->restarts[camera]);
    cf_json_number(json, "reconnects", (double)f->cameras.reconnects[camera]);
    cf_json_close(json, '}');
}

void cf_capture_print_json(const cf_capture_facts *f) {
    cf_json json = {.to = stdout};
    cf_json_open(&json, NULL, '{');
    cf_json_text(&json, "folder", f->folder);
    cf_json_text(&json, "ended", f->ended);
    cf_json_number(&json, "pairs", (double)f->disk.written);
    cf_json_number(&json, "seconds", f->seconds);
    cf_json_number(&json, "bytes", (double)f->disk.bytes);
    cf_json_number(&json, "mb_s", per_second(f, (double)f->disk.bytes / 1e6));
    cf_json_number(&json, "writer_mb_s", f->disk.write_mb_s);
    cf_json_number(&json, "writer_cpu_ms_per_pair", cpu_ms(f));
    cf_json_open(&json, "dropped", '{');
    cf_json_number(&json, "stream", (double)f->cameras.dropped);
    cf_json_number(&json, "disk", (double)f->disk.dropped);
    cf_json_close(&json, '}');
    cf_json_open(&json, "skew_us", '{');
    cf_json_number(&json, "p50", f->cameras.pairing.skew_p50_us);
    cf_json_number(&json, "p99", f->cameras.pairing.skew_p99_us);
    cf_json_number(&json, "mean", f->cameras.pairing.skew_mean_us);
    cf_json_close(&json, '}');
    print_camera(&json, f, 0);
    print_camera(&json, f, 1);
    cf_json_close(&json, '}');
}
