/* SPDX-License-Identifier: Apache-2.0 */
/* `chromafuse compare`: pictures against the truth, as a table, as JSON and as a contact sheet. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "capture/picture.h"
#include "capture/picture_out.h"
#include "tools/command.h"
#include "tools/contact_sheet.h"
#include "tools/json.h"
#include "tools/metrics.h"
#include "tools/picture_8bit.h"

#define MAX_ROWS 16
#define MAX_CELLS 12

typedef struct {
    const char *path, *label;
    int is_shown_only;
    cf_image picture;
    cf_metrics metrics;
    char caption[64];
} item;

typedef struct {
    const char *title, *truth;
    item items[MAX_CELLS];
    int count, labels;
} row;

typedef struct {
    row rows[MAX_ROWS];
    int count, border, as_json;
    const char *sheet;
    cf_sheet_params layout;
} request;

static const cf_cli_option options[] = {
    {"truth", 't', "PICTURE", "what the pictures after it should look like"},
    {"images", 'i', "PICTURE...", "pictures to score, of the truth's size (also without --images)"},
    {"show", 0, "PICTURE...", "pictures for the sheet alone, of any size"},
    {"labels", 'l', "TEXT...",
     "names for this row's pictures, in their order (default: the files')"},
    {"row", 0, "TITLE", "starts a new row of the table and the sheet; repeatable"},
    {"sheet", 0, "FILE", "write a contact sheet: PNG, JPEG or TIFF"},
    {"cell", 0, "PIXELS", "width of a picture on the sheet, 64 .. 4096 (default: 480)"},
    {"detail", 0, "X,Y",
     "centre of the part shown pixel for pixel under a picture, as shares of its\n"
     "width and height (default: 0.5,0.5), or 'none'"},
    {"border", 0, "PIXELS", "left out at every side when scoring (default: 16)"},
    {"json", 0, NULL, "print JSON instead of the table"},
    {0},
};

static row *current(request *r) {
    if (!r->count)
        r->count = 1;
    return &r->rows[r->count - 1];
}

static cf_status start_row(request *r, const char *title) {
    const char *truth = r->count ? r->rows[r->count - 1].truth : NULL;
    /* the first --row names the row that --truth may have opened before it */
    if (r->count == 1 && !r->rows[0].count && !r->rows[0].title) {
        r->rows[0].title = title;
        return CF_OK;
    }
    if (r->count == MAX_ROWS)
        return cf_fail(CF_ERR_INVALID, "compare: more than %d rows", MAX_ROWS);
    r->rows[r->count++] = (row){.title = title, .truth = truth};
    return CF_OK;
}

static cf_status add_item(request *r, const char *path, int is_shown_only) {
    row *w = current(r);
    if (w->count == MAX_CELLS)
        return cf_fail(CF_ERR_INVALID, "compare: more than %d pictures in one row; use --row",
                       MAX_CELLS);
    w->items[w->count].path = path; /* its label may be there already */
    w->items[w->count++].is_shown_only = is_shown_only;
    return CF_OK;
}

static cf_status add_label(request *r, const char *label) {
    row *w = current(r);
    if (w->labels == MAX_CELLS)
        return cf_fail(CF_ERR_INVALID, "compare: more than %d labels in one row", MAX_CELLS);
    w->items[w->labels++].label = label;
    return CF_OK;
}

static cf_status take_detail(cf_sheet_params *p, const char *value) {
    char *end;
    p->detail = strcmp(value, "none") != 0;
    if (!p->detail)
        return CF_OK;
    p->detail_x = strtod(value, &end);
    if (end != value && *end == ',') {
        const char *second = end + 1;
        p->detail_y = strtod(second, &end);
        if (end != second && !*end && p->detail_x >= 0 && p->detail_x <= 1 && p->detail_y >= 0 &&
            p->detail_y <= 1)
            return CF_OK;
    }
    return cf_fail(CF_ERR_INVALID,
                   "--detail needs two shares 0..1 as in 0.5,0.3, or none, not '%s'", value);
}

static cf_status take(void *target, const char *name, const char *value) {
    request *r = target;
    long number;
    if (!name || !strcmp(name, "images"))
        return add_item(r, value, 0);
    if (!strcmp(name, "show"))
        return add_item(r, value, 1);
    if (!strcmp(name, "labels"))
        return add_label(r, value);
    if (!strcmp(name, "row"))
        return start_row(r, value);
    if (!strcmp(name, "detail"))
        return take_detail(&r->layout, value);
    if (!strcmp(name, "truth"))
        current(r)->truth = value;
    else if (!strcmp(name, "sheet"))
        r->sheet = value;
    else if (!strcmp(name, "json"))
        r->as_json = 1;
    else if (!strcmp(name, "cell")) {
        CF_TRY(cf_cli_int(name, value, 64, 4096, &number));
        r->layout.cell_width = (int)number;
    } else {
        CF_TRY(cf_cli_int(name, value, 0, 1000, &number));
        r->border = (int)number;
    }
    return CF_OK;
}

static const cf_cli cli = {
    .command = "compare",
    .usage = "--truth T --images A B... [--labels X Y...] [--sheet OUT.png]",
    .about =
        "Scores pictures against the truth: PSNR in dB (peak 255), SSIM (7x7 uniform window, as\n"
        "skimage's) and mean CIEDE2000, on 8-bit sRGB.\n",
    .options = options,
    .examples =
        "  chromafuse compare --truth rig/truth.png --images fused.png mono.png\n"
        "  chromafuse compare --row '200 electrons' --truth a/truth.png --images a/fused.png \\\n"
        "      --show a/truth.png --labels fused truth --row '15 electrons' --truth b/truth.png "
        "\\\n"
        "      --images b/fused.png --show b/truth.png --labels fused truth --sheet sheet.png\n",
    .take = take,
};

static cf_status check(const request *r) {
    int count = 0;
    for (int i = 0; i < r->count; i++) {
        const row *w = &r->rows[i];
        count += w->count;
        if (w->labels > w->count)
            return cf_fail(CF_ERR_INVALID, "compare: %d labels for %d pictures", w->labels,
                           w->count);
        for (int k = 0; k < w->count && !w->truth; k++)
            if (!w->items[k].is_shown_only)
                return cf_fail(CF_ERR_INVALID, "compare: --truth PICTURE is missing");
    }
    if (!count)
        return cf_fail(CF_ERR_INVALID, "compare: no pictures given");
    return r->sheet ? cf_picture_out_supported(r->sheet, 8) : CF_OK;
}

static const char *label_of(const item *i) {
    const char *slash = strrchr(i->path, '/');
    return i->label ? i->label : slash ? slash + 1 : i->path;
}

static cf_status score_row(row *w, int border) {
    cf_image truth = {0};
    cf_status status = w->truth ? cf_picture_read_8bit(w->truth, &truth) : CF_OK;
    for (int i = 0; i < w->count && status == CF_OK; i++) {
        item *t = &w->items[i];
        status = cf_picture_read_8bit(t->path, &t->picture);
        if (status != CF_OK || t->is_shown_only)
            continue;
        if (t->picture.width != truth.width || t->picture.height != truth.height)
            status =
                cf_fail(CF_ERR_INVALID, "%s is %dx%d, but the truth %s is %dx%d", t->path,
                        t->picture.width, t->picture.height, w->truth, truth.width, truth.height);
        else
            status = cf_metrics_compare(&t->picture, &truth, border, &t->metrics);
        snprintf(t->caption, sizeof t->caption, "%.2f dB  SSIM %.3f  dE %.2f", t->metrics.psnr,
                 t->metrics.ssim, t->metrics.ciede2000);
    }
    cf_image_free(&truth);
    return status;
}

static void print_table(const request *r) {
    int width = 8;
    for (int i = 0; i < r->count; i++)
        for (int k = 0; k < r->rows[i].count; k++) {
            int length = (int)strlen(label_of(&r->rows[i].items[k]));
            width = length > width ? length : width;
        }
    printf("%-*s  PSNR dB   SSIM  CIEDE2000\n", width + 2, "");
    for (int i = 0; i < r->count; i++) {
        const row *w = &r->rows[i];
        if (w->title)
            printf("%s\n", w->title);
        for (int k = 0; k < w->count; k++)
            if (!w->items[k].is_shown_only)
                printf("  %-*s  %7.2f  %5.3f  %9.2f\n", width, label_of(&w->items[k]),
                       w->items[k].metrics.psnr, w->items[k].metrics.ssim,
                       w->items[k].metrics.ciede2000);
    }
}

static void print_json(const request *r) {
    cf_json json = {.to = stdout};
    cf_json_open(&json, NULL, '{');
    cf_json_open(&json, "rows", '[');
    for (int i = 0; i < r->count; i++) {
        const row *w = &r->rows[i];
        cf_json_open(&json, NULL, '{');
        cf_json_text(&json, "title", w->title ? w->title : "");
        cf_json_text(&json, "truth", w->truth ? w->truth : "");
        cf_json_open(&json, "pictures", '[');
        for (int k = 0; k < w->count; k++) {
            const item *t = &w->items[k];
            if (t->is_shown_only)
                continue;
            cf_json_open(&json, NULL, '{');
            cf_json_text(&json, "label", label_of(t));
            cf_json_text(&json, "file", t->path);
            cf_json_number(&json, "psnr_db", t->metrics.psnr);
            cf_json_number(&json, "ssim", t->metrics.ssim);
            cf_json_number(&json, "ciede2000", t->metrics.ciede2000);
            cf_json_close(&json, '}');
        }
        cf_json_close(&json, ']');
        cf_json_close(&json, '}');
    }
    cf_json_close(&json, ']');
    cf_json_close(&json, '}');
}

static cf_status write_sheet(const request *r) {
    cf_sheet_cell cells[MAX_ROWS][MAX_CELLS] = {0};
    cf_sheet_row rows[MAX_ROWS];
    cf_image sheet;
    for (int i = 0; i < r->count; i++) {
        const row *w = &r->rows[i];
        rows[i] = (cf_sheet_row){.title = w->title, .cells = cells[i], .count = w->count};
        for (int k = 0; k < w->count; k++)
            cells[i][k] = (cf_sheet_cell){.picture = &w->items[k].picture,
                                          .label = label_of(&w->items[k]),
                                          .caption = w->items[k].caption};
    }
    CF_TRY(cf_contact_sheet(rows, r->count, &r->layout, &sheet));
    const cf_picture_out_params out = {.depth = 8};
    cf_status status = cf_picture_write(r->sheet, &sheet, &out);
    cf_image_free(&sheet);
    return status;
}

static cf_status compare(request *r) {
    cf_status status = CF_OK;
    for (int i = 0; i < r->count && status == CF_OK; i++)
        status = score_row(&r->rows[i], r->border);
    if (status == CF_OK && r->sheet)
        status = write_sheet(r);
    if (status == CF_OK && r->as_json)
        print_json(r);
    else if (status == CF_OK)
        print_table(r);
    for (int i = 0; i < r->count; i++)
        for (int k = 0; k < r->rows[i].count; k++)
            cf_image_free(&r->rows[i].items[k].picture);
    return status;
}

/* "--images a b" becomes "--images a --images b": lists read well, but getopt knows none. */
static int spread_lists(int argc, char **argv, char **out) {
    static char *const lists[] = {"--images", "-i", "--show", "--labels", "-l"};
    char *list = NULL;
    int count = 0, fresh = 0;
    for (int i = 0; i < argc; i++) {
        int is_option = argv[i][0] == '-' && argv[i][1];
        if (is_option) {
            list = NULL;
            for (size_t k = 0; k < sizeof lists / sizeof *lists; k++)
                if (!strcmp(argv[i], lists[k]))
                    list = lists[k];
            fresh = 1;
        } else if (list) {
            if (!fresh)
                out[count++] = list;
            fresh = 0;
        }
        out[count++] = argv[i];
    }
    out[count] = NULL;
    return count;
}

int cf_command_compare(int argc, char **argv) {
    request *r = cf_alloc(1, sizeof *r);
    char **spread = cf_alloc(2 * (size_t)argc + 1, sizeof *spread);
    int code = CF_EXIT_FAILED;
    if (r && spread) {
        r->border = CF_METRICS_BORDER;
        r->layout = (cf_sheet_params)CF_SHEET_DEFAULTS;
        cf_status status = cf_cli_parse(&cli, spread_lists(argc, argv, spread), spread, r);
        if (status == CF_OK && check(r) != CF_OK) {
            fprintf(stderr, "Try 'chromafuse compare --help'.\n");
            status = CF_ERR_INVALID;
        }
        if (status == CF_OK)
            code = cf_cli_exit(compare(r));
        else
            code = status == CF_ERR_CANCELLED ? CF_EXIT_OK : CF_EXIT_USAGE;
    }
    cf_free(spread);
    cf_free(r);
    return code;
}
