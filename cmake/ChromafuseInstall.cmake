# SPDX-License-Identifier: Apache-2.0
# The product: the program, one shared library of all modules, its headers, pkg-config and CMake package files.
include(CMakePackageConfigHelpers)

get_property(modules GLOBAL PROPERTY CHROMAFUSE_MODULES)
add_library(chromafuse_shared SHARED)
foreach(module IN LISTS modules)
  target_sources(chromafuse_shared PRIVATE $<TARGET_OBJECTS:${module}>)
  get_target_property(libraries ${module} LINK_LIBRARIES)
  foreach(library IN LISTS libraries)
    if(NOT library IN_LIST modules AND NOT library MATCHES "chromafuse_flags")
      target_link_libraries(chromafuse_shared PRIVATE $<BUILD_INTERFACE:${library}>)
    endif()
  endforeach()
endforeach()
target_link_libraries(chromafuse_shared PRIVATE $<BUILD_INTERFACE:chromafuse_flags>)
# Before 1.0 a minor version may change the interface.
set_target_properties(chromafuse_shared PROPERTIES
  OUTPUT_NAME chromafuse EXPORT_NAME chromafuse LINKER_LANGUAGE CXX
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
target_link_options(chromafuse_shared PRIVATE -Wl,--version-script=${CMAKE_CURRENT_LIST_DIR}/chromafuse.map)
if(NOT CHROMAFUSE_SANITIZE) # a sanitizer's symbols come from the program
  target_link_options(chromafuse_shared PRIVATE -Wl,--no-undefined)
endif()
set_property(TARGET chromafuse_shared PROPERTY LINK_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/chromafuse.map)
# The headers name each other from their own root ("base/status.h"), applications from above it.
target_include_directories(chromafuse_shared INTERFACE
  $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/chromafuse>)

install(TARGETS chromafuse RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS chromafuse_shared EXPORT chromafuse-targets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
foreach(module IN LISTS modules)
  string(REPLACE "chromafuse_" "" folder ${module})
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/${folder} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/chromafuse
          FILES_MATCHING PATTERN "*.h" PATTERN "internal.h" EXCLUDE PATTERN "*_cl.h" EXCLUDE
          PATTERN "tiff_*.h" EXCLUDE PATTERN "v4l2_*.h" EXCLUDE PATTERN "libcamera_*.h" EXCLUDE
          PATTERN "recorder_folder.h" EXCLUDE PATTERN "file_list.h" EXCLUDE PATTERN "*_schema.h" EXCLUDE REGEX "/cl/net$" EXCLUDE)
endforeach()
# Of the executor only what applications call; the rest is between the planner and its operators.
install(FILES ${PROJECT_SOURCE_DIR}/cl/net/model.h ${PROJECT_SOURCE_DIR}/cl/net/net.h ${PROJECT_SOURCE_DIR}/cl/net/tensor.h
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/chromafuse/cl/net)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/chromafuse)
install(EXPORT chromafuse-targets NAMESPACE chromafuse:: DESTINATION ${package_dir})
file(WRITE ${PROJECT_BINARY_DIR}/package/chromafuse-config.cmake
  "include(\${CMAKE_CURRENT_LIST_DIR}/chromafuse-targets.cmake)\n")
write_basic_package_version_file(${PROJECT_BINARY_DIR}/package/chromafuse-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/package/chromafuse-config.cmake
  ${PROJECT_BINARY_DIR}/package/chromafuse-config-version.cmake DESTINATION ${package_dir})

file(RELATIVE_PATH to_prefix /p/${CMAKE_INSTALL_LIBDIR}/pkgconfig /p) # the installed tree may be moved
configure_file(${CMAKE_CURRENT_LIST_DIR}/chromafuse.pc.in ${PROJECT_BINARY_DIR}/package/chromafuse.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/package/chromafuse.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
