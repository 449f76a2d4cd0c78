/* SPDX-License-Identifier: Apache-2.0 */
/* From drafts to a graph: names resolved, nodes in order of execution, operators counted. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cl/net/reader.h"

static cf_status resolve(cf_reader *r, cf_draft *d) {
    int *in = cf_reader_take(r, d->node.inputs ? (size_t)d->node.inputs : 1, sizeof *in);
    if (!in)
        return CF_ERR_MEMORY;
    for (int i = 0; i < d->node.inputs; i++) {
        in[i] = *d->in_names[i] ? cf_reader_find(r, d->in_names[i]) : -1;
        if (*d->in_names[i] && in[i] < 0) {
            const char *name = cf_reader_printable(r, d->in_names[i]);
            return name ? cf_reader_fail(r, CF_ERR_FORMAT, "%s: its input '%s' is made by nothing",
                                         d->node.label, name)
                        : CF_ERR_MEMORY;
        }
    }
    d->node.in = in;
    return CF_OK;
}

/* State of the search: which input of a node is looked at next; place is where it ended up. */
typedef struct {
    int next_input, place;
} visit;
enum { UNSEEN = -1, OPEN = -2 };

static cf_status cycle(const cf_reader *r, const cf_node *n) {
    return cf_reader_fail(r, CF_ERR_FORMAT, "%s: depends on its own output", n->label);
}

/* Depth-first from each node in the file's order, so that a sorted file keeps its order. `stack`
 * has room for every node. */
static cf_status place_with_inputs(cf_reader *r, int start, visit *visits, int *stack, int *order,
                                   int *placed) {
    int depth = 0;
    if (visits[start].place != UNSEEN)
        return CF_OK;
    stack[depth++] = start;
    visits[start].place = OPEN;
    while (depth) {
        int at = stack[depth - 1];
        const cf_node *n = &r->drafts[at].node;
        if (visits[at].next_input == n->inputs) {
            visits[at].place = *placed;
            order[(*placed)++] = at;
            depth--;
            continue;
        }
        int value = n->in[visits[at].next_input++];
        int from = value < 0 ? -1 : r->model->values[value].node;
        if (from < 0 || visits[from].place >= 0)
            continue;
        if (visits[from].place == OPEN)
            return cycle(r, &r->drafts[from].node);
        visits[from].place = OPEN;
        stack[depth++] = from;
    }
    return CF_OK;
}

static cf_status sort(cf_reader *r) {
    cf_model *m = r->model;
    size_t count = r->draft_count;
    visit *visits = cf_alloc(count, sizeof *visits);
    int *stack = cf_alloc(count, sizeof *stack), *order = cf_alloc(count, sizeof *order);
    int placed = 0;
    cf_status status = visits && stack && order ? CF_OK : CF_ERR_MEMORY;
    m->nodes = status == CF_OK ? cf_reader_take(r, count ? count : 1, sizeof *m->nodes) : NULL;
    if (!m->nodes)
        status = CF_ERR_MEMORY;
    for (size_t i = 0; status == CF_OK && i < count; i++)
        visits[i].place = UNSEEN;
    for (size_t i = 0; status == CF_OK && i < count; i++)
        status = place_with_inputs(r, (int)i, visits, stack, order, &placed);
    for (size_t i = 0; status == CF_OK && i < count; i++)
        m->nodes[i] = r->drafts[order[i]].node;
    for (size_t i = 0; status == CF_OK && i < m->value_count; i++)
        if (m->values[i].node >= 0)
            m->values[i].node = visits[m->values[i].node].place;
    m->node_count = status == CF_OK ? count : 0;
    cf_free(order);
    cf_free(stack);
    cf_free(visits);
    return status;
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const cf_model_operator *)a)->name, ((const cf_model_operator *)b)->name);
}

static cf_status count_operators(cf_reader *r) {
    cf_model *m = r->model;
    cf_model_operator *rows = cf_reader_take(r, m->node_count + 1, sizeof *rows);
    if (!rows)
        return CF_ERR_MEMORY;
    for (size_t i = 0; i < m->node_count; i++)
        rows[i] = (cf_model_operator){m->nodes[i].op_type, 1, m->nodes[i].type != NULL};
    qsort(rows, m->node_count, sizeof *rows, by_name);
    size_t kinds = 0;
    for (size_t i = 0; i < m->node_count; i++) {
        if (kinds && !by_name(&rows[kinds - 1], &rows[i]))
            rows[kinds - 1].count++;
        else
            rows[kinds++] = rows[i];
    }
    m->operators = rows;
    m->operator_count = kinds;
    return CF_OK;
}

cf_status cf_reader_link(cf_reader *r) {
    for (size_t i = 0; i < r->draft_count; i++)
        CF_TRY(resolve(r, &r->drafts[i]));
    CF_TRY(sort(r));
    return count_operators(r);
}
