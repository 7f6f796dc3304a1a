# The few functions the targets are made with.

# understudy_glob(OUT pattern... [EXCLUDE regex]): files below the project's root, relative to it, found again at each build.
function(understudy_glob out)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "EXCLUDE" "")
  file(GLOB_RECURSE found RELATIVE "${PROJECT_SOURCE_DIR}" CONFIGURE_DEPENDS ${arg_UNPARSED_ARGUMENTS})
  if(arg_EXCLUDE)
    list(FILTER found EXCLUDE REGEX "${arg_EXCLUDE}")
  endif()
  set(${out} "${found}" PARENT_SCOPE)
endfunction()

# understudy_link_if_present(TARGET PUBLIC|PRIVATE library...): links those that are targets of this build.
function(understudy_link_if_present target scope)
  foreach(library IN LISTS ARGN)
    if(TARGET ${library})
      target_link_libraries(${target} ${scope} ${library})
    endif()
  endforeach()
endfunction()

# understudy_include_if_present(TARGET folder...): private include folders, those that exist.
function(understudy_include_if_present target)
  foreach(folder IN LISTS ARGN)
    if(IS_DIRECTORY "${PROJECT_SOURCE_DIR}/${folder}")
      target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/${folder}")
    endif()
  endforeach()
endfunction()

# A static library of ours with its public headers as a file set, its alias and its install rules. Every component has
# its export file, so that the library can be installed without the others.
function(understudy_add_library target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "EXPORT_NAME;OUTPUT_NAME;COMPONENT;HEADER_BASE;PRIVATE_INCLUDE" "SOURCES;HEADERS")
  add_library(${target} STATIC ${arg_SOURCES})
  add_library(understudy::${arg_EXPORT_NAME} ALIAS ${target})
  target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS "${arg_HEADER_BASE}" FILES ${arg_HEADERS})
  target_include_directories(${target} PRIVATE "${arg_PRIVATE_INCLUDE}")
  target_compile_features(${target} PUBLIC cxx_std_23)
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${arg_EXPORT_NAME} VERIFY_INTERFACE_HEADER_SETS ON)
  if(arg_OUTPUT_NAME)
    set_target_properties(${target} PROPERTIES OUTPUT_NAME ${arg_OUTPUT_NAME})
  endif()
  understudy_warnings(${target})
  install(TARGETS ${target} EXPORT understudy-${arg_COMPONENT}-targets
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT ${arg_COMPONENT}
    FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT ${arg_COMPONENT})
  install(EXPORT understudy-${arg_COMPONENT}-targets NAMESPACE understudy::
    DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/understudy" COMPONENT ${arg_COMPONENT})
endfunction()

# understudy_uses_store(OUT source...): whether one of the sources includes a header of the store.
function(understudy_uses_store out)
  set(result FALSE)
  foreach(source IN LISTS ARGN)
    file(STRINGS "${PROJECT_SOURCE_DIR}/${source}" lines REGEX "^#include .understudy/store/" LIMIT_COUNT 1)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${source}")
    if(lines)
      set(result TRUE)
    endif()
  endforeach()
  set(${out} ${result} PARENT_SCOPE)
endfunction()
