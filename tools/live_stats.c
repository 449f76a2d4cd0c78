/* SPDX-License-Identifier: Apache-2.0 */
/* How a live stream goes: counts, and a line about them now and then. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "cl/buffer.h"
#include "tools/json.h"
#include "tools/live_job.h"

/* One line's numbers. */
typedef struct {
    double seconds, fps, median_ms, max_ms;
    uint64_t lost, alone;
    cf_pair_stream_stats stream;
} line;

void cf_live_stats_add(cf_live_stats *s, cf_frame *const pair[2], double latency_ms) {
    s->latency_ms[s->shown++ % CF_LIVE_TIMES] = (float)latency_ms;
    for (int i = 0; i < 2; i++) {
        s->exposure_ns[i] = pair[i]->exposure_ns;
        s->gain[i] = pair[i]->gain;
    }
}

void cf_live_stats_shares(cf_live_stats *s, const cf_image *provenance) {
    double sum[3] = {0}, all;
    for (int y = 0; y < provenance->height; y++)
        for (int x = 0; x < provenance->width; x += 4)
            for (int k = 0; k < 3; k++)
                sum[k] += ((const unsigned char *)cf_image_row(provenance, 0, y))[3 * x + k];
    all = sum[0] + sum[1] + sum[2];
    for (int k = 0; k < 3; k++)
        s->shares[k] = all > 0 ? sum[k] / all : 0;
}

int cf_live_stats_due(const cf_live_stats *s) {
    return !s->is_coming && s->every > 0 && cf_clock_seconds() - s->last >= s->every;
}

static int by_value(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Median and largest of the latest `count` pictures. */
static void latencies(const cf_live_stats *s, unsigned long count, line *l) {
    float sorted[CF_LIVE_TIMES] = {0};
    size_t n = count < CF_LIVE_TIMES ? count : CF_LIVE_TIMES;
    l->median_ms = l->max_ms = NAN;
    if (!n)
        return;
    for (size_t i = 0; i < n; i++)
        sorted[i] = s->latency_ms[(s->shown - 1 - i) % CF_LIVE_TIMES];
    qsort(sorted, n, sizeof *sorted, by_value);
    l->median_ms = (double)sorted[n / 2];
    l->max_ms = (double)sorted[n - 1];
}

static line gather(const cf_live_stats *s, cf_pair_stream *stream, int is_final) {
    line l = {0};
    double since = is_final ? s->start : s->last;
    unsigned long before = is_final ? 0 : s->shown_last;
    double passed = cf_clock_seconds() - since;
    l.seconds = cf_clock_seconds() - s->start;
    l.fps = passed > 0 ? (double)(s->shown - before) / passed : 0;
    latencies(s, s->shown - before, &l);
    cf_pair_stream_statistics(stream, &l.stream);
    for (int i = 0; i < 2; i++) {
        const cf_source_stats *c = &l.stream.camera[i];
        l.lost += c->lost + c->damaged + c->overrun;
        l.alone += l.stream.pairing.alone[i];
    }
    return l;
}

static void print_text(const cf_live_stats *s, const line *l, int is_final) {
    const cf_pairing_stats *p = &l->stream.pairing;
    if (is_final)
        fprintf(s->to, "%lu pictures in %.1f s: ", s->shown, l->seconds);
    fprintf(s->to, "%.2f fps", l->fps);
    if (isfinite(l->median_ms))
        fprintf(s->to, ", latency %.0f ms (at most %.0f)", l->median_ms, l->max_ms);
    fprintf(s->to, ", skew %.0f us (99 %%: %.0f)", p->skew_p50_us, p->skew_p99_us);
    fprintf(s->to, ", left out %llu, without partner %llu, lost %llu",
            (unsigned long long)l->stream.dropped, (unsigned long long)l->alone,
            (unsigned long long)l->lost);
    if (s->shares[0] + s->shares[1] + s->shares[2] > 0)
        fprintf(s->to, ", colour measured %.0f %%", 100 * s->shares[1]);
    if (s->exposure_ns[0] && s->exposure_ns[1])
        fprintf(s->to, ", exposure %.2f and %.2f ms", (double)s->exposure_ns[0] * 1e-6,
                (double)s->exposure_ns[1] * 1e-6);
    if (s->gain[0] > 0 && s->gain[1] > 0)
        fprintf(s->to, ", gain %.2f and %.2f", s->gain[0], s->gain[1]);
    if (l->stream.is_gone[0] || l->stream.is_gone[1])
        fprintf(s->to, ", %s camera away", l->stream.is_gone[0] ? "mono" : "colour");
    fputc('\n', s->to);
}

static void two_numbers(cf_json *json, const char *key, double a, double b) {
    cf_json_open(json, key, '[');
    cf_json_number(json, NULL, a);
    cf_json_number(json, NULL, b);
    cf_json_close(json, ']');
}

/* Memory of this process that is in RAM; 0 unknown. */
static double resident_kb(void) {
    char text[128] = "";
    FILE *f = fopen("/proc/self/statm", "r"); /* pages: all of them, then the resident ones */
    if (f && !fgets(text, sizeof text, f))
        text[0] = '\0';
    if (f)
        fclose(f);
    const char *second = strchr(text, ' ');
    return second ? (double)strtol(second, NULL, 10) * (double)sysconf(_SC_PAGESIZE) / 1024 : 0;
}

static void print_memory(cf_json *json, const cf_cl *cl) {
    cf_pool_stats pool = cf_pool_statistics(cl);
    cf_json_open(json, "memory", '{');
    cf_json_number(json, "resident_kb", resident_kb());
    cf_json_number(json, "host_allocations", (double)cf_alloc_total());
    cf_json_number(json, "device_allocations", (double)pool.allocations);
    cf_json_number(json, "device_bytes", (double)pool.held_bytes);
    cf_json_close(json, '}');
}

static void print_json(const cf_live_stats *s, const line *l, const cf_cl *cl, int is_final) {
    cf_json json = {.to = s->to, .one_line = 1};
    const cf_pairing_stats *p = &l->stream.pairing;
    cf_json_open(&json, NULL, '{');
    cf_json_bool(&json, "final", is_final);
    cf_json_number(&json, "seconds", l->seconds);
    cf_json_number(&json, "pictures", (double)s->shown);
    cf_json_number(&json, "fps", l->fps);
    cf_json_open(&json, "latency_ms", '{');
    cf_json_number(&json, "median", l->median_ms);
    cf_json_number(&json, "max", l->max_ms);
    cf_json_close(&json, '}');
    cf_json_open(&json, "skew_us", '{');
    cf_json_number(&json, "p50", p->skew_p50_us);
    cf_json_number(&json, "p99", p->skew_p99_us);
    cf_json_number(&json, "mean", p->skew_mean_us);
    cf_json_close(&json, '}');
    cf_json_number(&json, "pairs", (double)p->pairs);
    cf_json_number(&json, "left_out", (double)l->stream.dropped);
    cf_json_number(&json, "alone", (double)l->alone);
    cf_json_number(&json, "lost", (double)l->lost);
    cf_json_open(&json, "fractions", '{');
    cf_json_number(&json, "measured", s->shares[1]);
    cf_json_number(&json, "guided", s->shares[2]);
    cf_json_number(&json, "invented", s->shares[0]);
    cf_json_close(&json, '}');
    two_numbers(&json, "exposure_ms", (double)s->exposure_ns[0] * 1e-6,
                (double)s->exposure_ns[1] * 1e-6);
    two_numbers(&json, "gain", s->gain[0], s->gain[1]);
    two_numbers(&json, "away", l->stream.is_gone[0], l->stream.is_gone[1]);
    print_memory(&json, cl);
    cf_json_close(&json, '}');
}

void cf_live_stats_print(cf_live_stats *s, cf_pair_stream *stream, const cf_cl *cl, int is_final) {
    line l = gather(s, stream, is_final);
    if (s->json)
        print_json(s, &l, cl, is_final);
    else
        print_text(s, &l, is_final);
    fflush(s->to);
    s->last = cf_clock_seconds();
    s->is_coming = 0;
    s->shown_last = s->shown;
}
