# SPDX-License-Identifier: Apache-2.0
# cmake -DMODULE= -DNAME= -DSYMBOL= -DROOT= -DOUT= -P: writes a C file with MODULE/NAME.cl, its includes put in place, and its SHA-256.
file(READ ${ROOT}/${MODULE}/${NAME}.cl text)
foreach(depth RANGE 64)
  string(REGEX MATCH "#include \"([^\"]+)\"" found "${text}")
  if(NOT found)
    break()
  endif()
  if(depth EQUAL 64)
    message(FATAL_ERROR "${MODULE}/${NAME}.cl: more than 64 includes, or a header that includes itself")
  endif()
  file(READ ${ROOT}/${CMAKE_MATCH_1} header)
  string(REPLACE "${found}" "${header}" text "${text}")
endforeach()
file(WRITE ${OUT}.txt "${text}")
file(SHA256 ${OUT}.txt hash)
file(READ ${OUT}.txt hex HEX)
file(REMOVE ${OUT}.txt)
string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
file(WRITE ${OUT} "/* Generated from ${MODULE}/${NAME}.cl. */
#include \"cl/program.h\"

static const unsigned char text[] = {
${bytes}0x00};
extern const cf_cl_source cf_kernel_${SYMBOL};
const cf_cl_source cf_kernel_${SYMBOL} = {\"${MODULE}/${NAME}\", (const char *)text, \"${hash}\"};
")
