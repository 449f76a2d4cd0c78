/* SPDX-License-Identifier: Apache-2.0 */
/* What a pipeline remembers of the frame before: pairs of tensors whose buffers change places. */
#include <string.h>

#include "base/log.h"
#include "fusion/pipeline_internal.h"

int cf_pipeline_is_last(const char *name) {
    return !strncmp(name, CF_LAST, strlen(CF_LAST));
}

cf_status cf_pipeline_add_last(cf_pipeline *p, const cf_planned_step *s, int port, const char *name,
                               int *index) {
    cf_stage_io io;
    cf_pipeline_connect(p, s, &io);
    CF_TRY(cf_pipeline_add(p, name, index));
    return cf_stage_input_shape(s->stage, &io, port, &p->tensors[*index].set);
}

cf_status cf_pipeline_link_last(cf_pipeline *p) {
    for (int i = 0; i < p->tensor_count; i++) {
        cf_named_tensor *t = &p->tensors[i];
        if (!cf_pipeline_is_last(t->name))
            continue;
        t->newest = cf_pipeline_find(p, t->name + strlen(CF_LAST));
        if (t->newest == CF_NOWHERE)
            return cf_fail(CF_ERR_INVALID, "pipeline: nothing makes what %s remembers", t->name);
        if (p->tensors[t->newest].kept)
            return cf_fail(CF_ERR_INVALID, "pipeline: %s: an input cannot be remembered", t->name);
        const cf_plane_set *a = &t->set, *b = &p->tensors[t->newest].set;
        if (a->width != b->width || a->height != b->height || a->planes != b->planes ||
            a->elem != b->elem)
            return cf_fail(CF_ERR_INVALID,
                           "pipeline: %s is read as %dx%d, %d planes, and made as %dx%d, %d planes",
                           t->name, a->width, a->height, a->planes, b->width, b->height, b->planes);
    }
    return CF_OK;
}

static cf_status keep_zeroed(cf_pipeline *p, cf_named_tensor *t) {
    if (!t->kept)
        CF_TRY(cf_plane_set_get(p->cl, &t->set));
    t->kept = 1;
    return cf_buffer_fill(t->set.buf, 0, cf_plane_set_bytes(&t->set));
}

cf_status cf_pipeline_keep_last(cf_pipeline *p) {
    for (int i = 0; i < p->tensor_count; i++) {
        cf_named_tensor *t = &p->tensors[i];
        if (t->newest == CF_NOWHERE || t->last_use == CF_NOWHERE)
            continue;
        CF_TRY(keep_zeroed(p, t));
        CF_TRY(keep_zeroed(p, &p->tensors[t->newest]));
    }
    return CF_OK;
}

static void exchange(cf_named_tensor *a, cf_named_tensor *b) {
    cf_buffer *buf = a->set.buf;
    a->set.buf = b->set.buf;
    b->set.buf = buf;
}

void cf_pipeline_turn_last(cf_pipeline *p) {
    for (int i = 0; i < p->tensor_count; i++)
        if (p->tensors[i].newest != CF_NOWHERE && p->tensors[i].set.buf)
            exchange(&p->tensors[i], &p->tensors[p->tensors[i].newest]);
}

cf_status cf_pipeline_forget(cf_pipeline *p) {
    return cf_pipeline_keep_last(p);
}

void cf_pipeline_adopt(cf_pipeline *p, cf_pipeline *from) {
    for (int i = 0; i < p->tensor_count; i++) {
        if (p->tensors[i].newest == CF_NOWHERE || !p->tensors[i].set.buf)
            continue;
        cf_named_tensor *t = &p->tensors[p->tensors[i].newest];
        int index = cf_pipeline_find(from, t->name);
        cf_named_tensor *f = index == CF_NOWHERE ? NULL : &from->tensors[index];
        if (f && f->kept && cf_plane_set_bytes(&f->set) == cf_plane_set_bytes(&t->set) &&
            f->set.pitch == t->set.pitch && f->set.planes == t->set.planes)
            exchange(t, f);
    }
}
