# Compile flags common to every target, and how a layer becomes a library.

# For every target, also those that can't have sanitizers.
add_library(orrery_warnings INTERFACE)
target_include_directories(orrery_warnings INTERFACE ${PROJECT_SOURCE_DIR})
# Without contraction a * b + c rounds alike on every machine; frame pointers keep profiles
# readable.
target_compile_options(orrery_warnings INTERFACE -ffp-contract=off -fno-omit-frame-pointer
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wconversion
  -Wno-sign-conversion)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # g++ 12 warns at std::string's operator+ in optimised builds, wrongly (GCC bug 105651).
  target_compile_options(orrery_warnings INTERFACE -Wno-restrict)
endif()
if(ORRERY_WERROR)
  target_compile_options(orrery_warnings INTERFACE -Werror)
endif()

add_library(orrery_flags INTERFACE)
target_link_libraries(orrery_flags INTERFACE orrery_warnings)
if(ORRERY_SANITIZE)
  target_compile_options(orrery_flags INTERFACE -fsanitize=address,undefined
    -fno-sanitize-recover=all)
  target_link_options(orrery_flags INTERFACE -fsanitize=address,undefined)
endif()
if(ORRERY_TSAN)
  target_compile_options(orrery_flags INTERFACE -fsanitize=thread)
  target_link_options(orrery_flags INTERFACE -fsanitize=thread)
endif()
if(ORRERY_FUZZ)
  # Coverage for libFuzzer in every object; the fuzzers themselves link its main().
  target_compile_options(orrery_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# orrery_layer(NAME dependency...): every .cpp of the current folder, but for a main.cpp, as the
# static library NAME.
function(orrery_layer name)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  if(NOT sources)
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE orrery_flags ${ARGN})
    return()
  endif()
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PUBLIC orrery_flags ${ARGN})
endfunction()

# orrery_optimise_across(TARGET): g++'s link-time optimisation in release builds; the small steps of
# actors gain about a tenth from being inlined into the runtime.
function(orrery_optimise_across target)
  if(CMAKE_BUILD_TYPE STREQUAL Release AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    set_target_properties(${target} PROPERTIES INTERPROCEDURAL_OPTIMIZATION ON)
  endif()
endfunction()

# orrery_fuzzer(NAME SOURCE dependency...): a libFuzzer binary, part of the target `fuzzers`, and a
# test of a fixed number of runs from a fixed seed. Inputs to start from lie in SOURCE's folder
# under corpus/NAME, where there are any.
function(orrery_fuzzer name source)
  add_executable(${name} EXCLUDE_FROM_ALL ${source})
  target_link_libraries(${name} PRIVATE ${ARGN})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  if(NOT TARGET fuzzers)
    add_custom_target(fuzzers)
  endif()
  add_dependencies(fuzzers ${name})
  get_filename_component(folder ${source} DIRECTORY)
  set(found ${CMAKE_CURRENT_BINARY_DIR}/found/${name})
  file(MAKE_DIRECTORY ${found})
  set(start)
  if(EXISTS ${folder}/corpus/${name})
    set(start ${folder}/corpus/${name})
  endif()
  add_test(NAME ${name} COMMAND ${name} -runs=8000 -seed=1 -max_len=4096 -timeout=20
    -rss_limit_mb=2048 ${found} ${start})
endfunction()
