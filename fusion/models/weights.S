/* SPDX-License-Identifier: Apache-2.0 */
/* The built-in network's file as it is, for fusion/colorizer.c. */
    .section .rodata
    .global cf_colorizer_file
    .global cf_colorizer_file_bytes
    .balign 64
cf_colorizer_file:
    .incbin CF_COLORIZER_FILE
1:
    .balign 8
cf_colorizer_file_bytes:
    .quad 1b - cf_colorizer_file
    .section .note.GNU-stack, "", %progbits
