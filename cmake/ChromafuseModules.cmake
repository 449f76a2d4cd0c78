# SPDX-License-Identifier: Apache-2.0
# The project's build vocabulary: modules, embedded kernels, stages, tests.

add_library(chromafuse_flags INTERFACE)
target_compile_definitions(chromafuse_flags INTERFACE _POSIX_C_SOURCE=200809L _DEFAULT_SOURCE)
target_include_directories(chromafuse_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(chromafuse_flags INTERFACE -Wall -Wextra $<$<COMPILE_LANGUAGE:C>:-Wconversion -Wstrict-prototypes -Wvla -Wshadow $<$<C_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>> -Werror -fno-math-errno -ffp-contract=off)
if(CHROMAFUSE_SANITIZE)
  target_compile_options(chromafuse_flags INTERFACE -fsanitize=${CHROMAFUSE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
  target_link_options(chromafuse_flags INTERFACE -fsanitize=${CHROMAFUSE_SANITIZE})
endif()
if(CHROMAFUSE_FUZZ)
  target_compile_options(chromafuse_flags INTERFACE -fsanitize=fuzzer-no-link)
  target_compile_definitions(chromafuse_flags INTERFACE FOLD_ELEMENTS=65536)
endif()

find_program(CHROMAFUSE_CLANG NAMES clang-15 clang-14 clang)
if(NOT CHROMAFUSE_CLANG)
  message(WARNING "clang not found: kernels are not checked at build time (they still are at run time)")
endif()

# chromafuse_add_module(NAME SOURCES... [LINKS modules and libraries...])
function(chromafuse_add_module name)
  cmake_parse_arguments(M "" "" "SOURCES;LINKS" ${ARGN})
  add_library(chromafuse_${name} STATIC ${M_SOURCES})
  target_link_libraries(chromafuse_${name} PUBLIC ${M_LINKS} PRIVATE $<BUILD_INTERFACE:chromafuse_flags>)
  set_property(GLOBAL APPEND PROPERTY CHROMAFUSE_MODULES chromafuse_${name})
  foreach(library IN LISTS M_LINKS) # what a folder found is also linked by the shared library
    if(library MATCHES "^PkgConfig::")
      set_property(TARGET ${library} PROPERTY IMPORTED_GLOBAL TRUE)
      foreach(property INTERFACE_LINK_OPTIONS INTERFACE_COMPILE_OPTIONS) # LibRaw's own affair; clang has no libomp
        get_target_property(options ${library} ${property})
        if(options)
          list(FILTER options EXCLUDE REGEX "^-fopenmp$")
          set_property(TARGET ${library} PROPERTY ${property} ${options})
        endif()
      endforeach()
    endif()
  endforeach()
endfunction()

# chromafuse_embed_kernel(MODULE NAME): MODULE/NAME.cl with its includes becomes cf_kernel_NAME, after a check by clang.
# NAME may lie in a folder of the module: net/conv_direct becomes cf_kernel_conv_direct.
function(chromafuse_embed_kernel module name)
  set(source ${PROJECT_SOURCE_DIR}/${module}/${name}.cl)
  get_filename_component(symbol ${name} NAME)
  set(generated ${PROJECT_BINARY_DIR}/kernels/${module}_${symbol}.c)
  set(headers)
  set(unread ${source})
  while(unread)
    list(POP_FRONT unread file)
    # A changed #include line changes what the embedded text depends on: configure again.
    set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    file(STRINGS ${file} include_lines REGEX "^#include \"")
    foreach(line IN LISTS include_lines)
      string(REGEX REPLACE "^#include \"([^\"]+)\".*" "${PROJECT_SOURCE_DIR}/\\1" header "${line}")
      if(NOT header IN_LIST headers)
        list(APPEND headers ${header})
        list(APPEND unread ${header})
      endif()
    endforeach()
  endwhile()
  set(check)
  if(CHROMAFUSE_CLANG)
    set(check COMMAND ${CHROMAFUSE_CLANG} -x cl -cl-std=CL1.2 -Xclang -finclude-default-header -fsyntax-only
        -Wall -Wextra -Wno-unused-parameter -Werror -I${PROJECT_SOURCE_DIR} ${source})
  endif()
  add_custom_command(OUTPUT ${generated}
    ${check}
    COMMAND ${CMAKE_COMMAND} -DMODULE=${module} -DNAME=${name} -DSYMBOL=${symbol} -DROOT=${PROJECT_SOURCE_DIR} -DOUT=${generated}
            -P ${PROJECT_SOURCE_DIR}/cmake/EmbedKernel.cmake
    DEPENDS ${source} ${headers} ${PROJECT_SOURCE_DIR}/cmake/EmbedKernel.cmake
    COMMENT "Embedding ${module}/${name}.cl" VERBATIM)
  target_sources(chromafuse_${module} PRIVATE ${generated})
endfunction()

# chromafuse_add_stage(MODULE NAME): the one place that registers a stage. Compiles NAME.c and NAME_ref.c, embeds
# NAME.cl, adds cf_stage_NAME to the generated stage list, its conformance test and tests/MODULE/test_NAME.c.
function(chromafuse_add_stage module name)
  target_sources(chromafuse_${module} PRIVATE ${name}.c ${name}_ref.c)
  chromafuse_embed_kernel(${module} ${name})
  set_property(GLOBAL APPEND PROPERTY CHROMAFUSE_STAGES ${name})
  set_property(GLOBAL APPEND PROPERTY CHROMAFUSE_TESTS ${module}/${name})
endfunction()

# chromafuse_add_operator(NAME): the one place that registers a network operator, or a group of them. Compiles
# cl/net/op_NAME.c, embeds op_NAME.cl where there is one, and adds cf_operators_NAME[] to the generated list.
function(chromafuse_add_operator name)
  target_sources(chromafuse_cl PRIVATE net/op_${name}.c)
  if(EXISTS ${PROJECT_SOURCE_DIR}/cl/net/op_${name}.cl)
    chromafuse_embed_kernel(cl net/op_${name})
  endif()
  set_property(GLOBAL APPEND PROPERTY CHROMAFUSE_OPERATORS ${name})
endfunction()

# Writes the generated list cf_operator_lists[].
function(chromafuse_write_operator_list)
  get_property(operators GLOBAL PROPERTY CHROMAFUSE_OPERATORS)
  set(declarations "")
  set(entries "")
  foreach(operator IN LISTS operators)
    string(APPEND declarations "extern const cf_operator cf_operators_${operator}[];\n")
    string(APPEND entries "    cf_operators_${operator},\n")
  endforeach()
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/operators.c CONTENT
"/* Generated from chromafuse_add_operator. */
#include \"cl/net/operator.h\"

@declarations@
const cf_operator *const cf_operator_lists[] = {
@entries@    NULL,
};
" @ONLY)
  target_sources(chromafuse_cl PRIVATE ${PROJECT_BINARY_DIR}/operators.c)
endfunction()

# chromafuse_add_source(NAME), chromafuse_add_sink(NAME): the one place that registers a source or sink of frames.
# Compiles capture/source_NAME.c and adds cf_source_backend_NAME (cf_sink_backend_NAME) to the generated list.
function(chromafuse_add_source name)
  target_sources(chromafuse_capture PRIVATE source_${name}.c)
  set_property(GLOBAL APPEND PROPERTY CHROMAFUSE_SOURCES ${name})
endfunction()
# chromafuse_add_sink(NAME none) compiles sink_NAME_none.c, which says that this build has no such sink.
function(chromafuse_add_sink name)
  string(REPLACE ";" _ file "${ARGV}")
  target_sources(chromafuse_capture PRIVATE sink_${file}.c)
  set_property(GLOBAL APPEND PROPERTY CHROMAFUSE_SINKS ${name})
endfunction()

# Writes the generated lists cf_source_backends[] and cf_sink_backends[].
function(chromafuse_write_backend_lists)
  foreach(kind source sink)
    string(TOUPPER "CHROMAFUSE_${kind}S" property)
    get_property(names GLOBAL PROPERTY ${property})
    set(declarations "")
    set(entries "")
    foreach(name IN LISTS names)
      string(APPEND declarations "extern const cf_${kind}_backend cf_${kind}_backend_${name};\n")
      string(APPEND entries "    &cf_${kind}_backend_${name},\n")
    endforeach()
    file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/${kind}s.c CONTENT
"/* Generated from chromafuse_add_@kind@. */
#include \"capture/@kind@_backend.h\"

@declarations@
const cf_@kind@_backend *const cf_@kind@_backends[] = {
@entries@    NULL,
};
" @ONLY)
    target_sources(chromafuse_capture PRIVATE ${PROJECT_BINARY_DIR}/${kind}s.c)
  endforeach()
endfunction()

# chromafuse_add_test(MODULE NAME): tests/MODULE/test_NAME.c, for code that is not a stage.
function(chromafuse_add_test module name)
  set_property(GLOBAL APPEND PROPERTY CHROMAFUSE_TESTS ${module}/${name})
endfunction()

# Writes the generated list cf_stages[] into the fusion module, which runs the stages.
function(chromafuse_write_stage_list)
  get_property(stages GLOBAL PROPERTY CHROMAFUSE_STAGES)
  set(declarations "")
  set(entries "")
  foreach(stage IN LISTS stages)
    string(APPEND declarations "extern const cf_stage cf_stage_${stage};\n")
    string(APPEND entries "    &cf_stage_${stage},\n")
  endforeach()
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/stages.c CONTENT
"/* Generated from chromafuse_add_stage. */
#include \"fusion/stage_list.h\"

@declarations@
const cf_stage *const cf_stages[] = {
@entries@    NULL,
};
" @ONLY)
  target_sources(chromafuse_fusion PRIVATE ${PROJECT_BINARY_DIR}/stages.c)
endfunction()
