/* SPDX-License-Identifier: Apache-2.0 */
/* Random scenes of flat layers cut out of photos, looked at from two places. */
#ifndef CHROMAFUSE_TOOLS_TRAIN_RENDER_LAYERS_H
#define CHROMAFUSE_TOOLS_TRAIN_RENDER_LAYERS_H

#include "base/image.h"
#include "base/random.h"
#include "tools/train/render/photos.h"

#define CF_LAYERS_MAX 28
#define CF_MASK_KNOTS 16

typedef enum {
    CF_MASK_ALL = 0, /* the background */
    CF_MASK_BLOB,    /* smooth outline */
    CF_MASK_POLYGON, /* corners */
    CF_MASK_BAR,     /* a pole or a rail */
    CF_MASK_LEAVES,  /* a blob with holes */
    CF_MASK_REGION,  /* a piece of the scene's `regions` */
} cf_mask_kind;

/*
 * One surface. Coordinates are pixels of the left (mono) view; the layer's disparity at x, y is
 * plane[0] + plane[1] x + plane[2] y pixels, so that x lies at x - disparity in the right view.
 */
typedef struct {
    double plane[3];
    cf_mask_kind mask;
    double centre[2], radius[CF_MASK_KNOTS]; /* outline around centre, by direction, pixels */
    double turn, half_width, softness;       /* of a bar; width of the edge, pixels */
    uint64_t holes;                          /* seed of the leaves */
    int region;                              /* of CF_MASK_REGION */
    int shows;                               /* index of the layer whose photo it shows */
    cf_image photo;          /* CF_PIXEL_RGBF32, owned; none where `shows` is another */
    double map[4], shift[2]; /* left pixel -> photo pixel: map (row-major), shift */
    float paint[9];          /* photo's RGB to RGB, row-major: light, and other colours */
    float contrast;          /* 0: flat colour, 1: as the photo */
    float mean[3];           /* what contrast 0 shows */
    float stripes[4];        /* fine texture: amplitude, and cycles a pixel in x and y, phase */
} cf_layer;

/* Layers from front to back; the last one is the background. */
typedef struct {
    int width, height; /* of the left view */
    int count;
    cf_layer layers[CF_LAYERS_MAX];
    cf_image regions;     /* CF_PIXEL_U8, of the photo that regions are cut from, owned; or none */
    double max_disparity; /* nothing is nearer, pixels */
} cf_layered_scene;

/* Draws a collage: 1 to 6 things of random outlines before a background, each showing a photo of
 * its own, with disparities up to max_disparity. */
cf_status cf_layered_scene_draw(const cf_photo_set *photos, int held_out, int width, int height,
                                double max_disparity, cf_random *random, cf_layered_scene *out);

/* Draws a scene of one photo cut along its own edges (cf_regions_cut), pieces at different depths:
 * the left view is the photo as it was taken, with the edges, shades and kinship of colours that
 * things in the world have. What comes to light behind things in the right view shows another part
 * of the photo. */
cf_status cf_layered_scene_cut(const cf_photo_set *photos, int held_out, int width, int height,
                               double max_disparity, cf_random *random, cf_layered_scene *out);
void cf_layered_scene_free(cf_layered_scene *scene);

/* A view: its pixel x, y lies at x + origin[0], y + origin[1] of the left (right 0) or right view's
 * coordinates. Fills view (CF_PIXEL_RGBF32), linear, not clipped. */
void cf_layered_scene_view(const cf_layered_scene *scene, int right, const double origin[2],
                           const cf_image *view);

/* Number of the region that a layer shows at a point of the left view. */
int cf_layered_scene_region(const cf_layered_scene *scene, const cf_layer *l, double x, double y);

/* Index of the front-most layer that covers more than half of a point of the left or right view. */
int cf_layered_scene_front(const cf_layered_scene *scene, int right, double x, double y);

#endif
