/* SPDX-License-Identifier: Apache-2.0 */
/* What the readers and writers of this folder share: libtiff handles, DNG tags, picture codecs. */
#ifndef CHROMAFUSE_CAPTURE_INTERNAL_H
#define CHROMAFUSE_CAPTURE_INTERNAL_H

#include <stdint.h>
#include <stdio.h>
#include <tiffio.h>

#include "capture/picture.h"
#include "capture/picture_out.h"

/* --- libtiff files, their complaints kept from the streams --- */

/* What went wrong with one open file. Must outlive the TIFF handle. */
typedef struct {
    const char *path; /* the name the user knows; not the temporary one */
    int errors;       /* how many errors libtiff has reported */
    char first[160];  /* the first of them, "" when none */
} cf_tiff_errors;

/*
 * Opens file (mode "r" or "w") for path. NULL when libtiff refuses; errors->first then says why.
 * Warnings are dropped to the debug level: raw files are full of tags libtiff does not know.
 */
TIFF *cf_tiff_open(const char *file, const char *mode, const char *path, cf_tiff_errors *errors);

/* The options of such an opening; *errors is set up. NULL: no memory. */
TIFFOpenOptions *cf_tiff_options(const char *path, cf_tiff_errors *errors);

/* A file that is made in memory, over and over in the same. Start with {0}. */
typedef struct {
    unsigned char *bytes; /* on a page's boundary */
    size_t size;          /* of what was written */
    size_t room, at;      /* private */
    unsigned char *block; /* private */
} cf_memory_file;

/* Empties it and makes sure of room for so many bytes. CF_ERR_MEMORY. */
cf_status cf_memory_file_reserve(cf_memory_file *memory, size_t room);
void cf_memory_file_clear(cf_memory_file *memory);

/* Opens it to write a TIFF into; what does not fit is a write error. As cf_tiff_open. */
TIFF *cf_tiff_open_memory(cf_memory_file *memory, const char *path, cf_tiff_errors *errors);

/* As cf_dng_write, by way of memory and past the system's cache where the disk allows it: for
 * frames that come without end. */
cf_status cf_dng_write_through(const char *path, const cf_frame *frame, cf_memory_file *memory);

/* Why a file could not be written: why (an errno, 0 unknown), else what libtiff said. */
const char *cf_tiff_write_reason(const cf_tiff_errors *errors, int why);

/* --- camera and exposure tags, shared by pictures and DNGs --- */

/*
 * Writes the EXIF directory (exposure, aperture, ISO, focal length, time) as the first thing in the
 * file and leaves tif at a fresh main directory. Its offset for TIFFTAG_EXIFIFD; 0 when about is
 * NULL or the directory cannot be written (tif's error handler knows).
 */
uint64_t cf_tiff_exif_write(TIFF *tif, const cf_frame *about, int is_srgb);

/* Make, Model, DateTime, Orientation and Software of the main directory; unknown ones left out. */
void cf_tiff_about_set(TIFF *tif, const cf_frame *about, const char *software);

/* --- DNG tags that LibRaw does not hand out --- */

#define CF_TAG_NOISE_PROFILE 51041 /* DNG 1.3: 2 doubles (scale, offset) per colour plane */

typedef struct {
    int is_dng; /* the file is a TIFF with DNGVersion */
    cf_noise noise;
    uint32_t active_left, active_top; /* ActiveArea's corner; 0,0 where the tag is missing */
    uint32_t width, height;           /* of the raw directory; 0 unknown */
    uint16_t bits, samples, compression;
} cf_dng_tags;

/*
 * Reads the directory of the raw picture (the SubIFD of a full-resolution CFA or LinearRaw picture,
 * else IFD 0). noise: its NoiseProfile, or IFD 0's where it has none; several planes are averaged
 * (one sensor, one analogue gain: they hardly differ), negative offsets count as 0; {0,0} where the
 * tag is missing or has a wrong type, count or value (warned). Never fails: what cannot be read
 * stays 0.
 */
void cf_dng_tags_read(const char *path, cf_dng_tags *tags);

/* --- reading pictures --- */

/* One picture being read. */
typedef struct {
    const char *path; /* as the user knows it */
    const char *file; /* to be opened */
    FILE *stream;     /* at the start; closed by the caller */
    size_t bytes;     /* of the file */
    cf_picture *out;
} cf_picture_source;

/*
 * Allocates source->out->image after checking the claimed size against the limits and against the
 * file's own length (a few bytes cannot hold a gigapixel). Logs and fails otherwise.
 */
cf_status cf_picture_alloc(const cf_picture_source *source, size_t width, size_t height, int bits);

/* Copies a metadata block; sizes beyond 16 MiB and memory failures just leave it out. */
void cf_picture_keep(const void *data, size_t size, unsigned char **out, size_t *out_size);

/* Decoders; what they have allocated in out is freed by the caller when they fail. */
cf_status cf_png_read(const cf_picture_source *source);
cf_status cf_jpeg_read(const cf_picture_source *source);
cf_status cf_tiff_read(const cf_picture_source *source);

/* --- writing pictures --- */

/* A checked order to write one picture. */
typedef struct {
    const char *path; /* as the user named it */
    const char *file; /* the temporary file */
    FILE *stream;     /* the same, open for writing */
    const cf_image *image;
    int samples; /* 1 or 3 */
    int depth;   /* 8, 16 or 32 */
    const cf_picture_out_params *params;
    const unsigned char *icc, *exif;
    size_t icc_size, exif_size; /* 0: embed none */
    void *row;                  /* room for one row of width * samples of depth bits */
} cf_picture_job;

/* Row y, interleaved, native endian, depth bits a sample, in job->row. */
void cf_picture_row(const cf_picture_job *job, int y);

cf_status cf_png_write(const cf_picture_job *job);
cf_status cf_jpeg_write(const cf_picture_job *job);
cf_status cf_tiff_write(const cf_picture_job *job);

#endif
