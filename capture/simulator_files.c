/* SPDX-License-Identifier: Apache-2.0 */
/* A simulated rig as files: raws, camera models, rig index, truth. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "capture/dng_out.h"
#include "capture/picture_out.h"
#include "capture/simulator.h"

#define PATH_ROOM 4096

static cf_status path_of(const char *folder, const char *name, char path[PATH_ROOM]) {
    if (snprintf(path, PATH_ROOM, "%s/%s", folder, name) < PATH_ROOM)
        return CF_OK;
    return cf_fail(CF_ERR_INVALID, "%s: the folder's name is too long", folder);
}

/* Numbers separated by commas, nine significant digits, in square brackets. */
static void print_list(FILE *f, const double *values, int count) {
    fputs("[ ", f);
    for (int i = 0; i < count; i++)
        fprintf(f, "%s%.9g", i ? ", " : "", values[i]);
    fputs(" ]", f);
}

/* mrcal's text format, see "cameramodel file format" in its documentation. */
static void print_camera(FILE *f, const cf_simulated_camera *c) {
    double intrinsics[9] = {c->focal, c->focal, c->centre[0], c->centre[1]}, extrinsics[6];
    memcpy(intrinsics + 4, c->distortion, sizeof c->distortion);
    memcpy(extrinsics, c->rotation, sizeof c->rotation);
    memcpy(extrinsics + 3, c->translation, sizeof c->translation);
    fprintf(f, "{ 'lensmodel': '%s',\n  'intrinsics': ",
            c->has_distortion ? "LENSMODEL_OPENCV5" : "LENSMODEL_PINHOLE");
    print_list(f, intrinsics, c->has_distortion ? 9 : 4);
    fputs(",\n  'extrinsics': ", f);
    print_list(f, extrinsics, 6);
    fprintf(f, ",\n  'imagersize': [ %d, %d ] }\n", c->width, c->height);
}

static void print_rig(FILE *f, const cf_simulation *s) {
    fprintf(f,
            "version: 1\nmono:\n  model: mono.cameramodel\n  spectral: [%g, %g, %g]\n"
            "color:\n  model: color.cameramodel\nscene:\n  depth_min_m: %.4f\n",
            (double)s->spectral[0], (double)s->spectral[1], (double)s->spectral[2], s->depth_min_m);
}

/* One text file; which: 'm'ono model, 'c'olour model, 'r'ig. */
static cf_status write_text(const cf_simulation *s, const char *folder, const char *name,
                            char which) {
    char path[PATH_ROOM];
    cf_file_out *file;
    CF_TRY(path_of(folder, name, path));
    CF_TRY(cf_file_create(path, &file));
    if (which == 'r')
        print_rig(cf_file_stream(file), s);
    else
        print_camera(cf_file_stream(file), which == 'm' ? &s->mono_camera : &s->color_camera);
    return cf_file_commit(&file);
}

cf_status cf_simulation_write(const cf_simulation *simulation, const char *folder) {
    char path[PATH_ROOM];
    CF_TRY(path_of(folder, "mono.dng", path));
    CF_TRY(cf_dng_write(path, simulation->mono));
    CF_TRY(path_of(folder, "color.dng", path));
    CF_TRY(cf_dng_write(path, simulation->color));
    CF_TRY(path_of(folder, "truth.png", path));
    CF_TRY(cf_picture_write(path, &simulation->truth, NULL));
    CF_TRY(write_text(simulation, folder, "mono.cameramodel", 'm'));
    CF_TRY(write_text(simulation, folder, "color.cameramodel", 'c'));
    return write_text(simulation, folder, "rig.yaml", 'r');
}
