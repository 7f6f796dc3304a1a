# Tests. What is where, and how it runs:
#
#   tests/unit/**                unit_tests      (without store, server and tool)
#   tests/unit/{store,server,tool}/**  store_tests
#   tests/guarantees/**          guarantee_tests
#   tests/model/**               model_tests     (with the sources of the runtime, built on atomics of its own)
#   tests/simulation/**          simulate        (a program of its own; the suite runs it with few seeds)
#   tests/corpus/replay.cpp      replay_NAME for each fuzz/NAME_fuzz.cpp: the inputs kept in fuzz/corpus/NAME, once each
#   tests/process/*.{py,sh,mjs}  each a test; the program's path is in UNDERSTUDY_PROGRAM. Not run: soak.py, _*, folders
#   tests/process/interposer/**, crash_states/**, commands_page/**
#                                what they use: a library for LD_PRELOAD, two programs; beside the program
#   tests/compile/must_not_compile/*.cpp   must fail; the twin of the same name in must_compile must compile
#   tests/package, tests/lint    consumers of the package; the checks of scripts/lint
#   tests/golden/version-N/*     data directories as that format version left them, for unit/store/golden_test
#   tests/support/*              #include "support/..." in any of them
#
# A test that exits with 77 is skipped.
find_package(GTest REQUIRED)
find_package(Python3 REQUIRED COMPONENTS Interpreter)
include(GoogleTest)

# One precompiled header for all test programs: GoogleTest and the big standard headers.
understudy_glob(support_sources "tests/support/*.cpp")
file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/test_support.cpp" CONTENT "// Carries the precompiled header of the tests.\n")
add_library(test_support STATIC ${support_sources} "${PROJECT_BINARY_DIR}/test_support.cpp")
target_include_directories(test_support PUBLIC "${PROJECT_SOURCE_DIR}/tests")
target_link_libraries(test_support PUBLIC understudy_library GTest::gmock)
find_package(rapidcheck QUIET)
understudy_link_if_present(test_support PUBLIC understudy_simulation rapidcheck rapidcheck_gtest)
target_precompile_headers(test_support PRIVATE <gmock/gmock.h> <gtest/gtest.h> <algorithm> <array> <chrono> <coroutine>
  <expected> <functional> <map> <memory> <optional> <string> <string_view> <unordered_map> <variant> <vector>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(test_support PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
endif()
understudy_warnings(test_support)

# A program of SOURCES with the private include folders INCLUDE, linked to those of LINK that are built.
function(understudy_test_program target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;INCLUDE;LINK")
  add_executable(${target} ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE test_support)
  understudy_link_if_present(${target} PRIVATE ${arg_LINK})
  understudy_include_if_present(${target} ${arg_INCLUDE})
  target_precompile_headers(${target} REUSE_FROM test_support)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    target_compile_options(${target} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
  endif()
  understudy_warnings(${target})
endfunction()

function(understudy_gtest_program target label)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "SOURCES;INCLUDE;LINK")
  if(NOT arg_SOURCES)
    return()
  endif()
  understudy_test_program(${target} SOURCES ${arg_SOURCES} INCLUDE ${arg_INCLUDE} LINK ${arg_LINK})
  target_link_libraries(${target} PRIVATE GTest::gmock_main)
  gtest_discover_tests(${target} TEST_PREFIX "${label}." DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 120
    PROPERTIES TIMEOUT 300 LABELS ${label} SKIP_RETURN_CODE 77)
endfunction()

understudy_glob(unit_sources "tests/unit/*.cpp" EXCLUDE "^tests/unit/(store|server|tool)/")
understudy_glob(store_test_sources "tests/unit/store/*.cpp" "tests/unit/server/*.cpp" "tests/unit/tool/*.cpp")
understudy_glob(guarantee_sources "tests/guarantees/*.cpp")
understudy_glob(simulate_sources "tests/simulation/*.cpp")
understudy_gtest_program(unit_tests unit SOURCES ${unit_sources} INCLUDE src)
if(TARGET understudy_store OR TARGET understudy_server)
  understudy_gtest_program(store_tests store SOURCES ${store_test_sources} INCLUDE store
    LINK understudy_store understudy_server)
  set_source_files_properties("${PROJECT_SOURCE_DIR}/tests/unit/store/golden_test.cpp" PROPERTIES
    COMPILE_DEFINITIONS "UNDERSTUDY_GOLDEN_DIRECTORY=\"${PROJECT_SOURCE_DIR}/tests/golden\"")
endif()
understudy_gtest_program(guarantee_tests guarantee SOURCES ${guarantee_sources} LINK understudy_store)
# The runtime once more, with atomics of which each operation is a step that can be tried in every order.
understudy_glob(model_sources "tests/model/*.cpp")
if(model_sources)
  understudy_glob(modelled_sources "src/base/*.cpp" "src/runtime/*.cpp" "src/actor/*.cpp")
  add_executable(model_tests ${model_sources} ${modelled_sources})
  target_compile_definitions(model_tests PRIVATE UNDERSTUDY_ATOMICS="model/atomics.hpp")
  target_include_directories(model_tests PRIVATE include src tests)
  target_compile_features(model_tests PRIVATE cxx_std_23)
  target_link_libraries(model_tests PRIVATE GTest::gmock_main Boost::headers fmt::fmt spdlog::spdlog Threads::Threads)
  understudy_warnings(model_tests)
  gtest_discover_tests(model_tests TEST_PREFIX "model." DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 120
    PROPERTIES TIMEOUT 300 LABELS model)
endif()
if(simulate_sources AND TARGET understudy_simulation)
  understudy_test_program(simulate SOURCES ${simulate_sources} INCLUDE src LINK understudy_store)
  add_test(NAME simulation.few_seeds COMMAND simulate --seeds 1000
    --remembered "${PROJECT_SOURCE_DIR}/tests/simulation/seeds.txt")
  add_test(NAME simulation.canary COMMAND simulate --canary)
  set_tests_properties(simulation.few_seeds simulation.canary PROPERTIES TIMEOUT 600 LABELS simulation)
endif()

# Not in a build for fuzzing, where the targets have a main of libFuzzer's.
if(TARGET understudy_server AND TARGET understudy_simulation AND NOT UNDERSTUDY_FUZZ)
  understudy_glob(fuzz_sources "fuzz/*_fuzz.cpp")
  foreach(source IN LISTS fuzz_sources)
    cmake_path(GET source STEM stem)
    string(REGEX REPLACE "_fuzz$" "" name "${stem}")
    add_executable(replay_${name} ${source} tests/corpus/replay.cpp)
    target_include_directories(replay_${name} PRIVATE src store)
    target_link_libraries(replay_${name} PRIVATE understudy_server understudy_store understudy_simulation)
    understudy_warnings(replay_${name})
    add_test(NAME corpus.${name} COMMAND replay_${name} "${PROJECT_SOURCE_DIR}/fuzz/corpus/${name}")
    set_tests_properties(corpus.${name} PROPERTIES TIMEOUT 600 LABELS corpus)
  endforeach()
endif()

# --- the built program -----------------------------------------------------------------------------------------------
if(TARGET understudy_program)
  # Target process_helpers: what tests of the built program need beside it, in the same folder.
  understudy_glob(interposer_sources "tests/process/interposer/*.cpp")
  add_library(disk_watch MODULE ${interposer_sources})
  target_include_directories(disk_watch PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  target_compile_features(disk_watch PRIVATE cxx_std_23)
  set_target_properties(disk_watch PROPERTIES LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
  understudy_warnings(disk_watch)
  understudy_glob(crash_states_sources "tests/process/crash_states/*.cpp")
  add_executable(crash_states ${crash_states_sources})
  target_include_directories(crash_states PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  target_link_libraries(crash_states PRIVATE understudy_store understudy_simulation CLI11::CLI11)
  understudy_warnings(crash_states)
  understudy_glob(commands_page_sources "tests/process/commands_page/*.cpp")
  add_executable(commands_page ${commands_page_sources})
  target_link_libraries(commands_page PRIVATE understudy_server)
  understudy_warnings(commands_page)
  add_custom_target(process_helpers DEPENDS disk_watch crash_states commands_page)

  file(GLOB process_tests RELATIVE "${PROJECT_SOURCE_DIR}" CONFIGURE_DEPENDS
    "tests/process/*.py" "tests/process/*.sh" "tests/process/*.mjs")
  list(FILTER process_tests EXCLUDE REGEX "/(soak\\.py|_[^/]*)$")
  foreach(source IN LISTS process_tests)
    cmake_path(GET source STEM name)
    if(source MATCHES "\\.py$")
      set(interpreter Python3::Interpreter)
    elseif(source MATCHES "\\.sh$")
      set(interpreter bash)
    else()
      set(interpreter node)
    endif()
    add_test(NAME process.${name} COMMAND ${interpreter} "${PROJECT_SOURCE_DIR}/${source}")
    # Two processors: timing and load tests run alone on a small machine.
    set_tests_properties(process.${name} PROPERTIES TIMEOUT 900 LABELS process PROCESSORS 2 SKIP_RETURN_CODE 77
      ENVIRONMENT "UNDERSTUDY_PROGRAM=$<TARGET_FILE:understudy_program>;PYTHONDONTWRITEBYTECODE=1")
  endforeach()
endif()

# --- what must not compile, and its twin -----------------------------------------------------------------------------
understudy_glob(compile_tests "tests/compile/must_not_compile/*.cpp")
foreach(source IN LISTS compile_tests)
  cmake_path(GET source STEM name)
  if(NOT TARGET understudy_store)
    understudy_uses_store(needs_store "${source}")
    if(needs_store)
      continue()
    endif()
  endif()
  add_test(NAME compile.${name} COMMAND Python3::Interpreter "${PROJECT_SOURCE_DIR}/scripts/check_compile.py"
    "${PROJECT_SOURCE_DIR}/${source}" "${PROJECT_SOURCE_DIR}/tests/compile/must_compile/${name}.cpp"
    -- "${CMAKE_CXX_COMPILER}" -std=c++23 -Wall -Wextra -Werror -fsyntax-only
    "-I${PROJECT_SOURCE_DIR}/include" "-I${PROJECT_SOURCE_DIR}/store/include" "-I${PROJECT_SOURCE_DIR}/tests")
  set_tests_properties(compile.${name} PROPERTIES TIMEOUT 300 LABELS compile)
endforeach()

# --- package and lint ------------------------------------------------------------------------------------------------
if(EXISTS "${PROJECT_SOURCE_DIR}/tests/package/check.sh")
  foreach(step prepare find_package add_subdirectory)
    add_test(NAME package.${step} COMMAND bash "${PROJECT_SOURCE_DIR}/tests/package/check.sh" ${step}
      "${PROJECT_SOURCE_DIR}" "${PROJECT_BINARY_DIR}/package" "${CMAKE_COMMAND}" "${CMAKE_CXX_COMPILER}")
    set_tests_properties(package.${step} PROPERTIES TIMEOUT 900 LABELS package PROCESSORS 2)
  endforeach()
  set_tests_properties(package.prepare PROPERTIES FIXTURES_SETUP package_copy)
  set_tests_properties(package.find_package package.add_subdirectory PROPERTIES FIXTURES_REQUIRED package_copy)
  # One after the other: the second finds the first one's objects in the compiler cache.
  set_tests_properties(package.add_subdirectory PROPERTIES DEPENDS package.find_package)
endif()
understudy_glob(lint_tests "tests/lint/*_test.py")
foreach(source IN LISTS lint_tests)
  cmake_path(GET source STEM name)
  add_test(NAME lint.${name} COMMAND Python3::Interpreter "${PROJECT_SOURCE_DIR}/${source}")
  set_tests_properties(lint.${name} PROPERTIES TIMEOUT 300 LABELS lint ENVIRONMENT PYTHONDONTWRITEBYTECODE=1)
endforeach()
