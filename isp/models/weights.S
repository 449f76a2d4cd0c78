/* SPDX-License-Identifier: Apache-2.0 */
/* The built-in network's file as it is, for isp/denoise_learned.c. */
    .section .rodata
    .global cf_denoiser_file
    .global cf_denoiser_file_bytes
    .balign 64
cf_denoiser_file:
    .incbin CF_DENOISER_FILE
1:
    .balign 8
cf_denoiser_file_bytes:
    .quad 1b - cf_denoiser_file
    .section .note.GNU-stack, "", %progbits
