/* SPDX-License-Identifier: Apache-2.0 */
/* What every fallible function returns, and the lifetime rules that hold in the whole project. */
#ifndef CHROMAFUSE_BASE_STATUS_H
#define CHROMAFUSE_BASE_STATUS_H

/*
 * Lifetime rules, stated once; only deviations are written at a parameter:
 *  - `cf_x_create` and `cf_x_open` give ownership through their last parameter, which is set to
 *    NULL on failure.
 *  - `cf_x_destroy(cf_x **)` frees, sets the pointer to NULL, and is safe on NULL and on a pointer
 *    to NULL.
 *  - Views (cf_image, cf_plane_set) own nothing; what they point at must outlive them.
 *  - Strings passed in are copied when they are kept. Strings handed out live as long as their
 *    object.
 *  - NULL parameters of a `const cf_x_params *` mean the documented defaults.
 *
 * Three kinds of trouble, never mixed: misuse by the caller (checked, logged, CF_ERR_INVALID),
 * failure of the world (a status and one log line that names file, device, kernel or argument), a
 * bug of ours (assert).
 */
typedef enum {
    CF_OK = 0,
    CF_ERR_INVALID,     /* an argument, option or file key is out of its documented range */
    CF_ERR_IO,          /* the operating system refused: missing file, no permission, disk full */
    CF_ERR_FORMAT,      /* a file's content is damaged or not what it claims to be */
    CF_ERR_DEVICE,      /* an OpenCL device or a camera failed or went away, or there is none */
    CF_ERR_MEMORY,      /* host or device memory ran out */
    CF_ERR_UNSUPPORTED, /* understood, but not built in or not possible here */
    CF_ERR_CANCELLED,   /* the caller or the user asked to stop */
    CF_ERR_TIMEOUT,     /* nothing came within the time given; not logged, try again */
    CF_ERR_END,         /* a stream of frames is over; not logged */
} cf_status;

/* A short English phrase for status, never NULL. */
const char *cf_status_text(cf_status status);

/* Returns from the calling function with the status of expr when that is not CF_OK. */
#define CF_TRY(expr)                                                                               \
    do {                                                                                           \
        cf_status cf_try_status_ = (expr);                                                         \
        if (cf_try_status_ != CF_OK)                                                               \
            return cf_try_status_;                                                                 \
    } while (0)

#endif
