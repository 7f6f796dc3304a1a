#!/usr/bin/env bash
# Consumers of the package, each a project of its own, built from a copy of the tree that has no store/ and no tests.
#
#   check.sh prepare|find_package|add_subdirectory SOURCE WORK CMAKE COMPILER
#
# find_package: the library alone is built and installed to a prefix, the consumer finds it there.
# add_subdirectory: the consumer adds the copy. Both print the name of an error code.
set -euo pipefail
mode=$1 source=$2 work=$3 cmake=$4 compiler=$5
copy=$work/source prefix=$work/prefix
here=$source/tests/package
options=(-G Ninja "-DCMAKE_CXX_COMPILER=$compiler")
command -v ccache > /dev/null && options+=("-DCMAKE_CXX_COMPILER_LAUNCHER=ccache")

run_consumer() {  # FOLDER
  local printed
  printed=$("$1/consumer")
  [[ $printed == timeout ]] || { echo "consumer printed '$printed', not 'timeout'" >&2; exit 1; }
  echo "consumer printed '$printed'"
}

case $mode in
  prepare)  # Times of files are kept, so that only what changed since the last run is built.
    rm -rf "$copy"
    mkdir -p "$copy"
    cp -a "$source"/{CMakeLists.txt,cmake,include,src} "$copy"
    ;;
  find_package)
    "$cmake" -S "$copy" -B "$work/library" "${options[@]}" -DUNDERSTUDY_TESTS=OFF -DUNDERSTUDY_EXAMPLES=OFF
    "$cmake" --build "$work/library" --target understudy_library
    rm -rf "$prefix"
    "$cmake" --install "$work/library" --prefix "$prefix" --component library
    "$cmake" -S "$here/find_package" -B "$work/find_package" "${options[@]}" "-DCMAKE_PREFIX_PATH=$prefix"
    "$cmake" --build "$work/find_package" --clean-first
    run_consumer "$work/find_package"
    ;;
  add_subdirectory)
    "$cmake" -S "$here/add_subdirectory" -B "$work/add_subdirectory" "${options[@]}" "-DUNDERSTUDY_SOURCE=$copy"
    "$cmake" --build "$work/add_subdirectory" --target consumer
    run_consumer "$work/add_subdirectory"
    ;;
  *) echo "unknown mode '$mode'" >&2; exit 2 ;;
esac
