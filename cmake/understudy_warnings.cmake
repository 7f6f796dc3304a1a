# Warnings of our own targets; none of them reaches those who use the library.
function(understudy_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic)
  if(UNDERSTUDY_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC 12 reports -Wrestrict on plain std::string code (its bug 105651), and these four by guesses of its optimiser,
    # often inside the standard library: shown, but no error.
    target_compile_options(${target} PRIVATE -Wno-restrict -Wno-error=maybe-uninitialized -Wno-error=stringop-overflow
      -Wno-error=array-bounds -Wno-error=dangling-pointer)
  endif()
endfunction()
