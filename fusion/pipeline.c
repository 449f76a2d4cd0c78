/* SPDX-License-Identifier: Apache-2.0 */
/* The stage runner: knows names, sizes and lifetimes of tensors, and no stage. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "cl/profile.h"
#include "fusion/pipeline_internal.h"
#include "fusion/stage_list.h"

int cf_pipeline_find(const cf_pipeline *p, const char *name) {
    for (int i = 0; i < p->tensor_count; i++)
        if (!strcmp(p->tensors[i].name, name)) {
            while (p->tensors[i].same_as != CF_NOWHERE)
                i = p->tensors[i].same_as;
            return i;
        }
    return CF_NOWHERE;
}

cf_status cf_pipeline_add(cf_pipeline *p, const char *name, int *index) {
    if (p->tensor_count == CF_PIPELINE_TENSORS || strlen(name) >= sizeof p->tensors[0].name)
        return cf_fail(CF_ERR_INVALID, "pipeline: too many tensors, or a name too long: %s", name);
    if (cf_pipeline_find(p, name) != CF_NOWHERE)
        return cf_fail(CF_ERR_INVALID, "pipeline: two steps make the tensor %s", name);
    cf_named_tensor *t = &p->tensors[p->tensor_count];
    snprintf(t->name, sizeof t->name, "%s", name);
    t->last_use = t->same_as = t->newest = CF_NOWHERE;
    *index = p->tensor_count++;
    return CF_OK;
}

/* Defaults, then what the frame says, then the list's settings, then the caller's. */
static cf_status bind_step(cf_pipeline *p, cf_planned_step *s, const cf_stage_context *context) {
    cf_stage_context mine = *context;
    const char *name = s->stage->name;
    size_t prefix = strlen(name);
    mine.camera = s->role == CF_ROLE_MONO ? context->mono : context->color;
    memcpy(s->params, s->stage->defaults, s->stage->params_size);
    if (s->stage->bind)
        CF_TRY(s->stage->bind(&mine, s->params));
    CF_TRY(cf_options_parse_words(name, s->stage->options, s->params, s->settings));
    for (size_t i = 0; i < p->setting_count; i++)
        if (!strncmp(p->settings[i], name, prefix) && p->settings[i][prefix] == '.')
            CF_TRY(cf_options_parse_words(name, s->stage->options, s->params,
                                          p->settings[i] + prefix + 1));
    return cf_options_check(name, s->stage->options, s->params);
}

/* Fills io with what the tensors hold now. */
void cf_pipeline_connect(const cf_pipeline *p, const cf_planned_step *s, cf_stage_io *io) {
    *io = (cf_stage_io){.state = s->state};
    for (int i = 0; i < CF_STAGE_PORTS; i++) {
        if (s->in[i] != CF_NOWHERE)
            io->in[i] = p->tensors[s->in[i]].set;
        if (s->out[i] != CF_NOWHERE)
            io->out[i] = p->tensors[s->out[i]].set;
    }
}

/* A kept tensor with what the stage makes for this input; its name tells the step. */
static cf_status add_table(cf_pipeline *p, cf_planned_step *s, int port,
                           const cf_stage_context *context) {
    char name[48];
    cf_plane_set table;
    if (!s->stage->table)
        return cf_fail(CF_ERR_INVALID, "pipeline: stage %s makes no tables", s->stage->name);
    snprintf(name, sizeof name, "@%d.%d", p->step_count, port);
    CF_TRY(cf_pipeline_add(p, name, &s->in[port]));
    CF_TRY(s->stage->table(context, port, &table));
    cf_named_tensor *t = &p->tensors[s->in[port]];
    t->set = table;
    t->kept = 1;
    cf_status status = cf_plane_set_get(p->cl, &t->set);
    if (status == CF_OK)
        status = cf_buffer_write(t->set.buf, 0, table.data, cf_plane_set_bytes(&table));
    cf_free(table.data);
    t->set.data = NULL;
    return status;
}

static cf_status find_inputs(cf_pipeline *p, const cf_step *from, cf_planned_step *s,
                             const cf_stage_context *context) {
    for (int i = 0; i < CF_STAGE_PORTS; i++)
        s->in[i] = s->out[i] = CF_NOWHERE;
    for (int i = 0; i < CF_STAGE_PORTS; i++) {
        if ((s->stage->in[i].name == NULL) != (from->in[i] == NULL))
            return cf_fail(CF_ERR_INVALID, "pipeline: step %s: input %d is %s", from->stage, i,
                           from->in[i] ? from->in[i] : "missing");
        if (!from->in[i])
            break;
        if (!strcmp(from->in[i], CF_TABLE)) {
            CF_TRY(add_table(p, s, i, context));
            continue;
        }
        s->in[i] = cf_pipeline_find(p, from->in[i]);
        if (s->in[i] == CF_NOWHERE && cf_pipeline_is_last(from->in[i]))
            CF_TRY(cf_pipeline_add_last(p, s, i, from->in[i], &s->in[i]));
        if (s->in[i] == CF_NOWHERE)
            return cf_fail(CF_ERR_INVALID, "pipeline: step %s: nothing makes the tensor %s",
                           from->stage, from->in[i]);
    }
    return CF_OK;
}

static int is_identity(const cf_stage *stage, cf_role role, const cf_stage_context *context) {
    cf_stage_context mine = *context;
    mine.camera = role == CF_ROLE_MONO ? context->mono : context->color;
    return stage->identity && stage->identity(&mine);
}

/* Output i is input i where the step does nothing: the first always, others where both are alike.
 */
static int repeats_input(const cf_stage *stage, int i) {
    const cf_port *in = &stage->in[i], *out = &stage->out[i];
    return !i || (in->name && out->name && in->domain == out->domain && in->planes == out->planes);
}

/* The step equals its input here: later readers of its output read that instead. */
static cf_status leave_out(cf_pipeline *p, const cf_step *from, const cf_planned_step *s) {
    for (int i = 0; i < CF_STAGE_PORTS; i++) {
        if (!repeats_input(s->stage, i))
            continue;
        int index, same_as = from->in[i] ? cf_pipeline_find(p, from->in[i]) : CF_NOWHERE;
        if (same_as == CF_NOWHERE || !from->out[i])
            return cf_fail(CF_ERR_INVALID, "pipeline: step %s has no input %d", from->stage, i);
        CF_TRY(cf_pipeline_add(p, from->out[i], &index));
        p->tensors[index].same_as = same_as;
    }
    p->left_out[p->left_out_count++] = *s;
    return CF_OK;
}

static cf_status add_outputs(cf_pipeline *p, const cf_step *from, cf_planned_step *s) {
    cf_stage_io io;
    cf_pipeline_connect(p, s, &io);
    for (int i = 0; i < CF_STAGE_PORTS && s->stage->out[i].name; i++) {
        if (!from->out[i])
            return cf_fail(CF_ERR_INVALID, "pipeline: step %s: output %s has no tensor",
                           from->stage, s->stage->out[i].name);
        CF_TRY(cf_pipeline_add(p, from->out[i], &s->out[i]));
        CF_TRY(cf_stage_shape(s->stage, &io, s->params, i, &p->tensors[s->out[i]].set));
    }
    return CF_OK;
}

static cf_status add_step(cf_pipeline *p, const cf_step *from, const cf_stage_context *context) {
    cf_stage_context mine = *context;
    cf_planned_step *s = &p->steps[p->step_count];
    if (p->step_count + p->left_out_count == CF_PIPELINE_STEPS)
        return cf_fail(CF_ERR_INVALID, "pipeline: more than %d steps", CF_PIPELINE_STEPS);
    *s = (cf_planned_step){.stage = cf_stage_find(from->stage), .role = from->role};
    if (!s->stage)
        return cf_fail(CF_ERR_INVALID, "pipeline: there is no stage %s", from->stage);
    mine.camera = s->role == CF_ROLE_MONO ? context->mono : context->color;
    if (is_identity(s->stage, s->role, context))
        return leave_out(p, from, s);
    CF_TRY(find_inputs(p, from, s, &mine));
    snprintf(s->settings, sizeof s->settings, "%s", from->settings ? from->settings : "");
    s->params = cf_alloc(1, s->stage->params_size);
    if (!s->params)
        return CF_ERR_MEMORY;
    p->step_count++;
    CF_TRY(bind_step(p, s, context));
    return add_outputs(p, from, s);
}

static cf_status add_inputs(cf_pipeline *p, const cf_pipeline_plan *plan) {
    for (size_t i = 0; i < plan->input_count; i++) {
        int index;
        CF_TRY(cf_pipeline_add(p, plan->inputs[i].name, &index));
        p->tensors[index].set = plan->inputs[i].shape;
        p->tensors[index].set.pitch = CF_PITCH(plan->inputs[i].shape.width);
        p->tensors[index].kept = 1;
        CF_TRY(cf_plane_set_get(p->cl, &p->tensors[index].set));
    }
    return CF_OK;
}

static cf_status keep_wanted(cf_pipeline *p, const cf_pipeline_plan *plan) {
    for (size_t i = 0; i < plan->wanted_count; i++) {
        int index = cf_pipeline_find(p, plan->wanted[i]);
        if (index == CF_NOWHERE)
            return cf_fail(CF_ERR_INVALID, "pipeline: nothing makes the wanted tensor %s",
                           plan->wanted[i]);
        if (p->tensors[index].kept)
            continue;
        p->tensors[index].kept = 1;
        CF_TRY(cf_plane_set_get(p->cl, &p->tensors[index].set));
    }
    return CF_OK;
}

/* Which steps lead to a kept tensor, perhaps through the next frame. */
static void find_useful(const cf_pipeline *p, char *useful) {
    char needed[CF_PIPELINE_TENSORS] = {0};
    int is_news = 1;
    for (int i = 0; i < p->tensor_count; i++)
        needed[i] = p->tensors[i].kept != 0;
    while (is_news) {
        is_news = 0;
        for (int i = p->step_count - 1; i >= 0; i--) {
            const cf_planned_step *s = &p->steps[i];
            char was = useful[i];
            for (int k = 0; k < CF_STAGE_PORTS; k++)
                useful[i] |= s->out[k] != CF_NOWHERE && needed[s->out[k]];
            is_news |= useful[i] != was;
            for (int k = 0; useful[i] && k < CF_STAGE_PORTS && s->in[k] != CF_NOWHERE; k++) {
                int newest = p->tensors[s->in[k]].newest;
                needed[s->in[k]] = 1;
                if (newest != CF_NOWHERE)
                    needed[newest] = 1;
            }
        }
    }
}

/* Drops steps that nobody needs and notes each tensor's last reader. */
static void prune(cf_pipeline *p) {
    int kept = 0;
    char useful[CF_PIPELINE_STEPS] = {0};
    find_useful(p, useful);
    for (int i = 0; i < p->step_count; i++) {
        if (!useful[i]) {
            cf_free(p->steps[i].params);
            continue;
        }
        p->steps[kept] = p->steps[i];
        p->names[kept] = p->steps[kept].stage->name;
        for (int k = 0; k < CF_STAGE_PORTS; k++) {
            if (p->steps[kept].in[k] != CF_NOWHERE)
                p->tensors[p->steps[kept].in[k]].last_use = kept;
            if (p->steps[kept].out[k] != CF_NOWHERE)
                p->tensors[p->steps[kept].out[k]].last_use = kept;
        }
        kept++;
    }
    p->step_count = kept;
}

static cf_status prepare_steps(cf_pipeline *p) {
    cf_stage_io io;
    for (cf_planned_step *s = p->steps; s < p->steps + p->step_count; s++) {
        cf_pipeline_connect(p, s, &io);
        CF_TRY(cf_stage_prepare(s->stage, p->cl, &io, s->params, &s->state));
    }
    return CF_OK;
}

static cf_status copy_settings(cf_pipeline *p, const cf_pipeline_plan *plan) {
    p->settings = cf_alloc(plan->setting_count, sizeof *p->settings);
    if (!p->settings)
        return CF_ERR_MEMORY;
    for (size_t i = 0; i < plan->setting_count; i++) {
        char name[64];
        const char *dot = strchr(plan->settings[i], '.');
        snprintf(name, sizeof name, "%.*s", dot ? (int)(dot - plan->settings[i]) : 0,
                 plan->settings[i]);
        if (!dot || !cf_stage_find(name))
            return cf_fail(CF_ERR_INVALID, "'%s' is not STAGE.PARAMETER=VALUE of a known stage",
                           plan->settings[i]);
        p->settings[i] = cf_strdup(plan->settings[i]);
        p->setting_count = i + 1;
        if (!p->settings[i])
            return CF_ERR_MEMORY;
    }
    return CF_OK;
}

static cf_status build(cf_pipeline *p, const cf_pipeline_plan *plan) {
    CF_TRY(copy_settings(p, plan));
    CF_TRY(add_inputs(p, plan));
    for (const cf_step *s = plan->steps; s->stage; s++)
        CF_TRY(add_step(p, s, plan->context));
    CF_TRY(cf_pipeline_link_last(p));
    CF_TRY(keep_wanted(p, plan));
    prune(p);
    CF_TRY(prepare_steps(p));
    return cf_pipeline_keep_last(p);
}

cf_status cf_pipeline_create(cf_cl *cl, const cf_pipeline_plan *plan, cf_pipeline **out) {
    *out = NULL;
    cf_pipeline *p = cf_alloc(1, sizeof *p);
    if (!p)
        return CF_ERR_MEMORY;
    p->cl = cl;
    cf_status status = build(p, plan);
    if (status != CF_OK) {
        cf_pipeline_destroy(&p);
        return status;
    }
    *out = p;
    return CF_OK;
}

/* With its new parameters, does the step still make tensors of the planned sizes? */
static int keeps_sizes(const cf_pipeline *p, const cf_planned_step *s) {
    cf_stage_io io;
    cf_pipeline_connect(p, s, &io);
    for (int i = 0; i < CF_STAGE_PORTS && s->out[i] != CF_NOWHERE; i++) {
        cf_plane_set now;
        const cf_plane_set *planned = &p->tensors[s->out[i]].set;
        if (cf_stage_shape(s->stage, &io, s->params, i, &now) != CF_OK ||
            now.width != planned->width || now.height != planned->height)
            return 0;
    }
    return 1;
}

cf_status cf_pipeline_rebind(cf_pipeline *p, const cf_stage_context *context, int *fits) {
    *fits = 1;
    for (int i = 0; i < p->left_out_count; i++)
        *fits &= is_identity(p->left_out[i].stage, p->left_out[i].role, context);
    for (int i = 0; i < p->step_count; i++) {
        *fits &= !is_identity(p->steps[i].stage, p->steps[i].role, context);
        CF_TRY(bind_step(p, &p->steps[i], context));
        *fits &= keeps_sizes(p, &p->steps[i]);
    }
    return CF_OK;
}

void cf_pipeline_destroy(cf_pipeline **handle) {
    if (!handle || !*handle)
        return;
    cf_pipeline *p = *handle;
    for (int i = 0; i < p->tensor_count; i++)
        cf_buffer_put(&p->tensors[i].set.buf);
    for (int i = 0; i < p->step_count; i++) {
        cf_stage_release(p->steps[i].stage, &p->steps[i].state);
        cf_free(p->steps[i].params);
    }
    for (size_t i = 0; i < p->setting_count; i++)
        cf_free(p->settings[i]);
    cf_free(p->settings);
    cf_free(p);
    *handle = NULL;
}

/* Buffers of tensors that live only inside the frame come from the pool before their step and go
 * back after the last. */
static cf_status get_outputs(cf_pipeline *p, const cf_planned_step *s) {
    for (int i = 0; i < CF_STAGE_PORTS; i++)
        if (s->out[i] != CF_NOWHERE && !p->tensors[s->out[i]].kept)
            CF_TRY(cf_plane_set_get(p->cl, &p->tensors[s->out[i]].set));
    return CF_OK;
}

static void put_dead(cf_pipeline *p, int index) {
    for (int i = 0; i < p->tensor_count; i++)
        if (!p->tensors[i].kept && p->tensors[i].last_use <= index)
            cf_buffer_put(&p->tensors[i].set.buf);
}

cf_status cf_pipeline_run(cf_pipeline *p) {
    cf_status status = CF_OK;
    cf_pipeline_turn_last(p);
    for (int i = 0; i < p->step_count && status == CF_OK; i++) {
        cf_stage_io io;
        const cf_planned_step *s = &p->steps[i];
        status = get_outputs(p, s);
        if (status != CF_OK)
            break;
        cf_pipeline_connect(p, s, &io);
        cf_profile_label(p->cl, s->stage->name);
        status = cf_stage_run_cl(s->stage, p->cl, &io, s->params);
        put_dead(p, i);
    }
    put_dead(p, CF_PIPELINE_STEPS);
    cf_profile_label(p->cl, "");
    return status == CF_OK ? cf_cl_flush(p->cl) : status;
}

const cf_plane_set *cf_pipeline_tensor(const cf_pipeline *p, const char *name) {
    int index = cf_pipeline_find(p, name);
    return index != CF_NOWHERE && p->tensors[index].kept ? &p->tensors[index].set : NULL;
}

const char *const *cf_pipeline_stages(const cf_pipeline *p, size_t *count) {
    *count = (size_t)p->step_count;
    return p->names;
}
